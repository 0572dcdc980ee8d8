"""Every decision of a push and a pull, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.engine.distribution import ImageLocation, Manifest
from pipeline.errors import CapasError, Refused
from pipeline.spec.model import Version
from pipeline.transfer.plan import Side, plan_pull, plan_push

PLACE = ImageLocation("example.org/team", registry="example.org/team")
A, B = "a" * 64, "b" * 64


def side(here: str = "", there: str = "", released: str = "", name: str = "1.0") -> Side:
    blob = f"blob of {there[:1]}"
    manifest = Manifest("sha256:m", there, {blob: 1}, (blob,)) if there else None
    version = Version("web", name, Path("/p"), Path("/p/Containerfile"))
    return Side(version, here, manifest, released)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (side(A), "copy web:1.0 (missing)"),
        (side(A, A), "keep web:1.0 (already there)"),
        (side(A, B), "copy web:1.0 (another image has its name there (bbbbbbbbbbbb))"),
        (side(A, "", A), "copy web:1.0 (missing)"),
        (side(A, A, A), "keep web:1.0 (already there)"),
    ],
)
def test_a_push_copies_what_the_place_does_not_have(what: Side, said: str) -> None:
    assert str(plan_push(PLACE, [what])) == said


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (side("", A), "copy web:1.0 (missing)"),
        (side(A, A), "keep web:1.0 (already here)"),
        (side(B, A), "copy web:1.0 (another image has its name here (bbbbbbbbbbbb))"),
        (side(B, A, A), "copy web:1.0 (another image has its name here (bbbbbbbbbbbb))"),
    ],
)
def test_a_pull_copies_what_is_not_here(what: Side, said: str) -> None:
    assert str(plan_pull(PLACE, [what])) == said


def test_what_is_not_there_to_copy_is_named_all_at_once() -> None:
    missing = [side(name="1.0"), side(A, name="1.1"), side(name="1.2")]
    with pytest.raises(CapasError, match=r"web:1.0, web:1.2 are not in the store") as raised:
        plan_push(PLACE, missing)
    assert raised.value.resolution == "`capas build --all` builds them"
    with pytest.raises(CapasError, match=r"web:1.0 is not in the store") as raised:
        plan_push(PLACE, missing[:2])
    assert raised.value.resolution == "`capas build --version web:1.0` builds it"
    with pytest.raises(CapasError, match=r"web:1.0, web:1.1, web:1.2 are not at example.org/team"):
        plan_pull(PLACE, missing)


@pytest.mark.parametrize("what", [side(B, "", A), side(B, B, A), side(A, B, A)])
def test_a_push_never_replaces_a_release_or_passes_another_image_for_it(what: Side) -> None:
    with pytest.raises(Refused) as raised:
        plan_push(PLACE, [side(A, name="0.9"), what])
    assert "web:1.0: bbbbbbbbbbbb, released was aaaaaaaaaaaa" in raised.value.details


@pytest.mark.parametrize("here", ["", A, B])
def test_a_pull_does_not_take_another_image_for_a_release(here: str) -> None:
    with pytest.raises(Refused) as raised:
        plan_pull(PLACE, [side(here, B, A)])
    assert "web:1.0: bbbbbbbbbbbb, released was aaaaaaaaaaaa" in raised.value.details


def test_what_the_other_side_has_already_is_what_its_images_have() -> None:
    sides = [side(A, A, name="1.0"), side(A, B, name="1.1")]
    assert plan_push(PLACE, sides).had == {"blob of a", "blob of b"}
    assert plan_pull(PLACE, sides).had == {"blob of a"}
