"""A store that was changed by hand, or changes while it is read: clear errors, no traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pipeline.engine import command
from pipeline.engine.storage import Storage, find_image, observe_storage, read_storage
from pipeline.engine.tar_split import read_file_list
from pipeline.errors import CapasError, EngineError, UsageError
from tests.integration.layers.test_report import build

pytestmark = pytest.mark.integration

Records = list[dict[str, object]]


@pytest.fixture(scope="module")
def original(environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Storage:
    """The real records with one image of two layers in them."""
    text = "FROM scratch\nCOPY a /a\nENV X=y\nCOPY b /b\n"
    build(environment, tmp_path_factory.mktemp("damage"), "capas-damage:1", text, a="a", b="b")
    return observe_storage(environment)


@pytest.fixture
def records(original: Storage, tmp_path: Path) -> Path:
    """A copy of the store's records, to be damaged."""
    for kind in ("images", "layers"):
        name = f"{original.driver}-{kind}"
        shutil.copytree(original.roots[0] / name, tmp_path / name)
    return tmp_path


def reading(original: Storage, records: Path) -> CapasError:
    with pytest.raises(CapasError) as caught:
        read_all(original, records)
    return caught.value


def read_all(original: Storage, records: Path) -> list[str]:
    image = find_image(read_storage(original.driver, (records,)), "capas-damage:1")
    return [file.path for layer in image.layers for file in read_file_list(layer)]


def change_layers(records: Path, driver: str, change: Callable[[Records], object]) -> None:
    path = records / f"{driver}-layers" / "layers.json"
    layers = json.loads(path.read_text())
    change(layers)
    path.write_text(json.dumps(layers))


def test_undamaged_records_are_read(original: Storage, records: Path) -> None:
    assert read_all(original, records) == ["a", "b"]


def test_a_changed_configuration_is_noticed_by_its_digest(original: Storage, records: Path) -> None:
    image = find_image(original, "capas-damage:1")
    folder = records / f"{original.driver}-images" / image.id
    for path in folder.iterdir():
        if b'"history"' in (text := path.read_bytes()):
            path.write_bytes(text.replace(b"COPY", b"ROPY"))
    error = reading(original, records)
    assert isinstance(error, EngineError)
    assert "the configuration does not have the digest" in error.details
    assert error.resolution


def test_a_changed_manifest_is_noticed_by_its_digest(original: Storage, records: Path) -> None:
    image = find_image(original, "capas-damage:1")
    path = records / f"{original.driver}-images" / image.id / "manifest"
    path.write_bytes(path.read_bytes() + b" ")
    assert "the manifest does not have the digest" in reading(original, records).details


@pytest.mark.parametrize(
    "damage",
    [
        {"big-data-digests": ["manifest"]},
        {"big-data-digests": {"manifest": 5}},
        {"big-data-digests": None, "digest": 5},
        {"layer": ["x"]},
    ],
)
def test_a_damaged_image_record_is_no_defect_of_ours(
    original: Storage, records: Path, damage: dict[str, object]
) -> None:
    path = records / f"{original.driver}-images" / "images.json"
    images = json.loads(path.read_text())
    for image in images:
        if "localhost/capas-damage:1" in (image.get("names") or ()):
            image.update(damage)
    path.write_text(json.dumps(images))
    assert "contradict each other" in reading(original, records).brief


def test_a_changed_layer_record_contradicts_the_configuration(
    original: Storage, records: Path
) -> None:
    image = find_image(original, "capas-damage:1")

    def other_digest(layers: Records) -> None:
        for layer in layers:
            if layer["id"] == image.layers[0].id:
                layer["diff-digest"] = "sha256:" + "0" * 64

    change_layers(records, original.driver, other_digest)
    error = reading(original, records)
    assert "contradict each other" in error.brief


def test_a_missing_layer_is_named(original: Storage, records: Path) -> None:
    image = find_image(original, "capas-damage:1")
    lowest = image.layers[0].id

    def take_away(layers: Records) -> None:
        layers[:] = [layer for layer in layers if layer["id"] != lowest]

    change_layers(records, original.driver, take_away)
    error = reading(original, records)
    assert "a layer is missing" in error.brief
    assert lowest in error.details


def test_layers_that_stand_on_each_other_are_no_endless_loop(
    original: Storage, records: Path
) -> None:
    image = find_image(original, "capas-damage:1")

    def circle(layers: Records) -> None:
        for layer in layers:
            if layer["id"] == image.layers[0].id:
                layer["parent"] = image.layers[1].id

    change_layers(records, original.driver, circle)
    assert "a layer is missing" in reading(original, records).brief


def other_sizes(layers: Records) -> None:
    for layer in layers:
        layer["diff-size"] = 7


@pytest.mark.parametrize("damage", ["gone", "cut short", "not gzip", "other size"])
def test_a_damaged_file_list_is_named(original: Storage, records: Path, damage: str) -> None:
    layers = find_image(original, "capas-damage:1").layers
    path = records / f"{original.driver}-layers" / layers[0].file_list.name
    if damage == "gone":
        path.unlink()
    elif damage == "cut short":
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "not gzip":
        path.write_bytes(b"nothing")
    else:
        change_layers(records, original.driver, other_sizes)
    error = reading(original, records)
    assert isinstance(error, EngineError)
    assert layers[0].diff_id in error.brief


@pytest.mark.parametrize("text", ["", "{", "{}", "[1]", '[{"no": "id"}]'])
def test_records_that_are_no_records(original: Storage, records: Path, text: str) -> None:
    path = records / f"{original.driver}-images" / "images.json"
    path.write_text(text)
    error = reading(original, records)
    if text:
        assert str(path) in error.details
        assert error.resolution
    else:
        assert isinstance(error, UsageError)


def test_an_image_deleted_meanwhile_is_said_to_be(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    build(environment, tmp_path, "capas-deleted:1", "FROM scratch\nCOPY a /a\n", a="deleted")
    before = observe_storage(environment)
    command.run(["buildah", "rmi", "localhost/capas-deleted:1"], environment=environment)
    with pytest.raises(EngineError, match="was deleted while it was being read"):
        find_image(before, "capas-deleted:1")
    with pytest.raises(UsageError, match="is not in the store"):
        find_image(observe_storage(environment), "capas-deleted:1")
