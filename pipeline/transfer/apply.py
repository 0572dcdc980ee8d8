"""Look at both sides, and carry out the copies of a plan one after the other.

One after the other, because a later version finds the layers that it shares with an earlier one
on the other side already: side by side they would travel twice.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from pipeline.engine.distribution import (
    ImageLocation,
    Manifest,
    check_blobs,
    check_layout,
    copy,
    copy_in_argv,
    copy_out_argv,
    find_manifest,
)
from pipeline.engine.images import list_images
from pipeline.engine.store_paths import find_store
from pipeline.errors import CapasError, EngineError
from pipeline.lean_dataclasses import dataclass
from pipeline.output.number_format import show_bytes
from pipeline.spec.model import Version
from pipeline.transfer.plan import CopyStep, Side, TransferPlan

_CONNECTIONS = 4


@dataclass(frozen=True)
class Moved:
    """One version after a push or a pull.

    Attributes:
        digest: of its manifest at the place.
        new: bytes that were new on the other side, compressed, as far as it is known what it
            had; 0 when nothing was copied.
        whole: bytes of all its layers, compressed.
    """

    step: CopyStep
    digest: str
    new: int
    whole: int


def observe(
    place: ImageLocation,
    versions: Sequence[Version],
    released: Mapping[str, str],
    environment: Mapping[str, str],
) -> tuple[Side, ...]:
    """Both sides of each version.

    Args:
        released: image ids of the release lock, by `image:version`.

    Raises:
        EngineError: the place does not answer.
        HostUnable: skopeo or Podman is not installed.
    """
    check_layout(place)
    store = list_images(environment)
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        there = list(pool.map(lambda v: find_manifest(place, v.short, environment), versions))
    here = [store.named(version.reference) for version in versions]
    return tuple(
        Side(version, image.id if image else "", manifest, released.get(version.short, ""))
        for version, image, manifest in zip(versions, here, there, strict=True)
    )


def transfer(
    plan: TransferPlan,
    environment: Mapping[str, str],
    ended: Callable[[CopyStep], None] = lambda _step: None,
) -> tuple[Moved, ...]:
    """Carry out a plan.

    Args:
        ended: is told of each version that both sides have now.

    Raises:
        EngineError: a copy failed, or what came out is another image. What was copied before it
            stays, and the next run goes on from there.
    """
    results: list[Moved] = []
    had = set(plan.had)
    for step in plan.steps:
        manifest = step.there
        if manifest is None or step.copies:
            if plan.direction == "pull":
                _check_before(plan, step, had, environment)
            copy(_argv(plan, step), environment)
            manifest = _arrived(plan, step, environment)
        blobs = manifest.blobs
        new = sum(size for digest, size in blobs.items() if step.copies and digest not in had)
        had |= blobs.keys()
        results.append(Moved(step, manifest.digest, new, sum(blobs.values())))
        ended(step)
    return tuple(results)


def _check_before(
    plan: TransferPlan, step: CopyStep, had: Collection[str], environment: Mapping[str, str]
) -> None:
    """Look at what would come before any of it is written.

    Raises:
        CapasError: it is larger than the room that is left.
        EngineError: a part of it does not exist, or cannot be read.
    """
    if step.there is None:
        return
    check_blobs(plan.place, step.there)
    coming = sum(size for digest, size in step.there.blobs.items() if digest not in had)
    root = find_store(environment).roots[0]
    free = shutil.disk_usage(root).free
    # Compressed, so that this is the least that it needs; what is said to be larger than the disk
    # would fill it before it fails.
    if coming > free:
        raise CapasError(
            f"{step.version.short} does not fit on this disk",
            details=f"{show_bytes(coming)} will be copied, compressed; {show_bytes(free)} are free "
            f"at {root}",
            resolution="`capas prune` shows what can be removed",
        )


def _argv(plan: TransferPlan, step: CopyStep) -> list[str]:
    if plan.direction == "push":
        return copy_out_argv(step.image, plan.place, step.version.short)
    return copy_in_argv(plan.place, step.version.short, step.version.reference)


def _arrived(plan: TransferPlan, step: CopyStep, environment: Mapping[str, str]) -> Manifest:
    """The manifest at the place, after a look at what has arrived."""
    short = step.version.short
    manifest = find_manifest(plan.place, short, environment)
    image = manifest.image if manifest else ""
    if plan.direction == "pull":
        stored = list_images(environment).named(step.version.reference)
        image = stored.id if stored else ""
    if manifest is None or image != step.image:
        raise EngineError(
            f"another image arrived as {short}",
            details=f"{image or 'nothing'} instead of {step.image}",
            resolution="was it changed there meanwhile? try again",
        )
    return manifest
