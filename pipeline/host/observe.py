"""Look at this host. Nothing here decides, and nothing here starts Podman in the usual case."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pipeline.bootstrap.packages import installed, manager_here
from pipeline.engine import command, pause_process
from pipeline.engine.cache import cache_folder
from pipeline.engine.programs import find_program
from pipeline.errors import CapasError
from pipeline.host import settings
from pipeline.host.fact_cache import FactCache, read
from pipeline.host.facts import (
    Basics,
    Cgroups,
    Facts,
    PauseState,
    Program,
    Session,
    cgroup_mode,
    mapped_ids,
    parse_mountinfo,
    parse_number,
    parse_os_release,
    parse_own_cgroup,
    parse_seccomp,
    parse_subids,
    parse_version,
)
from pipeline.host.storage import nearest_folder, observe_storage
from pipeline.host.store_settings import observe_store_settings
from pipeline.lean_dataclasses import replace

# Podman looks for its runtimes and helpers in these places too (containers.conf(5):
# `runtimes`, `helper_binaries_dir`), which are not on every user's PATH.
_MORE_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin:/usr/libexec/podman:/usr/lib/podman"
_ENGINE = ("podman", "buildah")
_VERSIONED = (*_ENGINE, "netavark")
"""Programs whose version decides how they are run."""
_RUNTIMES = ("crun", "runc")
_NETWORK = ("slirp4netns", "pasta", "netavark", "iptables", "nft")
_CHOOSABLE = (*_ENGINE, *_RUNTIMES, *_NETWORK, "fuse-overlayfs")
_HELPERS = ("aardvark-dns", "conmon", "newgidmap", "newuidmap")
_KEYCTL = {"x86_64": 250, "aarch64": 219, "ppc64le": 271, "s390x": 280}
_GET_KEYRING_ID = 0
_THREAD_KEYRING = -1
_PROBE_SECONDS = 10.0


def observe_basics(environ: Mapping[str, str]) -> Basics:
    """The facts that decide how the engine is run. Warm, it costs a few milliseconds at most."""
    uid = os.getuid()
    mounts = parse_mountinfo(read("/proc/self/mountinfo"))
    memory = FactCache(cache_folder(environ) / "host.json")
    programs = _programs(environ, _CHOOSABLE, _VERSIONED, memory)
    podman = programs["podman"].version if "podman" in programs else ()
    containers = [
        (path, settings.read_toml(path))
        for path in settings.containers_conf_files(environ, uid, podman)
    ]
    store = observe_store_settings(environ, uid, programs.get("buildah"), memory)
    chosen = settings.chosen(environ, containers, store.files)
    basics = Basics(
        kernel=parse_version(os.uname().release),
        programs=programs,
        cgroups=observe_cgroups(uid),
        storage=observe_storage(store.graphroot, mounts, chosen, memory),
        session=_session(environ, uid),
        tun=os.access("/dev/net/tun", os.R_OK | os.W_OK),
        fuse=os.access("/dev/fuse", os.R_OK | os.W_OK),
        keyring=not parse_seccomp(read("/proc/self/status")) or _can_make_keyring(),
        subids=_has_subids(uid),
        chosen=chosen,
    )
    memory.save()
    return basics


def observe(environ: Mapping[str, str]) -> Facts:
    """All the facts, for the doctor. Cold, it starts some twenty short processes."""
    basics = observe_basics(environ)
    uid = basics.session.uid
    user = user_name(uid)
    memory = FactCache(cache_folder(environ) / "host.json")
    names = (*_CHOOSABLE, *_HELPERS)
    programs = _programs(environ, names, names, memory)
    memory.save()
    graphroot = nearest_folder(Path(basics.storage.graphroot))
    subuids = _subid_count("/etc/subuid", user, uid)
    return Facts(
        basics=replace(basics, programs=programs),
        system=parse_os_release(read("/etc/os-release")),
        package_manager=manager.name if (manager := manager_here(installed)) else "",
        user=user,
        subuids=subuids,
        subgids=_subid_count("/etc/subgid", user, uid),
        privileged=tuple(name for name in _HELPERS if _is_privileged(programs.get(name))),
        user_namespaces=parse_number(read("/proc/sys/user/max_user_namespaces"), 1) > 0
        and parse_number(read("/proc/sys/kernel/unprivileged_userns_clone"), 1) > 0,
        apparmor_confines=parse_number(
            read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"), 0
        )
        > 0,
        apparmor_profile=Path("/etc/apparmor.d/podman").exists(),
        lingering=Path("/var/lib/systemd/linger", user).exists(),
        free_bytes=shutil.disk_usage(graphroot).free,
        writable=os.access(graphroot, os.W_OK),
        first_port=parse_number(read("/proc/sys/net/ipv4/ip_unprivileged_port_start"), 1024),
        python=sys.version_info[:3],
        pause=_pause_process(basics.session, subuids, environ),
    )


def _programs(
    environ: Mapping[str, str],
    names: tuple[str, ...],
    versioned: tuple[str, ...],
    memory: FactCache,
) -> dict[str, Program]:
    folders = f"{environ.get('PATH', os.defpath)}:{_MORE_FOLDERS}"
    found = {}
    for name in names:
        if path := find_program(name, path=folders):
            version = program_version(path, memory) if name in versioned else ()
            found[name] = Program(path, version)
    return found


def program_version(path: str, memory: FactCache) -> tuple[int, ...]:
    """What `PATH --version` says, asked once per change of the file."""
    info = Path(path).stat()
    topic = f"version {path}"
    key = f"{topic} {info.st_mtime_ns} {info.st_size}"
    if (known := memory.recall(key, [int])) is not None:
        return tuple(known)
    try:
        said = command.run([path, "--version"], check=False, timeout=_PROBE_SECONDS)
    except (CapasError, OSError):  # a file that is no program of this machine's kind
        return ()
    version = parse_version(said.stdout)
    memory.remember(topic, key, list(version))
    return version


def observe_cgroups(uid: int) -> Cgroups:
    """Which control groups a user's containers have here."""
    mode = cgroup_mode(parse_mountinfo(read("/proc/self/mountinfo")))
    if mode == "hybrid":
        return Cgroups(mode, tuple(read("/sys/fs/cgroup/unified/cgroup.controllers").split()))
    if mode != "v2":
        return Cgroups(mode)
    # Containers become children of the systemd user manager where there is one.
    manager = Path(f"/sys/fs/cgroup/user.slice/user-{uid}.slice/user@{uid}.service")
    own = Path("/sys/fs/cgroup", parse_own_cgroup(read("/proc/self/cgroup")).lstrip("/"))
    if manager.is_dir():
        own = manager
    return Cgroups(mode, tuple(read(own / "cgroup.controllers").split()))


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


