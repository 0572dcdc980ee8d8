"""One account, one name, two projects or two folders: nobody runs what is not theirs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipeline.engine import command
from tests.integration.conftest import Capas

pytestmark = pytest.mark.integration

Done = subprocess.CompletedProcess[str]


class Projects:
    """Two folders; `run` is what a user types in one."""

    def __init__(self, root: Path, capas: Capas, environment: Mapping[str, str], base: str) -> None:
        self.root, self._capas, self._environment, self._base = root, capas, environment, base

    def write(self, folder: str, name: str) -> None:
        context = self.root / folder / "ctx"
        context.mkdir(parents=True, exist_ok=True)
        says = f"import time; print('I am {folder}', flush=True); time.sleep(1e6)"
        (context / "main.py").write_text(says)
        text = f'FROM {self._base}\nCOPY main.py /main.py\nCMD ["python3", "/main.py"]\n'
        (context / "Containerfile").write_text(text)
        (self.root / folder / "specs").mkdir(exist_ok=True)
        (self.root / folder / "specs" / "p.toml").write_text(
            f'name = "{name}"\n[images.whoseshop.versions]\n"1.0" = {{ context = "../ctx" }}\n'
            '[services.web]\nimage = "whoseshop"\nstop_grace_period = "1s"\n'
        )

    def run(self, folder: str, *words: str, check: bool = True, taking: str = "") -> Done:
        state = str(self.root / "state")
        return self._capas(
            *words,
            cwd=self.root / folder,
            check=check,
            CAPAS_TAKE_OVER=taking,
            XDG_STATE_HOME=state,
        )

    def podman(self, *words: str) -> str:
        return command.run(["podman", *words], environment=self._environment).stdout.strip()

    def forget(self) -> None:
        for name in ("whose-a", "whose-b"):
            filters = f"label=io.github.capas.pipeline={name}"
            if ids := self.podman("ps", "-aq", "--filter", filters).split():
                self.podman("rm", "-f", "-t", "0", *ids)
        names = self.podman("images", "-q", "localhost/whoseshop").split()
        if names:
            self.podman("rmi", "-f", *set(names))


@pytest.fixture
def projects(
    tmp_path: Path, capas: Capas, environment: Mapping[str, str], small_base: str
) -> Iterator[Projects]:
    made = Projects(tmp_path, capas, environment, small_base)
    yield made
    made.forget()


def refused(done: Done, *words: str) -> None:
    assert done.returncode == 3, done.stdout + done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def test_two_projects_with_one_image_name_do_not_run_each_others_code(
    projects: Projects,
) -> None:
    projects.write("a", "whose-a")
    projects.write("b", "whose-b")
    projects.run("a", "build")
    projects.run("a", "deploy")
    for words in (("build",), ("deploy",), ("plan",), ("push", "--to", f"oci:{projects.root}/out")):
        done = projects.run("b", *words, check=False)
        refused(done, "localhost/whoseshop:1.0", "the pipeline whose-a", "[images]")
    assert "nothing to do" in projects.run("a", "deploy").stderr
    assert "I am a" in projects.run("a", "logs").stdout

    projects.run("b", "build", taking="1")
    projects.run("b", "deploy")
    for line in ("deploy", "scale web=2", "verify", "report", "build"):
        refused(projects.run("a", *line.split(), check=False), "the pipeline whose-b")
    assert "I am a" in projects.run("a", "logs").stdout
    assert "I am b" in projects.run("b", "logs").stdout


def test_what_is_put_on_top_or_labelled_by_hand_does_not_run(projects: Projects) -> None:
    projects.write("a", "whose-a")
    projects.run("a", "build")
    projects.run("a", "deploy")
    name = "localhost/whoseshop:1.0"
    before = projects.podman("inspect", "--format", "{{.Id}}", name)
    projects.podman("commit", "-q", "--pause=false", "whose-a-web-1", name)
    refused(projects.run("a", "deploy", check=False), "on top of what capas built")
    assert "on top of what was built" in projects.run("a", "build").stdout
    assert projects.podman("inspect", "--format", "{{.Id}}", name) == before

    projects.podman("tag", before, "localhost/whoseshop:kept")
    labels = [f"LABEL io.github.capas.{k}={v}" for k, v in
              (("pipeline", "whose-a"), ("image", "whoseshop"), ("version", "1.0"),
               ("identity", "0" * 64))]  # fmt: skip
    changes = [word for label in labels for word in ("--change", label)]
    projects.podman("commit", "-q", "--pause=false", *changes, "whose-a-web-1", name)
    refused(projects.run("a", "deploy", check=False), "on top of what capas built")
    assert "I am a" in projects.run("a", "logs").stdout


def test_a_copied_folder_does_not_take_what_the_first_has(projects: Projects) -> None:
    projects.write("a", "whose-a")
    projects.run("a", "build")
    projects.run("a", "deploy")
    shutil.copytree(projects.root / "a", projects.root / "copy")
    (projects.root / "copy" / "ctx" / "main.py").write_text("print('I am the copy')")
    for line in ("build", "deploy", "down", "scale web=2", "stop"):
        refused(
            projects.run("copy", *line.split(), check=False), "belongs to another folder", "`name`"
        )
    assert "nothing to do" in projects.run("a", "deploy").stderr
    shutil.rmtree(projects.root / "a")
    assert "whoseshop:1.0" in projects.run("copy", "build").stdout, "the first is gone: it moved"
