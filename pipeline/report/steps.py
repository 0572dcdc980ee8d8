"""Steps of a plan as they end, one line each, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from pipeline.report.paint import paint_for


def tell_step(text: str, cause: str, *, failed: bool = False) -> None:
    """One step that ended.

    Args:
        text: what was done.
        cause: why.
    """
    paint = paint_for(sys.stderr)
    mark = paint.tone("✗", "bad") if failed else paint.tone("✓", "good")
    sys.stderr.write(f"{mark} {text}{paint.tone(f'  {cause}', 'quiet') if cause else ''}\n")
    sys.stderr.flush()


def tell_lines(lines: Iterable[str], prefix: str = "") -> None:
    """Plain lines."""
    for line in lines:
        sys.stderr.write(f"{prefix}{line}\n")
    sys.stderr.flush()
