"""Which images are copied, and why; which must not be (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pipeline.engine.distribution import ImageLocation, Manifest
from pipeline.errors import CapasError, Refused
from pipeline.lean_dataclasses import dataclass
from pipeline.spec.model import Version

Direction = Literal["push", "pull"]


@dataclass(frozen=True)
class Side:
    """One version, as both sides have it.

    Attributes:
        here: the image's id in the store, or "".
        there: what the place says of it, or None.
        released: the image's id in the release lock; "" for a version that is not released.
    """

    version: Version
    here: str
    there: Manifest | None
    released: str = ""


@dataclass(frozen=True)
class CopyStep:
    """What is done about one version.

    Attributes:
        image: the id of the image that both sides have in the end.
        there: what the place said of the version before.
        copies: whether anything is copied; without it the cause is why not.
    """

    version: Version
    image: str
    there: Manifest | None
    copies: bool
    cause: str

    def __str__(self) -> str:
        return f"{'copy' if self.copies else 'keep'} {self.version.short} ({self.cause})"


@dataclass(frozen=True)
class TransferPlan:
    """All that a push or a pull would do.

    Attributes:
        had: digests of the layers that the other side is known to have already: those of this
            spec's images that it has.
    """

    direction: Direction
    place: ImageLocation
    steps: tuple[CopyStep, ...]
    had: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps))


def plan_push(place: ImageLocation, sides: Sequence[Side]) -> TransferPlan:
    """What has to be copied to a place.

    Raises:
        CapasError: an image is not in the store.
        Refused: an image is not its release, or the place has another one under a released name.
    """
    missing = [side.version for side in sides if not side.here]
    if missing:
        raise CapasError(
            f"{_names(missing)} {_are(missing)} not in the store",
            resolution=_build(missing),
        )
    _refuse(
        {s.version.short: _not_its_release(s.here, s) for s in sides},
        "in the store is not what was released",
        "`capas build` makes the released image again",
    )
    _refuse(
        {s.version.short: _not_its_release(_there(s), s) for s in sides if s.there},
        f"at {place.name} is not what was released here",
        "a release is never replaced: push to another place, or give this content another version",
    )
    return TransferPlan(
        "push",
        place,
        tuple(_step(side, side.here, _there(side), "there") for side in sides),
        had=_blobs(sides),
    )


def plan_pull(place: ImageLocation, sides: Sequence[Side]) -> TransferPlan:
    """What has to be copied from a place.

    Raises:
        CapasError: the place does not have an image.
        Refused: what it has under a released name is not the release.
    """
    missing = [side.version for side in sides if side.there is None]
    if missing:
        raise CapasError(
            f"{_names(missing)} {_are(missing)} not at {place.name}",
            resolution="`capas push --to …` brings an image there, where it is built",
        )
    _refuse(
        {s.version.short: _not_its_release(_there(s), s) for s in sides},
        f"at {place.name} is not what was released",
        "name the place that the release was pushed to",
    )
    return TransferPlan(
        "pull",
        place,
        tuple(_step(side, _there(side), side.here, "here") for side in sides),
        had=_blobs([side for side in sides if _there(side) == side.here]),
    )


def _there(side: Side) -> str:
    return side.there.image if side.there else ""


def _blobs(sides: Sequence[Side]) -> frozenset[str]:
    return frozenset(digest for side in sides if side.there for digest in side.there.blobs)


def _step(side: Side, image: str, other: str, where: str) -> CopyStep:
    cause = f"another image has its name {where} ({other[:12]})" if other else "missing"
    if other == image:
        cause = f"already {where}"
    return CopyStep(side.version, image, side.there, copies=other != image, cause=cause)


def _not_its_release(image: str, side: Side) -> str:
    if not side.released or image == side.released:
        return ""
    return f"{image[:12]}, released was {side.released[:12]}"


def _refuse(reasons: Mapping[str, str], what: str, resolution: str) -> None:
    bad = {name: reason for name, reason in reasons.items() if reason}
    if bad:
        raise Refused(
            f"{', '.join(bad)} {what}",
            details="\n".join(f"{name}: {reason}" for name, reason in bad.items()),
            resolution=resolution,
        )


def _names(versions: Sequence[Version]) -> str:
    return ", ".join(version.short for version in versions)


def _are(versions: Sequence[Version]) -> str:
    return "is" if len(versions) == 1 else "are"


def _build(versions: Sequence[Version]) -> str:
    if len(versions) > 1:
        return "`capas build --all` builds them"
    return f"`capas build --version {versions[0].short}` builds it"
