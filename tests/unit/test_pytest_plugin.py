"""podman-py and pytest are for tests: no command pays for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


def loaded_after(statements: str) -> set[str]:
    told = f"{statements}\nimport sys; print(*sys.modules)"
    argv = [sys.executable, "-c", told]
    done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_no_module_of_ours_loads_podman_py_or_pytest() -> None:
    every = (
        "import importlib, pkgutil, pipeline\n"
        "for one in pkgutil.walk_packages(pipeline.__path__, 'pipeline.'):\n"
        "    if not one.name.endswith(('__main__', 'pytest_plugin')):\n"
        "        importlib.import_module(one.name)"
    )
    loaded = loaded_after(every)
    assert "pipeline.verify.under_test" in loaded
    assert not {"podman", "pytest"} & loaded


def test_the_plugin_itself_loads_nothing_of_ours() -> None:
    loaded = loaded_after("import pipeline.pytest_plugin")
    ours = {name for name in loaded if name.startswith("pipeline.")}
    assert ours == {"pipeline.pytest_plugin"}
    assert "podman" not in loaded


@pytest.mark.parametrize("scope", ["session", "function", "ever"])
def test_the_scope_is_one_that_pytest_knows(scope: str, pytestconfig: pytest.Config) -> None:
    from pipeline import pytest_plugin

    class Config:
        def getini(self, name: str) -> str:
            return scope

    if scope == "ever":
        with pytest.raises(pytest.UsageError, match="not one of"):
            pytest_plugin._scope("pipeline", Config())  # type: ignore[arg-type]
    else:
        assert pytest_plugin._scope("pipeline", Config()) == scope  # type: ignore[arg-type]
