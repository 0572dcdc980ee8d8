"""Images elsewhere: in a registry, or in a folder in the OCI image layout. By skopeo.

What an image is there is said by its manifest, and the digest of the configuration that the
manifest names is the image's id in a store (OCI image-spec, manifest.md and config.md): whether
two places have the same image is known without moving any of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.engine import command
from pipeline.engine.said import plainly
from pipeline.errors import EngineError

_NOT_THERE = ("manifest unknown", "name unknown", "repository name not known")
"""What registries answer (OCI distribution-spec, error codes)."""
_NAME = "org.opencontainers.image.ref.name"
_SHOWN = 200
"""Characters of an answer that is not understood."""


@dataclass(frozen=True)
class Place:
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


def find_manifest(place: Place, short: str, environment: Mapping[str, str]) -> Manifest | None:
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
        EngineError: it is none of a single image.
    """
    try:
        found = json.loads(raw)
        image = found["config"]["digest"].removeprefix("sha256:")
        blobs = {one["digest"]: int(one["size"]) for one in found["layers"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise EngineError(
            f"what is at {where} is no image of one platform",
            details=raw[:_SHOWN].decode(errors="replace"),
            resolution="push the image there again",
        ) from None
    layers = tuple(one["digest"] for one in found["layers"])
    return Manifest(f"sha256:{hashlib.sha256(raw).hexdigest()}", image, blobs, layers)


def copy_out_argv(image: str, place: Place, short: str) -> list[str]:
    """Copy an image of the store to a place."""
    tls = [f"--dest-tls-verify={_word(place)}"] if place.folder is None else []
    return ["skopeo", "copy", *tls, f"containers-storage:@{image}", place.reference(short)]


def copy_in_argv(place: Place, short: str, reference: str) -> list[str]:
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


def _of_registry(place: Place, short: str, environment: Mapping[str, str]) -> bytes | None:
    argv = ["skopeo", "inspect", "--raw", f"--tls-verify={_word(place)}", place.reference(short)]
    answer = command.run(argv, environment=environment, check=False)
    if answer.returncode == 0:
        return answer.stdout.encode()
    if any(words in answer.stderr for words in _NOT_THERE):
        return None
    raise EngineError(
        f"{place.name} does not say what it has under {short}",
        details=plainly(answer.stderr),
        resolution="is it running, and is its name right? `podman login` where it asks who you "
        "are; `--no-tls-verify` for one without HTTPS",
    )


def _of_layout(folder: Path, short: str) -> bytes | None:
    """The bytes of a manifest in an OCI layout (OCI image-spec, image-layout.md)."""
    index = folder / "index.json"
    try:
        if not index.exists():
            return None
        listed: list[dict[str, Any]] = json.loads(index.read_bytes())["manifests"]
        named = [m for m in listed if (m.get("annotations") or {}).get(_NAME) == short]
        if not named:
            return None
        return folder.joinpath("blobs", *named[-1]["digest"].split(":", 1)).read_bytes()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EngineError(
            f"{folder} cannot be read as an OCI image layout",
            details=f"{type(error).__name__}: {error}",
            resolution="name another folder; this one is left as it is",
        ) from None


def _word(place: Place) -> str:
    return str(place.tls_verify).lower()
