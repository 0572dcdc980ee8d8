"""Releases: versions whose content is frozen, and what has drifted from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.build.identity import Content
from pipeline.build.provenance import Provenance


@dataclass(frozen=True)
class Release:
    """One frozen version.

    Attributes:
        identity: of all its inputs.
        image: the image's id.
        digest: of its manifest.
        diff_ids: of its layers, lowest first.
        bases: id and manifest digest of the images it was built on, by reference.
        provenance: as the image's labels say it.
        timestamp: of the image's files, in seconds since the epoch.
        engines: versions of what built it, by name.
    """

    identity: str
    image: str
    digest: str
    diff_ids: tuple[str, ...]
    content: Content
    bases: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)
    timestamp: int = 0
    engines: Mapping[str, str] = field(default_factory=dict)


Releases = Mapping[str, Release]
"""By `image:version`."""


def drift(released: Content, now: Content) -> tuple[str, ...]:
    """What has changed since the release, in plain words; empty when nothing has."""
    said = []
    if now.instructions != released.instructions:
        said.append("the Containerfile's instructions changed")
    if now.settings != released.settings:
        said.append("the build arguments, target, labels or packages in the spec changed")
    for path in sorted({*released.files, *now.files}):
        before, after = released.files.get(path), now.files.get(path)
        if before != after:
            said.append(_change(path, before, after))
    return tuple(said)


def next_version(name: str, taken: Sequence[str]) -> str:
    """A name for the changed content: the last number of `name` raised until it is free."""
    head, digits, tail = _last_number(name)
    number = int(digits or 0)
    while True:
        number += 1
        proposal = f"{head}{number}{tail}" if digits else f"{name}.{number}"
        if proposal not in taken:
            return proposal


def _last_number(name: str) -> tuple[str, str, str]:
    end = len(name)
    while end and not name[end - 1].isdigit():
        end -= 1
    start = end
    while start and name[start - 1].isdigit():
        start -= 1
    return name[:start], name[start:end], name[end:]


def _change(path: str, before: str | None, after: str | None) -> str:
    if before is None:
        return f"{path!r} is new"
    if after is None:
        return f"{path!r} is gone"
    old_mode, _, old = before.partition(" ")
    new_mode, _, new = after.partition(" ")
    if old == new and old:
        return f"mode of {path!r} changed {old_mode}→{new_mode}"
    if len(old) == len(new) == 64:
        return f"{path!r} changed (sha256 {old[:12]}… → {new[:12]}…)"
    return f"{path!r} changed ({before} → {after})"
