"""A disk that is really full: a clear error, the old image untouched, and the next build works."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.accounts.conftest import CHECKOUT, Neighbour

pytestmark = pytest.mark.accounts

PROJECT = """\
set -eu
mkdir -p "$0/app" && cd "$0"
printf 'name = "full"\\n[images.app.versions."1.0"]\\ncontext = "app"\\n' > full.toml
printf 'FROM scratch\\nCOPY . /app/\\n' > app/Containerfile
echo one > app/small
"""


@pytest.fixture(params=["data", "cache"])
def cramped(second: Neighbour, request: pytest.FixtureRequest) -> Iterator[Neighbour]:
    """The second account with its images, or its caches, on a disk of 48 MB."""
    disk = Path(os.environ["CAPAS_SECOND_ACCOUNT"]).parents[1] / "small"
    kind = second.run(["stat", "--file-system", "--format=%T", str(disk)]).stdout.strip()
    assert kind == "tmpfs", "root could not mount a small disk for the second account"
    runtime = second.run(["sh", "-c", 'mktemp -d "$XDG_RUNTIME_DIR/../ct-XXXXXX"']).stdout.strip()
    moved = {f"XDG_{request.param.upper()}_HOME": f"{disk}/{request.param}"}
    if request.param == "data":  # another store has another run root and pause process
        moved["XDG_RUNTIME_DIR"] = runtime
    cramped = replace(second, environment={**second.environment, **moved})
    yield cramped
    end = 'kill -9 "$(cat "$XDG_RUNTIME_DIR/libpod/tmp/pause.pid")"; '
    end = end if request.param == "data" else "podman rmi --force localhost/app:1.0; "
    cramped.run(
        [
            "sh",
            "-c",
            f'{end} exec buildah unshare rm -rf "$@"',
            "sh",
            f"{disk}/{request.param}",
            runtime,
        ]
    )


def _build(account: Neighbour, project: str) -> tuple[int, str]:
    script = 'cd "$0" && exec "$1" -m pipeline build --spec full.toml --progress plain'
    argv = ["sh", "-c", script, project, sys.executable]
    done = account.run(argv, check=False, PYTHONPATH=str(CHECKOUT))
    return done.returncode, done.stdout + done.stderr


def _image(account: Neighbour) -> str:
    inspected = account.run(["podman", "image", "inspect", "localhost/app:1.0"]).stdout
    return str(json.loads(inspected)[0]["Id"])


def test_a_full_disk_is_told_and_harms_nothing(cramped: Neighbour) -> None:
    project = f"{cramped.folder}/full"
    cramped.run(["sh", "-c", PROJECT, project])
    assert _build(cramped, project)[0] == 0
    before = _image(cramped)
    cramped.run(["fallocate", "--length=100M", f"{project}/app/big"])
    code, said = _build(cramped, project)
    assert code == 1
    assert "app:1.0 was not built" in said
    assert "no space left on device" in said.lower()
    assert "free some space" in said
    assert _image(cramped) == before
    assert json.loads(cramped.run(["buildah", "containers", "--json"]).stdout or "[]") in ([], None)
    cramped.run(["rm", f"{project}/app/big"])
    cramped.run(["sh", "-c", 'echo two > "$0"', f"{project}/app/small"])
    code, said = _build(cramped, project)
    assert code == 0, said
    assert _image(cramped) != before
