"""Which images nothing needs any more."""

from __future__ import annotations

from dataclasses import replace

from pipeline.build.context.generated_containerfile import label_instruction
from pipeline.build.prune.prune_plan import Unneeded, plan_prune
from pipeline.engine import labels
from pipeline.engine.build_cache import CacheImage, Past

MEGABYTE = 1_000_000


def _step(name: str, *, on: CacheImage | None = None, labelled: bool = False) -> CacheImage:
    """A step of a build on `on`: one layer of a megabyte, or the labels."""
    history = (*(on.history if on else ()), Past(name))
    layers = on.layers if on else ()
    config = dict(on.config) if on else {}
    if labelled:
        given = {
            labels.PIPELINE: "demo",
            labels.IMAGE: "web",
            labels.VERSION: name,
            labels.IDENTITY: f"identity of {name}",
        }
        history = (*history[:-1], Past(label_instruction(given), empty=True))
        config = {"Labels": given}
    else:
        layers = ((f"layer of {name}", MEGABYTE), *layers)
    return CacheImage(
        id=f"id of {name}",
        names=(),
        digest="",
        top=layers[0][0] if layers else "",
        below="",
        layers=layers,
        diff_ids=tuple(layer for layer, _ in reversed(layers)),
        history=history,
        config=config,
    )


SHARED = _step("shared")
OLD_STEP = _step("old", on=SHARED)
OLD = _step("1.0", on=OLD_STEP, labelled=True)
NEW_STEP = _step("new", on=SHARED)
NEW = replace(_step("1.1", on=NEW_STEP, labelled=True), names=("localhost/web:1.1",))
CHILD = _step("child of old", on=OLD)
STORE = (SHARED, OLD_STEP, OLD, NEW_STEP, NEW)


def _plan(*images: CacheImage, released: str = "", used: str = "") -> list[str]:
    return [one.id for one in plan_prune(images or STORE, "demo", [released], [used])]


def test_an_image_that_lost_its_name_goes_with_its_own_steps_and_their_bytes() -> None:
    assert plan_prune(STORE, "demo", (), ()) == (
        Unneeded("id of 1.0", "web:1.0", 0),
        Unneeded("id of old", "", MEGABYTE),
    )


def test_a_released_or_used_image_stays_with_all_it_was_built_on() -> None:
    assert _plan(released=OLD.id) == []
    assert _plan(used=OLD.id) == []


def test_what_a_kept_image_was_built_on_stays() -> None:
    assert _plan(*STORE, replace(CHILD, names=("localhost/mine:1",))) == []


def test_a_step_above_an_old_base_is_no_version() -> None:
    assert labels.PIPELINE in CHILD.labels
    assert "id of child of old" not in _plan(*STORE, CHILD)


def test_other_pipelines_and_shared_stores_are_left_alone() -> None:
    assert [one.id for one in plan_prune(STORE, "other", (), ())] == []
    assert _plan(SHARED, OLD_STEP, replace(OLD, removable=False), NEW_STEP, NEW) == []


def test_what_others_were_built_on_is_removed_last() -> None:
    both = _plan(SHARED, OLD_STEP, OLD, NEW_STEP, replace(NEW, names=()))
    assert both.index("id of shared") > max(both.index("id of old"), both.index("id of new"))