def _can_make_keyring() -> bool:
    """Ask keyctl(2) for this thread's keyring: what fails with EPERM or ENOSYS is forbidden.

    Only asked where system calls are filtered at all, since ctypes costs some milliseconds.
    """
    import ctypes  # noqa: PLC0415

    number = _KEYCTL.get(os.uname().machine)
    if number is None:
        return True
    libc = ctypes.CDLL(None, use_errno=True)
    answer = libc.syscall(number, _GET_KEYRING_ID, _THREAD_KEYRING, 0)
    return answer >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS)


def _has_subids(uid: int) -> bool:
    owners = (user_name(uid), str(uid))
    return all(parse_subids(read(path), owners) for path in ("/etc/subuid", "/etc/subgid"))


def _subid_count(path: str, user: str, uid: int) -> int:
    return sum(count for _, count in parse_subids(read(path), (user, str(uid))))


def _is_privileged(program: Program | None) -> bool:
    """Whether a helper has root's power: by its setuid bit or by file capabilities."""
    if program is None:
        return False
    info = Path(program.path).stat()
    if info.st_mode & stat.S_ISUID and info.st_uid == 0:
        return True
    try:
        return bool(os.getxattr(program.path, "security.capability"))
    except OSError:
        return False


def _pause_process(session: Session, subuids: int, environ: Mapping[str, str]) -> PauseState:
    """Whether the process that holds the user's namespaces lives, with the ids of today.

    Podman itself is asked only when it does not, and containers have run here.
    """
    if session.runtime_dir is None:
        return "none"
    pid = read(pause_process.pid_file(session.runtime_dir)).strip()
    ids = mapped_ids(read(f"/proc/{pid}/uid_map")) if pid else 0  # one that ended has none
    if ids and read(f"/proc/{pid}/comm").strip() in pause_process.NAMES:
        return "alive" if ids == 1 + subuids else "outdated"
    if any(Path(session.runtime_dir, "containers").glob("*-containers/*/userdata/pidfile")):
        from pipeline.host.profile import effective_profile  # noqa: PLC0415 (it looks by this room)

        with suppress(CapasError):
            environment = effective_profile(environ).environment
            if pause_process.refusal(environment):
                return "orphaned" if pause_process.living(environment) else "refused"
            return "none"  # the question has made a new one
    if not pid:
        return "none"
    return "recycled" if ids and Path(f"/proc/{pid}").stat().st_uid == session.uid else "stale"
