"""A root file system from a distribution's packages: made once, kept, the same for everyone.

The cache is `$XDG_CACHE_HOME/capas/rootfs`, deletable at any time:

    apt/SUITE/            apt's own lists, so that the next rootfs of the suite asks only for news
    KEY/rootfs.tar        the finished tar
    KEY/packages.txt      the package files in it, with apt's hashes
    lock                  one process at a time makes something

KEY is the hash of everything that decides the content: suite, packages, exclusions, architecture
and the version of the recipe below. Like a pulled image, what is there is used until the version
says `pull = "always"`; then apt is asked for news, and only other packages make another tar.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.bootstrap.private import private_folder
from pipeline.bootstrap.safe_files import open_lock, read_text
from pipeline.build.rootfs.apt import Apt, OnStart, Package
from pipeline.engine.file_lock import lock
from pipeline.errors import CapasError
from pipeline.spec.model import ROOTFS_TAR, Rootfs

_RECIPE = 1
"""Raised whenever the same packages would give another tar."""


def prepare_rootfs(
    rootfs: Rootfs,
    environ: Mapping[str, str],
    *,
    refresh: bool = False,
    tell: Callable[[str], object],
    on_start: OnStart | None = None,
) -> Path:
    """The path of the tar for `ADD rootfs.tar /`, made when it does not exist yet.

    Args:
        environ: names the cache folder (XDG_CACHE_HOME, HOME).
        refresh: ask the archives whether there are newer packages.
        tell: is given a line of progress.
        on_start: is given each process of apt, for whoever must end it from another thread.

    Raises:
        HostUnable: no apt or no dpkg-deb here.
        EngineError: the archives are not reachable, or know no such package.
        CapasError: the cache folder cannot be written.
    """
    cache = cache_folder(environ)
    folder = cache / key_of(rootfs, os.uname().machine)
    tar = folder / ROOTFS_TAR
    if tar.is_file() and not refresh:
        return tar
    try:
        private_folder(cache)
        with _only_one(cache / "lock"):
            if refresh or not tar.is_file():  # another process may have made it meanwhile
                _make(rootfs, cache, folder, tell, on_start)
    except OSError as error:
        raise CapasError(
            "the root file system could not be written to the cache",
            details=str(error),
            resolution=f"free some space below {cache}, or set XDG_CACHE_HOME to another disk",
        ) from None
    return tar


def cache_folder(environ: Mapping[str, str]) -> Path:
    """`$XDG_CACHE_HOME/capas/rootfs`."""
    home = environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 (works without HOME)
    return Path(environ.get("XDG_CACHE_HOME") or Path(home, ".cache"), "capas", "rootfs")


def key_of(rootfs: Rootfs, architecture: str) -> str:
    """The identity of a root file system's inputs; the packages' order does not matter."""
    inputs = [
        _RECIPE,
        architecture,
        rootfs.suite,
        sorted(set(rootfs.packages)),
        sorted(set(rootfs.exclude)),
    ]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:16]


def listing(packages: tuple[Package, ...]) -> str:
    """packages.txt: one line for each package file."""
    return "".join(f"{package.file} {package.hash}\n" for package in packages)


def _make(
    rootfs: Rootfs,
    cache: Path,
    folder: Path,
    tell: Callable[[str], object],
    on_start: OnStart | None,
) -> None:
    from pipeline.build.rootfs.debs import write_rootfs  # noqa: PLC0415 (tarfile costs every build)

    for left in cache.glob("making-*"):  # of a process that was killed; nobody else is in here
        shutil.rmtree(left, ignore_errors=True)
    apt = Apt(cache / "apt" / rootfs.suite, rootfs.suite, on_start)
    tell(f"asking {rootfs.suite}'s archives for {', '.join(rootfs.packages)}")
    apt.update()
    packages = apt.resolve(rootfs.packages)
    wanted = listing(packages)
    known = folder / "packages.txt"
    if _text(known) == wanted:
        tell("nothing newer in the archives")
        return
    size = sum(package.size for package in packages)
    tell(f"downloading {len(packages)} packages, {size / 1e6:.1f} MB")
    apt.download(rootfs.packages)
    with tempfile.TemporaryDirectory(dir=cache, prefix="making-") as made:
        new = Path(made, "new")
        new.mkdir()
        debs = [apt.archives / package.file for package in packages]
        write_rootfs(debs, Path(made), new / ROOTFS_TAR, rootfs.exclude)
        (new / "packages.txt").write_text(wanted, encoding="utf-8")
        folder.mkdir(exist_ok=True)
        # The list follows the tar: killed in between, the next refresh makes the tar again.
        for name in (ROOTFS_TAR, "packages.txt"):
            (new / name).replace(folder / name)
    shutil.rmtree(apt.archives)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    with os.fdopen(open_lock(path, owner=os.geteuid())) as mutex:
        lock(mutex)
        yield


def _text(path: Path) -> str | None:
    """What a file of the cache says; None when it says nothing that can be read."""
    with suppress(OSError, ValueError):
        return read_text(path)
    return None
