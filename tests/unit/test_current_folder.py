"""In a stranger's folder: nothing there, and nothing in the environment, leads the program."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
SPEC = 'name = "x"\n[images.x.versions]\n"1.0" = { context = "../c" }\n'
PYTHON = "open({told!r}, 'a').write(__file__ + '\\n')\n"
SHELL = "#!/bin/sh\necho $0 >> {told}\nexit 9\n"
MODULES = (
    *("json.py", "runpy.py", "errno.py", "dataclasses.py", "rich/__init__.py", "tomli.py"),
    *("invoke/__init__.py", "invoke.py", "tasks.py", "sitecustomize.py", "usercustomize.py"),
    *("pipeline/__init__.py", "pipeline/__main__.py", "pipeline/tasks/__init__.py"),
)
PROGRAMS = ("python3", "python", "git", "podman", "buildah", "readlink")
SETTINGS = {
    ".env": "PATH={folder}\nPYTHONPATH={folder}\nPYTHONSTARTUP={folder}/json.py\n",
    "pyvenv.cfg": "home = {folder}\ninclude-system-site-packages = true\n",
    "invoke.yaml": "run:\n  shell: {folder}/git\ntasks:\n  executor_class: json.Executor\n",
    "invoke.json": '{{"tasks": {{"executor_class": "json.Executor"}}}}',
    "invoke.yml": "tasks:\n  executor_class: json.Executor\n",
}
BROUGHT: Mapping[str, Mapping[str, str]] = {
    "nothing": {},
    "a relative path": {"PYTHONPATH": ".", "PATH": f".:{os.environ['PATH']}"},
    "an empty entry": {"PYTHONPATH": ":", "PATH": f":{os.environ['PATH']}"},
    "Python's settings": {
        "PYTHONPATH": "{folder}",
        "PYTHONSTARTUP": "{folder}/json.py",
        "PYTHONHOME": "{folder}",
        "PYTHONUSERBASE": "{folder}",
        "INVOKE_TASKS_COLLECTION_NAME": "json",
    },
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with an environment of its own, ready."""
    made = tmp_path_factory.mktemp("checkout")
    left_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CHECKOUT / "pipeline", made / "pipeline", ignore=left_out)
    shutil.copy(CHECKOUT / "capas", made)
    (made / "pyproject.toml").touch()
    os.utime(made / "pyproject.toml", (1, 1))
    base = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([base, "-IS", "-m", "venv", "--without-pip", made / ".venv"], check=True)
    (site,) = made.glob(".venv/lib/python*/site-packages")
    (site / "here.pth").write_text(f"{sysconfig.get_path('purelib')}\n{made}\n")
    for level in ("base", "engine", "develop"):
        (made / ".venv" / f"ready-{level}").write_text(f"{made}\n")
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A stranger's project, with everything planted that could be run or could lead."""
    made = tmp_path / "handed in"
    (made / "specs").mkdir(parents=True)
    (made / "specs" / "x.toml").write_text(SPEC)
    (made / "c").mkdir()
    (made / "c" / "Containerfile").write_text("FROM debian:12\n")
    words = {"told": str(tmp_path / "told"), "folder": str(made)}
    for name in MODULES:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(PYTHON.format(**words))
    for name in PROGRAMS:
        (made / name).write_text(SHELL.format(**words))
        (made / name).chmod(stat.S_IRWXU)
    for name, text in SETTINGS.items():
        (made / name).write_text(text.format(**words))
    return made


def run(argv: list[str], folder: Path, brought: Mapping[str, str]) -> tuple[int, str]:
    environment = {"HOME": str(folder.parent), "PATH": os.environ["PATH"]}
    environment |= {name: value.format(folder=folder) for name, value in brought.items()}
    done = subprocess.run(
        argv,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def led(folder: Path) -> str:
    """The planted files that were run."""
    told = folder.parent / "told"
    return told.read_text() if told.exists() else ""


@pytest.mark.parametrize("brought", BROUGHT.values(), ids=BROUGHT)
@pytest.mark.parametrize("task", ["validate", "--list"])
def test_the_launcher_runs_nothing_of_the_folder(
    checkout: Path, folder: Path, task: str, brought: Mapping[str, str]
) -> None:
    code, said = run([str(checkout / "capas"), task], folder, brought)
    assert led(folder) == ""
    assert code == 0, said


def test_a_task_that_looks_for_programs_runs_none_of_the_folder(
    checkout: Path, folder: Path
) -> None:
    code, said = run([str(checkout / "capas"), "doctor"], folder, BROUGHT["an empty entry"])
    assert led(folder) == ""
    assert code in {0, 1, 4}, said


@pytest.mark.parametrize("way", ["a link", "a link to a link"])
def test_a_link_to_the_launcher_runs_it(checkout: Path, folder: Path, way: str) -> None:
    programs = folder.parent / "bin"
    programs.mkdir()
    (programs / "first").symlink_to(checkout / "capas")
    link = programs / "capas"
    link.symlink_to(checkout / "capas" if way == "a link" else "first")
    brought = {"PATH": f"{programs}:{os.environ['PATH']}"}
    code, said = run([str(link), "--list"], folder, brought)
    assert (code, led(folder)) == (0, ""), said
    code, said = run(["sh", "-c", "capas validat"], folder, brought)
    assert (code, led(folder)) == (2, "")
    assert "`capas --list`" in said, "what is proposed can be typed as it stands"


@pytest.mark.parametrize("brought", ["nothing", "a relative path", "an empty entry"])
def test_the_module_imports_nothing_of_the_folder_after_itself(folder: Path, brought: str) -> None:
    for early in ("runpy.py", "sitecustomize.py", "usercustomize.py"):
        (folder / early).unlink()  # `python -m` itself imports them: that is Python's own word
    shutil.rmtree(folder / "pipeline")
    given = BROUGHT[brought]
    path = ":".join(filter(None, [str(CHECKOUT), given.get("PYTHONPATH", "")]))
    argv = [sys.executable, "-m", "pipeline", "validate"]
    code, said = run(argv, folder, {**given, "PYTHONPATH": path})
    assert led(folder) == ""
    assert code == 0, said
