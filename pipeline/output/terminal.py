"""What a person reads: results on standard output, progress and messages on standard error.

`NO_COLOR` and pipes turn the colours off. No library for the colours: an error costs hardly more
than starting Python; only the live view of progress needs one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.output.findings.finding import Finding
from pipeline.output.output_filter import for_people, inner
from pipeline.output.paint import paint_for

BAD, WARNING, HINT = "1;31", "1;33", "1;36"
"""Bold red, yellow and cyan (ECMA-48, SGR)."""


def print_error(brief: str, details: str = "", resolution: str = "") -> None:
    """An error in its three parts: what, where or why, what to do now."""
    paint = paint_for(sys.stderr)
    lines = [f"{paint.code('error: ', BAD)}{paint.bold(brief)}"]
    lines += [f"  {line}" for line in details.splitlines()]
    if resolution:
        lines.append(f"{paint.code('  → ', HINT)}{with_program_name(resolution)}")
    _tell(lines)


def print_findings(findings: Iterable[Finding]) -> None:
    """Findings, each with the line that it speaks of."""
    from pipeline.output.findings.plain_text import findings_text, lines_of_file  # noqa: PLC0415

    sys.stderr.write(findings_text(findings, lines_of_file, paint_for(sys.stderr)))


def print_interrupted() -> None:
    """After Ctrl-C."""
    paint = paint_for(sys.stderr)
    _tell([paint.code("interrupted: the next command continues from here", WARNING)])


def print_note(text: str) -> None:
    """Something worth knowing that is no error."""
    paint = paint_for(sys.stderr)
    _tell([f"{paint.code('note: ', HINT)}{with_program_name(text)}"])


def print_sentence(text: str, *, good: bool) -> None:
    """The one sentence that a command ends with."""
    paint = paint_for(sys.stderr)
    _tell([paint.code(text, "1;32" if good else BAD)])


def _tell(lines: Iterable[str]) -> None:
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()


def with_program_name(text: str) -> str:
    """A text with its `capas TASK` commands written as this user writes them.

    `./capas` in a checkout says so by CAPAS_PROGRAM; Invoke is known by its name.
    """
    own = Path(sys.argv[0]).name
    program = os.environ.get("CAPAS_PROGRAM") or (own if own in ("invoke", "inv") else "capas")
    return text.replace("`capas ", f"`{program} ")


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


def print_step(text: str, cause: str, *, failed: bool = False) -> None:
    """One step that ended.

    Args:
        text: what was done.
        cause: why.
    """
    paint = paint_for(sys.stderr)
    mark = paint.tone("✗", "bad") if failed else paint.tone("✓", "good")
    sys.stderr.write(f"{mark} {text}{paint.tone(f'  {cause}', 'quiet') if cause else ''}\n")
    sys.stderr.flush()


def print_lines(lines: Iterable[str], prefix: str = "") -> None:
    """Plain lines."""
    for line in lines:
        sys.stderr.write(f"{prefix}{line}\n")
    sys.stderr.flush()


def print_chapter(number: int, title: str, claim: str) -> None:
    """A chapter begins."""
    paint = paint_for(sys.stderr)
    _line("")
    _line(f"{paint.bold(f'{number}. {title}')}  {paint.tone(claim, 'quiet')}")


def print_done(text: str) -> None:
    """Something is done next."""
    _line(f"  {text}")


def print_seen(text: str, found: str, *, expected: bool) -> None:
    """Something was seen: what was expected, or not."""
    paint = paint_for(sys.stderr)
    mark = paint.tone("✓", "good") if expected else paint.tone("✗", "bad")
    _line(f"  {mark} {text}: {found}")


def _line(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
