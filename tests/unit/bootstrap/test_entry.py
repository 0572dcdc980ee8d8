"""The entry script: the way of a prepared user, and the ends where nothing can be prepared."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]
TOOLS = ("sh", "dash")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose environment's interpreter only tells what it was asked."""
    folder = tmp_path / "a checkout"
    shutil.copytree(CHECKOUT / "pipeline" / "bootstrap", folder / "pipeline" / "bootstrap")
    (folder / "pipeline" / "__init__.py").touch()
    shutil.copy(CHECKOUT / "capas", folder)
    (folder / "pyproject.toml").touch()
    os.utime(folder / "pyproject.toml", (1, 1))
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "[%s]" "ready" "$@"\npwd\nexit 7\n')
    python.chmod(0o755)
    (folder / ".venv" / "ready-engine").write_text(f"{folder}\n")
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PATH with a shell and nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        if found := shutil.which(tool):
            (folder / tool).symlink_to(found)
    return folder


def run(
    checkout: Path, *arguments: str, path: Path, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(path), "HOME": str(path)}
    return subprocess.run(
        [str(checkout / "capas"), *arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def program(path: Path, name: str, body: str) -> None:
    (path / name).write_text(f"#!/bin/sh\n{body}\n")
    (path / name).chmod(0o755)


def test_a_prepared_user_gets_the_task_where_he_stands(
    checkout: Path, path: Path, tmp_path: Path
) -> None:
    done = run(checkout, "build", "--version", "two words", path=path, cwd=tmp_path)
    assert done.stdout == f"[ready][-I][-m][pipeline][build][--version][two words]{tmp_path}\n"
    assert (done.returncode, done.stderr) == (7, "")


def test_a_shell_that_asks_for_completions_begins_no_set_up(checkout: Path, path: Path) -> None:
    program(path, "python3", '[ "$2" = -c ] && echo 3.11 || echo "set-up of $3"')
    for asked in ("--complete", "--print-completion-script"):
        (checkout / ".venv" / "ready-base").unlink(missing_ok=True)
        done = run(checkout, asked, "--", "capas", "depl", path=path)
        assert done.stdout == ("" if asked == "--complete" else "set-up of base\n")
        (checkout / ".venv" / "ready-base").write_text(f"{checkout}\n")
        assert "[ready]" in run(checkout, asked, "--", "capas", "depl", path=path).stdout


@pytest.mark.timeout(20)
def test_a_stamp_that_is_no_file_is_not_waited_for(checkout: Path, path: Path) -> None:
    (checkout / ".venv" / "ready-engine").unlink()
    os.mkfifo(checkout / ".venv" / "ready-engine")
    program(path, "python3", '[ "$2" = -c ] && echo 3.11 || echo "set-up of $3"')
    assert run(checkout, "build", path=path).stdout == "set-up of engine\n"


def test_a_python_that_came_after_the_others_is_found(checkout: Path, path: Path) -> None:
    (checkout / ".venv" / "ready-engine").unlink()
    program(path, "python3.14", '[ "$2" = -c ] && echo 3.14 || echo "set-up by 3.14"')
    assert run(checkout, "build", path=path).stdout == "set-up by 3.14\n"


def test_an_old_python_is_named(checkout: Path, path: Path) -> None:
    text = (checkout / "capas").read_text().replace("/usr/bin/python3", "/nowhere/python3")
    (checkout / "capas").write_text(text)
    (checkout / ".venv" / "ready-engine").unlink()
    program(path, "python3", "echo 3.9; exit 1")
    done = run(checkout, "build", path=path)
    assert done.returncode == 4
    assert "needs Python 3.10 or newer, and python3 is 3.9." in done.stderr
    (path / "python3").unlink()
    done = run(checkout, "build", path=path)
    assert done.returncode == 4
    assert "there is no python3 here" in done.stderr


@pytest.mark.parametrize("spoiled", ["moved", "renewed", "gone", "other level"])
def test_an_environment_that_no_longer_fits_is_not_used(
    checkout: Path, path: Path, spoiled: str
) -> None:
    if spoiled == "moved":
        checkout = checkout.rename(checkout.with_name("elsewhere"))
    elif spoiled == "renewed":
        (checkout / "pyproject.toml").write_text("changed")
        os.utime(checkout / "pyproject.toml")
    elif spoiled == "gone":
        (checkout / ".venv" / "bin" / "python").unlink()
    program(path, "python3", '[ "$2" = -c ] && echo 3.11 || echo "set-up of $3"')
    done = run(checkout, "test" if spoiled == "other level" else "build", path=path)
    level = "develop" if spoiled == "other level" else "engine"
    assert done.stdout == f"set-up of {level}\n"


@pytest.mark.parametrize(
    ("task", "level"),
    [
        (("validate",), "base"),
        (("--list",), "base"),
        ((), "base"),
        (("--echo", "doctor"), "base"),
        (("demo",), "engine"),
        (("logs", "test"), "engine"),
        (("lint",), "develop"),
    ],
)
def test_a_task_asks_for_no_more_than_it_needs(
    checkout: Path, path: Path, task: tuple[str, ...], level: str
) -> None:
    shutil.rmtree(checkout / ".venv")
    program(path, "python3", '[ "$2" = -c ] && echo 3.11 || echo "$3"')
    assert run(checkout, *task, path=path).stdout == f"{level}\n"
