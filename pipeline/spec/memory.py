"""Documents that the schema was seen to allow: jsonschema need not be asked, nor imported, again.

Whether a document fits is a function of the document and the schema alone, so their common hash
is all there is to remember: `$XDG_CACHE_HOME/capas/valid-specs`, a hash to a line, newest last,
deletable at any time. Saves about 60 ms of every command on a spec that did not change.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.spec.schema import SCHEMA_PATH
from pipeline.spec.textfile import Unreadable, read_text

_KEPT = 100
_FORMAT = b"1"
"""Changes when this program reads the schema in another way (`schema.py`)."""


class Memory:
    """What is remembered about one document.

    Args:
        data: the document, variables replaced.
        environ: names the cache folder (XDG_CACHE_HOME, HOME); without both nothing is remembered.
    """

    def __init__(self, data: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        cache = environ.get("XDG_CACHE_HOME")
        if not cache and (home := environ.get("HOME")):
            cache = str(Path(home, ".cache"))
        self._path = Path(cache, "capas", "valid-specs") if cache else None
        content = (
            _FORMAT + SCHEMA_PATH.read_bytes() + repr(data).encode("utf-8", "backslashreplace")
        )
        self._hash = hashlib.sha256(content).hexdigest()

    def is_valid(self) -> bool:
        """Whether the schema was seen to allow the document."""
        return self._hash in self._hashes()

    def remember_valid(self) -> None:
        """Note that the schema allows the document; a cache that cannot be written is none."""
        if self._path is None:
            return
        kept = [*self._hashes()[1 - _KEPT :], self._hash]
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, half = tempfile.mkstemp(dir=self._path.parent, prefix=".valid-specs-")
            with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123 (a descriptor)
                file.write("\n".join(kept))
            try:
                Path(half).replace(self._path)
            except OSError:
                Path(half).unlink()
                raise

    def _hashes(self) -> list[str]:
        try:
            return read_text(self._path).split("\n") if self._path else []
        except Unreadable:
            return []
