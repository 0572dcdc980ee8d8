"""Looking before a build: the spec's versions, their inputs, the store, the releases."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from pipeline.build.context import order
from pipeline.build.context.digests import Digests, memory_path
from pipeline.build.context.inputs import Inputs, PreparedRootfs, read_containerfile, read_inputs
from pipeline.build.release.decide import Candidate
from pipeline.build.release.identity import Content, content_of
from pipeline.build.release.lockfile import read_lock
from pipeline.build.release.provenance import Provenance, provenance_of, source_date_epoch
from pipeline.build.release.releases import Release
from pipeline.build.rootfs.rootfs import cache_folder, key_of
from pipeline.engine import labels
from pipeline.engine.build_cache import CacheImage
from pipeline.engine.generation import GENERATIONS, Generation
from pipeline.engine.images import Store, StoredImage, list_images
from pipeline.errors import EngineError
from pipeline.host.buildah_generation import generation_here
from pipeline.host.name_claim import TAKE_OVER
from pipeline.lean_dataclasses import dataclass
from pipeline.spec.image_references import references
from pipeline.spec.model import ROOTFS_TAR, Pipeline, Version


@dataclass(frozen=True)
class Survey:
    """What was seen.

    Attributes:
        names: of the versions that are wanted and of those that they build on, bases first.
        parents: by name, the versions of this spec that each builds on.
        inputs: by name.
        contents: by name.
        releases: from the lock.
        epoch: SOURCE_DATE_EPOCH, in seconds, or 0.
        generation: of the Buildah here.
    """

    pipeline: Pipeline
    names: tuple[str, ...]
    versions: Mapping[str, Version]
    parents: Mapping[str, tuple[str, ...]]
    inputs: Mapping[str, Inputs]
    contents: Mapping[str, Content]
    store: Store
    releases: Mapping[str, Release]
    epoch: int
    generation: Generation = GENERATIONS[-1]
    takes_over: bool = False

    def candidate(self, name: str, built: Mapping[str, str]) -> Candidate:
        """What is known about a version.

        Args:
            name: `image:version`.
            built: ids of images that were built since the look, by name; an empty one will be.
        """
        version, inputs = self.versions[name], self.inputs[name]
        release = self.releases.get(name)
        return Candidate(
            version=version,
            content=self.contents[name],
            bases={one: self._base(one, built) for one in inputs.references},
            current=self.store.named(version.reference),
            release=release,
            timestamp=self.epoch if release is None else release.timestamp,
            pipeline=self.pipeline.name,
            siblings=tuple(self.pipeline.images[version.image].versions),
            takes_over=self.takes_over,
        )

    def own(self, reference: str) -> Version | None:
        """The version of this spec that a reference names."""
        for version in self.versions.values():
            if reference in (version.reference, version.short):
                return version
        return None

    def base_image(
        self, inputs: Inputs, made: Mapping[str, CacheImage | None]
    ) -> tuple[str, StoredImage] | None:
        """The reference and the image below a version's last stage; None for `scratch`.

        Args:
            made: images that were built since the look, by name; one without an id will be, and
                the store's stands for it.

        Raises:
            EngineError: it is not in the store (any more).
        """
        if inputs.base is None:
            return None
        own, stored = self.own(inputs.base), self.store.named(inputs.base)
        if own is not None and (image := made.get(own.short)) and image.id:
            return own.reference, StoredImage(image.id, image.names, image.digest, image.labels)
        if stored is None:
            raise EngineError(f"{inputs.base} is not in the store")
        name = own.reference if own else inputs.base
        return (name if name in stored.names else (*stored.lasting_names, name)[0]), stored

    def provenance(self, name: str, environment: Mapping[str, str]) -> Provenance:
        """Where a version's context comes from; of a release, what was recorded then."""
        release = self.releases.get(name)
        if release is not None:
            return release.provenance
        return provenance_of(self.versions[name].context, environment)

    def _base(self, reference: str, built: Mapping[str, str]) -> str | None:
        own = self.own(reference)
        if own is not None and own.short in built:
            return built[own.short] or None
        stored = self.store.named(reference)
        return stored.id if stored else None


