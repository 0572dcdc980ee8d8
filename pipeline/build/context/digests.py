"""Digests of file contents; those of large files are remembered by what `stat` says of them.

The memory is `$XDG_CACHE_HOME/capas/digests.json`, deletable at any time. An entry counts only
while device, inode, size and both times are the same, and only when the file was last changed
well before it was read: a change within one tick of the clock would not be seen (as in git,
"racy git").
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pipeline.bootstrap.private import private_folder
from pipeline.bootstrap.safe_files import read_bytes
from pipeline.engine.json_input import parse_json
from pipeline.engine.json_shape import ANY, fit

_LARGE = 256 * 1024
"""Bytes from which on reading costs more than remembering."""
_MOST = 64 << 20
"""Bytes of the memory: about 300,000 large files."""
_SETTLED = 2_000_000_000
"""Nanoseconds between a file's last change and its reading for it to be remembered."""


class Digests:
    """`sha256` of files.

    Args:
        memory: the file of remembered digests; None remembers nothing.
    """

    def __init__(self, memory: Path | None) -> None:
        self._memory = memory
        self._known = _read(memory)
        self._changed = False

    def of(self, path: Path) -> str:
        """The hexadecimal digest of a file's content.

        Raises:
            OSError: it cannot be read.
        """
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_size < _LARGE:
                return hashlib.sha256(file.read()).hexdigest()
            key = os.path.abspath(path)  # noqa: PTH100 (by name only: links are not followed)
            seen = [
                status.st_dev,
                status.st_ino,
                status.st_size,
                status.st_mtime_ns,
                status.st_ctime_ns,
            ]
            known = self._known.get(key)
            if known is not None and known[1] == seen:
                return known[0]
            digest = hashlib.sha256()
            while block := file.read(1 << 20):
                digest.update(block)
            now = os.fstat(file.fileno())
            if now.st_ctime_ns == status.st_ctime_ns and _age(status) > _SETTLED:
                self._known[key] = (digest.hexdigest(), seen)
                self._changed = True
            return digest.hexdigest()

    def save(self) -> None:
        """Remember for the next time; a cache that cannot be written is done without."""
        if self._memory is None or not self._changed:
            return
        with suppress(OSError):
            private_folder(self._memory.parent)
            descriptor, name = tempfile.mkstemp(dir=self._memory.parent, prefix=".digests-")
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                json.dump(self._known, file)
            Path(name).replace(self._memory)


def memory_path(environ: Mapping[str, str]) -> Path:
    """`$XDG_CACHE_HOME/capas/digests.json`."""
    home = environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 (works without HOME)
    return Path(environ.get("XDG_CACHE_HOME") or Path(home, ".cache"), "capas", "digests.json")


def _age(status: os.stat_result) -> int:
    """Nanoseconds since the last change, by the clock of the file system's machine."""
    return time.time_ns() - max(status.st_ctime_ns, status.st_mtime_ns)


def _read(memory: Path | None) -> dict[str, tuple[str, list[int]]]:
    if memory is None:
        return {}
    try:
        known = fit(parse_json(read_bytes(memory, limit=_MOST)), {str: [ANY]})
        return {at: (fit(digest, str), fit(seen, [int])) for at, (digest, seen) in known.items()}
    except (OSError, ValueError):
        return {}
