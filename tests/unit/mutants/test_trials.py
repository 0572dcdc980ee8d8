"""A change reaches a function wherever it is known already."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tests.mutants.operators import mutants_of, mutated
from tests.mutants.trials import Trials, exchange

SOURCE = """
from functools import lru_cache

@lru_cache
def cached():
    return 1

class C:
    @property
    def two(self):
        return 2
"""


def test_old_names_caches_and_methods_get_the_changed_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sample_of_mutants.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("sample_of_mutants")
    cached, c = module.cached, module.C()
    assert (cached(), c.two) == (1, 2)
    first, second = mutants_of(SOURCE)
    exchange("sample_of_mutants.py", mutated(SOURCE, first.number))
    assert (cached(), c.two) == (2, 2)
    exchange("sample_of_mutants.py", mutated(SOURCE, second.number))
    assert (cached(), c.two) == (1, 3)


def test_a_change_of_what_no_test_calls_lives_on_and_is_told(
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = "pipeline/layers/layer_names.py"
    first = next(one for one in mutants_of(Path(path).read_text()) if one.function)
    assert Trials([(path, first)], 1)._try((), {}, path, first) == ""
    assert capfd.readouterr().out == first.at(path)
