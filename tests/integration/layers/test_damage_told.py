"""What a user is told when the real store is damaged, or loses an image during a report."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.engine.storage import LayeredImage, find_image, observe_storage
from tests.integration.conftest import CHECKOUT
from tests.integration.layers.test_report import build
from tests.integration.storage import Store, session_store

pytestmark = pytest.mark.integration

NAME = "localhost/capas-told:1"
TEXT = "FROM scratch\nCOPY a /a\nCOPY b /b\n"


@dataclass(frozen=True)
class Own:
    """A store that these tests damage, and its image."""

    store: Store
    driver: str
    image: LayeredImage

    def records(self, kind: str) -> Path:
        return self.store.graph / f"{self.driver}-{kind}"

    def report(self, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pipeline", "report", "--images", NAME],
            cwd=folder,
            env={**self.store.environment, "PYTHONPATH": str(CHECKOUT), **variables},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    with session_store(os.environ) as store:
        folder = tmp_path_factory.mktemp("told")
        build(store.environment, folder, "capas-told:1", TEXT, a="a" * 5000, b="b")
        storage = observe_storage(store.environment)
        yield Own(store, storage.driver, find_image(storage, NAME))


@contextmanager
def put_aside(path: Path) -> Iterator[None]:
    """Something is not there meanwhile."""
    aside = path.with_name(f"{path.name}.aside")
    path.rename(aside)
    try:
        yield
    finally:
        aside.replace(path)


def layer_file(own: Own) -> Path:
    return own.image.layers[0].file_list


def layer_folder(own: Own) -> Path:
    return own.image.layers[0].folder


def layers_json(own: Own) -> Path:
    return own.records("layers") / "layers.json"


def images_json(own: Own) -> Path:
    return own.records("images") / "images.json"


def configuration(own: Own) -> Path:
    folder = own.records("images") / own.image.id
    return next(path for path in folder.iterdir() if b'"history"' in path.read_bytes())


def tampered(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"COPY", b"ROPY"))


def without_sizes(path: Path) -> None:
    layers = json.loads(path.read_text())
    for layer in layers:
        del layer["diff-size"]
    path.write_text(json.dumps(layers))


def without_the_lowest(path: Path) -> None:
    path.write_text(json.dumps([one for one in json.loads(path.read_text()) if one.get("parent")]))


def zstd(path: Path) -> None:
    path.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(20))


def gone(_path: Path) -> None:
    """It is put aside, and that is the damage."""


def closed(path: Path) -> None:
    path.chmod(0)


@pytest.mark.parametrize(
    ("place", "damage", "words"),
    [
        (configuration, tampered, "does not have the digest"),
        (configuration, gone, "missing: "),
        (layers_json, without_sizes, "a record has no 'diff-size'"),
        (layers_json, without_the_lowest, "a layer is missing from the store"),
        (layers_json, gone, "a layer is missing from the store"),
        (layers_json, lambda path: path.write_text("{"), "the store's records are damaged"),
        (images_json, closed, "Permission denied"),
        (layer_file, zstd, "not compressed by gzip"),
        (layer_file, gone, "No such file"),
        (layer_file, closed, "Permission denied"),
        (layer_file, lambda path: os.truncate(path, 30), "cut short"),
        (layer_folder, gone, "are missing from the store"),
    ],
)
def test_damage_is_told_in_three_parts(
    own: Own,
    tmp_path: Path,
    place: Callable[[Own], Path],
    damage: Callable[[Path], object],
    words: str,
) -> None:
    path = place(own)
    with put_aside(path):
        if damage is not gone:
            shutil.copy2(path.with_name(f"{path.name}.aside"), path)
            damage(path)
        done = own.report(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    brief, *details, resolution = done.stderr.splitlines()
    assert brief.startswith("error: ")
    assert words in f"{brief}\n{details}"
    assert details
    assert resolution.startswith("  → ")
    assert own.report(tmp_path).returncode == 0


def test_an_image_that_is_deleted_while_its_layers_are_compressed(own: Own, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    skopeo = folder / "skopeo"
    skopeo.write_text(
        f'#!/bin/sh\nbuildah rmi {NAME} >/dev/null\nexec {shutil.which("skopeo")} "$@"\n'
    )
    skopeo.chmod(0o755)
    path = f"{folder}:{own.store.environment['PATH']}"
    done = own.report(tmp_path, PATH=path, XDG_CACHE_HOME=str(tmp_path / "empty"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "capas-told:1: deleted while it was being read" in done.stderr
    assert "  → build or pull the images again" in done.stderr
    build(own.store.environment, tmp_path / "again", "capas-told:1", TEXT, a="a" * 5000, b="b")
