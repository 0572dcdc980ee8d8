"""Patterns that are compiled when they are used."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Any

import pytest

import pipeline
from pipeline import lean_re
from pipeline.lean_re import lazy_pattern


@pytest.mark.parametrize("text", ["a(?P<b>b+)", b"a(b+)"])
def test_a_pattern_does_what_a_compiled_one_does(text: str | bytes) -> None:
    lazy: Any = lazy_pattern(text, re.IGNORECASE)
    real: Any = re.compile(text, re.IGNORECASE)
    word = "xABBaby" if isinstance(text, str) else b"xABBaby"
    for name in ("search", "match", "findall", "split"):
        assert str(getattr(lazy, name)(word)) == str(getattr(real, name)(word))
    assert lazy.sub(word[:1], word) == real.sub(word[:1], word)
    assert (lazy.pattern, lazy.flags, lazy.groups) == (real.pattern, real.flags, real.groups)
    with pytest.raises(AttributeError):
        _ = lazy.nothing


def test_every_pattern_of_ours_compiles() -> None:
    found = 0
    for one in pkgutil.walk_packages(pipeline.__path__, "pipeline."):
        if ".templates" in one.name or one.name.endswith("__main__"):
            continue
        value: Any
        for value in vars(importlib.import_module(one.name)).values():
            if isinstance(value, vars(lean_re)["_Pattern"]):
                found += 1
                assert value.pattern
    assert found > 100
