"""Every field of what a spec describes is carried by each target, or its user is told why not.

A new field is red here until `table.py` says for deploy and for each export where it is carried, or
which note tells that it is not, and `samples.py` has another value that shows it.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache

import pytest

from pipeline.spec import model
from tests.unit.carried.places import TARGETS, Places, changed
from tests.unit.carried.samples import SAMPLES, before, variants
from tests.unit.carried.table import CARRIED

ABOUT_BUILDS = {model.Rootfs, model.Version, model.Image}
"""What `build` is told: a deploy and an export name the image."""
WORDS = list(TARGETS)
VARIANTS = {
    f"{owner.__name__}.{name}={what}": (owner, name, pipeline)
    for owner, name, what, pipeline in variants()
}


@cache
def found_at(variant: str, target: str) -> frozenset[str]:
    """The places where another value of a field makes a difference."""
    owner, name, pipeline = VARIANTS[variant]
    return frozenset(changed(_before(owner, name, target), TARGETS[target](pipeline)))


@cache
def _before(owner: type, name: str, target: str) -> Places:
    return TARGETS[target](before(owner, name))


def declared(owner: type, name: str, target: str) -> list[str]:
    return CARRIED[owner][name][WORDS.index(target)].split("; ")


def is_at(place: str, where: str) -> bool:
    """Whether a place is one that the table names, or lies below it."""
    if "note: " in where:
        case, _, told = where.partition("note: ")
        return place.startswith(f"{case}note: ") and told in place
    rest = place.removeprefix(where)
    return place.startswith(where) and rest[:1] in ("", ".", ":", " ")


def test_every_field_is_named() -> None:
    described = {
        one
        for one in vars(model).values()
        if isinstance(one, type) and one.__module__ == model.__name__
    }
    assert described == CARRIED.keys() | ABOUT_BUILDS
    for owner, names in CARRIED.items():
        assert [one.name for one in fields(owner)] == list(names), owner


def test_every_field_with_a_place_is_tried() -> None:
    for owner, names in CARRIED.items():
        for name, places in names.items():
            if any(not place.startswith("-") for place in places) and name != "image":
                assert SAMPLES[owner][name], (owner, name)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_another_value_is_seen_where_the_table_says(variant: str, target: str) -> None:
    owner, name, _pipeline = VARIANTS[variant]
    found, wanted = found_at(variant, target), declared(owner, name, target)
    if wanted[0].startswith("-"):
        assert not found
    else:
        assert any(is_at(place, where) for place in found for where in wanted), sorted(found)


@pytest.mark.parametrize("target", TARGETS)
def test_every_place_of_the_table_is_seen(target: str) -> None:
    seen: dict[tuple[type, str], set[str]] = {}
    for variant, (owner, name, _pipeline) in VARIANTS.items():
        seen.setdefault((owner, name), set()).update(found_at(variant, target))
    for owner, names in CARRIED.items():
        for name in names:
            for where in declared(owner, name, target):
                if not where.startswith("-"):
                    places = seen[owner, name]
                    assert any(is_at(place, where) for place in places), (owner, name, where)
