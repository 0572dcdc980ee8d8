"""Colours of a terminal, or none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO

from pipeline.lean_dataclasses import dataclass
from pipeline.output.document import Tone
from pipeline.output.output_filter import ESCAPE, escape_for

_TONES: dict[Tone, str] = {
    "plain": "",
    "good": "32",
    "bad": "1;31",
    "warning": "33",
    "quiet": "2",
}
# Backgrounds of the 256-colour palette that black text reads well on, neighbours far apart.
_BLOCKS = (110, 179, 108, 174, 146, 144, 73, 216, 152, 187, 139, 115)


@dataclass(frozen=True)
class Paint:
    """Paints text with ANSI sequences when `on`.

    Attributes:
        escape: what begins a sequence: ESC, or what stands for it on an outlet.
    """

    on: bool
    escape: str = ESCAPE

    def tone(self, text: str, tone: Tone) -> str:
        """Text with a judgement."""
        return self._wrap(text, _TONES[tone])

    def code(self, text: str, code: str) -> str:
        """Text in a colour of its own, that judges nothing.

        Args:
            code: of an SGR sequence (ECMA-48).
        """
        return self._wrap(text, code)

    def bold(self, text: str) -> str:
        """A title."""
        return self._wrap(text, "1")

    def block(self, text: str, number: int) -> str:
        """A block of the picture; equal numbers look the same."""
        return self._wrap(text, f"30;48;5;{_BLOCKS[number % len(_BLOCKS)]}")

    def _wrap(self, text: str, code: str) -> str:
        if not (self.on and code and text):
            return text
        return f"{self.escape}[{code}m{text}{self.escape}[0m"


def paint_for(stream: TextIO) -> Paint:
    """Paint for what is written to a stream."""
    return Paint(colours_wanted(stream), escape_for(stream))


def colours_wanted(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether `stream` is a terminal whose user did not say no (https://no-color.org)."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
