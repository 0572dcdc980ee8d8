"""What has drifted from a release, in plain words, and what to call it now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.build.release.identity import Content
from pipeline.build.release.releases import Release, drift, next_version, refuse_other_image
from pipeline.errors import Refused

A, B = "a" * 64, "b" * 64


def _content(**files: str) -> Content:
    return Content("i", "s", files)


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (_content(x=f"644 {A}"), _content(x=f"644 {A}"), ()),
        (
            _content(x=f"644 {A}"),
            _content(x=f"644 {B}"),
            ("'x' changed (sha256 aaaaaaaaaaaa… → bbbbbbbbbbbb…)",),
        ),
        (_content(x=f"644 {A}"), _content(x=f"755 {A}"), ("mode of 'x' changed 644→755",)),
        (_content(x=f"644 {A}"), _content(), ("'x' is gone",)),
        (_content(), _content(x=f"644 {A}"), ("'x' is new",)),
        (_content(x="link a"), _content(x="link b"), ("'x' changed (link a → link b)",)),
        (
            Content("i", "s", {}),
            Content("j", "s", {}),
            ("the Containerfile's instructions changed",),
        ),
        (
            Content("i", "s", {}),
            Content("i", "t", {}),
            ("the build arguments, target, labels or packages in the spec changed",),
        ),
    ],
)
def test_drift(before: Content, now: Content, said: tuple[str, ...]) -> None:
    assert drift(before, now) == said


@pytest.mark.parametrize(
    ("name", "taken", "proposal"),
    [
        ("1.1", ["1.1"], "1.2"),
        ("1.1", ["1.1", "1.2", "1.3"], "1.4"),
        ("1.9", [], "1.10"),
        ("2024-rc3", [], "2024-rc4"),
        ("stable", ["stable.1"], "stable.2"),
    ],
)
def test_next_version(name: str, taken: list[str], proposal: str) -> None:
    assert next_version(name, taken) == proposal


RELEASE = Release("identity", "i" * 64, "sha256:m", ("l1", "l2"), _content())


@pytest.mark.parametrize(
    ("diff_ids", "here", "said"),
    [
        (("l1", "l3"), {"buildah": "1.28.2"}, "layer 2 is the first that differs"),
        (("l1",), {"buildah": "1.28.2"}, "layer 2 is the first that differs"),
        (("l1", "l2"), {"buildah": "1.28.2"}, "only its configuration differs"),
        (("l3", "l2"), {"buildah": "1.28.2", "new": "1"}, "the engine is the one of the release"),
        (("l3", "l2"), {"buildah": "1.39.3"}, "released with buildah 1.28.2 (here 1.39.3)"),
    ],
)
def test_another_image_in_the_place_of_a_release_is_refused_with_the_likely_cause(
    diff_ids: tuple[str, ...], here: dict[str, str], said: str
) -> None:
    release = replace(RELEASE, engines={"buildah": "1.28.2", "storage": "overlay"})
    with pytest.raises(Refused) as caught:
        refuse_other_image("app:1", release, "j" * 64, diff_ids, here)
    assert said in caught.value.details
    assert "sha256:m" in caught.value.resolution
    refuse_other_image("app:1", release, release.image, release.diff_ids, here)
