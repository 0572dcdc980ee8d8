"""Images elsewhere: in a registry, or in a folder in the OCI image layout. By skopeo.

What an image is there is said by its manifest, and the digest of the configuration that the
manifest names is the image's id in a store (OCI image-spec, manifest.md and config.md): whether
two places have the same image is known without moving any of it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipeline.bootstrap.safe_files import read_bytes
from pipeline.engine import command
from pipeline.engine.json_input import InvalidJson, parse_json
from pipeline.engine.json_shape import fit, like, whole
from pipeline.engine.log_messages import strip_logrus
from pipeline.errors import EngineError
from pipeline.lean_dataclasses import dataclass

_NOT_THERE = ("manifest unknown", "name unknown", "repository name not known")
"""What registries answer (OCI distribution-spec, error codes)."""
_NAME = "org.opencontainers.image.ref.name"
_DIGEST = like("sha256:[0-9a-f]{64}")
"""It names a file in a folder, and an image in the store."""
MANIFEST_MOST = 4 << 20
"""Bytes: skopeo and Podman take no larger one (containers/image, iolimits.go)."""
_INDEX_MOST = 32 << 20
"""Bytes: about 100,000 images; a folder is filled by hand and never forgets one."""
LAYERS_MOST = 500
"""What an overlay of the kernel stacks (fs/overlayfs/params.h, OVL_MAX_STACK)."""
_PATIENCE = 60.0
"""Seconds for a registry to say what it has: some kilobytes, after a greeting and a login."""
_MANIFEST = {
    "config": {"digest": _DIGEST},
    "layers": [{"digest": _DIGEST, "size": whole(0, 2**50)}],
}
_INDEX = {"manifests": [{"digest": _DIGEST, "annotations?": {str: str}}]}
_LAYOUT: Mapping[str, Callable[[int], bool]] = {
    "oci-layout": stat.S_ISREG,
    "index.json": stat.S_ISREG,
    "blobs": stat.S_ISDIR,
    "blobs/sha256": stat.S_ISDIR,
}
"""What lies where (OCI image-spec, image-layout.md)."""
_SHOWN = 200
"""Characters of an answer that is not understood."""


@dataclass(frozen=True)
class ImageLocation:
    """Where images are kept besides the store.

    Attributes:
        name: as the user wrote it.
        registry: `host[:port][/path]`; empty for a folder.
        folder: of an OCI image layout; None for a registry.
        tls_verify: whether the registry must speak HTTPS with a certificate that is trusted.
    """

    name: str
    registry: str = ""
    folder: Path | None = None
    tls_verify: bool = True

    def reference(self, short: str) -> str:
        """How skopeo names `image:version` there (containers-transports(5))."""
        if self.folder is not None:
            return f"oci:{self.folder}:{short}"
        return f"docker://{self.registry}/{short}"


@dataclass(frozen=True)
class Manifest:
    """What a place says of one image.

    Attributes:
        digest: of the manifest itself, `sha256:…`.
        image: the id that the image has in a store: 64 hexadecimal digits.
        blobs: its compressed layers: digest to bytes.
        layers: their digests, the lowest first; the same blob may be several layers.
    """

    digest: str
    image: str
    blobs: Mapping[str, int]
    layers: tuple[str, ...]


def find_manifest(
    place: ImageLocation, short: str, environment: Mapping[str, str]
) -> Manifest | None:
    """The manifest of `image:version` at a place, or None when there is none.

    Raises:
        EngineError: the place does not answer, or what is there is no image.
        HostUnable: skopeo is not installed.
    """
    raw = (
        _of_layout(place.folder, short)
        if place.folder is not None
        else _of_registry(place, short, environment)
    )
    return parse_manifest(raw, place.reference(short)) if raw is not None else None


def parse_manifest(raw: bytes, where: str) -> Manifest:
    """A manifest from its bytes.

    Raises:
        EngineError: it is not one of a single image.
    """
    try:
        if len(raw) > MANIFEST_MOST:
            raise InvalidJson(f"it is larger than {MANIFEST_MOST >> 20} MiB")
        found = fit(parse_json(raw), _MANIFEST)
        if len(found["layers"]) > LAYERS_MOST:
            raise InvalidJson(
                f"it has {len(found['layers'])} layers, an image has {LAYERS_MOST} at most"
            )
    except ValueError as error:
        raise EngineError(
            f"{where} does not hold the manifest of a single image",
            details=f"{error}: {raw[:_SHOWN].decode(errors='replace')}",
            resolution="push the image there again",
        ) from None
    return Manifest(
        digest=f"sha256:{hashlib.sha256(raw).hexdigest()}",
        image=found["config"]["digest"].removeprefix("sha256:"),
        blobs={one["digest"]: one["size"] for one in found["layers"]},
        layers=tuple(one["digest"] for one in found["layers"]),
    )


def copy_out_argv(image: str, place: ImageLocation, short: str) -> list[str]:
    """Copy an image of the store to a place."""
    tls = [f"--dest-tls-verify={_word(place)}"] if place.folder is None else []
    return ["skopeo", "copy", *tls, f"containers-storage:@{image}", place.reference(short)]


def copy_in_argv(place: ImageLocation, short: str, reference: str) -> list[str]:
    """Copy an image of a place into the store, under a name there."""
    tls = [f"--src-tls-verify={_word(place)}"] if place.folder is None else []
    return ["skopeo", "copy", *tls, place.reference(short), f"containers-storage:{reference}"]


def copy(argv: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run one of these copies.

    Raises:
        EngineError: skopeo failed.
        HostUnable: skopeo is not installed.
    """
    command.run(list(argv), environment=environment)


