"""Layers as they travel: the blobs that a push makes, and those that a registry has.

A store keeps layers uncompressed; what a download costs is the size of the compressed blob. We
let skopeo make that blob once per layer, exactly as a push would, note its digest and size under
the layer's diff_id, and throw the bytes away: the note is a measurement, not an estimate.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.engine import command
from pipeline.engine.cache import cache_folder, read_json, write_atomic
from pipeline.engine.distribution import ImageLocation, find_manifest
from pipeline.engine.json_shape import fit, whole
from pipeline.engine.storage import Blob, LayeredImage, StoredLayer
from pipeline.errors import EngineError

_NOTE = {"digest": str, "size": whole(0, 2**63 - 1)}
_IT = "it"


def known_blobs(
    layers: Iterable[StoredLayer], environment: Mapping[str, str]
) -> Mapping[str, Blob]:
    """The blobs of `layers` that need no work, by diff_id: pulled ones and measured ones."""
    found: dict[str, Blob] = {}
    for layer in layers:
        if layer.blob:
            found[layer.diff_id] = layer.blob
        elif layer.diff_id not in found:
            noted = read_json(_note(layer.diff_id, environment))
            with suppress(ValueError):
                blob = fit(noted, _NOTE)
                found[layer.diff_id] = Blob(blob["digest"], blob["size"], "measured")
    return found


def measure_blobs(
    images: Sequence[LayeredImage], known: Mapping[str, Blob], environment: Mapping[str, str]
) -> Mapping[str, Blob]:
    """Compress every layer of `images` that is not in `known`, and remember the result.

    Returns:
        `known` and the new ones, by diff_id.

    Raises:
        EngineError: skopeo failed.
        HostUnable: skopeo is not installed.
    """
    blobs = dict(known)
    for image in images:
        missing = {layer.diff_id for layer in image.layers} - blobs.keys()
        if missing:
            blobs.update(_measure(image, missing, environment))
    return blobs


def registry_blobs(
    image: LayeredImage, place: ImageLocation, short: str, environment: Mapping[str, str]
) -> Mapping[str, Blob]:
    """The blobs that a registry holds for `image`, from its manifest, by diff_id.

    Nothing when the registry has nothing under this name.

    Args:
        short: the image's name there, `image:version`.

    Raises:
        EngineError: the registry does not answer, or holds another image under this name.
    """
    manifest = find_manifest(place, short, environment)
    if manifest is None:
        return {}
    if manifest.image != image.id or len(manifest.layers) != len(image.layers):
        raise EngineError(
            f"{place.name}/{short} is not the image {image.names[0] if image.names else image.id}",
            details=f"the registry has {manifest.image}, this machine has {image.id}",
            resolution="`capas push` uploads the one of this machine",
        )
    return {
        diff_id: Blob(digest, manifest.blobs[digest], "registry")
        for diff_id, digest in zip(image.diff_ids, manifest.layers, strict=True)
    }


def _measure(
    image: LayeredImage, missing: set[str], environment: Mapping[str, str]
) -> Mapping[str, Blob]:
    """Copy an image into a throw-away OCI layout, in which known layers seem to be there already.

    skopeo skips a layer whose blob the layout has. An empty file under the name of the
    uncompressed layer is enough for it, so that only the missing ones are compressed.
    """
    with tempfile.TemporaryDirectory(prefix="capas-blobs-") as folder:
        blobs = Path(folder, "blobs", "sha256")
        blobs.mkdir(parents=True)
        for layer in image.layers:
            if layer.diff_id not in missing:
                blobs.joinpath(layer.diff_id.removeprefix("sha256:")).touch()
        command.run(
            ["skopeo", "copy", "--quiet", f"containers-storage:@{image.id}", f"oci:{folder}:{_IT}"],
            environment=environment,
        )
        manifest = find_manifest(ImageLocation(folder, folder=Path(folder)), _IT, environment)
    if manifest is None or len(manifest.layers) != len(image.layers):
        raise EngineError(
            f"skopeo did not copy all layers of {image.names[0] if image.names else image.id}",
            resolution="run the command again",
        )
    found: dict[str, Blob] = {}
    for layer, digest in zip(image.layers, manifest.layers, strict=True):
        if layer.diff_id in missing:
            size = manifest.blobs[digest]
            found[layer.diff_id] = Blob(digest, size, "measured")
            note = json.dumps({"digest": digest, "size": size})
            with suppress(OSError):  # without a cache it is measured again
                write_atomic(_note(layer.diff_id, environment), note)
    return found


def _note(diff_id: str, environment: Mapping[str, str]) -> Path:
    return cache_folder(environment).joinpath("blobs", *diff_id.split(":", 1)).with_suffix(".json")
