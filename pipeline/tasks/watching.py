"""`--watch` and `--follow`: what goes on until Ctrl-C, which is its end and no mishap."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TypeVar

from pipeline.errors import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pipeline.report.words import Report

PERIOD = 2.0
Told = TypeVar("Told")
_CLEAR = "\x1b[H\x1b[2J"


def show(look: Callable[[], Report], format_name: str, *, watch: bool) -> int:
    """Render a report once, or every two seconds until Ctrl-C.

    A terminal is cleared before each; a file or a pipe gets one after the other.

    Returns:
        The exit code.
    """
    from pipeline.report.render import rendered

    def write(text: str) -> None:
        sys.stdout.write(_CLEAR + text if watch and sys.stdout.isatty() else text)

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
