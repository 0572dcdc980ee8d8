"""A project of a user: a small service that keeps users on a volume, in three versions."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.conftest import Capas

APP = Path(__file__).parent / "app"
_SPEC = """\
name = "{name}"

[images.{name}.versions]
"1.0" = {{ context = "../app", args = {{ V = "1.0" }} }}
"1.1" = {{ context = "../app", args = {{ V = "1.1" }} }}
"2.0" = {{ context = "../app", args = {{ V = "2.0", F = "dies" }} }}

[services.web]
image       = "{name}"
version     = "1.0"
replicas    = {replicas}
ports       = ["{port}:5000"]
volumes     = {volumes}
environment = {environment}
healthcheck = {{ http = ":5000/", interval = "100ms", retries = 30 }}

[volumes.data]

"""


@dataclass(frozen=True)
class UserProject:
    """A folder with a spec; what it keeps is under a name of its own."""

    folder: Path
    name: str
    capas: Capas
    port: int

    @property
    def spec(self) -> Path:
        return self.folder / "specs" / f"{self.name}.toml"

    def write(
        self,
        experiments: str,
        *,
        volumes: str = '["data:/data"]',
        environment: str = "{}",
        replicas: int = 1,
    ) -> None:
        """Write the spec with these experiments."""
        head = _SPEC.format(
            name=self.name,
            port=self.port,
            volumes=volumes,
            environment=environment,
            replicas=replicas,
        )
        self.spec.write_text(head + experiments)

    def verify(
        self, *arguments: str, check: bool = False
    ) -> tuple[subprocess.CompletedProcess[str], dict[str, dict[str, Any]]]:
        """`capas verify` of the spec's own experiments; what came of each, by name."""
        done = self.capas(
            "verify", "--only", "my-*", "--format", "json", *arguments, cwd=self.folder, check=check
        )
        found = json.loads(done.stdout)["experiments"] if done.stdout else []
        return done, {one["name"]: one for one in found}


def make_project(folder: Path, name: str, base: str, capas: Capas, port: int) -> UserProject:
    """A project with all its versions built."""
    (folder / "specs").mkdir(parents=True)
    (folder / "tasks.py").touch()
    shutil.copytree(APP, folder / "app")
    (folder / "app" / "Containerfile").write_text(
        f"FROM {base}\nARG V\nARG F\nENV VERSION=$V FAULT=$F\nCOPY main.py /main.py\n"
        'CMD ["python3", "/main.py"]\n'
    )
    project = UserProject(folder, name, capas, port)
    project.write("")
    capas("build", "--all", cwd=folder)
    return project
