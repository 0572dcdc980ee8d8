"""What a backup keeps of a file besides its bytes, and what it says of the rest."""

from __future__ import annotations

import os
import time

import pytest

from tests.integration.volumes.conftest import Make, Project

pytestmark = pytest.mark.integration

LOOK = """
import os, struct, sys
def text(path, name):
    try:
        raw = os.getxattr(path, name)
    except OSError:
        return "none"
    return "|".join("%x:%o:%d" % one for one in struct.iter_unpack("<HHi", raw[4:]))
for top, folders, files in sorted(os.walk(sys.argv[1])):
    for name in [".", *sorted(files)]:
        path = os.path.join(top, name)
        seen = os.lstat(path)
        at = os.path.relpath(path, sys.argv[1])
        print(at, oct(seen.st_mode), seen.st_uid, seen.st_gid, seen.st_size,
              seen.st_blocks // 64, seen.st_mtime_ns,
              text(path, "system.posix_acl_access"), text(path, "system.posix_acl_default"))
"""
FILL = """
import os, socket, struct, sys
os.chdir(sys.argv[1])
def acl(path, kind, *entries):
    raw = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *one) for one in entries)
    os.setxattr(path, "system.posix_acl_" + kind, raw)
WIDE = (1, 7, -1), (2, 7, 5), (4, 5, -1), (16, 7, -1), (32, 5, -1)
os.mkdir("acl", 0o755)
open("acl/before", "w").write("x")
acl("acl", "access", *WIDE)
acl("acl", "default", *WIDE)
open("acl/inherits", "w").write("x")
os.mkdir("acl/sub")
acl(".", "access", (1, 7, -1), (2, 5, 7), (4, 0, -1), (16, 5, -1), (32, 0, -1))
with open("disk", "wb") as file:
    file.truncate(3 << 30)
    for at in range(46):
        file.seek(at * 64_000_000)
        file.write(os.urandom(4000))
with open("dense", "wb") as file:
    file.write(bytes(200_000) + b"x" * 200_000)
socket.socket(socket.AF_UNIX).bind("talk")
"""


def inside(run: Project, program: str, volume: str) -> str:
    folder = run.podman("volume", "inspect", "--format={{.Mountpoint}}", volume).strip()
    return run.podman("unshare", "python3", "-c", program, folder)


def test_access_lists_and_holes_come_back_and_a_socket_is_told(
    project: Make, small_base: str
) -> None:
    run = project("vol-whole", "")
    run.podman("volume", "create", "vol-whole_data")
    inside(run, FILL, "vol-whole_data")
    before = inside(run, LOOK, "vol-whole_data")
    assert "2:7:5" in before
    began = time.monotonic()
    told = run("volume.backup", "data", "--output", "b.tar.gz").stderr
    assert time.monotonic() - began < 20  # 3 GiB of zeros take longer
    assert "socket: ./talk" in told
    assert (run.folder / "b.tar.gz").stat().st_size < 1_000_000
    run("volume.backup", "data", "--output", "again.tar.gz")
    assert (run.folder / "b.tar.gz").read_bytes() == (run.folder / "again.tar.gz").read_bytes()
    run("volume.rm", "data", "--yes")
    run("volume.restore", "data", "b.tar.gz")
    after = inside(run, LOOK, "vol-whole_data")
    assert [line for line in before.splitlines() if "talk" not in line] == after.splitlines()
    assert small_base
    run.podman("run", "--rm", "--volume=vol-whole_data:/d", small_base, "true")
    assert inside(run, LOOK, "vol-whole_data") == after


def test_an_access_list_that_does_not_come_back_is_told(project: Make) -> None:
    """A tar that cannot keep them, as some are built, says so and goes on."""
    run = project("vol-lost", "")
    run.podman("volume", "create", "vol-lost_data")
    inside(run, FILL, "vol-lost_data")
    run("volume.backup", "data", "--output", "b.tar.gz")
    run("volume.rm", "data", "--yes")
    (run.folder / "bin").mkdir()
    program = run.folder / "bin" / "tar"
    program.write_text(
        '#!/bin/sh\nfor word; do shift; [ "$word$extract" = --acls1 ] || set -- "$@" "$word"\n'
        '[ "$word" != --extract ] || extract=1; done; exec /usr/bin/tar "$@"\n'
    )
    program.chmod(0o755)
    path = f"{run.folder / 'bin'}:{os.environ['PATH']}"
    done = run.capas("volume.restore", "data", "b.tar.gz", cwd=run.folder, check=False, PATH=path)
    assert done.returncode == 1
    assert "access lists" in done.stderr
