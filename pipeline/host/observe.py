"""Look at this host. Nothing here decides, and nothing here starts Podman in the usual case."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.engine import command
from pipeline.engine.cache import cache_folder, read_json, write_atomic
from pipeline.errors import CapasError
from pipeline.host import settings
from pipeline.host.facts import (
    Basics,
    Cgroups,
    Mount,
    Program,
    Session,
    Setting,
    Storage,
    cgroup_mode,
    filesystem_at,
    parse_mountinfo,
    parse_own_cgroup,
    parse_subids,
    parse_version,
)

# Podman looks for its runtimes and helpers in these places too (containers.conf(5):
# `runtimes`, `helper_binaries_dir`), which are not on every user's PATH.
_MORE_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin:/usr/libexec/podman:/usr/lib/podman"
PROGRAMS = ("podman", "buildah", "crun", "runc", "slirp4netns", "pasta", "fuse-overlayfs")
_VERSIONED = ("podman", "buildah")
_DRIVERS = ("overlay", "vfs", "btrfs", "zfs")
_PROBE_SECONDS = 10.0


def observe_basics(environ: Mapping[str, str]) -> Basics:
    """The facts that decide how the engine is run. Warm, it costs a few milliseconds at most."""
    uid = os.getuid()
    mounts = parse_mountinfo(read("/proc/self/mountinfo"))
    memory = Memory(cache_folder(environ) / "host.json")
    containers = [
        (path, settings.read_toml(path)) for path in settings.containers_conf_files(environ, uid)
    ]
    storage_file = settings.storage_conf_file(environ, uid)
    storage = (storage_file, settings.read_toml(storage_file)) if storage_file else None
    chosen = settings.chosen(environ, containers, storage)
    basics = Basics(
        kernel=parse_version(os.uname().release),
        programs=_programs(environ, memory),
        cgroups=_cgroups(mounts),
        storage=_storage(settings.graphroot(environ, uid, storage), mounts, chosen, memory),
        session=_session(environ, uid),
        tun=os.access("/dev/net/tun", os.R_OK | os.W_OK),
        fuse=os.access("/dev/fuse", os.R_OK | os.W_OK),
        subids=_has_subids(uid),
        chosen=chosen,
    )
    memory.save()
    return basics


def read(path: str | Path) -> str:
    """A file's text; empty when it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


