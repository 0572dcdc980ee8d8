"""A project with one volume, and the program on it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.engine import command
from tests.integration.conftest import Capas

CHECKOUT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Project:
    """A spec in a folder of its own, and the program on it."""

    folder: Path
    capas: Capas
    environment: Mapping[str, str]

    def __call__(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = self.capas(*arguments, cwd=self.folder, check=False)
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done

    def podman(self, *arguments: str) -> str:
        return command.run(["podman", *arguments], environment=self.environment).stdout

    def content(self, volume: str) -> str:
        """A digest of everything in a volume."""
        argv = ["podman", "volume", "export", volume, "--output", str(self.folder / "look.tar")]
        command.run(argv, environment=self.environment)
        return command.run(["sha256sum", str(self.folder / "look.tar")]).stdout.split()[0]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", *arguments],
            cwd=self.folder,
            env={**self.environment, "PYTHONPATH": str(CHECKOUT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


Make = Callable[[str, str], Project]


@pytest.fixture
def project(capas: Capas, environment: Mapping[str, str], tmp_path: Path) -> Iterator[Make]:
    made: list[Project] = []

    def make(name: str, rest: str) -> Project:
        (tmp_path / "specs").mkdir()
        (tmp_path / "specs" / f"{name}.toml").write_text(
            f'name = "{name}"\n{rest}\n[volumes.data]\n'
        )
        made.append(Project(tmp_path, capas, environment))
        return made[-1]

    yield make
    for one in made:
        one("down")
        one.capas("volume.rm", "data", "--yes", cwd=one.folder, check=False)


def fill(project: Project, volume: str, base: str, text: str, megabytes: int = 1) -> None:
    script = (
        f"mkdir -p /d/sub; printf '{text}' > /d/sub/file; chmod 600 /d/sub/file;"
        f"chown 70:70 /d/sub; ln -sf sub/file /d/link; chmod 700 /d;"
        f"head -c {megabytes}000000 /dev/urandom > /d/big"
    )
    project.podman("run", "--rm", f"--volume={volume}:/d", base, "sh", "-c", script)
