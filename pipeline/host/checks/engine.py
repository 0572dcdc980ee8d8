"""Judgements about what images are built and containers are run with."""

from __future__ import annotations

from pipeline.host.build_engine import build_engine_of
from pipeline.host.checks.advice import UNIFIED, install, named_mode
from pipeline.host.choose import Chosen, crun_refuses, podman_refuses
from pipeline.host.facts import Facts, Program
from pipeline.output.check import Check

_OLDEST_PODMAN = (4, 0)
_SOURCE_DATE_EPOCH_SINCE = (1, 41)
_SUPPORTED_PYTHON = (3, 11)
"""Python 3.10 got its last security update in October 2026 (PEP 619)."""
_NEEDED_BYTES = 500_000_000
_COMFORTABLE_BYTES = 5_000_000_000
_NETWORK_FILESYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "lustre", "afs", "9p")


def check_engine(facts: Facts) -> Check:
    """Podman, Buildah and the monitor that holds a container's output."""
    programs = facts.basics.programs
    missing = [name for name in ("podman", "buildah", "conmon") if name not in programs]
    if missing:
        return Check(
            "engine",
            "cannot",
            f"{_list(missing)} {'is' if len(missing) == 1 else 'are'} not installed",
            ask=install(
                facts, "podman", "buildah", _fitting_runtime(facts), "newuidmap", "netavark"
            ),
            essential=True,
        )
    told = ", ".join(f"{name} {_version(programs[name])}" for name in ("podman", "buildah"))
    if programs["podman"].version < _OLDEST_PODMAN:
        return Check(
            "engine",
            "cannot",
            f"{told}: the REST API that this program speaks begins with Podman 4.0",
            ask="upgrade to Podman 4.0 or newer",
            essential=True,
        )
    return Check("engine", "ok", f"{told} on {facts.system}", essential=True)


def check_python(facts: Facts) -> Check:
    """The interpreter of capas itself."""
    told = ".".join(map(str, facts.python))
    if facts.python[:2] < _SUPPORTED_PYTHON:
        return Check(
            "python",
            "limited",
            f"Python {told} gets no security updates since October 2026; capas still runs with it",
            fix="install Python 3.11 or newer, and remove .venv: the next command creates it again",
        )
    return Check("python", "ok", f"Python {told}")


def check_user(facts: Facts) -> Check:
    """Who runs it."""
    if facts.basics.session.uid == 0:
        return Check(
            "user",
            "limited",
            "you are root: containers run with root's power, and everybody's are yours",
            fix="use an ordinary account: this program needs no root",
        )
    return Check("user", "ok", f"{facts.user}, rootless")


def check_namespaces(facts: Facts) -> Check:
    """Whether a user may make a user namespace, which all of rootless stands on."""
    if facts.basics.session.uid == 0:
        return Check("namespaces", "ok", "root needs no user namespace", essential=True)
    if not facts.user_namespaces:
        return Check(
            "namespaces",
            "cannot",
            "the kernel lets no user make a user namespace",
            ask="sysctl -w user.max_user_namespaces=28633 kernel.unprivileged_userns_clone=1",
            essential=True,
        )
    if facts.apparmor_confines and not facts.apparmor_profile:
        return Check(
            "namespaces",
            "cannot",
            "AppArmor restricts user namespaces, and Podman has no profile",
            ask="sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
            essential=True,
        )
    return Check("namespaces", "ok", "user namespaces are allowed", essential=True)


def check_ids(facts: Facts) -> Check:
    """Subordinate ids: the other users that a container can have."""
    if facts.basics.session.uid == 0:
        return Check("ids", "ok", "root needs no subordinate ids", essential=True)
    helpers = ("newuidmap", "newgidmap")
    missing = [name for name in helpers if name not in facts.basics.programs]
    powerless = [name for name in helpers if name not in facts.privileged]
    count = min(facts.subuids, facts.subgids)
    if not count:
        # Podman then maps this user alone (seen: load, run, build, ports).
        return Check(
            "ids",
            "limited",
            "no subordinate ids: only images whose files all belong to root work, "
            "and no process can become another user",
            fix="use images made here (`containers/python-base`): all their files belong to root",
            ask=f"usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {facts.user}",
            essential=True,
        )
    if missing:
        return Check(
            "ids",
            "cannot",
            f"{_list(missing)} missing: Podman cannot use your subordinate ids",
            ask=install(facts, "newuidmap"),
            essential=True,
        )
    if powerless:
        return Check(
            "ids",
            "cannot",
            f"{_list(powerless)} without root's power: Podman cannot use your subordinate ids",
            ask="chmod u+s /usr/bin/newuidmap /usr/bin/newgidmap",
            essential=True,
        )
    if count < 65536:
        return Check(
            "ids",
            "limited",
            f"only {count} subordinate ids: images with higher ids do not unpack",
            ask=f"usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {facts.user}",
            essential=True,
        )
    return Check("ids", "ok", f"{count} subordinate ids", essential=True)


