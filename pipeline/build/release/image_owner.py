"""Whose image a tag names: what its labels say, and what of that can be verified (pure).

`localhost/IMAGE:VERSION` is one name for all projects of an account. A label can be inherited, by
an image that stands on ours or was committed from a container of it, or be written by hand: it
counts when the last instruction of the image set it, as a build of ours does, and its identity when
it is that of the files as they are now.
"""

from __future__ import annotations

from pipeline.engine import labels
from pipeline.engine.images import StoredImage
from pipeline.errors import Refused
from pipeline.host.name_claim import TAKE_OVER
from pipeline.spec.model import Version


def owner_of(image: StoredImage) -> str:
    """The pipeline that its labels name; empty for an image that capas did not build."""
    return image.labels.get(labels.PIPELINE, "")


def is_whole(image: StoredImage) -> bool:
    """Whether it ends with the labels that a build sets, and nothing was put on top of it."""
    said = f'"{labels.IDENTITY}"="{image.labels.get(labels.IDENTITY)}"'
    return not image.last or said in image.last


def strangeness(image: StoredImage, version: Version, pipeline: str) -> str:
    """Why an image that has a version's name is not its pipeline's; empty when it may be."""
    owner = owner_of(image)
    if not owner:
        return "capas did not build it"
    if owner != pipeline:
        return f"the pipeline {owner} built it"
    said = f"{image.labels.get(labels.IMAGE)}:{image.labels.get(labels.VERSION)}"
    if said != version.short:
        return f"it is {said} under another name"
    if not is_whole(image):
        return "layers were added on top of what capas built (`podman commit`, or a build on it)"
    return ""


def refuse_taking(version: Version, image: StoredImage) -> Refused:
    """The refusal to give a version's name, which another project uses, to another image."""
    owner = owner_of(image)
    return Refused(
        f"{version.reference} belongs to the pipeline {owner}",
        details=f"another project of this account built it ({image.id[:12]}) from other content: "
        "with its name taken over, each would run the other's code",
        resolution="give the image another name in [images]; if that project no longer "
        f"needs the name: `{TAKE_OVER}=1 capas build`",
    )


def refuse_running(version: Version, image: StoredImage, why: str) -> Refused:
    """The refusal to use an image that is not what the spec describes."""
    return Refused(
        f"{version.reference} in the store is not this pipeline's",
        details=f"{image.id[:12]}: {why}",
        resolution=f"`capas build --version {version.short}` makes it; when another project needs "
        "the name, give the image another one in [images]",
    )
