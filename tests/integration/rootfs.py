"""A small real root filesystem from the distribution's own packages, cached between sessions."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

_PACKAGES = ("python3", "busybox-static", "base-passwd", "netbase")

# Nothing is configured in mmdebstrap's `extract` variant: what maintainer scripts would have done
# is done here. $1 is the new root.
_FINISH = """
for tool in $("$1"/bin/busybox --list); do
    [ -e "$1/bin/$tool" ] || [ -e "$1/sbin/$tool" ] || ln -s busybox "$1/bin/$tool"
done
cp "$1/usr/share/base-passwd/passwd.master" "$1/etc/passwd"
cp "$1/usr/share/base-passwd/group.master" "$1/etc/group"
rm -f "$1/etc/resolv.conf" "$1/etc/hostname"
rm -rf "$1"/var/lib/apt/lists/* "$1"/usr/share/doc "$1"/usr/share/man
"""


def small_rootfs() -> Path:
    """The tar file's path; about 55 MB, made in some seconds when it is not in the cache."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "capas", "tests")
    home.mkdir(parents=True, exist_ok=True)
    made = home / f"rootfs-{_suite()}.tar"
    if not made.exists():
        with tempfile.TemporaryDirectory(dir=home) as folder:
            half = Path(folder, "rootfs.tar")
            argv = [
                "mmdebstrap",
                "--quiet",
                "--mode=unshare",
                "--variant=extract",
                f"--include={','.join(_PACKAGES)}",
                f"--extract-hook={_FINISH}",
                _suite(),
                str(half),
            ]
            subprocess.run(argv, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
            half.rename(made)
    return made


def _suite() -> str:
    lines = Path("/etc/os-release").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line)["VERSION_CODENAME"]
