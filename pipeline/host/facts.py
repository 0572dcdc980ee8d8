"""What is known about this host: frozen values, and pure parsers of the texts they come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from pipeline.lean_dataclasses import dataclass, field

CgroupMode = Literal["v2", "hybrid", "v1", "none"]
PauseState = Literal["none", "alive", "outdated", "stale", "recycled", "refused", "orphaned"]
Version = tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """An installed program.

    Attributes:
        path: where it is.
        version: its numbers; empty when it does not tell.
    """

    path: str
    version: Version = ()


@dataclass(frozen=True)
class Cgroups:
    """Which control groups the kernel offers here (cgroups(7)).

    Attributes:
        mode: `v2` alone, `v1` alone, `hybrid` (v1 with a v2 tree beside it), or `none`.
        controllers: of the v2 tree: with `v2` those handed down to our own group, with `hybrid`
            those of its root.
    """

    mode: CgroupMode
    controllers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Setting:
    """A value that somebody chose already.

    Attributes:
        value: what was chosen.
        source: the file or the variable that says so.
    """

    value: str
    source: str


@dataclass(frozen=True)
class StorageFacts:
    """Where images, containers and volumes are kept.

    Attributes:
        graphroot: the folder.
        filesystem: its type, as mountinfo calls it (`ext4`, `nfs4`, `tmpfs`).
        stored: the drivers that something is stored with there already.
        recorded: the driver in Podman's database, which Podman obeys against every file; looked
            up only where the rest does not agree on one.
        native_overlay: whether the kernel mounts overlay for this user there; None when the
            attempt could not be made.
    """

    graphroot: str
    filesystem: str
    stored: tuple[str, ...] = ()
    recorded: str | None = None
    native_overlay: bool | None = None


@dataclass(frozen=True)
class Session:
    """Who runs this and what a login gave them.

    Attributes:
        uid: the user's number.
        runtime_dir: a folder for sockets that is really theirs; None when there is none.
        runtime_dir_given: what XDG_RUNTIME_DIR says, usable or not.
        bus: whether the user's own D-Bus (and so a systemd user manager) is reachable.
        systemd: whether systemd runs this host.
    """

    uid: int
    runtime_dir: str | None
    runtime_dir_given: str | None
    bus: bool
    systemd: bool


@dataclass(frozen=True)
class Basics:
    """The facts that decide how the engine is run: cheap to look up, needed by every command.

    Attributes:
        kernel: its version.
        programs: those that are installed, by name.
        cgroups: see there.
        storage: see there.
        session: see there.
        tun: whether /dev/net/tun opens for this user; without it there is no rootless network.
        fuse: whether /dev/fuse opens for this user.
        keyring: whether this user may make a kernel keyring; a sandbox may forbid it.
        subids: whether the user has ranges of subordinate uids and gids.
        chosen: what files and variables of the user or the administrator decide already: keys are
            `runtime`, `driver`, `mount_program`, `cgroup_manager`, `firewall`, `network_cmd`,
            `isolation`, `keyring`, `pids_limit`.
    """

    kernel: Version
    programs: Mapping[str, Program]
    cgroups: Cgroups
    storage: StorageFacts
    session: Session
    tun: bool
    fuse: bool
    keyring: bool
    subids: bool
    chosen: Mapping[str, Setting] = field(default_factory=dict)

    @property
    def own_group(self) -> bool:
        """Whether containers of this user get a control group of the v2 tree.

        Only the systemd user manager gives them one: with `cgroupfs` they have none, even where
        the user owns the group above (so it was with Podman 4.3.1 and crun 1.8.1).
        """
        return self.cgroups.mode == "v2" and self.session.systemd and self.session.bus

    @property
    def can_pause(self) -> bool:
        """Whether containers of this user can be paused: what is frozen is a control group."""
        return self.session.uid == 0 or self.own_group

    def version(self, program: str) -> Version:
        """Its version; empty when it is not installed."""
        return self.programs[program].version if program in self.programs else ()


@dataclass(frozen=True)
class Facts:
    """Everything that the doctor judges.

    Attributes:
        basics: what decides how the engine is run.
        system: the distribution's own name for itself.
        package_manager: the program that installs packages; empty when it is none we know.
        user: the login name.
        subuids: how many subordinate uids the user has.
        subgids: how many subordinate gids.
        privileged: the helpers with root's power (setuid or file capabilities).
        user_namespaces: whether the kernel lets a user make one.
        apparmor_confines: whether AppArmor takes their power away again (Ubuntu >= 24.04) ...
        apparmor_profile: ... except from Podman, which has a profile of its own.
        lingering: whether the user's systemd manager outlives the login.
        free_bytes: on the filesystem of the graph root.
        writable: whether the user may write there.
        first_port: the lowest port that a user may open.
        python: the version of the interpreter that capas runs with.
        pause: the process that holds the user's namespaces: `none` yet, `alive`, `outdated`
            (it has not the ids that the user has now), `stale` (only its pid file is left),
            `recycled` (the pid file names another process of the user), `refused` (all processes
            were killed while containers ran: Podman refuses every command) or `orphaned`
            (likewise, and containers still have living processes).
    """

    basics: Basics
    system: str
    package_manager: str
    user: str
    subuids: int
    subgids: int
    privileged: tuple[str, ...]
    user_namespaces: bool
    apparmor_confines: bool
    apparmor_profile: bool
    lingering: bool
    free_bytes: int
    writable: bool
    first_port: int
    python: Version
    pause: PauseState


def parse_version(text: str) -> Version:
    """The first version number in what a program says of itself.

    >>> parse_version("podman version 5.0.0-rc1")
    (5, 0, 0)
    """
    found = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(map(int, found.group().split("."))) if found else ()


def mapped_ids(text: str) -> int:
    """How many ids a user namespace has, from its uid_map (user_namespaces(7))."""
    lines = (line.split() for line in text.splitlines())
    return sum(int(words[2]) for words in lines if len(words) == 3)


def parse_number(text: str, otherwise: int) -> int:
    """A file with one whole number in it, as in /proc/sys."""
    word = text.strip()
    return int(word) if word.isascii() and word.isdigit() else otherwise


def parse_seccomp(text: str) -> bool:
    """Whether system calls are filtered, from /proc/self/status (proc(5): Seccomp)."""
    return re.search(r"^Seccomp:\s*2$", text, re.MULTILINE) is not None


def parse_os_release(text: str) -> str:
    """PRETTY_NAME of os-release(5)."""
    found = re.search(r"^PRETTY_NAME=[\"']?(.*?)[\"']?$", text, re.MULTILINE)
    return found.group(1) if found else "Linux"


@dataclass(frozen=True)
class MountPoint:
    """One line of /proc/self/mountinfo (proc(5)).

    Attributes:
        target: where it is mounted.
        filesystem: its type.
    """

    target: str
    filesystem: str


def parse_mountinfo(text: str) -> tuple[MountPoint, ...]:
    """The mounts of a process, oldest first."""
    mounts = []
    for line in text.splitlines():
        left, separator, right = line.partition(" - ")
        fields = left.split(" ")
        if separator and len(fields) >= 5:
            mounts.append(MountPoint(_unescape(fields[4]), right.split(" ", 1)[0]))
    return tuple(mounts)


def filesystem_at(mounts: tuple[MountPoint, ...], path: str) -> str:
    """The type of the filesystem that holds `path` (absolute, without links); the newest wins."""
    best = MountPoint("", "")
    for mount in mounts:
        holds = mount.target in ("/", path) or path.startswith(mount.target + "/")
        if holds and len(mount.target) >= len(best.target):
            best = mount
    return best.filesystem


def cgroup_mode(mounts: tuple[MountPoint, ...]) -> CgroupMode:
    """The mode, by what is mounted at /sys/fs/cgroup, as the engines decide it."""
    root = filesystem_at(mounts, "/sys/fs/cgroup")
    if root == "cgroup2":
        return "v2"
    if filesystem_at(mounts, "/sys/fs/cgroup/unified") == "cgroup2":
        return "hybrid"
    return "v1" if any(mount.filesystem == "cgroup" for mount in mounts) else "none"


def parse_own_cgroup(text: str) -> str:
    """Our group in the v2 tree, from /proc/self/cgroup; `/` when it has no such line."""
    found = re.search(r"^0::(.*)$", text, re.MULTILINE)
    return found.group(1) if found else "/"


def parse_subids(text: str, owners: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """The ranges of a user in /etc/subuid or /etc/subgid (subuid(5)).

    Args:
        text: the file.
        owners: the login name and the number, both of which may stand there.

    Returns:
        For each range its first id and how many there are.
    """
    ranges = []
    for line in text.splitlines():
        owner, _, rest = line.strip().partition(":")
        first, _, count = rest.partition(":")
        if owner in owners and first.isdigit() and count.isdigit():
            ranges.append((int(first), int(count)))
    return tuple(ranges)


def _unescape(word: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), word)
