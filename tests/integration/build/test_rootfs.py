"""A root file system from the archives themselves: by two processes at once, and after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from pipeline.build.rootfs import cache_folder, prepare_rootfs
from pipeline.errors import EngineError
from pipeline.spec.model import Rootfs

pytestmark = pytest.mark.integration
CHECKOUT = Path(__file__).parents[3]
SMALL = Rootfs("bookworm", ("base-passwd", "busybox-static"))
PREPARE = """
import os, sys
from pipeline.build.rootfs import prepare_rootfs
from pipeline.spec.model import Rootfs
made = prepare_rootfs(Rootfs("bookworm", ("base-passwd", "busybox-static")), os.environ, tell=print)
print("tar:", made)
"""


def preparing(cache: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PREPARE],
        env={**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(CHECKOUT)},
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def test_two_at_once_make_it_once_and_it_holds_what_was_asked_for(tmp_path: Path) -> None:
    told = [process.communicate()[0] for process in [preparing(tmp_path) for _ in range(2)]]
    assert sum("downloading" in text for text in told) == 1, told
    tars = {text.rpartition("tar: ")[2].strip() for text in told}
    assert len(tars) == 1, told
    with tarfile.open(tars.pop()) as tar:
        members = {member.name: member for member in tar.getmembers()}
        passwd = tar.extractfile("etc/passwd")
        assert passwd
        assert passwd.read().startswith(b"root:")
    assert members["bin"].linkname == "usr/bin"
    assert members["usr/bin/busybox"].mode & 0o111
    assert {(member.uid, member.gid) for member in members.values()} == {(0, 0)}

    lines: list[str] = []
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    prepare_rootfs(SMALL, environ, tell=lines.append)
    assert lines == []
    prepare_rootfs(SMALL, environ, tell=lines.append, refresh=True)
    assert lines[-1] == "nothing newer in the archives"


def test_one_that_is_killed_does_not_disturb_the_next(tmp_path: Path) -> None:
    process = preparing(tmp_path)
    archives = cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) / "apt" / "bookworm"
    deadline = time.monotonic() + 60
    while not archives.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    tar = prepare_rootfs(
        SMALL, {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}, tell=lambda _line: None
    )
    assert tarfile.is_tarfile(tar)
    assert list(tar.parents[1].glob("making-*")) == []


def test_a_package_that_nobody_has_is_told_in_apts_words(tmp_path: Path) -> None:
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    with pytest.raises(EngineError, match="apt could not provide") as caught:
        prepare_rootfs(Rootfs("bookworm", ("no-such-package",)), environ, tell=lambda _line: None)
    assert "no-such-package" in caught.value.details
