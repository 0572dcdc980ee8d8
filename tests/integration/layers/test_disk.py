"""What the report says about the disk, against `find`, with the drivers overlay and vfs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipeline.engine import command
from pipeline.engine.storage import find_image, observe_storage
from pipeline.layers.family import Named
from pipeline.layers.observe import observe_family
from pipeline.layers.present import present_family
from pipeline.output.render.report import rendered
from tests.integration.conftest import Capas
from tests.integration.layers.test_report import build
from tests.integration.storage import session_store

pytestmark = pytest.mark.integration

TEXT = """FROM {base}
COPY big /app/big
RUN ["sh", "-c", "mkdir -p /app/d && ln /app/big /app/d/hard && ln -s big /app/soft"]
RUN ["sh", "-c", "mkdir -m 700 /closed && echo x > /closed/x && chown -R 33:33 /closed"]
"""


def on_disk(folder: Path, environment: Mapping[str, str]) -> int:
    """Bytes of every file and folder, each once, as `du --apparent-size` counted them until 9.1.

    Newer coreutils leave the folders' own bytes out. Inside the user namespace no folder is closed.
    """
    argv = ["buildah", "unshare", "find", str(folder), "-printf", r"%i %s\n"]
    found = command.run(argv, environment=environment).stdout.splitlines()
    sizes = dict(line.split() for line in found)
    return sum(map(int, sizes.values()))


def test_the_disk_figures_are_those_of_the_files(
    small_base: str, environment: Mapping[str, str], capas: Capas, tmp_path: Path
) -> None:
    name = build(
        environment, tmp_path, "capas-disk:1", TEXT.format(base=small_base), big="b" * 300_000
    )
    done = capas("report", "--images", name, "--format", "json", cwd=tmp_path)
    data = json.loads(done.stdout)
    said = {layer["id"]: layer["disk_bytes"] for layer in data["layers"]}
    measured = {
        layer.id: on_disk(layer.folder, environment)
        for layer in find_image(observe_storage(environment), name).layers
    }
    assert said.keys() == measured.keys()
    for layer_id, size in measured.items():
        assert said[layer_id] == pytest.approx(size, rel=0.01)
    assert data["totals"]["disk_bytes"] == pytest.approx(sum(measured.values()), rel=0.01)


@pytest.fixture(scope="module")
def vfs() -> Iterator[Mapping[str, str]]:
    """A store with the driver that a rootless user had before kernel 5.13."""
    with session_store({**os.environ, "STORAGE_DRIVER": "vfs"}) as store:
        yield store.environment


def test_vfs_shares_nothing_on_disk_and_the_report_says_so(
    vfs: Mapping[str, str], tmp_path: Path
) -> None:
    text = "FROM scratch\nCOPY lib /lib\nCOPY app /app\n"
    names = [
        build(vfs, tmp_path, f"capas-vfs:{n}", text, lib="l" * 200_000, app=n) for n in ("1", "2")
    ]
    storage = observe_storage(vfs)
    named = [Named(name, "capas-vfs", find_image(storage, name)) for name in names]
    observed = observe_family(named, storage.driver, vfs, measure=False)
    told = rendered(present_family(observed.family, "t", observed.lists), "text")
    assert "nothing is shared on disk" in " ".join(told.split())
    family = observed.family
    assert family.driver == "vfs"
    measured = sum(on_disk(layer.folder, vfs) for layer in family.layers)
    assert family.disk_bytes == pytest.approx(measured, rel=0.01)
    # Three layers, and each holds the library.
    assert measured > 3 * 200_000
    assert family.stored_bytes < 2 * 200_000