def pulls_of(survey: Survey) -> tuple[str, ...]:
    """The external images that a build pulls: missing ones, and those always wanted fresh.

    Raises:
        EngineError: one is missing, and its version's pull policy is `never`.
    """
    wanted: dict[str, None] = {}
    for name in survey.names:
        policy = survey.versions[name].pull
        for reference in survey.inputs[name].references:
            missing = survey.store.named(reference) is None
            if survey.own(reference) is not None or not (missing or policy == "always"):
                continue
            if policy == "never":
                raise EngineError(
                    f"{name} builds on {reference}, which is not in the store",
                    details=f"its pull policy is `never` in {survey.pipeline.path}",
                    resolution=f"podman pull {reference}",
                )
            wanted[reference] = None
    return tuple(wanted)


def observe_build(
    pipeline: Pipeline, wanted: Sequence[Version], environment: Mapping[str, str]
) -> Survey:
    """Everything that a build of `wanted` depends on.

    Raises:
        CapasError: a Containerfile, a context or the lock cannot be read.
        EngineError: Podman refused.
        InvalidSpec: Buildah would not understand a Containerfile.
        UsageError: images build on each other in a circle.
    """
    versions = {version.short: version for version in pipeline.versions}
    parents = order.parents(
        pipeline.versions,
        {
            name: references(read_containerfile(version)[1], version.args)
            for name, version in versions.items()
        },
    )
    names = order.bases_first([version.short for version in wanted], parents)
    store = list_images(environment)
    releases = read_lock(pipeline.lock_path)
    digests = Digests(memory_path(environment))
    generation = generation_here(environment)
    inputs = {
        name: read_inputs(
            versions[name],
            digests,
            _released_rootfs(versions[name], releases.get(name), store)
            or prepared_rootfs(versions[name], store, environment, digests),
            inherits=generation.inherits,
        )
        for name in names
    }
    digests.save()
    return Survey(
        pipeline=pipeline,
        names=names,
        versions=versions,
        parents=parents,
        inputs=inputs,
        contents={name: content_of(one) for name, one in inputs.items()},
        store=store,
        releases=releases,
        epoch=source_date_epoch(environment) or 0,
        generation=generation,
        takes_over=bool(environment.get(TAKE_OVER)),
    )


def prepared_rootfs(
    version: Version, store: Store, environment: Mapping[str, str], digests: Digests
) -> PreparedRootfs | None:
    """The root file system of a version as far as it is known without making it.

    When the cache was deleted, the image in the store still tells what it was made of: nothing
    is downloaded to find out that nothing changed.
    """
    if version.rootfs is None:
        return None
    key = key_of(version.rootfs, os.uname().machine)
    tar = cache_folder(environment) / key / ROOTFS_TAR
    if tar.is_file():
        return PreparedRootfs(tar, digests.of(tar))
    return PreparedRootfs(tar, _known_digest(store.named(version.reference), key))


def _released_rootfs(
    version: Version, release: Release | None, store: Store
) -> PreparedRootfs | None:
    """The root file system of a release whose image is there: whatever the cache holds by now."""
    image = store.named(version.reference)
    recorded = release.content.files.get(ROOTFS_TAR) if release else None
    if version.rootfs is None or recorded is None or release is None:
        return None
    if image is None or image.id != release.image:
        return None
    return PreparedRootfs(version.context / ROOTFS_TAR, recorded.rpartition(" ")[2])


def rootfs_label(version: Version, rootfs: PreparedRootfs) -> str:
    """The label that tells of which root file system an image was made."""
    key = key_of(version.rootfs, os.uname().machine) if version.rootfs else ""
    return f"{key} {rootfs.digest}"


def _known_digest(image: StoredImage | None, key: str) -> str:
    label = image.labels.get(labels.ROOTFS, "") if image else ""
    known, _, digest = label.partition(" ")
    return digest if known == key else ""
