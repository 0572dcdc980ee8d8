"""What has drifted from a release, in plain words, and what to call it now."""

from __future__ import annotations

import pytest

from pipeline.build.identity import Content
from pipeline.build.releases import drift, next_version

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
