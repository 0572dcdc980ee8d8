"""Which versions are meant, and bases first."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.build.context import order
from pipeline.errors import UsageError
from pipeline.spec.model import Image, Pipeline, Version


def _version(image: str, name: str) -> Version:
    return Version(image, name, Path("/c"), Path("/c/Containerfile"))


def _pipeline(**images: tuple[str, ...]) -> Pipeline:
    return Pipeline(
        "demo",
        Path("/p/specs/demo.toml"),
        Path("/p"),
        images={
            image: Image(image, {name: _version(image, name) for name in names})
            for image, names in images.items()
        },
    )


APPS = _pipeline(web=("1.0", "1.1"), base=("3",))


@pytest.mark.parametrize(
    ("image", "name", "expected"),
    [
        (None, None, ["web:1.0", "web:1.1", "base:3"]),
        (None, "1.1", ["web:1.1"]),
        ("web", None, ["web:1.0", "web:1.1"]),
        (None, "base:3", ["base:3"]),
    ],
)
def test_select(image: str | None, name: str | None, expected: list[str]) -> None:
    assert [one.short for one in order.select(APPS, image, name)] == expected


@pytest.mark.parametrize(("image", "name"), [(None, "9"), ("nope", None), ("web", "3")])
def test_an_unknown_version_is_answered_with_the_known_ones(
    image: str | None, name: str | None
) -> None:
    with pytest.raises(UsageError) as caught:
        order.select(APPS, image, name)
    assert "web" in caught.value.resolution


def test_parents_are_known_by_full_and_by_short_name() -> None:
    assert order.parents(
        APPS.versions,
        {
            "web:1.0": ["localhost/base:3"],
            "web:1.1": ["base:3", "docker.io/library/debian:12", "localhost/base:3"],
            "base:3": [],
        },
    ) == {"web:1.0": ("base:3",), "web:1.1": ("base:3",), "base:3": ()}


def test_a_circle_is_told_with_its_path() -> None:
    with pytest.raises(UsageError, match="b → c → b"):
        order.bases_first(["a"], {"a": ("b",), "b": ("c",), "c": ("b",)})


@given(st.dictionaries(st.integers(0, 12), st.sets(st.integers(0, 12))))
def test_every_name_stands_once_and_after_its_bases(edges: dict[int, set[int]]) -> None:
    parents = {
        str(node): tuple(str(base) for base in sorted(edges.get(node, set())) if base < node)
        for node in range(13)
    }
    ordered = order.bases_first([str(node) for node in range(13)], parents)
    assert sorted(ordered) == sorted(parents)
    for position, name in enumerate(ordered):
        assert set(parents[name]) <= set(ordered[:position])


@pytest.mark.parametrize(
    ("pipeline", "name", "said"),
    [
        (_pipeline(), None, r"no images in /p/specs/demo\.toml\nadd one under \[images\]"),
        (APPS, "9", r"no version '9' in /p/specs/demo\.toml\nits versions: web:1\.0, "),
    ],
)
def test_what_is_missing_is_told_with_what_there_is(
    pipeline: Pipeline, name: str | None, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        order.select(pipeline, None, name)
