"""Our numbers against a reference that never looks at the store's records."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.storage import find_image, observe_storage
from pipeline.engine.tar_split import file_digest, read_file_list
from tests.integration.conftest import Capas
from tests.integration.layers import reference
from tests.integration.layers.families import copy_in, random_family

pytestmark = pytest.mark.integration

FAMILIES = int(os.environ.get("CAPAS_FAMILIES", "50"))


@pytest.mark.parametrize("seed", range(FAMILIES))
def test_a_random_family_is_reported_exactly(
    seed: int, environment: Mapping[str, str], capas: Capas, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    tags = random_family(chance, tmp_path / "layout", chance.randrange(2, 5))
    names = [f"localhost/capas-family-{seed}:{tag}" for tag in tags]
    for tag, name in zip(tags, names, strict=True):
        copy_in(tmp_path / "layout", tag, name, environment)
    images = [
        reference.layers_of(name, tmp_path / tag, environment)
        for tag, name in zip(tags, names, strict=True)
    ]
    # Nothing here is compressed: test_blobs.py looks at the sizes of downloads.
    done = capas("report", "--no-measure", "--images", *names, "--format", "json", cwd=tmp_path)
    data = json.loads(done.stdout)

    _sharing_is_exact(data, images)
    _causes_are_true(data, images)
    _contents_are_exact(data, images)
    _file_lists_are_exact(names, images, environment)


def _sharing_is_exact(data: dict[str, Any], images: list[list[reference.Layer]]) -> None:
    for number, comparison in enumerate(data["comparisons"]):
        older, newer = images[number], images[number + 1]
        count = reference.shared(older, newer)
        assert comparison["shared_layers"] == count
        assert comparison["shared_bytes"] == sum(layer.size for layer in newer[:count])
        assert comparison["new_layers"] == len(newer) - count
        assert comparison["new_bytes"] == sum(layer.size for layer in newer[count:])
        assert comparison["dropped_bytes"] == sum(layer.size for layer in older[count:])
        there = {layer.diff_id for layer in older}
        assert [new["downloaded"] for new in comparison["new"]] == [
            layer.diff_id not in there for layer in newer[count:]
        ]
    cells = {(cell["older"], cell["newer"]): cell for cell in data["matrix"]}
    names = [version["name"] for version in data["versions"]]
    for older, one in zip(names, images, strict=True):
        for newer, other in zip(names, images, strict=True):
            count = reference.shared(one, other)
            assert cells[older, newer]["shared_layers"] == count
            assert cells[older, newer]["shared_bytes"] == sum(x.size for x in other[:count])
    stacks = {
        tuple(layer.diff_id for layer in image[:n])
        for image in images
        for n in range(1, len(image) + 1)
    }
    assert data["totals"]["layers"] == len(stacks)


def _causes_are_true(data: dict[str, Any], images: list[list[reference.Layer]]) -> None:
    """Every content that a cause names is there: before in an old layer, after in the new one."""
    for number, comparison in enumerate(data["comparisons"]):
        older, newer = images[number], images[number + 1]
        fresh = newer[comparison["shared_layers"] :]
        for new, layer in zip(comparison["new"], fresh, strict=True):
            for change in new["cause"]["files"]:
                if change["aspect"] != "content":
                    continue
                before, after = change["before"], change["after"]
                assert before != after
                if before.startswith("sha256:"):
                    assert before in reference.digests_at(change["path"], older)
                if after.startswith("sha256:"):
                    assert after in reference.digests_at(change["path"], [layer])


def _contents_are_exact(data: dict[str, Any], images: list[list[reference.Layer]]) -> None:
    for version, image in zip(data["versions"], images, strict=True):
        _, wasted = reference.visible_and_wasted(image)
        assert version["wasted_bytes"] == wasted
        assert version["size"] == sum(layer.size for layer in image)


def _file_lists_are_exact(
    names: list[str], images: list[list[reference.Layer]], environment: Mapping[str, str]
) -> None:
    storage = observe_storage(environment)
    for name, image in zip(names, images, strict=True):
        stored = find_image(storage, name)
        for layer, expected in zip(stored.layers, image, strict=True):
            assert (layer.diff_id, layer.size) == (expected.diff_id, expected.size)
            files = read_file_list(layer)
            ours = [(f.path, f.kind, f.size, f.mode, (f.uid, f.gid), float(f.mtime)) for f in files]
            theirs = [(e.path, e.kind, e.size, e.mode, e.owner, e.mtime) for e in expected.entries]
            assert ours == theirs
            for mine, entry in zip(files, expected.entries, strict=True):
                if entry.kind in ("symlink", "hardlink"):
                    assert mine.content == entry.content
                elif entry.kind == "file":
                    assert file_digest(layer, mine.path) in (entry.content, None)
