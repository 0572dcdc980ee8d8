"""The one writer of units, as Quadlet and then systemd read them (pure).

A unit is read twice: Quadlet splits some values into words and takes others as they stand
(podman-systemd.unit(5)), then writes one `ExecStart` of them all, in which systemd expands `%` and
`$` (systemd.service(5), systemd.unit(5)). What is written here is told by its kind, so no value can
end its line, its word or its section.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from pipeline.errors import UsageError
from pipeline.lean_dataclasses import dataclass
from pipeline.lean_re import lazy_pattern
from pipeline.output.sanitize import HIDDEN, escape_of

_BARE = lazy_pattern(r"[A-Za-z0-9_./:=@+-]+")
_NAMED = {"\n": "\\n", "\t": "\\t", "\\": "\\\\", '"': '\\"'}
_STAND_INS = {"": "CAPAS_EMPTY", ";": "CAPAS_SEMICOLON"}
"""Words of a command that do not survive as they are, by the variable that stands for each.

Quadlet drops every word after an empty one, and leaves a semicolon alone without quotes, after
which systemd would begin another command. `${NAME}` as a word of its own always becomes one word.
"""


@dataclass(frozen=True)
class UnitLine:
    """A key and its value as it stands in the file, but for what systemd expands."""

    key: str
    text: str


def verbatim(key: str, value: str) -> UnitLine:
    """A value that is read as it stands, without the blanks around it.

    Raises:
        UsageError: the value would be read as another one.
    """
    if value != value.strip() or value.endswith("\\") or "\n" in value or HIDDEN.search(value):
        raise UsageError(
            f"a Quadlet unit cannot hold the value {json.dumps(value)} of `{key}`",
            details="it is read as it stands: line breaks, control characters, blanks around it "
            "and a backslash at its end are lost, or begin another line",
        )
    return UnitLine(key, value)


def argv_json(key: str, words: Iterable[str]) -> UnitLine:
    """A command as the JSON list that podman(1) takes for an entrypoint and a health check.

    Raises:
        UsageError: one of the words holds what no program's arguments can.
    """
    text = json.dumps([_argument(key, word) for word in words])
    return verbatim(key, text.replace("\x7f", "\\u007f"))


def worded(key: str, *words: str) -> UnitLine:
    """Words that are read with quotes and escapes (systemd.syntax(7)).

    Raises:
        UsageError: one of them holds what no program's arguments can.
    """
    return UnitLine(key, " ".join(w if _BARE.fullmatch(w) else _quoted(key, w) for w in words))


def command(key: str, words: Sequence[str]) -> UnitLine:
    """The words of a command of its own, of which each must reach the program.

    The variables that stand for some of them are those of `stand_ins`.
    """
    shown = [f"${{{_STAND_INS[w]}}}" if w in _STAND_INS else _dollars(w) for w in words]
    return UnitLine(key, " ".join(_quoted(key, word) for word in shown))


def stand_ins(words: Iterable[str]) -> list[UnitLine]:
    """The variables of the section [Service] that `command` uses for these words."""
    used = [word for word in _STAND_INS if word in set(words)]
    return [worded("Environment", f"{_STAND_INS[word]}={word}") for word in used]


def unit(sections: Iterable[tuple[str, Iterable[UnitLine]]]) -> str:
    """The file's text."""
    return "\n".join(
        f"[{title}]\n" + "".join(f"{line.key}={_literal(title, line)}\n" for line in lines)
        for title, lines in sections
    )


def options(values: Mapping[str, str]) -> str:
    """`name=value` pairs as podman(1) takes them for `--mount`: one line of CSV (RFC 4180)."""
    return ",".join(_field(f"{name}={value}") for name, value in values.items())


def _literal(title: str, line: UnitLine) -> str:
    text = line.text.replace("%", "%%")
    if title in ("Unit", "Service", "Install") or line.key == "Exec":
        return text
    return _dollars(text)


def _dollars(text: str) -> str:
    """Quadlet makes one ExecStart of its sections, where systemd expands `$`."""
    return text.replace("$", "$$")


def _quoted(key: str, word: str) -> str:
    if any(ord(c) & 0xFFFE == 0xFFFE or "\ufdd0" <= c <= "\ufdef" for c in word):
        raise UsageError(
            f"a Quadlet unit cannot hold {json.dumps(word)}, a value of `{key}`",
            details="systemd ignores a line with a noncharacter code point (Unicode 23.7)",
        )
    return f'"{"".join(map(_character, _argument(key, word)))}"'


def _argument(key: str, word: str) -> str:
    if "\0" in word or any("\ud800" <= character <= "\udfff" for character in word):
        raise UsageError(
            f"no argument of a program can hold {json.dumps(word)}, a value of `{key}`",
            details="it has a NUL character, or bytes that are not UTF-8",
        )
    return word


def _character(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    return escape_of(character) if HIDDEN.match(character) else character


def _field(text: str) -> str:
    plain = text.replace('"', '""')
    return f'"{plain}"' if any(sign in text for sign in '",') or text != text.strip() else plain
