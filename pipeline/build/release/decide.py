"""Whether a version must be built, and why: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pipeline.build.release.identity import Content, identity_of
from pipeline.build.release.image_owner import is_whole, owner_of, refuse_taking
from pipeline.build.release.releases import Release, drift, next_version
from pipeline.engine import labels
from pipeline.engine.images import StoredImage
from pipeline.errors import Refused
from pipeline.lean_dataclasses import dataclass, field
from pipeline.spec.model import Version

CHANGED = "its inputs changed"
"""The cause when the image in the store was built by capas, from something else."""


@dataclass(frozen=True)
class Decision:
    """What is to be done about one version.

    Attributes:
        name: `image:version`.
        cause: in plain words.
        identity: of its inputs; empty while an image that it builds on does not exist yet.
        image: the id of the image in the store that stays, for `keep`.
        bases: the ids that the identity was made with, by reference.
    """

    name: str
    action: Literal["keep", "build"]
    cause: str
    identity: str = ""
    image: str = ""
    bases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """What is known about one version.

    Attributes:
        bases: the ids of the images that it reads from, by reference; None for one that is not
            there (any more) and will be built or pulled first.
        current: the image that its tag names now.
        timestamp: that its files get.
        siblings: all version names of its image.
        takes_over: a name that belongs to another project may be taken over.
    """

    version: Version
    content: Content
    bases: Mapping[str, str | None]
    current: StoredImage | None
    release: Release | None
    timestamp: int
    pipeline: str
    siblings: Sequence[str] = ()
    takes_over: bool = False

    @property
    def stranger(self) -> str:
        """Another pipeline, when the image of this name is that one's."""
        owner = owner_of(self.current) if self.current is not None else ""
        return owner if owner != self.pipeline else ""

    def identity(self, bases: Mapping[str, str], pipeline: str) -> str:
        """What the identity is when a pipeline builds it."""
        return identity_of(self.version, self.content, bases, self.timestamp, pipeline)


def decide(candidate: Candidate) -> Decision:
    """What is to be done about one version.

    Raises:
        Refused: it is released, and its content or an image it builds on is another one now.
    """
    name, current = candidate.version.short, candidate.current
    refuse_drift(candidate)
    missing = [reference for reference, image in candidate.bases.items() if image is None]
    release = candidate.release
    if release is not None and current is not None and current.id == release.image:
        return Decision(name, "keep", "released", release.identity, current.id)
    if missing:
        return Decision(name, "build", f"FROM: {', '.join(missing)} is new")
    bases = {reference: image for reference, image in candidate.bases.items() if image}
    identity = candidate.identity(bases, candidate.pipeline)
    refuse_stranger(candidate, bases)
    if release is not None:
        _refuse_other_bases(candidate, release, bases)
        cause = "the released image is not in the store"
        if current is not None:
            cause = "the image in the store is not the released one"
        return Decision(name, "build", cause, identity, bases=bases)
    if current is None:
        return Decision(name, "build", "never built here", identity, bases=bases)
    if current.labels.get(labels.IDENTITY) == identity and is_whole(current):
        return Decision(name, "keep", "nothing changed", identity, current.id, bases)
    return Decision(name, "build", _cause(candidate, current), identity, bases=bases)


def _cause(candidate: Candidate, current: StoredImage) -> str:
    if candidate.stranger:
        return f"the image of this name was built by the pipeline {candidate.stranger}"
    if not current.labels.get(labels.IDENTITY):
        return "the image was not built by capas"
    return CHANGED if is_whole(current) else "layers were added on top of what was built"


def is_same(candidate: Candidate, bases: Mapping[str, str]) -> bool:
    """Whether the image of its name was built from the same content, by whatever pipeline."""
    image = candidate.current
    if image is None or not is_whole(image):
        return False
    return image.labels.get(labels.IDENTITY) == candidate.identity(bases, owner_of(image))


def refuse_stranger(candidate: Candidate, bases: Mapping[str, str]) -> None:
    """Refuse to take the name from another project that gave it to other content.

    A base that two specs describe alike is built back and forth, and that is right.

    Raises:
        Refused: whose it is, and what to do.
    """
    image = candidate.current
    if image is None or not candidate.stranger or candidate.takes_over:
        return
    if not is_same(candidate, bases):
        raise refuse_taking(candidate.version, image)


def refuse_drift(candidate: Candidate) -> None:
    """Refuse a released version whose content has changed.

    Raises:
        Refused: what changed, and the version to name now.
    """
    release, version = candidate.release, candidate.version
    if release is None:
        return
    if changed := drift(release.content, candidate.content):
        proposal = next_version(version.name, candidate.siblings)
        raise Refused(
            f"{version.short} is released, and its content has changed",
            details="\n".join(changed[:20]),
            resolution=f"restore it, or give the new content a version of its own: {proposal}",
        )


def _refuse_other_bases(candidate: Candidate, release: Release, bases: Mapping[str, str]) -> None:
    other = [
        f"{reference} was {before[:12]} at the release, is {bases.get(reference, 'none')[:12]} now"
        for reference, (before, _) in release.bases.items()
        if bases.get(reference) != before
    ]
    if other:
        digests = "; ".join(f"{name}: {digest}" for name, (_, digest) in release.bases.items())
        raise Refused(
            f"{candidate.version.short} is released, and what it was built on has changed",
            details="\n".join(other),
            resolution=f"restore the recorded images ({digests})",
        )
