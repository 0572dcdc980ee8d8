"""tomli's syntax errors as findings: at the right place, in words that say what to do."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.lean_re import lazy_pattern
from pipeline.output.findings.finding import Finding

_PLACE = lazy_pattern(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")

_HINTS = (
    ("Cannot overwrite a value", "the key is written twice"),
    ("Cannot declare", "the header is written twice; put its keys together"),
    ("Cannot mutate immutable namespace", "the table was closed by `{…}` or another header"),
    ("Cannot redefine namespace", "the table was closed by `{…}` or another header"),
    ("Illegal character '\\n'", "a text ends on its line: close its quote, or begin it with three"),
    ("Unterminated string", "close its quote"),
    ("Expected '=' after a key", "a line is `key = value`; a dotted name needs quotes"),
    ("Expected ']'", "close the header's bracket"),
    ("Unclosed array", "close it with `]`, with a comma between its entries"),
    ("Unclosed inline table", "close it with `}`, all on one line, no comma before it"),
    ("Invalid value", "texts stand in quotes; `true` and `false` in lower case"),
    (
        "Invalid initial character for a key part",
        "a key is letters, digits, `-`, `_`, or in quotes",
    ),
    ("Invalid statement", "a line is `key = value`, `[table]` or `# comment`"),
    ("Expected newline or end of document", "one `key = value` to a line"),
    ("Unescaped '\\' in a string", "write `\\\\`, or put the text into single quotes"),
    ("Invalid date or datetime", "put it into quotes if it is a text"),
)


def syntax_finding(path: Path, text: str, said: str) -> Finding:
    """The finding of a text that tomli refuses.

    Args:
        path: the spec's.
        text: its text.
        said: what tomli said, with the place at its end.
    """
    match = _PLACE.search(said)
    message = said[: match.start()] if match else said
    hint = next((hint for start, hint in _HINTS if message.startswith(start)), "")
    line, column = _place(text, said, match)
    return Finding(path, line, column, "CAP002", message[:1].lower() + message[1:], hint=hint)


def _place(text: str, said: str, match: re.Match[str] | None) -> tuple[int, int]:
    if match is None:  # a number of too many digits, for int()
        return 0, 0
    if match[1]:
        line, column = int(match[1]), int(match[2])
        if not said.startswith("Cannot"):
            return line, column
        # Something is there twice; tomli stands behind it, the reader looks for its key.
        written = text.split("\n")[line - 1]
        return line, len(written) - len(written.lstrip()) + 1
    lines = text.rstrip().split("\n")
    return len(lines), len(lines[-1].rstrip("\r")) + 1
