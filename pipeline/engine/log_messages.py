"""What the engine's programs say when they fail, as people read it."""

from __future__ import annotations

import re

from pipeline.lean_re import lazy_pattern

_LOGGED = lazy_pattern(r'^time="[^"]*" level=\w+ msg="((?:[^"\\]|\\.)*)".*$', re.MULTILINE)
"""A line as logrus writes it where its output is no terminal."""
_ESCAPED = lazy_pattern(r"\\(.)")


def strip_logrus(text: str) -> str:
    r"""`text` with the message alone in place of each `time="…" level=fatal msg="…"`."""
    return _LOGGED.sub(lambda found: _ESCAPED.sub(_unescaped, found[1]), text)


def _unescaped(found: re.Match[str]) -> str:
    return {"n": " ", "t": " "}.get(found[1], found[1])