def _of_registry(place: ImageLocation, short: str, environment: Mapping[str, str]) -> bytes | None:
    argv = ["skopeo", "inspect", "--raw", f"--tls-verify={_word(place)}", place.reference(short)]
    answer = command.run(argv, environment=environment, check=False, timeout=_PATIENCE)
    if answer.returncode == 0:
        return answer.stdout.encode()
    if any(words in answer.stderr for words in _NOT_THERE):
        return None
    raise EngineError(
        f"{place.name} does not say what it has under {short}",
        details=strip_logrus(answer.stderr),
        resolution="is it running, and is its name right? `podman login` where it asks who you "
        "are; `--no-tls-verify` for one without HTTPS",
    )


def _of_layout(folder: Path, short: str) -> bytes | None:
    """The bytes of a manifest in an OCI layout (OCI image-spec, image-layout.md)."""
    index = folder / "index.json"
    try:
        if not os.path.lexists(index):
            return None
        listed = fit(parse_json(read_bytes(index.resolve(), limit=_INDEX_MOST)), _INDEX)[
            "manifests"
        ]
        named = [one for one in listed if one["annotations"].get(_NAME) == short]
        if not named:
            return None
        return read_bytes(blob_path(folder, named[-1]["digest"]).resolve(), limit=MANIFEST_MOST)
    except (OSError, ValueError, RuntimeError) as error:
        raise EngineError(
            f"{folder} cannot be read as an OCI image layout",
            details=str(error),
            resolution="choose another folder; this one is not changed",
        ) from None


def blob_path(folder: Path, digest: str) -> Path:
    """Where an OCI layout keeps a blob (OCI image-spec, image-layout.md)."""
    return folder.joinpath("blobs", *digest.split(":", 1))


def check_layout(place: ImageLocation) -> None:
    """Look at a folder before skopeo opens what is in it: it would wait for a FIFO for ever.

    Raises:
        EngineError: something else lies where an OCI layout has its files.
    """
    if place.folder is None:
        return
    for name, is_kind in _LAYOUT.items():
        path = place.folder / name
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            continue
        except OSError as error:
            why = error.strerror or str(error)
        else:
            why = "" if is_kind(mode) else "it is neither a file nor a folder of an OCI layout"
        if why:
            raise EngineError(
                f"{place.name} cannot be read as an OCI image layout",
                details=f"{path}: {why}",
                resolution="choose another folder; this one is not changed",
            )


def check_blobs(place: ImageLocation, manifest: Manifest) -> None:
    """Look at the blobs of a folder before skopeo opens them: it would wait for a FIFO for ever.

    Raises:
        EngineError: one is missing, not a regular file, or has another size than the manifest says.
    """
    if place.folder is None:
        return
    for digest, size in {**manifest.blobs, f"sha256:{manifest.image}": None}.items():
        path = blob_path(place.folder, digest)
        try:
            status = path.stat()
        except OSError as error:
            why = error.strerror or str(error)
        else:
            why = "" if size in (None, status.st_size) else f"{status.st_size} bytes, not {size}"
            why = why if stat.S_ISREG(status.st_mode) else "it is not a regular file"
        if why:
            raise EngineError(
                f"{place.name} does not have all of the image",
                details=f"{path}: {why}",
                resolution="push the image there again",
            )


def _word(place: ImageLocation) -> str:
    return str(place.tls_verify).lower()
