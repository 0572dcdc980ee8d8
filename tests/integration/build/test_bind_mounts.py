"""What a RUN does through a bind mount stays in the build, and what it is not shown is not read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.conftest import Capas

pytestmark = pytest.mark.integration


def test_a_bind_mount_reaches_nothing_of_the_checkout(
    capas: Capas, environment: Mapping[str, str], small_base: str, tmp_path: Path
) -> None:
    (tmp_path / "specs").mkdir()
    context, cache = tmp_path / "ctx", tmp_path / "cache"
    (context / "run").mkdir(parents=True)
    text = 'name = "bound"\n[images.bound.versions]\n"1" = { context = "../ctx" }\n'
    (tmp_path / "specs" / "bound.toml").write_text(text)
    (context / "settings.py").write_text("A = 1\n")
    os.mkfifo(context / "run" / "pipe")
    (context / ".dockerignore").write_text("run\n")
    (context / "Containerfile").write_text(
        f"FROM {small_base}\n"
        "RUN --mount=type=bind,source=settings.py,target=/s cp /s /copied\n"
        "RUN --mount=type=bind,target=/src,rw echo B >> /src/settings.py && mkdir /src/out"
        " && touch /src/out/x && chown -R 33:33 /src/out && chmod 700 /src/out\n"
    )
    before = {str(path): path.lstat() for path in context.rglob("*")}
    capas("build", cwd=tmp_path, XDG_CACHE_HOME=str(cache))
    (context / "run" / "app.log").write_text("a line")
    again = capas("build", cwd=tmp_path, XDG_CACHE_HOME=str(cache))
    assert "kept" in again.stdout
    assert (context / "settings.py").read_text() == "A = 1\n"
    for path, status in before.items():
        now = Path(path).lstat()
        assert (now.st_mode, now.st_uid, now.st_gid) == (
            status.st_mode, status.st_uid, status.st_gid
        )  # fmt: skip
    assert not list((cache / "capas" / "build").glob("build-*"))
