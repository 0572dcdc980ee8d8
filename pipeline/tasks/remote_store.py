"""Images are built into the store of this machine; CONTAINER_HOST may lead to another one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pipeline.deploy.model.desired import DesiredService
    from pipeline.engine.images import Store
    from pipeline.spec.model import Pipeline


def note_other_store(environment: Mapping[str, str]) -> None:
    """Say that this is about the store of here when containers run on another one."""
    from pipeline.engine.service_store import other_store
    from pipeline.errors import CapasError
    from pipeline.output.terminal import print_note

    host = environment.get("CONTAINER_HOST")
    if not host:
        return
    try:
        why = other_store(host, environment)
    except CapasError:  # who needs the service will be told; this does not
        return
    if why:
        print_note(
            f"images are built into the store of this machine; CONTAINER_HOST names {host}, and "
            f"{why}. `capas push` and a registry bring images there, or: {carrying(host, 'IMAGE')}"
        )


def refuse_wrong_images(
    uri: str, pipeline: Pipeline, wanted: Sequence[DesiredService], environment: Mapping[str, str]
) -> None:
    """Refuse what no deploy may run, before it is planned.

    Args:
        uri: of the service.

    Raises:
        EngineError: the service does not have an image that is built here.
        Refused: an image has a name of the spec and is another one.
    """
    _refuse_left_here(uri, wanted, environment)
    _refuse_other_images(uri, pipeline, wanted, environment)


def _refuse_left_here(
    uri: str, wanted: Sequence[DesiredService], environment: Mapping[str, str]
) -> None:
    """Refuse to deploy images that are built here, when the service has another store.

    Args:
        uri: of the service.

    Raises:
        EngineError: it does not have one of them.
    """
    from pipeline.engine.podman import PodmanReader
    from pipeline.engine.service_store import other_store
    from pipeline.errors import EngineError

    host = environment.get("CONTAINER_HOST")
    if not host:
        return
    built = {desired.reference: desired for desired in wanted if desired.service.built_here}
    with PodmanReader(uri) as reader:
        missing = [reference for reference in built if reader.image(reference) is None]
    if not missing or not (why := other_store(host, environment)):
        return
    here = _stored_here(environment, missing)
    unbuilt = [built[reference].version for reference in missing if reference not in here]
    first = [f"`capas build --version {version}`, then" for version in dict.fromkeys(unbuilt)]
    raise EngineError(
        f"{', '.join(missing)} is not in the store that CONTAINER_HOST names",
        details=f"images are built into the store of this machine; {host}: {why}",
        resolution=" ".join([*first, f"copy it there: {carrying(host, ' '.join(missing))}"]),
    )


def images_there(uri: str, references: Collection[str], environment: Mapping[str, str]) -> Store:
    """What the store that containers run on has of some images."""
    from pipeline.engine.images import Store, StoredImage, list_images
    from pipeline.engine.podman import PodmanReader

    if not environment.get("CONTAINER_HOST"):
        return list_images(environment)  # much quicker than to ask
    with PodmanReader(uri) as reader:
        found = {reference: reader.image(reference) for reference in references}
    return Store(
        tuple(
            StoredImage(
                image.id,
                (name,),
                labels=image.labels,
                last=image.history[-1].created_by if image.history else "",
            )
            for name, image in found.items()
            if image
        )
    )


def _refuse_other_images(
    uri: str, pipeline: Pipeline, wanted: Sequence[DesiredService], environment: Mapping[str, str]
) -> None:
    """Refuse to run an image that has a name of the spec and is another one; say what is outdated.

    Raises:
        Refused: there is one.
    """
    references = {name for one in wanted for name in (one.reference, one.ingress_image) if name}
    if any(version.reference in references for version in pipeline.versions):
        refuse_named(pipeline, references, images_there(uri, references, environment), environment)


def refuse_named(
    pipeline: Pipeline,
    references: Collection[str],
    store: Store,
    environment: Mapping[str, str],
) -> None:
    """The same for any use of images by the names of the spec.

    Raises:
        Refused: one is another project's, or not the one that was released.
    """
    from pipeline.build.observe.foreign_images import refuse_strangers
    from pipeline.build.release.release_check import refuse_other_images as refuse_not_released
    from pipeline.output.terminal import print_note

    if pipeline.lock_path.exists():
        refuse_not_released(pipeline, references, store)
    for note in refuse_strangers(pipeline, references, store, environment):
        print_note(note)


def claim_name(pipeline: Pipeline, environment: Mapping[str, str]) -> None:
    """Hold the pipeline's name for this folder; see `host.claim`.

    Raises:
        Refused: it belongs to another folder.
    """
    from pipeline.host.name_claim import claim
    from pipeline.output.terminal import print_note

    if note := claim(pipeline, environment):
        print_note(note)


def carrying(host: str, images: str) -> str:
    """The command that carries images from the store of here to that of a service."""
    parts = urlsplit(host)
    if parts.scheme == "ssh":
        load = f"ssh ssh://{parts.netloc} podman load"
    else:
        load = f"podman --url {host} load"
    return f"`env -u CONTAINER_HOST podman save --multi-image-archive {images} | {load}`"


def _stored_here(environment: Mapping[str, str], references: Sequence[str]) -> frozenset[str]:
    from pipeline.engine.images import list_images

    store = list_images(environment)
    return frozenset(reference for reference in references if store.named(reference))
