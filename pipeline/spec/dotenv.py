r"""Files of `NAME=VALUE` lines: the project's `.env`, and each service's `env_file`.

Blank lines and lines that begin with `#` say nothing; `export ` before a name is allowed.
A value may stand in single quotes (kept as it is) or double quotes (`\\n`, `\\t`, `\\"`, `\\\\`);
unquoted, it ends at ` #`. There is no substitution inside these files.
"""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.spec.problem import BadForm
from pipeline.spec.textfile import read_text

_LINE = re.compile(
    r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*"
    r"(?:'(?P<single>[^']*)'\s*(?:#.*)?|\"(?P<double>(?:[^\"\\]|\\.)*)\"\s*(?:#.*)?|(?P<plain>.*))"
)
_COMMENT = re.compile(r"(?:^|\s+)#.*")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


def read_dotenv(path: Path) -> dict[str, str]:
    """The variables of a file.

    Raises:
        BadForm: a line that is no assignment.
        Unreadable: it is no text file.
    """
    return parse_dotenv(read_text(path))


def parse_dotenv(text: str) -> dict[str, str]:
    """The variables of a `.env` file; a later line wins.

    Raises:
        BadForm: a line that is no assignment; the message names its number.
    """
    variables = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise BadForm(f"line {number} is no `NAME=VALUE`")
        variables[match["name"]] = _value(match)
    return variables


def _value(match: re.Match[str]) -> str:
    if match["single"] is not None:
        return match["single"]
    if match["double"] is not None:
        return _ESCAPE.sub(lambda m: _ESCAPED.get(m[1], m[1]), match["double"])
    return _COMMENT.sub("", match["plain"]).strip()
