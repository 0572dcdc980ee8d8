"""The same spec gives the same images, on two accounts, whatever each had built before."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

import pytest

from pipeline.engine import labels
from pipeline.engine.build_cache import CacheImage
from pipeline.engine.images import inspect_image
from tests.accounts.conftest import CHECKOUT, Neighbour
from tests.integration.build.project import make_project
from tests.integration.conftest import Capas

pytestmark = pytest.mark.accounts

NAMES = ("base:1", "app:1.0", "app:1.1")
WHEN = "@1000000000 +0000"


def _git(folder: Path, *arguments: str) -> str:
    who = {f"GIT_{role}_{what}": "a@example" for role in ("AUTHOR", "COMMITTER")
           for what in ("NAME", "EMAIL")}  # fmt: skip
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**os.environ, **who, "GIT_AUTHOR_DATE": WHEN, "GIT_COMMITTER_DATE": WHEN},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with two commits; the first has other content in 1.1."""
    made = make_project(tmp_path / "project", "everywhere")
    one = made / "app" / "1.0"
    (one / "bin").mkdir()
    (one / "bin" / "sh").write_bytes(Path("/bin/busybox").read_bytes())
    (one / "bin" / "sh").chmod(0o755)
    (one / "start.sh").write_text("#!/bin/sh\nexec main\n")
    (one / "start.sh").chmod(0o755)
    (one / "latest").symlink_to("main.py")
    (one / "Containerfile").write_text(
        "FROM localhost/base:1 AS made\nCOPY bin /bin\nRUN echo made > /made\n"
        "FROM localhost/base:1\nCOPY . /app/\nCOPY --from=made /made /app/\n"
    )
    (made / "app" / "1.1" / "more.py").write_text("print('before')")
    _git(made, "init", "--quiet", "--initial-branch=main")
    _git(made, "add", ".")
    _git(made, "commit", "--quiet", "--message=one")
    (made / "app" / "1.1" / "more.py").write_text("print('after')")
    _git(made, "commit", "--quiet", "--all", "--message=two")
    return made


def _of_second(second: Neighbour, name: str) -> tuple[str, list[str], dict[str, str]]:
    (row,) = json.loads(second.run(["podman", "image", "inspect", f"localhost/{name}"]).stdout)
    return row["Id"], row["RootFS"]["Layers"], row["Labels"]


def _build(second: Neighbour, checkout: str, *settings: str) -> str:
    build = 'umask 077; cd "$0" && exec "$1" -m pipeline build --progress plain'
    argv = ["env", *settings, "sh", "-c", build, checkout, sys.executable]
    return second.run(argv, PYTHONPATH=str(CHECKOUT)).stdout


def _ours(environment: Mapping[str, str]) -> dict[str, CacheImage]:
    return {name: inspect_image(environment, f"localhost/{name}") for name in NAMES}


def _assert_same(second: Neighbour, ours: Mapping[str, CacheImage], created: str) -> None:
    for name in NAMES:
        image, diff_ids, told = _of_second(second, name)
        assert (image, diff_ids) == (ours[name].id, list(ours[name].diff_ids)), name
        assert told[labels.OCI_CREATED] == created
        assert told[labels.OCI_REVISION] == ours[name].labels[labels.OCI_REVISION]


def test_two_accounts_get_the_same_images(
    second: Neighbour,
    capas: Capas,
    environment: Mapping[str, str],
    project: Path,
    tmp_path: Path,
) -> None:
    capas("build", cwd=project)
    ours = _ours(environment)
    bundle = tmp_path / "project.bundle"
    _git(project, "bundle", "create", str(bundle), "HEAD", "main")
    checkout = f"{second.folder}/checkout"
    # Another umask, other times, another history of builds: the first commit is built before.
    second.run(["sh", "-c", 'base64 -d > "$0"', f"{checkout}.bundle"], text=_base64(bundle))
    clone = (
        'umask 077; git clone --quiet "$0.bundle" "$0" && cd "$0" && git checkout --quiet HEAD~1 '
        "&& find . -path ./.git -prune -o -exec touch -h -d 2001-02-03 {} +"
    )
    second.run(["sh", "-c", clone, checkout])
    _build(second, checkout)
    assert _of_second(second, "app:1.1")[1] != list(ours["app:1.1"].diff_ids)
    second.run(["git", "-C", checkout, "checkout", "--quiet", "main"])
    assert "app:1.1  built" in _build(second, checkout)
    _assert_same(second, ours, "2001-09-09T01:46:40Z")
    today = datetime.now(timezone.utc).date().isoformat()
    assert all(today not in entry.created for image in ours.values() for entry in image.history)
    # And at a time that is given, which is another image.
    capas("build", cwd=project, SOURCE_DATE_EPOCH="1234567890")
    _build(second, checkout, "SOURCE_DATE_EPOCH=1234567890")
    at_that_time = _ours(environment)
    assert all(at_that_time[name].id != ours[name].id for name in NAMES)
    _assert_same(second, at_that_time, "2009-02-13T23:31:30Z")


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
