"""Whether a version must be built, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.build.release.decide import Candidate, decide
from pipeline.build.release.identity import Content, identity_of
from pipeline.build.release.releases import Release
from pipeline.engine import labels
from pipeline.engine.images import StoredImage
from pipeline.errors import Refused
from pipeline.spec.model import Version

VERSION = Version("web", "1.0", Path("/c"), Path("/c/Containerfile"))
BASE = "localhost/base:3"
CONTENT = Content("i" * 64, "s" * 64, {"main.py": f"644 {'a' * 64}"})
IDENTITY = identity_of(VERSION, CONTENT, {BASE: "b1"}, 0, "demo")
IMAGE = StoredImage("img1", (VERSION.reference,), labels={labels.IDENTITY: IDENTITY})
DEMOS = replace(IMAGE, labels={**IMAGE.labels, labels.PIPELINE: "demo"})
RELEASE = Release(IDENTITY, "img1", "sha256:d", (), CONTENT, {BASE: ("b1", "sha256:e")})
SAME = Candidate(VERSION, CONTENT, {BASE: "b1"}, IMAGE, None, 0, "demo", ("1.0", "1.1"))
OTHER = Content("i" * 64, "s" * 64, {"main.py": f"644 {'c' * 64}", "new.py": f"644 {'d' * 64}"})


def test_the_same_inputs_are_kept() -> None:
    decision = decide(SAME)
    assert (decision.action, decision.image) == ("keep", "img1")


@pytest.mark.parametrize(
    ("candidate", "cause"),
    [
        (replace(SAME, current=None), "never built here"),
        (replace(SAME, content=OTHER), "its inputs changed"),
        (replace(SAME, timestamp=1), "its inputs changed"),
        (replace(SAME, pipeline="other"), "its inputs changed"),
        (
            replace(SAME, current=replace(IMAGE, last="CMD x")),
            "layers were added on top of what was built",
        ),
        (
            replace(SAME, pipeline="other", current=DEMOS),
            "the image of this name was built by the pipeline demo",
        ),
        (
            replace(SAME, pipeline="other", current=DEMOS, content=OTHER, takes_over=True),
            "the image of this name was built by the pipeline demo",
        ),
        (replace(SAME, bases={BASE: "b2"}), "its inputs changed"),
        (replace(SAME, bases={BASE: None}), f"FROM: {BASE} is new"),
        (replace(SAME, current=replace(IMAGE, labels={})), "the image was not built by capas"),
        (replace(SAME, current=None, release=RELEASE), "the released image is not in the store"),
        (
            replace(SAME, current=replace(IMAGE, id="img2"), release=RELEASE),
            "the image in the store is not the released one",
        ),
    ],
)
def test_anything_else_is_built_with_its_cause(candidate: Candidate, cause: str) -> None:
    decision = decide(candidate)
    assert (decision.action, decision.cause) == ("build", cause)


def test_a_release_is_kept_even_when_its_base_is_gone() -> None:
    decision = decide(replace(SAME, release=RELEASE, bases={BASE: None}))
    assert (decision.action, decision.cause) == ("keep", "released")


def test_a_release_with_changed_content_is_refused_with_the_file_and_the_next_version() -> None:
    with pytest.raises(Refused) as caught:
        decide(replace(SAME, content=OTHER, release=RELEASE))
    assert "'main.py' changed (sha256 aaaaaaaaaaaa… → cccccccccccc…)" in caught.value.details
    assert "'new.py' is new" in caught.value.details
    assert caught.value.resolution.endswith("1.2")
    assert caught.value.exit_code == 3


def test_a_release_on_another_base_is_refused() -> None:
    with pytest.raises(Refused, match="built on has changed"):
        decide(replace(SAME, current=None, release=RELEASE, bases={BASE: "b2"}))


@pytest.mark.parametrize("release", [None, RELEASE])
def test_a_name_of_another_project_is_not_taken(release: Release | None) -> None:
    stranger = replace(DEMOS, id="img9")
    candidate = replace(SAME, pipeline="other", current=stranger, bases={BASE: "b2"})
    if release is not None:
        candidate = replace(candidate, release=replace(release, bases={BASE: ("b2", "d")}))
    with pytest.raises(Refused) as caught:
        decide(candidate)
    assert caught.value.brief == "localhost/web:1.0 belongs to the pipeline demo"
    assert "another name in [images]" in caught.value.resolution
    assert "CAPAS_TAKE_OVER=1" in caught.value.resolution


def test_a_forged_identity_does_not_make_it_the_same() -> None:
    forged = replace(DEMOS, last="LABEL of somebody")
    with pytest.raises(Refused):
        decide(replace(SAME, pipeline="other", current=forged))


def test_a_refusal_names_at_most_twenty_changes_and_what_was_below() -> None:
    many = Content("i" * 64, "s" * 64, {f"{n:02}": f"644 {'a' * 64}" for n in range(21)})
    with pytest.raises(Refused) as caught:
        decide(
            replace(SAME, content=many, release=replace(RELEASE, content=replace(many, files={})))
        )
    assert caught.value.details.splitlines() == [f"'{n:02}' is new" for n in range(20)]
    ids = {"was": "1" * 64, "now": "2" * 64}
    release = replace(RELEASE, bases={BASE: (ids["was"], "sha256:e")})
    with pytest.raises(Refused) as caught:
        decide(replace(SAME, current=None, release=release, bases={BASE: ids["now"]}))
    assert caught.value.details == f"{BASE} was {'1' * 12} at the release, is {'2' * 12} now"
    assert caught.value.resolution == f"restore the recorded images ({BASE}: sha256:e)"


@pytest.mark.parametrize(
    ("current", "pipeline", "stranger"),
    [(None, "demo", ""), (DEMOS, "demo", ""), (DEMOS, "other", "demo"), (IMAGE, "demo", "")],
)
def test_a_stranger_is_another_pipeline(
    current: StoredImage | None, pipeline: str, stranger: str
) -> None:
    assert replace(SAME, current=current, pipeline=pipeline).stranger == stranger
