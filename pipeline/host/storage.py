"""Look at where images are kept: which driver has something there, and whether overlay works."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from pipeline.bootstrap.safe_files import read_bytes
from pipeline.engine import command
from pipeline.engine.store_paths import DRIVERS
from pipeline.errors import CapasError
from pipeline.host.fact_cache import FactCache, read
from pipeline.host.facts import MountPoint, Setting, StorageFacts, filesystem_at

_SQLITE, _BOLT = "db.sql", "libpod/bolt_state.db"
_BOLT_MOST = 256 << 20
"""Bytes of Podman's database: ten thousand containers have about 60 MB."""
_PROBE_SECONDS = 10.0


def observe_storage(
    graphroot: str, mounts: tuple[MountPoint, ...], chosen: Mapping[str, Setting], memory: FactCache
) -> StorageFacts:
    """What is at `graphroot`, given what somebody chose already."""
    filesystem = filesystem_at(mounts, os.path.realpath(graphroot))
    stored = tuple(name for name in DRIVERS if Path(graphroot, f"{name}-images").is_dir())
    agreed = {*stored, chosen["driver"].value} if "driver" in chosen else {*stored}
    return StorageFacts(
        graphroot=graphroot,
        filesystem=filesystem,
        stored=stored,
        recorded=_driver_in_database(Path(graphroot)) if stored and len(agreed) > 1 else None,
        native_overlay=_native_overlay(Path(graphroot), filesystem, memory),
    )


def has_database(graphroot: str) -> bool:
    """Whether Podman was used with this store."""
    return any(Path(graphroot, name).is_file() for name in (_SQLITE, _BOLT))


def _driver_in_database(graphroot: Path) -> str | None:
    """`graph-driver-name` in bolt_state.db, or DBConfig.GraphDriver in db.sql (Podman >= 4.8)."""
    database = graphroot / _SQLITE
    if database.is_file():
        import sqlite3  # noqa: PLC0415 (5 ms that only a store with several drivers costs)

        try:
            opened = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=1)
            with closing(opened) as connection:
                row = connection.execute("SELECT GraphDriver FROM DBConfig").fetchone()
        except sqlite3.Error:
            return None
        return str(row[0]) if row else None
    try:
        content = read_bytes(graphroot / _BOLT, limit=_BOLT_MOST)
    except OSError:
        return None
    named = (name for name in DRIVERS if b"graph-driver-name" + name.encode() in content)
    return next(named, None)


def _native_overlay(graphroot: Path, filesystem: str, memory: FactCache) -> bool | None:
    """Try it: mount an overlay in a user namespace on that filesystem, once per boot."""
    base = nearest_folder(graphroot)
    boot = read("/proc/sys/kernel/random/boot_id").strip()
    key = f"overlay {base.stat().st_dev} {filesystem} {boot}"
    if (known := memory.recall(key, bool)) is not None:
        return bool(known)
    if not os.access(base, os.W_OK):
        return None
    scratch = base / f".capas-probe-{os.getpid()}"
    try:
        result = _try_overlay(scratch)
    except (OSError, CapasError):
        return None
    finally:
        # The kernel leaves a folder in `work` that is closed even to its owner.
        for closed in scratch.glob("work/*"):
            closed.chmod(0o700)
        shutil.rmtree(scratch, ignore_errors=True)
    if result is not None:
        memory.remember("overlay", key, result)
    return result


def _try_overlay(scratch: Path) -> bool | None:
    """True when it mounts, False when it does not, None when not even a namespace was had."""
    for name in ("lower", "upper", "work", "merged"):
        (scratch / name).mkdir(parents=True)
    enter = ["unshare", "--user", "--map-root-user", "--mount"]
    if command.run([*enter, "true"], check=False, timeout=_PROBE_SECONDS).returncode != 0:
        return None
    layers = "lowerdir=lower,upperdir=upper,workdir=work,userxattr"
    mount = ["mount", "-t", "overlay", "overlay", "-o", layers, "merged"]
    done = command.run([*enter, *mount], check=False, timeout=_PROBE_SECONDS, cwd=scratch)
    return done.returncode == 0


def nearest_folder(path: Path) -> Path:
    """The path itself, or the first folder above it that is there."""
    return next((folder for folder in (path, *path.parents) if folder.is_dir()), Path("/"))
