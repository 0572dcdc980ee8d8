"""Lines of several sources on standard output, each after its source's name in a colour."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pipeline.report.outlet import for_people, inner
from pipeline.report.paint import paint_for

_COLOURS = ("36", "33", "32", "35", "34", "96", "93", "92", "95", "94")


class Prefixed:
    """Writes lines after their source's name.

    Args:
        sources: all names, so that the lines stand under each other.
    """

    def __init__(self, sources: Sequence[str]) -> None:
        self._width = max((len(name) for name in sources), default=0)
        self._numbers = {name: number for number, name in enumerate(dict.fromkeys(sources))}
        # What a container writes goes into a pipe or a file as it is; people see it harmless.
        self._stream = sys.stdout if for_people(sys.stdout) else inner(sys.stdout)
        self._paint = paint_for(sys.stdout)
        self._open = ""  # the source of a line that has no end yet

    def line(self, source: str, text: str, *, ends: bool = True) -> None:
        """Write one line, or a part of it.

        Args:
            ends: whether the line ends here; else what comes next of this source goes on with it.
        """
        if self._open == source:
            name = ""
        else:
            colour = _COLOURS[self._numbers.get(source, 0) % len(_COLOURS)]
            name = self._paint.code(f"{source:{self._width}} |", colour) + " "
            name = f"\n{name}" if self._open else name
        self._open = "" if ends else source
        self._stream.write(name + text + ("\n" if ends else ""))
        self._stream.flush()
