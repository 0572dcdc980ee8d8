"""What a tweet's text means: tags and mentions, found and shown."""

from __future__ import annotations

import html
import re

VERSION = "1.1"


class MiClase:
    """Finds #tags and @mentions; everything else in a text stays plain text."""

    _MARK = re.compile(r"(?<![\w&/])([#@]\w{1,50})")

    def tags(self, text: str) -> list[str]:
        """The tags of a text in lower case, each once, in their order."""
        marks = (mark[1:].lower() for mark in self._MARK.findall(text) if mark[0] == "#")
        return list(dict.fromkeys(marks))

    def as_html(self, text: str) -> str:
        """The text as safe HTML with its tags and mentions marked."""
        parts = self._MARK.split(text)
        return "".join(
            f'<span class="tag">{html.escape(part)}</span>' if i % 2 else html.escape(part)
            for i, part in enumerate(parts)
        )