def check_runtime(facts: Facts, chosen: Chosen) -> Check:
    """The OCI runtime."""
    choice = chosen.choice("runtime")
    if podman_refuses(facts.basics):
        mode = named_mode(facts.basics.cgroups.mode)
        return Check(
            "runtime",
            "cannot",
            f"Podman {_version(facts.basics.programs['podman'])} runs on control groups version 2 "
            f"alone, and here they are {mode}; no runtime helps",
            choice=choice.value,
            ask=f"{UNIFIED}; or Podman 5, which runs on both",
            essential=True,
        )
    if choice.value == "none":
        return Check(
            "runtime",
            "cannot",
            "neither crun nor runc is installed",
            ask=install(facts, _fitting_runtime(facts)),
            essential=True,
        )
    if choice.value == "crun" and crun_refuses(facts.basics):
        names = ", ".join(facts.basics.cgroups.controllers)
        installed = "runc" in facts.basics.programs
        return Check(
            "runtime",
            "cannot",
            f"crun refuses hybrid control groups with controllers in the v2 tree ({names})",
            choice=choice.value,
            fix=f'under [engine] set runtime = "runc" ({choice.cause})' if installed else "",
            ask="" if installed else install(facts, "runc"),
            essential=True,
        )
    sentence = f"{choice.value}: {choice.cause}"
    return Check("runtime", "ok", sentence, choice=choice.value, essential=True)


def check_storage(facts: Facts, chosen: Chosen) -> Check:
    """The driver that keeps layers, and the filesystem below it."""
    choice = chosen.choice("driver")
    storage = facts.basics.storage
    move = 'in ~/.config/containers/storage.conf: [storage] graphroot = "/a/local/folder/of/yours"'
    if not facts.writable:
        return Check(
            "storage",
            "cannot",
            f"you may not write in {storage.graphroot}",
            choice=choice.value,
            fix=move,
            essential=True,
        )
    if storage.filesystem in _NETWORK_FILESYSTEMS:
        return Check(
            "storage",
            "cannot",
            f"{storage.graphroot} is on {storage.filesystem}, which holds neither overlay layers "
            "nor files of subordinate ids",
            choice=choice.value,
            fix=move,
            ask=f"a folder on a local disk for {facts.user}, such as /scratch/{facts.user}",
            essential=True,
        )
    sentence = f"{choice.value} on {storage.filesystem}: {choice.cause}"
    if choice.value == "vfs":
        anew = "save your images and volumes, run `podman system reset`, start again with overlay"
        return Check(
            "storage",
            "limited",
            f"{sentence}; every layer is a full copy",
            choice=choice.value,
            fix=anew if storage.native_overlay else move,
            ask="" if storage.native_overlay else install(facts, "fuse-overlayfs"),
            essential=True,
        )
    if storage.filesystem == "tmpfs":
        return Check(
            "storage",
            "limited",
            f"{sentence}; memory, not a disk: images and volumes are lost when it goes",
            choice=choice.value,
            fix=move,
            essential=True,
        )
    return Check("storage", "ok", sentence, choice=choice.value, essential=True)


def check_space(facts: Facts) -> Check:
    """Free bytes where images go."""
    sentence = f"{facts.free_bytes / 1e9:.1f} GB free for images"
    fix = "`podman image prune` removes what no name points to"
    if facts.free_bytes < _NEEDED_BYTES:
        return Check("space", "cannot", sentence, fix=fix, essential=True)
    if facts.free_bytes < _COMFORTABLE_BYTES:
        return Check("space", "limited", sentence, fix=fix, essential=True)
    return Check("space", "ok", sentence, essential=True)


def check_isolation(facts: Facts, chosen: Chosen) -> Check:
    """What a RUN instruction runs in."""
    choice = chosen.choice("build isolation")
    if choice.value == "chroot":
        return Check(
            "build isolation",
            "limited",
            f"chroot: {choice.cause}",
            choice="chroot",
            fix="trust what you build: RUN sees the host's network and processes",
            ask="" if facts.basics.tun else "chmod 666 /dev/net/tun",
        )
    return Check("build isolation", "ok", f"{choice.value}: {choice.cause}", choice=choice.value)


def check_reproducible(facts: Facts, chosen: Chosen) -> Check:
    """Whether the same input gives the same image."""
    if "buildah" not in facts.basics.programs:
        return Check(
            "reproducible builds", "cannot", "no Buildah, no builds", ask=install(facts, "buildah")
        )
    if limit := build_engine_of(facts.basics, chosen).limit:
        return Check(
            "reproducible builds",
            "limited",
            limit,
            fix="compare image ids between hosts of one kind; files and modes are the same",
            ask="upgrade to Buildah 1.35 or newer",
        )
    how = (
        "SOURCE_DATE_EPOCH is understood"
        if facts.basics.version("buildah") >= _SOURCE_DATE_EPOCH_SINCE
        else "through --timestamp; SOURCE_DATE_EPOCH itself is understood from Buildah 1.41"
    )
    return Check("reproducible builds", "ok", f"same input, same image: {how}")


def _version(program: Program) -> str:
    return ".".join(map(str, program.version)) or "of unknown version"


def _fitting_runtime(facts: Facts) -> str:
    return "runc" if crun_refuses(facts.basics) else "crun"


def _list(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
