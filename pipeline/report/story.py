"""A story told while it happens: chapters, what is done and what is seen, on standard error."""

from __future__ import annotations

import sys

from pipeline.report.paint import paint_for


def tell_chapter(number: int, title: str, claim: str) -> None:
    """A chapter begins."""
    paint = paint_for(sys.stderr)
    _line("")
    _line(f"{paint.bold(f'{number}. {title}')}  {paint.tone(claim, 'quiet')}")


def tell_done(text: str) -> None:
    """Something is done next."""
    _line(f"  {text}")


def tell_seen(text: str, found: str, *, expected: bool) -> None:
    """Something was seen: what was expected, or not."""
    paint = paint_for(sys.stderr)
    mark = paint.tone("✓", "good") if expected else paint.tone("✗", "bad")
    _line(f"  {mark} {text}: {found}")


def _line(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
