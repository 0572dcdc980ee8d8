"""The order of versions: by number, pre-releases before their release.

    1.0-alpha < 1.0-rc1 < 1.0 < 1.0-slim < 1.0.1 < 1.9 < 1.10

A version is read as numbers and words; `.`, `-`, `_` and a leading `v` only separate. Of two
versions that begin alike, the one that ends stands after one that goes on with the word of a
pre-release, and before one that goes on with another word, or a number.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.lean_re import lazy_pattern

_PART = lazy_pattern(r"[0-9]+|[a-z]+")
_PRE_RELEASES = {
    word: rank
    for rank, words in enumerate(
        [
            ("dev", "nightly", "snapshot", "canary"),
            ("a", "alpha"),
            ("b", "beta"),
            ("m", "milestone"),
            ("c", "pre", "preview", "rc"),
        ]
    )
    for word in words
}

_BEFORE, _END, _WORD, _NUMBER = range(4)
"""What a version goes on with, oldest first."""

OrderKey = tuple[tuple[int, int, str], ...]


def order_key(version: str) -> OrderKey:
    """What versions are compared by; equal for `1.1` and `v1.01`."""
    parts = []
    for part in _PART.findall(_without_v(version.lower())):
        if part.isdigit():
            parts.append((_NUMBER, int(part), ""))
        elif part in _PRE_RELEASES:
            parts.append((_BEFORE, _PRE_RELEASES[part], ""))
        else:
            parts.append((_WORD, 0, part))
    return (*parts, (_END, 0, ""))


def sorted_versions(versions: Iterable[str]) -> list[str]:
    """Versions, oldest first; equal ones by their text, so that the order is total."""
    return sorted(versions, key=lambda version: (order_key(version), version))


def has_number(version: str) -> bool:
    """Whether a version begins with a number, so that its place among others is plain."""
    return _without_v(version.lower())[:1].isdigit()


def _without_v(version: str) -> str:
    return version[1:] if version[:1] == "v" and version[1:2].isdigit() else version
