"""Texts cut to the room that there is."""

from __future__ import annotations

ONE_LINE = 60
"""Characters of an instruction beside other words on one line."""


def one_line(text: str, most: int = ONE_LINE) -> str:
    """`text` on one line of at most `most` characters, an ellipsis for what has no room."""
    return cut(" ".join(text.split()), most)


def cut(text: str, most: int) -> str:
    """At most `most` characters of a line, an ellipsis for what has no room."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def cut_inside(name: str, most: int) -> str:
    """At most `most` characters of a name: its end, such as a version, tells it from others."""
    end = (most - 1) * 2 // 3
    return name if len(name) <= most else f"{name[: most - 1 - end]}…{name[len(name) - end :]}"
