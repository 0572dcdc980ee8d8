"""The release lock beside the spec: TOML, sorted, meant for git, written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli

from pipeline.bootstrap.safe_files import read_bytes
from pipeline.build.release.identity import Content
from pipeline.build.release.provenance import Provenance
from pipeline.build.release.releases import Release, Releases
from pipeline.engine.json_shape import ANY, fit, whole
from pipeline.errors import CapasError

_FORMAT = 1
_MOST = 64 << 20
"""Bytes: a release of a context with 100,000 files has about 12 MB."""
LAST_SECOND = 253_402_300_799
"""Since the epoch: the last one that a date can say (datetime, MAXYEAR)."""
_RELEASE = {
    "identity": str,
    "image": str,
    "digest": str,
    "diff_ids": [str],
    "instructions": str,
    "settings": str,
    "created": whole(0, LAST_SECOND),
    "revision": str,
    "source": str,
    "timestamp": whole(0, LAST_SECOND),
    "files?": {str: str},
    "bases?": {str: [str]},
    "engines?": {str: str},
}
_HEAD = """\
# Releases: what is recorded here is never built with other content again.
# Written by `capas release`; keep it in git; do not edit by hand.
"""


def read_lock(path: Path) -> Releases:
    """The releases beside a spec; none when there is no lock.

    Raises:
        CapasError: the lock cannot be read, or is not one.
    """
    try:
        text = read_bytes(path, limit=_MOST).decode()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _broken(path, error.strerror or str(error)) from None
    except ValueError as error:
        raise _broken(path, str(error)) from None
    try:
        data = fit(tomli.loads(text), {"format": ANY, "releases?": {str: _RELEASE}})
    except RecursionError:
        raise _broken(path, "it is nested too deep") from None
    except ValueError as error:  # no TOML, or not what a lock has
        raise _broken(path, str(error)) from None
    if data["format"] != _FORMAT:
        raise _broken(path, f"its format is {data['format']!r}, this capas knows {_FORMAT}")
    try:
        return {name: _release(table) for name, table in data["releases"].items()}
    except ValueError as error:
        raise _broken(path, str(error)) from None


def write_lock(path: Path, releases: Releases) -> None:
    """Write the lock so that it is there whole, whatever happens meanwhile.

    Raises:
        CapasError: it cannot be written; the old one is unchanged.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(render_lock(releases))
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644 & ~_umask())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CapasError(
            "the release lock cannot be written", details=f"{path}: {error.strerror}"
        ) from None


def render_lock(releases: Releases) -> str:
    """The lock's text: the same releases always give the same bytes."""
    tables = (_render(f"releases.{_key(name)}", releases[name]) for name in sorted(releases))
    return "".join([_HEAD, f"format = {_FORMAT}\n", *tables])


def _render(table: str, release: Release) -> str:
    content, provenance = release.content, release.provenance
    lines = [f"\n[{table}]"]
    plain: dict[str, str | int] = {
        "created": provenance.created,
        "digest": release.digest,
        "identity": release.identity,
        "image": release.image,
        "instructions": content.instructions,
        "revision": provenance.revision,
        "settings": content.settings,
        "source": provenance.source,
        "timestamp": release.timestamp,
    }
    lines += [f"{key} = {_value(value)}" for key, value in plain.items()]
    lines += ["diff_ids = [", *(f"    {_value(one)}," for one in release.diff_ids), "]"]
    bases = {name: list(pair) for name, pair in release.bases.items()}
    for name, mapping in (
        ("bases", bases),
        ("engines", release.engines),
        ("files", content.files),
    ):
        if mapping:
            lines.append(f"\n[{table}.{name}]")
            lines += [f"{_key(key)} = {_value(mapping[key])}" for key in sorted(mapping)]
    return "\n".join(lines) + "\n"


def _release(table: Mapping[str, Any]) -> Release:
    return Release(
        identity=table["identity"],
        image=table["image"],
        digest=table["digest"],
        diff_ids=tuple(table["diff_ids"]),
        content=Content(
            table["instructions"],
            table["settings"],
            {_name(key): _name(value) for key, value in table["files"].items()},
        ),
        bases={key: (one, two) for key, (one, two) in table["bases"].items()},
        provenance=Provenance(table["created"], table["revision"], table["source"]),
        timestamp=table["timestamp"],
        engines=table["engines"],
    )


def _value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value)}]"
    return str(value) if isinstance(value, int) else _key(str(value))


def _key(text: str) -> str:
    """A basic string of TOML. Bytes that are not UTF-8 are kept behind a private-use mark."""
    shown = "".join(
        f"\ue000{ord(char) - 0xDC00:02x}" if "\udc80" <= char <= "\udcff" else char for char in text
    )
    quoted = json.dumps(shown, ensure_ascii=False)
    return quoted.replace("\x7f", "\\u007f")


def _name(text: str) -> str:
    head, *marked = text.split("\ue000")
    return head + "".join(chr(0xDC00 + int(one[:2], 16)) + one[2:] for one in marked)


def _broken(path: Path, details: str) -> CapasError:
    return CapasError(
        "the release lock cannot be read",
        details=f"{path}: {details}",
        resolution="restore it from git; without it nothing protects the releases",
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
