from __future__ import annotations

import json

from pipeline.engine.storage import LayeredImage
from pipeline.layers.budget import BudgetVerdict
from pipeline.layers.present import present_family
from pipeline.output.document import Stacks
from pipeline.output.render.report import rendered
from tests.unit.layers.builders import World, file

COPY = "/bin/sh -c #(nop) COPY file:0123456789abcdef in /app "
VERDICT = BudgetVerdict("app:1.1", "app:1.0", "max_new_bytes", 10.0, 2048.0, held=False)


def world_and_images() -> tuple[World, list[LayeredImage]]:
    world = World()
    base = world.image(
        "localhost/base:1",
        ("/bin/sh -c debootstrap", [file("usr/lib/python", "p" * 9000)]),
        ("/bin/sh -c #(nop) ENV A=b", None),
        ("/bin/sh -c busybox --install", [file("bin/sh", "s")]),
    )
    one = world.image("localhost/app:1.0", (COPY, [file("app/main.py", "1")]), base=base)
    two = world.image(
        "localhost/app:1.1",
        (COPY, [file("app/main.py", "1")]),
        (COPY, [file("app/b.py", "2")]),
        base=base,
    )
    return world, [base, one, two]


def test_a_base_of_several_layers_is_one_block() -> None:
    world, images = world_and_images()
    report = present_family(world.family(*images), "t", world.lists)
    section = report.parts[1]
    picture = section.parts[0]  # type: ignore[union-attr]
    assert isinstance(picture, Stacks)
    assert [[b.label for b in stack.blocks] for stack in picture.stacks] == [
        ["base:1 (2 layers)"],
        ["base:1 (2 layers)", "COPY main.py /app"],
        ["base:1 (2 layers)", "COPY main.py /app", "COPY b.py /app"],
    ]
    assert [len(s.blocks[0].parts) for s in picture.stacks] == [2, 2, 2]
    assert [[b.role for b in s.blocks] for s in picture.stacks] == [
        ["new"],
        ["shared", "new"],
        ["shared", "shared", "new"],
    ]


def test_every_format_tells_the_same_numbers() -> None:
    world, images = world_and_images()
    family = world.family(*images)
    report = present_family(family, "t", world.lists, verdicts=(VERDICT,), files=5)
    data = json.loads(rendered(report, "json"))
    assert data["totals"]["stored_bytes"] == family.stored_bytes
    assert data["budgets"][0]["held"] is False
    assert [c["new_layers"] for c in data["comparisons"]] == [1]
    for format_name in ("text", "md", "html"):
        text = rendered(report, format_name)
        assert "COPY b.py /app" in text
        assert "broken" in text
        assert "/app/b.py" in text or ">b.py<" in text


def test_vfs_is_said_to_share_nothing_on_disk() -> None:
    world, images = world_and_images()
    family = world.family(*images, driver="vfs")
    report = present_family(family, "t", world.lists)
    assert "nothing is shared on disk" in rendered(report, "text")


def test_the_layers_that_a_version_has_no_longer_are_named_up_to_a_handful() -> None:
    world = World()
    steps = [(COPY, [file(f"app/{n}.py", "x")]) for n in range(8)]
    images = [world.image("localhost/a:1", *steps), world.image("localhost/a:2", steps[0])]
    text = rendered(present_family(world.family(*images), "t", world.lists), "text")
    told = " ".join(text.split())
    assert "No new layer. No longer in it, 14.3 kB: COPY 1.py /app, " in told
    assert "COPY 5.py /app, and 2 more" in told
    assert "6.py" not in told.partition("No longer")[2]


def test_long_names_are_told_in_full_once() -> None:
    world = World()
    one = world.image("r.org/team/web:1", ("RUN a", [file("a")]))
    two = world.image("r.org/team/web:2", ("RUN b", [file("b")]))
    told = present_family(world.family(one, two), "t", world.lists, files=1)
    text = rendered(told, "text")
    assert text.count("r.org/team/web:1") == 1
    assert "web:1 → web:2" in text
    assert "1 added; in web:2" in text
    assert told.data["versions"][0]["name"] == "r.org/team/web:1"
