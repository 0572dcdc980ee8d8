"""What a build would do, instruction by instruction, with the cause of each."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.build.go_tar.image_files import ImageFiles, ImageNode
from pipeline.build.plan import build_plan
from pipeline.build.plan.build_plan import InstructionPlan
from pipeline.build.plan.outcomes import State
from pipeline.build.release.releases import Release
from pipeline.engine.generation import GENERATIONS, Generation
from pipeline.engine.storage import LayeredImage, Storage, StoredLayer
from pipeline.engine.tar_split import LayerFile
from tests.unit.build.planning import Planned, lines

BASE = "FROM scratch\nCOPY a /a\n"
WEB = "# a comment\nFROM base:1\nENV A=1\nCOPY main.py /app/\n"
NOP = "/bin/sh -c #(nop) "


@pytest.fixture
def two(tmp_path: Path) -> Planned:
    """A base, and what stands on it."""
    planned = Planned(tmp_path, {"base:1": BASE, "web:1": WEB})
    (tmp_path / "base/a").write_text("a")
    (tmp_path / "web/main.py").write_text("one")
    return planned


def below(number: int) -> tuple[State, str]:
    return "rebuild", f"a layer below changed (instruction {number})"


def test_in_an_empty_store_all_is_built(two: Planned) -> None:
    plan = two.plan()
    assert plan.changes_something
    assert (plan.pulls, plan.upgrade) == ((), "")
    base, web = plan.versions
    assert (base.action, base.cause, base.note) == ("build", "COPY a /a: never built here", "")
    assert base.instructions == (
        InstructionPlan(0, 1, 3, "FROM scratch", 1, "reuse"),
        InstructionPlan(0, 2, 3, "COPY a /a", 2, "rebuild", "never built here"),
        InstructionPlan(0, 3, 3, "labels", 0, *below(2)),
    )
    assert (web.action, web.cause) == ("build", "FROM base:1: base:1 is new")
    assert web.identity == "", "the base has no id yet"
    assert web.instructions == (
        InstructionPlan(0, 1, 4, "FROM base:1", 2, "rebuild", "base:1 is new"),
        InstructionPlan(0, 2, 4, "ENV A=1", 3, *below(1)),
        InstructionPlan(0, 3, 4, "COPY main.py /app/", 4, *below(1)),
        InstructionPlan(0, 4, 4, "labels", 0, *below(1)),
    )


def test_what_is_there_is_kept(two: Planned) -> None:
    two.build()
    plan = two.plan()
    assert not plan.changes_something
    assert replace(plan, pulls=("x",)).changes_something
    images = [two.named(name) for name in ("base:1", "web:1")]
    for version, image in zip(plan.versions, images, strict=True):
        (identity,) = (v for k, v in image.labels.items() if k.endswith(".identity"))
        assert (version.action, version.cause) == ("keep", "nothing changed")
        assert (version.identity, version.note) == (identity, "")
        assert {(i.state, i.cause, i.image) for i in version.instructions} == {
            ("reuse", "", image.id)
        }
    assert plan.versions[1].instructions[3] == InstructionPlan(
        0, 4, 4, "labels", 0, "reuse", "", images[1].id
    )


def test_what_was_untagged_is_found_step_by_step(two: Planned) -> None:
    two.build()
    base, web = two.named("base:1"), two.named("web:1")
    two.change(web, names=())
    plan = two.plan()
    steps = plan.versions[1].instructions
    assert [one.state for one in steps] == ["reuse"] * 4
    assert (steps[0].image, steps[3].image) == (base.id, web.id)
    assert plan.versions[1].cause == "never built here"
    assert plan.changes_something


def test_the_files_of_the_layer_before_say_what_changed(
    two: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    two.build()
    two.storage = Storage("overlay", (Path("/s"),), {}, {}, {})
    image = two.named("web:1")
    asked = []

    def find(storage: Storage, image_id: str) -> LayeredImage:
        assert (storage, image_id) == (two.storage, image.id)
        layers = tuple(StoredLayer(f"{number}", "", 0, None, Path(), Path()) for number in range(2))
        return LayeredImage(image_id, (), "", "", (), layers)

    def files(layer: StoredLayer) -> list[LayerFile]:
        asked.append(layer.id)
        return [LayerFile("app/main.py", "file", 3, 0o644, 0, 0, "", "0")]

    monkeypatch.setattr(build_plan, "find_image", find)
    monkeypatch.setattr(build_plan, "read_file_list", files)
    monkeypatch.setattr(build_plan, "file_digest", lambda layer, path: f"{layer.id} {path}")
    (two.folder / "web/main.py").write_text("two")
    now = hashlib.sha256(b"two").hexdigest()[:12]
    plan = two.plan()
    cause = f"main.py changed (sha256 1 app/main.p… → {now}…)"
    assert lines(plan) == [("reuse", ""), ("reuse", ""), ("rebuild", cause), below(3)]
    assert plan.versions[1].cause == f"COPY main.py /app/: {cause}"
    assert asked == ["1"]
    (two.folder / "web/main.py").write_text("one")
    two.texts["web:1"] = WEB.replace("ENV A=1\n", "")
    assert lines(two.plan())[1] == ("rebuild", "an instruction before it is gone: ENV A=1")
    assert asked == ["1"]


def test_another_setting_changes_the_labels_alone(two: Planned) -> None:
    two.build()
    two.changes = {"labels": {"team": "red"}}
    plan = two.plan()
    assert lines(plan, 0) == [("reuse", ""), ("reuse", ""), ("rebuild", "its inputs changed")]
    assert plan.versions[0].cause == "labels: its inputs changed"
    assert plan.versions[1].cause == "FROM base:1: base:1 is new"
    two.change(two.named("base:1"), names=())
    assert lines(two.plan(), 0)[2] == ("rebuild", "never built here")


def test_a_base_that_is_made_again_of_the_same_keeps_what_stands_on_it(two: Planned) -> None:
    two.build()
    web = two.named("web:1")
    two.images = [one for one in two.images if "web" in str(one.names)]
    plan = two.plan()
    base, kept = plan.versions
    assert (base.action, base.cause) == ("build", "COPY a /a: never built here")
    assert (kept.action, kept.cause) == ("keep", "base:1 will be built again, as the same image")
    assert {one.image for one in kept.instructions} == {web.id}
    (two.folder / "web/main.py").write_text("two")
    assert two.plan().versions[1].action == "build"


def test_a_base_whose_run_is_carried_out_again_is_in_doubt(two: Planned) -> None:
    two.texts["base:1"] = "FROM scratch\nRUN make\n"
    two.build()
    two.images = [one for one in two.images if "web" in str(one.names)]
    plan = two.plan()
    doubt = "base:1 runs RUN make again, perhaps with the same result"
    assert lines(plan) == [("unknown", doubt), *[("unknown", f"{below(1)[1]}")] * 3]
    assert plan.versions[1].cause == f"FROM base:1: {doubt}"
    two.texts["top:1"] = "FROM web:1\nENV B=1\n"
    (two.folder / "top").mkdir()
    top = two.plan().versions[2]
    assert (top.action, top.cause) == ("build", "FROM web:1: web:1 is new")


def test_the_name_of_a_step_is_no_doubt_about_a_base_that_is_found_again(two: Planned) -> None:
    """It has its old id; only what is made anew on the step would say its name."""
    two.build()
    base = two.named("base:1")
    two.change(base, names=())
    two.change(two.images[0], names=("localhost/step:1",))
    two.texts["web:1"] = f"{WEB}ENV B=1\n"
    plan = two.plan()
    assert plan.versions[0].instructions[2].image == base.id
    assert lines(plan)[0] == ("reuse", "")


def test_a_copy_whose_files_went_into_the_layer_of_another_has_none_to_compare(
    two: Planned,
) -> None:
    two.build()
    web = two.named("web:1")
    entry = replace(web.history[-2], empty=True)
    two.change(web, history=(*web.history[:-2], entry, web.history[-1]))
    (two.folder / "web/main.py").write_text("two")
    cause = "what it copies has changed"
    assert lines(two.plan()) == [("reuse", ""), ("reuse", ""), ("rebuild", cause), below(3)]


@pytest.mark.parametrize("generation", [GENERATIONS[0], GENERATIONS[-1]])
def test_a_base_that_is_new_has_its_labels_in_what_stands_on_it(
    two: Planned, generation: Generation
) -> None:
    """The id of a base that was found again is known, and so are all the labels."""
    two.generation = generation
    two.build()
    base, web = two.named("base:1"), two.named("web:1")
    for one in (base, web):
        two.change(one, names=())
    plan = two.plan()
    assert [one.action for one in plan.versions] == ["build", "build"]
    assert plan.versions[0].instructions[2].image == base.id
    assert plan.versions[1].instructions[0].image == base.id
    assert [one.state for one in plan.versions[1].instructions] == ["reuse"] * 4


def test_files_of_another_time_are_no_results_of_ours(two: Planned) -> None:
    two.build()
    first, base = two.images[:2]
    entry = replace(first.history[0], created="2024-01-01T00:00:00Z")
    two.change(first, history=(entry,))
    two.change(base, history=(entry, base.history[1]), names=())
    two.images = two.images[:2]
    plan = two.plan()
    foreign = "what is in the store was built in another way"
    assert lines(plan, 0) == [("reuse", ""), ("rebuild", foreign), below(2)]
    assert {one.image for one in plan.versions[0].instructions} == {""}
    assert plan.versions[0].cause == f"COPY a /a: {foreign}"
    assert lines(plan)[0] == ("rebuild", "base:1 is new")


def test_another_comment_in_the_history_gives_another_id(two: Planned) -> None:
    two.build()
    step, copied = two.images[2:4]
    history = (*copied.history[:-1], replace(copied.history[-1], comment="FROM x"))
    two.change(copied, history=history)
    two.change(two.named("web:1"), names=())
    plan = two.plan()
    assert plan.versions[0].note == ""
    assert plan.versions[1].note == (
        "web:1: the store's results were built in another way (their history says `FROM x`): the "
        "image gets another id than on other hosts, with the same layers"
    )
    assert plan.versions[1].instructions[2].image == copied.id
    assert plan.versions[1].instructions[1].image == step.id


def test_results_of_an_older_buildah_are_told_once(two: Planned) -> None:
    two.generation = GENERATIONS[0]
    two.build()
    two.generation = GENERATIONS[-1]
    assert two.plan().upgrade == "", "what is whole is kept"
    two.changes = {"labels": {"team": "red"}}
    two.texts["web:1"] = WEB.replace("base:1", "scratch")
    two.texts["base:1"] = f"{BASE}CMD x\n"
    plan = two.plan()
    assert plan.versions[0].cause == "COPY a /a: another version of Buildah built its result"
    assert plan.upgrade.startswith("The results in the store are of another version of Buildah")


def test_what_capas_adds_and_what_the_base_kept_stand_in_no_line(tmp_path: Path) -> None:
    text = "FROM base:1\nARG C=1\nRUN make\n"
    planned = Planned(tmp_path, {"base:1": "FROM scratch\nONBUILD ENV A=1\n", "web:1": text})
    planned.build()
    base = planned.named("base:1")
    planned.change(base, config={**base.config, "OnBuild": ["ENV A=1"]})
    planned.images = planned.images[:2]
    plan = planned.plan()
    steps = [(one.step, one.total, one.text, one.line) for one in plan.versions[1].instructions]
    assert steps == [
        (1, 6, "FROM base:1", 1),
        (2, 6, "ENV A=1", 0),
        (3, 6, "ARG C=1", 2),
        (4, 6, "arguments", 0),
        (5, 6, "RUN make", 3),
        (6, 6, "labels", 0),
    ]
    assert lines(plan)[:3] == [("reuse", ""), ("rebuild", "never built here"), below(2)]


def test_each_stage_is_counted_by_itself(two: Planned) -> None:
    two.texts["web:1"] = (
        "FROM scratch AS s\nCOPY main.py /\nENV B=1\nFROM scratch\nCOPY --from=s /main.py /m\n"
    )
    plan = two.plan()
    steps = [(one.stage, one.step, one.total) for one in plan.versions[1].instructions]
    assert steps == [(0, 1, 3), (0, 2, 3), (0, 3, 3), (1, 1, 3), (1, 2, 3), (1, 3, 3)]
    assert lines(plan) == [
        ("reuse", ""), ("rebuild", "never built here"), below(2),
        ("reuse", ""), ("rebuild", "never built here"), below(2),
    ]  # fmt: skip


def test_a_foreign_result_counts_only_in_a_stage_that_the_image_stands_on(
    two: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    two.texts = {
        "web:1": "FROM scratch AS s\nCOPY main.py /\nFROM scratch\nCOPY --from=s /main.py /m\n"
        "COPY --from=s /main.py /n\n"
    }
    two.build()
    first = two.images[0]
    two.images = [first]
    two.change(first, history=(replace(first.history[0], created="2024-01-01T00:00:00Z"),))
    looked = []

    def files(layers: tuple[StoredLayer, ...], *_more: object) -> ImageFiles:
        looked.append(layers)
        entry = LayerFile("main.py", "file", 3, 0o644, 0, 0, "", "0")
        return ImageFiles({"main.py": ImageNode(entry, two.folder / "web/main.py")})

    image = LayeredImage("", (), "", "", (), ())
    monkeypatch.setattr(build_plan, "find_image", lambda _storage, _image: image)
    monkeypatch.setattr(build_plan, "image_files", files)
    assert lines(two.plan()) == [
        ("reuse", ""), ("reuse", ""),
        ("reuse", ""), ("rebuild", "never built here"), below(2), below(2),
    ]  # fmt: skip
    assert looked == [()], "once"


def test_a_release_has_its_own_time(two: Planned) -> None:
    two.epoch = 9
    survey = two.survey()
    two.build()
    base = two.named("base:1")
    identity = two.plan().versions[0].identity
    release = Release(
        identity, base.id, base.digest, base.diff_ids, survey.contents["base:1"], timestamp=5
    )
    two.releases = {"base:1": release}
    kept = two.plan().versions[0]
    assert (kept.action, kept.cause, kept.identity) == ("keep", "released", identity)
    two.images = []
    assert two.plan().versions[0].cause == "COPY a /a: never built here"
    two.build()
    assert two.named("base:1").history[0].created == "1970-01-01T00:00:05Z"
