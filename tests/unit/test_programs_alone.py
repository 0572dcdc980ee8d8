"""Files that run as programs of their own, where the package cannot be imported."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pipeline.bootstrap import account_server, engine_server
from pipeline.deploy.apply import bridge
from pipeline.deploy.observe import probe


@pytest.mark.parametrize("module", [account_server, bridge, engine_server, probe])
def test_a_program_of_its_own_imports_nothing_of_ours(module: ModuleType) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    named = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    named += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    assert [name for name in named if name.split(".")[0] == "pipeline"] == []


def test_the_probe_runs_where_no_package_is_installed(tmp_path: Path) -> None:
    argv = [sys.executable, "-I", "-S", str(probe.__file__), "tcp", "1", "0.2"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == ""
    assert "connect :1" in done.stdout
