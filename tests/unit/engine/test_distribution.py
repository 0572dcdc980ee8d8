from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from pipeline.engine.distribution import (
    ImageLocation,
    Manifest,
    copy_in_argv,
    copy_out_argv,
    find_manifest,
    parse_manifest,
)
from pipeline.errors import EngineError

REGISTRY = ImageLocation("x", registry="127.0.0.1:5000/t", tls_verify=False)
CONFIG, LAYER = "c0" * 32, f"sha256:{'1a' * 32}"
RAW = json.dumps(
    {"config": {"digest": f"sha256:{CONFIG}"}, "layers": [{"digest": LAYER, "size": 7}]}
).encode()
DIGEST = f"sha256:{hashlib.sha256(RAW).hexdigest()}"
FOUND = Manifest(DIGEST, CONFIG, {LAYER: 7}, (LAYER,))


def test_a_copy_to_a_registry() -> None:
    assert copy_out_argv("c0", REGISTRY, "web:1") == [
        "skopeo", "copy", "--dest-tls-verify=false",
        "containers-storage:@c0", "docker://127.0.0.1:5000/t/web:1",
    ]  # fmt: skip


def test_a_copy_from_a_folder() -> None:
    place = ImageLocation("x", folder=Path("/srv/x"))
    assert copy_in_argv(place, "web:1", "localhost/web:1") == [
        "skopeo", "copy", "oci:/srv/x:web:1", "containers-storage:localhost/web:1",
    ]  # fmt: skip


def test_a_manifest_names_the_image_by_its_configuration() -> None:
    assert parse_manifest(RAW, "there") == FOUND


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"manifests": []}', b'{"config": 1}'])
def test_what_is_no_manifest_of_an_image_is_reported(raw: bytes) -> None:
    with pytest.raises(EngineError, match="manifest of a single image"):
        parse_manifest(raw, "there")


def layout(folder: Path, index: object) -> ImageLocation:
    folder.joinpath("index.json").write_text(json.dumps(index))
    return ImageLocation("x", folder=folder)


def test_the_last_image_of_a_name_in_a_folder_counts(tmp_path: Path) -> None:
    blobs = tmp_path / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    blobs.joinpath(DIGEST.removeprefix("sha256:")).write_bytes(RAW)
    name = {"org.opencontainers.image.ref.name": "web:1"}
    index = {
        "manifests": [
            {"digest": f"sha256:{'0' * 64}", "annotations": name},
            {"digest": DIGEST, "annotations": name},
            {"digest": LAYER},
        ]
    }
    place = layout(tmp_path, index)
    assert find_manifest(place, "web:1", {}) == FOUND
    assert find_manifest(place, "web:2", {}) is None


def test_a_folder_with_nothing_in_it_has_no_image(tmp_path: Path) -> None:
    assert find_manifest(ImageLocation("x", folder=tmp_path / "none"), "web:1", {}) is None


@pytest.mark.parametrize("index", [[], {}, {"manifests": [1]}])
def test_a_folder_with_something_else_in_it_is_reported(tmp_path: Path, index: object) -> None:
    with pytest.raises(EngineError, match="cannot be read as an OCI image layout"):
        find_manifest(layout(tmp_path, index), "web:1", {})
