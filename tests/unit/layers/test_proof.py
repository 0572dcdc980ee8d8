from __future__ import annotations

import pytest

from pipeline.engine.storage import LayeredImage
from pipeline.engine.tar_split import LayerFile
from pipeline.layers.chain import VersionStack, version_of
from pipeline.layers.proof import Proof, prove, visible
from tests.unit.layers.builders import World, file, folder, gone, opaque

COPY = "/bin/sh -c #(nop) COPY file:0123456789abcdef in /app "


def versions(*images: LayeredImage) -> list[VersionStack]:
    return [version_of(image.names[0], image) for image in images]


def proof(world: World, trial_files: list[LayerFile], **config: object) -> Proof:
    """Two versions with the changing file below, and trials with it on top."""
    big = (COPY, [file("app/big", "b" * 9000)])
    often = [(COPY, [file("app/main", n)]) for n in "12"]
    before = [world.image(f"a:{n}", one, big) for n, one in enumerate(often)]
    after = [
        world.image("t:0", big, often[0]),
        world.image("t:1", big, (COPY, trial_files), config=config),
    ]
    return prove(versions(*before), versions(*after), world.lists)


def test_the_same_files_and_fewer_new_bytes_hold() -> None:
    found = proof(World(), [file("app/main", "2", mtime="7")])
    assert found.holds
    assert found.saving > 9000
    assert found.refuted == ""


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ([file("app/main", "3")], "/app/main is not the same in the trial"),
        ([file("app/main", "2", mode=0o755)], "/app/main is not the same in the trial"),
        ([file("app/other", "2")], "/app/main is not in the trial"),
        ([file("app/main", "2"), file("app/x")], "/app/x is only in the trial"),
    ],
)
def test_any_other_file_refutes(files: list[LayerFile], why: str) -> None:
    found = proof(World(), files)
    assert not found.holds
    assert found.refuted == f"a:1: {why}"


def test_other_configuration_refutes() -> None:
    found = proof(World(), [file("app/main", "2")], Env=["A=b"])
    assert found.refuted == "a:1: ENV A=b is new"


def test_no_saving_refutes() -> None:
    world = World()
    images = versions(*(world.image(f"a:{n}", (COPY, [file("app/main", n)])) for n in "12"))
    found = prove(images, images, world.lists)
    assert (found.saving, found.holds, found.refuted) == (0, False, "it saved nothing")


def test_a_container_sees_what_the_layers_leave() -> None:
    world = World()
    image = world.image(
        "a:1",
        ("RUN 1", [folder("d"), file("d/a", "1"), file("d/b", "1"), file("e", "1")]),
        ("RUN 2", [gone("e"), opaque("d"), file("d/b", "2")]),
        ("RUN 3", [file("f")]),
        ("RUN 4", [folder("f"), file("f/g")]),
        ("RUN 5", [file("f", "a file again")]),
    )
    (version,) = versions(image)
    seen = {path: (one.kind, one.size) for path, one in visible(version, world.lists).items()}
    assert seen == {"d": ("directory", 0), "d/b": ("file", 1), "f": ("file", 12)}
