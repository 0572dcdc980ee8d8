"""`--watch`: a report again and again, in place."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.report.words import Report

PERIOD = 2.0
_CLEAR = "\x1b[H\x1b[2J"


def show(look: Callable[[], Report], format_name: str, *, watch: bool) -> None:
    """Render a report once, or every two seconds until Ctrl-C.

    A terminal is cleared before each; a file or a pipe gets one after the other.
    """
    from pipeline.report.render import rendered

    while True:
        text = rendered(look(), format_name)
        sys.stdout.write(_CLEAR + text if watch and sys.stdout.isatty() else text)
        sys.stdout.flush()
        if not watch:
            return
        time.sleep(PERIOD)  # what is watched has many sources and no common event
