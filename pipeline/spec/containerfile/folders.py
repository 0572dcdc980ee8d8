"""Which folders are certainly in an image, as far as instructions tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.lean_re import lazy_pattern
from pipeline.spec.gopath import clean

_MKDIR = lazy_pattern(r"(?:^|[\s;&|(])mkdir\s+([^;&|()\n]*)")
_MENTIONED = lazy_pattern(r"/[\w./+-]*")


class Folders:
    """The folders of an image that is being built."""

    def __init__(self, there: Iterable[str]) -> None:
        self._there = set(there)
        self._mentioned: set[str] = set()

    def certain(self) -> frozenset[str]:
        """Those that are there for certain."""
        return frozenset(self._there)

    def has(self, path: str) -> bool:
        """Whether a folder is certainly there."""
        return (path.rstrip("/") or "/") in self._there

    def may_have(self, path: str) -> bool:
        """Whether a command named the path, and so may have made the folder."""
        return path.rstrip("/") in self._mentioned

    def add(self, path: str) -> None:
        """A folder, and all folders above it."""
        path = clean(path or "/")
        while path not in self._there and path.startswith("/"):
            self._there.add(path)
            path = path.rpartition("/")[0] or "/"

    def after_run(self, arguments: Sequence[str], *, shell: bool) -> None:
        """What a command makes by `mkdir`, and what it names."""
        command = arguments[0] if shell else " ".join(arguments)
        for path in _MENTIONED.findall(command):
            self._mentioned.add(path.rstrip("/"))
        for match in _MKDIR.finditer(command):
            for word in match[1].split():
                path = word.strip("\"'")
                if path.startswith("/") and "$" not in path and "{" not in path:
                    self.add(path)
