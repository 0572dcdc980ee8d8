"""`--watch` and `--follow`: what goes on until Ctrl-C, which is its end and no mishap."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TypeVar

from pipeline.errors import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pipeline.output.document import Report

PERIOD = 2.0
Told = TypeVar("Told")


def show(look: Callable[[], Report], format_name: str, *, watch: bool) -> int:
    """Render a report once, or every two seconds until Ctrl-C.

    A terminal is cleared before each; a file or a pipe gets one after the other.

    Returns:
        The exit code.
    """
    from pipeline.output.output_filter import escape_for
    from pipeline.output.render.report import rendered

    def write(text: str) -> None:
        escape = escape_for(sys.stdout)
        clear = f"{escape}[H{escape}[2J" if watch and sys.stdout.isatty() else ""
        sys.stdout.write(clear + text)

    def texts() -> Iterator[str]:
        yield rendered(look(), format_name)
        while watch:
            time.sleep(PERIOD)  # what is watched has many sources and no common event
            yield rendered(look(), format_name)

    return until_interrupted(texts(), write)


def until_interrupted(things: Iterable[Told], tell: Callable[[Told], None]) -> int:
    """Tell one after the other, until there is none or Ctrl-C.

    Returns:
        The exit code.
    """
    try:
        for one in things:
            tell(one)
            sys.stdout.flush()  # a pipe would keep the last lines back
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0
