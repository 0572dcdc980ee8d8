"""Whether what is there still is what was released: the files without Podman, the store with it."""

from __future__ import annotations

from collections.abc import Collection

from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import PreparedRootfs, read_inputs
from pipeline.build.release.identity import content_of
from pipeline.build.release.lockfile import read_lock
from pipeline.build.release.releases import Release, drift, next_version
from pipeline.engine.images import Store
from pipeline.errors import CapasError, InvalidSpec, Refused
from pipeline.output.findings.finding import Finding
from pipeline.spec.model import ROOTFS_TAR, Pipeline, Version
from pipeline.spec.rules import finding


def examine_releases(pipeline: Pipeline) -> list[Finding]:
    """The drift of released versions, without Podman. Never raises.

    A prepared root file system is not a file of the project: whether it is still the released one
    is known where the image is built.
    """
    try:
        releases = read_lock(pipeline.lock_path)
    except CapasError as error:
        return [finding("CAP301", pipeline.lock_path, 0, 0, error.details, hint=error.resolution)]
    versions = {version.short: version for version in pipeline.versions}
    found: list[Finding] = []
    for name, release in sorted(releases.items()):
        version = versions.get(name)
        if version is None:
            message = f"{name} is released, and the spec no longer describes it"
            hint = "keep it in the spec as long as it may be built or deployed again"
            found.append(finding("CAP303", pipeline.path, 0, 0, message, hint=hint))
        else:
            found += _drift(pipeline, version, release)
    return found


def refuse_other_images(pipeline: Pipeline, references: Collection[str], store: Store) -> None:
    """Refuse to go on with images that have the name of a release and are other images.

    Args:
        pipeline: whose lock is read.
        references: the images that are about to be used.
        store: what is there.

    Raises:
        Refused: one of them is not the one that was released.
        CapasError: the lock cannot be read.
    """
    releases = read_lock(pipeline.lock_path)
    other: dict[str, str] = {}
    for version in pipeline.versions:
        release, image = releases.get(version.short), store.named(version.reference)
        used = release is not None and version.reference in references
        if used and release is not None and image is not None and image.id != release.image:
            other[version.short] = f"{image.id[:12]}, released was {release.image[:12]}"
    if other:
        raise Refused(
            f"{', '.join(other)} in the store is not what was released",
            details="\n".join(f"{name}: {said}" for name, said in other.items()),
            resolution="`capas build` makes the released image again",
        )


def _drift(pipeline: Pipeline, version: Version, release: Release) -> list[Finding]:
    rootfs = None
    if version.rootfs is not None:
        recorded = release.content.files.get(ROOTFS_TAR, "").rpartition(" ")[2]
        rootfs = PreparedRootfs(version.context / ROOTFS_TAR, recorded)
    try:
        content = content_of(read_inputs(version, Digests(None), rootfs))
    except InvalidSpec:
        return []  # told by the rules of Containerfiles
    except CapasError as error:
        message = f"{version.short} is released: {error.sentence}"
        return [finding("CAP302", version.containerfile, 0, 0, message, hint=error.resolution)]
    proposal = next_version(version.name, tuple(pipeline.images[version.image].versions))
    hint = f"restore it, or give the new content a version of its own: {proposal}"
    return [
        finding(
            "CAP302",
            version.containerfile,
            0,
            0,
            f"{version.short} is released: {changed}",
            hint=hint,
        )
        for changed in drift(release.content, content)
    ]
