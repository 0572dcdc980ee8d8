"""One digest of all that a tar says of its files, whatever the disk made of their holes.

Two file systems keep one file with different holes, and tar writes it down differently. So a
content counts here block by block of the file itself, and a block of zeros is nothing, be it
stored or a hole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

_BLOCK = 4096
_ZEROS = bytes(_BLOCK)
_OWN = ((0, 124), (136, 148), (156, 512))
"""A header without its size and its checksum: those are of what is stored."""


class Fingerprint:
    """Is told an entry, then its stored bytes, piece by piece; and the next entry."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._left: list[tuple[int, int]] = []
        self._at = 0
        self._held = bytearray()

    def entry(
        self,
        header: bytes,
        records: Mapping[bytes, bytes],
        size: int,
        pieces: Sequence[tuple[int, int]],
    ) -> None:
        """The next file.

        Args:
            header: its block of 512 bytes.
            records: what an extension says of it, without what is about its size and holes.
            size: of the whole file, in bytes.
            pieces: offset and length of what is stored of it, in this order.

        Raises:
            ValueError: pieces overlap.
        """
        self._end()
        ends = (0, *(offset + length for offset, length in pieces))
        if any(offset < end for (offset, _), end in zip(pieces, ends, strict=False)):
            raise ValueError("pieces of a file that overlap")
        said = (header[a:b] for a, b in _OWN)
        pairs = (part for key in sorted(records) for part in (key, records[key]))
        for part in (*said, b"%d" % len(records), *pairs, b"%d" % size):
            self._digest.update(b"%d " % len(part))
            self._digest.update(part)
        self._left = [(offset, length) for offset, length in reversed(pieces) if length > 0]
        self._go_to_the_next_piece()

    def data(self, piece: bytes) -> None:
        """The next stored bytes of the file."""
        at = 0
        while at < len(piece) and self._left:
            offset, length = self._left.pop()
            taken = min(length, len(piece) - at)
            self._add(piece, at, at + taken)
            at += taken
            if taken < length:
                self._left.append((offset + taken, length - taken))
            else:
                self._go_to_the_next_piece()

    def hexdigest(self) -> str:
        """SHA-256; nothing may follow."""
        self._end()
        return self._digest.hexdigest()

    def _add(self, piece: bytes, at: int, end: int) -> None:
        if self._held:
            first = min(end - at, _BLOCK - len(self._held))
            self._held += piece[at : at + first]
            at += first
            if len(self._held) == _BLOCK:
                self._block(bytes(self._held))
                self._held.clear()
        while end - at >= _BLOCK:
            self._block(piece[at : at + _BLOCK])
            at += _BLOCK
        self._held += piece[at:end]

    def _go_to_the_next_piece(self) -> None:
        """Bytes of a hole in the block that is begun, and in that where the next piece begins."""
        if not self._left:
            return
        offset = self._left[-1][0]
        if offset >= self._at + _BLOCK:
            self._end()
            self._at = offset - offset % _BLOCK
        self._held += bytes(offset - self._at - len(self._held))

    def _end(self) -> None:
        if self._held:
            self._block(bytes(self._held).ljust(_BLOCK, b"\0"))
        self._held.clear()
        self._at = 0

    def _block(self, block: bytes) -> None:
        if block != _ZEROS:
            self._digest.update(b"%d:" % self._at)
            self._digest.update(block)
        self._at += _BLOCK
