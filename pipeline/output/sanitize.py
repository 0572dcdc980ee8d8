"""Texts of other people that can do nothing to a terminal, a file's format or a reader's eye.

File names, histories of images, lines of containers and messages of an engine are other people's
text: they may hold escape sequences, signs that turn the direction of writing (Unicode TR36), or
bytes that are not UTF-8 and came as lone surrogates.
"""

from __future__ import annotations

from typing import TypeVar

from pipeline.lean_dataclasses import field_names, replace
from pipeline.lean_re import lazy_pattern

T = TypeVar("T")

_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"
# Line and paragraph separators, signs of direction, signs without a width, annotations and tags.
# The two joiners (U+200C, U+200D) stay: emoji and several scripts are written with them.
_UNSEEN = (
    "\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
HIDDEN = lazy_pattern(f"[{_CONTROLS}{_UNSEEN}\ud800-\udfff]")
"""What acts on a terminal or cannot be seen in one; tab and line feed are not among it."""


def escaped(text: str) -> str:
    r"""A text with what is hidden written as `\x1b` or `\u202e`; tabs and line feeds stay."""
    return HIDDEN.sub(lambda match: escape_of(match[0]), text)


def escape_of(character: str) -> str:
    r"""`\x1b`, `\u202e` or `\U000e0001`, as C, Python and systemd write a character."""
    number = ord(character)
    if number < 0x80:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def sanitized(value: T) -> T:
    r"""The same words, what is hidden written as `\x1b`, tabs as blanks; line feeds stay."""
    if isinstance(value, str):
        if value.isprintable():
            return value
        shown = escaped(value).replace("\t", " ")
        return value if shown == value else shown  # type: ignore[return-value]
    if isinstance(value, tuple):
        new_items = tuple(sanitized(item) for item in value)
        same = all(one is other for one, other in zip(value, new_items, strict=True))
        return value if same else new_items  # type: ignore[return-value]
    old = {name: getattr(value, name) for name in field_names(value)}
    new = {name: sanitized(item) for name, item in old.items()}
    changed = {name: item for name, item in new.items() if item is not old[name]}
    return replace(value, **changed) if changed else value  # type: ignore[type-var]
