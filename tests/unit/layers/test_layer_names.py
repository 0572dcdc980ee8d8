from __future__ import annotations

import pytest

from pipeline.engine.tar_split import LayerFile
from pipeline.layers.chain import version_of
from pipeline.layers.layer_names import common_folder, complete, layer_names
from tests.unit.layers.builders import World, file, folder


@pytest.mark.parametrize(
    ("created_by", "files", "name"),
    [
        ("COPY file:0a in /app", [folder("app"), file("app/main.py")], "COPY main.py /app"),
        ("COPY file:0a in /app/", [file("app/main.py")], "COPY main.py /app"),
        ("COPY file:0a in /app/main.py", [file("app/main.py")], "COPY … /app/main.py"),
        ("COPY dir:0a in /app", [file("app/a"), file("app/b")], "COPY … /app (2 files)"),
        ("COPY dir:0a in /", [file("app/a")], "COPY … /"),
        ("COPY a.py /app", [file("app/a.py")], "COPY a.py /app"),
        ("COPY . /app", [file("app/a"), file("app/b")], "COPY . /app"),
        ("ENV A=1", None, "ENV A=1"),
    ],
)
def test_a_source_is_named_only_when_the_files_prove_it(
    created_by: str, files: list[LayerFile] | None, name: str
) -> None:
    world = World()
    image = world.image("a:1", (f"/bin/sh -c #(nop) {created_by} ", files))
    (step,) = version_of("a:1", image).steps
    assert complete(step, world.lists) == name


@pytest.mark.parametrize(
    ("names", "folder"),
    [
        (("r.org/team/a:1", "r.org/team/b:1"), "r.org/team/"),
        (("r.org/team/a:1", "r.org/tea/b:1"), "r.org/"),
        (("r.org/a:1", "b:1"), ""),
        (("r.org/a:1",), ""),
        (("r.org:5000/a@sha256:0a", "r.org:5000/a:1"), "r.org:5000/"),
    ],
)
def test_what_all_names_begin_with_ends_at_a_slash(names: tuple[str, ...], folder: str) -> None:
    assert common_folder(names) == folder


def test_a_bases_own_files_are_not_listed() -> None:
    world = World()
    copy = "/bin/sh -c #(nop) COPY file:0a in /app "
    base = world.image("localhost/base:1", (copy, [file("app/base.py")]))
    built = world.image("localhost/a:1", (copy, [file("app/main.py")]), base=base)
    assert list(layer_names(world.family(built), world.lists).values()) == [
        "COPY … /app",
        "COPY main.py /app",
    ]
