"""Tar headers byte for byte as Go's archive/tar writes them.

Buildah's cache key of a COPY is a digest over the tar stream in which it carries the files, so a
prediction has to write the same bytes. Facts from Go 1.19 `archive/tar` (common.go, writer.go,
format.go): USTAR where everything fits, else PAX records in front; an entry that was read from a
GNU archive is written as one again.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.engine.generation import Generation
from pipeline.lean_dataclasses import dataclass, field, replace

BLOCK = 512
END = bytes(2 * BLOCK)

_NAME, _PREFIX, _OWNER = 100, 155, 32
_SHORT, _LONG = 8, 12
_USTAR, _GNU = b"ustar\x0000", b"ustar  \x00"
_GO_FOLDER = 1 << 31
_LONG_NAME = b"././@LongLink"


@dataclass(frozen=True)
class Header:
    """What a header says; times are always zero, as Buildah digests them.

    Attributes:
        kind: the type flag: `0` a file, `1` a hard link, `2` a link, `5` a folder, …
        records: PAX records besides those that too long or too large values need.
        pax: whether the entry came with PAX records, and so is written with them again.
        gnu: whether the entry came from a GNU archive.
    """

    name: bytes
    kind: bytes = b"0"
    mode: int = 0
    uid: int = 0
    gid: int = 0
    size: int = 0
    link: bytes = b""
    user: bytes = b""
    group: bytes = b""
    major: int = 0
    minor: int = 0
    records: Mapping[str, bytes] = field(default_factory=dict)
    pax: bool = False
    gnu: bool = False


def encode(header: Header) -> bytes:
    """The header's blocks: one, or three and more when a name or a number needs them."""
    if header.gnu:
        return _gnu(header)
    records = dict(header.records)
    plain = not records and not header.pax
    for key, text, size in (
        ("path", header.name, _NAME),
        ("linkpath", header.link, _NAME),
        ("uname", header.user, _OWNER),
        ("gname", header.group, _OWNER),
    ):
        if not text.isascii() or len(text) > size:
            records[key] = text
            plain = plain and key == "path" and _split(text) is not None
    for key, number, size in (
        ("uid", header.uid, _SHORT),
        ("gid", header.gid, _SHORT),
        ("size", header.size, _LONG),
    ):
        if not _fits(number, size):
            records[key] = str(number).encode()
            plain = False
    if plain:
        prefix, name = _split(header.name) or (b"", header.name)
        return _block(header, name, _USTAR, prefix)
    extended = _pax(header.name, records) if records else b""
    return extended + _block(header, _ascii(header.name), _USTAR)


def folder(header: Header, generation: Generation, *, chmod: bool) -> Header:
    """A folder's header as a generation of Buildah writes it into a digest.

    Args:
        header: as the first generation writes it.
        generation: of the Buildah that copies.
        chmod: whether its mode is given by `--chmod`.
    """
    name = header.name
    if generation.slashes and not name.endswith(b"/"):
        name += b"/"
    if generation.folder_bits and chmod:
        return replace(header, name=name, mode=header.mode | _GO_FOLDER, gnu=True)
    return replace(header, name=name)


def padding(size: int) -> bytes:
    """What fills the last block of a content of `size` bytes."""
    return bytes(-size % BLOCK)


def _gnu(header: Header) -> bytes:
    blocks = b""
    for text, kind in ((header.name, b"L"), (header.link, b"K")):
        if len(text) > _NAME:
            data = text + b"\x00"
            blocks += _block(Header(_LONG_NAME, kind, size=len(data)), _LONG_NAME, _GNU)
            blocks += data + padding(len(data))
    return blocks + _block(header, header.name, _GNU)


def _pax(name: bytes, records: Mapping[str, bytes]) -> bytes:
    data = b"".join(_record(key, records[key]) for key in sorted(records))
    folder, _, file = name.rpartition(b"/")
    path = b"/".join(part for part in (folder, b"PaxHeaders.0", file) if part)
    raw = Header(_ascii(path)[:_NAME].rstrip(b"/"), b"x", size=len(data))
    return _block(raw, raw.name, _USTAR) + data + padding(len(data))


def _record(key: str, value: bytes) -> bytes:
    """`LENGTH KEY=VALUE`, the length counting itself."""
    rest = b" " + key.encode() + b"=" + value + b"\n"
    length = len(rest) + len(str(len(rest)))
    length = len(rest) + len(str(length))
    return str(length).encode() + rest


def _block(header: Header, name: bytes, magic: bytes, prefix: bytes = b"") -> bytes:
    block = bytearray(BLOCK)
    large = magic == _GNU

    def put(offset: int, size: int, text: bytes) -> None:
        block[offset : offset + min(len(text), size)] = text[:size]

    def number(offset: int, size: int, value: int) -> None:
        put(offset, size, _base256(value, size) if large else _octal(value, size))

    put(0, _NAME, _cut(name))
    number(100, _SHORT, header.mode)
    number(108, _SHORT, header.uid)
    number(116, _SHORT, header.gid)
    number(124, _LONG, header.size)
    number(136, _LONG, 0)
    put(156, 1, header.kind)
    put(157, _NAME, _cut(header.link if large else _ascii(header.link)))
    put(257, 8, magic)
    put(265, _OWNER, header.user if large else _ascii(header.user))
    put(297, _OWNER, header.group if large else _ascii(header.group))
    if header.kind not in b"xLK":
        number(329, _SHORT, header.major)
        number(337, _SHORT, header.minor)
    put(345, _PREFIX, prefix)
    put(148, _SHORT, b" " * _SHORT)
    put(148, _SHORT, b"%06o\x00 " % sum(block))
    return bytes(block)


def _cut(text: bytes) -> bytes:
    """What fits a name's field; Go leaves no slash at the end of what it cut off."""
    if len(text) > _NAME and text[_NAME - 1 : _NAME] == b"/":
        return text[:_NAME].rstrip(b"/")
    return text[:_NAME]


def _octal(number: int, size: int) -> bytes:
    return b"%0*o\x00" % (size - 1, number if _fits(number, size) else 0)


def _base256(number: int, size: int) -> bytes:
    if _fits(number, size):
        return _octal(number, size)
    encoded = bytearray(number.to_bytes(size, "big", signed=True))
    encoded[0] |= 0x80
    return bytes(encoded)


def _fits(number: int, size: int) -> bool:
    return 0 <= number < 1 << 3 * (size - 1)


def _ascii(text: bytes) -> bytes:
    """Without what is no ASCII, as Go shortens a name that PAX records hold in full."""
    return text if text.isascii() else bytes(byte for byte in text if byte < 128)


def _split(name: bytes) -> tuple[bytes, bytes] | None:
    """A long name as USTAR's prefix and name, or None when it has to be a PAX record."""
    if len(name) <= _NAME or not name.isascii():
        return None
    length = min(len(name), _PREFIX + 1)
    if length == len(name) and name.endswith(b"/"):
        length -= 1
    at = name.rfind(b"/", 0, length)
    rest = len(name) - at - 1
    if at <= 0 or rest > _NAME or rest == 0 or at > _PREFIX:
        return None
    return name[:at], name[at + 1 :]
