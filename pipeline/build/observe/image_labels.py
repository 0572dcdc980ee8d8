"""The labels of an image: ours, and those that all tools read (image-spec, annotations.md)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone

from pipeline.build.context.inputs import Inputs
from pipeline.build.observe.survey import rootfs_label
from pipeline.build.release.provenance import Provenance
from pipeline.engine import labels
from pipeline.engine.images import StoredImage


def labels_of(
    inputs: Inputs,
    *,
    pipeline: str,
    identity: str,
    bases: Mapping[str, str],
    provenance: Provenance,
    base: tuple[str, StoredImage] | None,
) -> dict[str, str]:
    """All labels of a version's image.

    Those of the base image are inherited by Buildah: what would be wrong for this image is said
    anew, or said to be empty.

    Args:
        inputs: what the version is made of.
        pipeline: the spec's name.
        identity: of all inputs.
        bases: the ids of the images that it reads from, by reference.
        provenance: where the context comes from.
        base: the reference and the image below the last stage; None for `scratch`.
    """
    version = inputs.version
    found = {
        labels.OCI_TITLE: version.image,
        labels.OCI_VERSION: version.name,
        labels.OCI_CREATED: timestamp_text(provenance.created),
        labels.OCI_REVISION: provenance.revision,
        labels.OCI_SOURCE: provenance.source,
        labels.OCI_BASE_NAME: base[0] if base else "",
        labels.OCI_BASE_DIGEST: base[1].digest if base else "",
        **version.labels,
        labels.PIPELINE: pipeline,
        labels.IMAGE: version.image,
        labels.VERSION: version.name,
        labels.IDENTITY: identity,
        labels.BASES: " ".join(f"{name}={image}" for name, image in sorted(bases.items())),
        labels.ROOTFS: rootfs_label(version, inputs.rootfs) if inputs.rootfs else "",
    }
    inherited = base[1].labels if base else {}
    return {name: value for name, value in found.items() if value or name in inherited}


def bases_of(labelled: Mapping[str, str]) -> dict[str, str]:
    """The ids of the images that an image was built from, by reference: what its label says."""
    pairs = (pair.rpartition("=") for pair in labelled.get(labels.BASES, "").split())
    return {reference: image for reference, _, image in pairs}


def seconds_of(text: str) -> int:
    """The seconds since the epoch that `timestamp_text` wrote."""
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def timestamp_text(seconds: int) -> str:
    """RFC 3339, as the OCI specification and Buildah's history write times."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