class Memory:
    """Answers that cost a process to get, kept between commands; losing them only costs time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = read_json(path)
        self._changed = False

    def recall(self, key: str) -> Any:
        """What was remembered under `key`, or None."""
        return self._known.get(key)

    def remember(self, topic: str, key: str, value: Any) -> None:
        """Keep `value`, and forget what the same topic knew under older keys."""
        self._known = {k: v for k, v in self._known.items() if not k.startswith(f"{topic} ")}
        self._known[key] = value
        self._changed = True

    def save(self) -> None:
        """Write what is new; a folder that cannot be written only costs the next command time."""
        if self._changed:
            with suppress(OSError):
                write_atomic(self._path, json.dumps(self._known, indent=1))


def _programs(environ: Mapping[str, str], memory: Memory) -> dict[str, Program]:
    folders = f"{environ.get('PATH', os.defpath)}:{_MORE_FOLDERS}"
    found = {}
    for name in PROGRAMS:
        if path := shutil.which(name, path=folders):
            version = program_version(path, memory) if name in _VERSIONED else ()
            found[name] = Program(path, version)
    return found


def program_version(path: str, memory: Memory) -> tuple[int, ...]:
    """What `PATH --version` says, asked once per change of the file."""
    info = Path(path).stat()
    topic = f"version {path}"
    key = f"{topic} {info.st_mtime_ns} {info.st_size}"
    if (known := memory.recall(key)) is not None:
        return tuple(known)
    try:
        said = command.run([path, "--version"], check=False, timeout=_PROBE_SECONDS)
    except CapasError:
        return ()
    version = parse_version(said.stdout)
    memory.remember(topic, key, version)
    return version


def _cgroups(mounts: tuple[Mount, ...]) -> Cgroups:
    mode = cgroup_mode(mounts)
    if mode == "hybrid":
        return Cgroups(mode, tuple(read("/sys/fs/cgroup/unified/cgroup.controllers").split()))
    if mode != "v2":
        return Cgroups(mode)
    own = Path("/sys/fs/cgroup", parse_own_cgroup(read("/proc/self/cgroup")).lstrip("/"))
    return Cgroups(
        mode,
        tuple(read(own / "cgroup.controllers").split()),
        os.access(own / "cgroup.procs", os.W_OK) and os.access(own, os.W_OK),
    )


def _session(environ: Mapping[str, str], uid: int) -> Session:
    given = environ.get("XDG_RUNTIME_DIR")
    usual = f"/run/user/{uid}"
    folder = next((path for path in (given, usual) if path and is_private(path, uid)), None)
    bus = environ.get("DBUS_SESSION_BUS_ADDRESS", "").removeprefix("unix:path=").split(",")[0]
    if not bus and folder:
        bus = f"{folder}/bus"
    return Session(
        uid,
        runtime_dir=folder,
        runtime_dir_given=given,
        bus=bool(bus) and Path(bus).exists(),
        systemd=read("/proc/1/comm").strip() == "systemd",
    )


def is_private(path: str, uid: int) -> bool:
    """Whether a folder is this user's own, writable, and no link that another could have laid."""
    try:
        info = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(info.st_mode) and info.st_uid == uid and info.st_mode & 0o700 == 0o700


def user_name(uid: int) -> str:
    """The login name; the number itself for a user that the system does not know."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _has_subids(uid: int) -> bool:
    owners = (user_name(uid), str(uid))
    return all(parse_subids(read(path), owners) for path in ("/etc/subuid", "/etc/subgid"))


def _storage(
    graphroot: str, mounts: tuple[Mount, ...], chosen: Mapping[str, Setting], memory: Memory
) -> Storage:
    filesystem = filesystem_at(mounts, os.path.realpath(graphroot))
    stored = tuple(name for name in _DRIVERS if Path(graphroot, f"{name}-images").is_dir())
    agreed = {*stored, chosen["driver"].value} if "driver" in chosen else {*stored}
    return Storage(
        graphroot=graphroot,
        filesystem=filesystem,
        stored=stored,
        recorded=_driver_in_database(Path(graphroot)) if stored and len(agreed) > 1 else None,
        native_overlay=_native_overlay(Path(graphroot), filesystem, memory),
    )


def _driver_in_database(graphroot: Path) -> str | None:
    """`graph-driver-name` in bolt_state.db, or DBConfig.GraphDriver in db.sql (Podman >= 4.8)."""
    database = graphroot / "db.sql"
    if database.is_file():
        import sqlite3  # noqa: PLC0415 (5 ms that only a store with several drivers costs)

        try:
            with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=1) as connection:
                row = connection.execute("SELECT GraphDriver FROM DBConfig").fetchone()
        except sqlite3.Error:
            return None
        return str(row[0]) if row else None
    try:
        content = (graphroot / "libpod" / "bolt_state.db").read_bytes()
    except OSError:
        return None
    named = (name for name in _DRIVERS if b"graph-driver-name" + name.encode() in content)
    return next(named, None)


def _native_overlay(graphroot: Path, filesystem: str, memory: Memory) -> bool | None:
    """Try it: mount an overlay in a user namespace on that filesystem, once per boot."""
    base = next((p for p in (graphroot, *graphroot.parents) if p.is_dir()), Path("/"))
    boot = read("/proc/sys/kernel/random/boot_id").strip()
    key = f"overlay {base.stat().st_dev} {filesystem} {boot}"
    if (known := memory.recall(key)) is not None:
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
