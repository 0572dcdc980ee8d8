"""Reports whose texts can do nothing to a terminal or a file's format.

File names and histories of images are other people's text: a name may hold an escape sequence, or
bytes that are no UTF-8 and came as lone surrogates.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

T = TypeVar("T")


def cleaned(value: T) -> T:
    r"""The same words, with what cannot be printed written as `\x1b`; line feeds stay."""
    if isinstance(value, str):
        if value.isprintable():
            return value
        shown = "".join(map(_shown, value))
        return value if shown == value else shown  # type: ignore[return-value]
    if isinstance(value, tuple):
        new_items = tuple(cleaned(item) for item in value)
        same = all(one is other for one, other in zip(value, new_items, strict=True))
        return value if same else new_items  # type: ignore[return-value]
    if is_dataclass(value) and not isinstance(value, type):
        old = {one.name: getattr(value, one.name) for one in fields(value)}
        new = {name: cleaned(item) for name, item in old.items()}
        return replace(value, **new) if any(new[n] is not old[n] for n in old) else value
    return value


def _shown(character: str) -> str:
    if character.isprintable() or character == "\n":
        return character
    if character == "\t":
        return " "
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
