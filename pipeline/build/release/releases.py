"""Releases: versions whose content is frozen, and what has drifted from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from pipeline.build.release.identity import Content
from pipeline.build.release.provenance import Provenance
from pipeline.errors import Refused
from pipeline.lean_dataclasses import dataclass, field


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
        engines: what built it: see `host.maker`.
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


def other_engines(release: Release, here: Mapping[str, str]) -> str:
    """How what builds here differs from what built a release; empty when it does not."""
    return ", ".join(
        f"{name} {release.engines[name]} (here {here[name]})"
        for name in sorted(release.engines.keys() & here.keys())
        if release.engines[name] != here[name]
    )


def refuse_other_image(
    name: str, release: Release, image: str, diff_ids: Sequence[str], here: Mapping[str, str]
) -> None:
    """Refuse an image that was built in the place of a release and is another one.

    Args:
        name: `image:version`.
        release: as recorded.
        image: the id of what was built now.
        diff_ids: of its layers, lowest first.
        here: what built it.

    Raises:
        Refused: its id is not that of the release.
    """
    if image == release.image:
        return
    pairs = zip_longest(release.diff_ids, diff_ids)
    place = next((number for number, (old, new) in enumerate(pairs, 1) if old != new), 0)
    what = f"layer {place} is the first that differs" if place else "only its configuration differs"
    engines = other_engines(release, here)
    why = f"it was released with {engines}" if engines else "the engine is the one of the release"
    raise Refused(
        f"{name} is released, and building it again gave another image",
        details=f"{image[:12]}, released was {release.image[:12]}: {what}\n{why}",
        resolution=f"pull or load the released image ({release.digest}); the new one has no name",
    )


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
