"""Decide how the engine is run, from facts alone, each choice with its cause.

What a user or an administrator chose stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.host.settings import merge
from pipeline.lean_dataclasses import dataclass, field

if TYPE_CHECKING:
    from pipeline.host.facts import Basics, Version

_OVERLAY_SINCE: Version = (5, 0)
"""From here on Podman and Buildah take overlay by themselves where the kernel has it."""
_FIREWALL_SINCE: Version = (5, 0)
"""From here on Podman hands netavark a firewall driver, and netavark knows nftables."""
_NFTABLES_ALONE: Version = (2, 0)
"""From this netavark on there is no driver for iptables; it is that of Podman 6."""
_UNIFIED_ALONE: Version = (6, 0)
"""From this Podman on it runs on control groups v2 and nothing else (release notes of 6.0)."""
_KERNEL_OVERLAY: Version = (5, 13)
"""Overlay in a user namespace; older kernels that have it carry a storage.conf saying so."""
_NO_OVERLAY = ("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "overlay", "vfat", "lustre")
"""Filesystems that cannot hold the upper layer of an overlay (kernel: filesystems/overlayfs)."""


@dataclass(frozen=True)
class Choice:
    """One setting, and why it was chosen."""

    what: str
    value: str
    cause: str


@dataclass(frozen=True)
class Chosen:
    """What `choose` decided.

    Attributes:
        containers: to be added to containers.conf; empty when the engine's own choice is right.
        variables: of the environment; None takes one away.
        choices: what was chosen and why.
    """

    containers: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str | None] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()

    def choice(self, what: str) -> Choice:
        """The one about `what`.

        Raises:
            KeyError: nothing was chosen about it.
        """
        return {choice.what: choice for choice in self.choices}[what]


def choose(basics: Basics) -> Chosen:
    """Decide, from facts alone."""
    parts = [
        decide(basics)
        for decide in (
            _runtime,
            _driver,
            _cgroup_manager,
            _process_limit,
            _keyring,
            _network,
            _firewall,
            _isolation,
            _runtime_dir,
        )
    ]
    containers: dict[str, Any] = {}
    variables: dict[str, str | None] = {}
    for part in parts:
        containers = merge(containers, part.containers)
        variables.update(part.variables)
    return Chosen(containers, variables, tuple(choice for part in parts for choice in part.choices))


def crun_refuses(basics: Basics) -> bool:
    """Whether crun starts nothing here: it allows hybrid groups only without v2 controllers."""
    return basics.cgroups.mode == "hybrid" and bool(basics.cgroups.controllers)


def podman_refuses(basics: Basics) -> bool:
    """Whether Podman itself starts nothing here, whatever the runtime is."""
    return basics.version("podman") >= _UNIFIED_ALONE and basics.cgroups.mode != "v2"


def nftables_alone(basics: Basics) -> bool:
    """Whether netavark has no other driver than that for nftables."""
    known = basics.version("netavark")
    return known >= _NFTABLES_ALONE if known else basics.version("podman") >= (6, 0)


def _runtime(basics: Basics) -> Chosen:
    if kept := _kept(basics, "runtime"):
        return kept
    if podman_refuses(basics) and "crun" in basics.programs:
        return _said("runtime", "crun", "the engine's own choice")
    if "crun" in basics.programs and not crun_refuses(basics):
        return _said("runtime", "crun", "the engine's own choice")
    if "runc" not in basics.programs:
        return _said("runtime", "crun" if "crun" in basics.programs else "none", "no runc here")
    if "crun" not in basics.programs:
        return _said("runtime", "runc", "the only one installed")
    names = ", ".join(basics.cgroups.controllers)
    cause = f"crun refuses hybrid control groups with controllers in the v2 tree ({names})"
    return _said("runtime", "runc", cause, containers={"engine": {"runtime": "runc"}})


def _driver(basics: Basics) -> Chosen:
    storage = basics.storage
    if storage.recorded:
        cause = f"Podman's database in {storage.graphroot} says so, against everything else"
        return _with_driver(basics, storage.recorded, cause)
    if kept := _kept(basics, "driver"):
        return kept
    if storage.stored:
        cause = f"what is stored in {storage.graphroot} was stored with it"
        return _with_driver(basics, storage.stored[0], cause)
    native = storage.native_overlay
    if native is None:
        native = basics.kernel >= _KERNEL_OVERLAY and storage.filesystem not in _NO_OVERLAY
    if native:
        return _with_driver(basics, "overlay", "the kernel mounts overlay for this user")
    if "fuse-overlayfs" in basics.programs and basics.fuse:
        return _with_driver(basics, "overlay", "through fuse-overlayfs: the kernel's own refuses")
    return _with_driver(basics, "vfs", f"no overlay on {storage.filesystem} here")


def _own_driver(basics: Basics) -> str:
    """The driver that Podman and Buildah would take by themselves for this user."""
    if kept := basics.chosen.get("driver"):
        return kept.value
    if basics.session.uid == 0 or "fuse-overlayfs" in basics.programs:
        return "overlay"
    new = basics.version("podman") >= _OVERLAY_SINCE and basics.kernel >= _KERNEL_OVERLAY
    return "overlay" if new else "vfs"


def _with_driver(basics: Basics, driver: str, cause: str) -> Chosen:
    if driver == _own_driver(basics):
        return _said("driver", driver, cause)
    return _said("driver", driver, cause, variables={"STORAGE_DRIVER": driver})


def _cgroup_manager(basics: Basics) -> Chosen:
    if kept := _kept(basics, "cgroup_manager", "cgroup manager"):
        return kept
    session = basics.session
    if not session.systemd or (basics.cgroups.mode != "v2" and session.uid != 0):
        return _said("cgroup manager", "cgroupfs", "the engine's own choice")
    if session.bus or session.uid == 0:
        return _said("cgroup manager", "systemd", "the engine's own choice")
    # The engine would come to the same, after three lines of warnings in every command.
    setting = {"engine": {"cgroup_manager": "cgroupfs"}}
    cause = "no systemd user session is reachable"
    return _said("cgroup manager", "cgroupfs", cause, containers=setting)


def _process_limit(basics: Basics) -> Chosen:
    if kept := _kept(basics, "pids_limit", "process limit"):
        return kept
    if not basics.own_group or "pids" in basics.cgroups.controllers:
        return _said("process limit", "default", "the engine's own choice")
    # Podman asks for a limit by default, and crun then refuses to start anything.
    cause = "the pids controller is not handed down to this user"
    return _said("process limit", "none", cause, containers={"containers": {"pids_limit": 0}})


def _keyring(basics: Basics) -> Chosen:
    if kept := _kept(basics, "keyring"):
        return kept
    if basics.keyring:
        return _said("keyring", "own", "the engine's own choice")
    cause = "making a kernel keyring is forbidden here"
    return _said("keyring", "shared", cause, containers={"containers": {"keyring": False}})


def _network(basics: Basics) -> Chosen:
    if kept := _kept(basics, "network_cmd", "network helper"):
        return kept
    usual, other = "slirp4netns", "pasta"
    if basics.version("podman") >= (5, 0):
        usual, other = other, usual
    if usual in basics.programs:
        return _said("network helper", usual, "the engine's own choice")
    if other in basics.programs and basics.version("podman") >= (4, 7):
        setting = {"network": {"default_rootless_network_cmd": other}}
        return _said("network helper", other, f"{usual} is not installed", containers=setting)
    return _said("network helper", "none", f"{usual} is not installed")


def _firewall(basics: Basics) -> Chosen:
    if kept := _kept(basics, "firewall"):
        return kept
    if nftables_alone(basics):
        value = "nftables" if "nft" in basics.programs else "none"
        return _said("firewall", value, "the only one that this netavark knows is nftables")
    present = [name for name in ("iptables", "nft") if name in basics.programs]
    if not present:
        return _said("firewall", "none", "neither iptables nor nft is installed")
    if basics.version("podman") < _FIREWALL_SINCE:
        cause = "the only one that this Podman's networks know"
        return _said("firewall", "iptables" if "iptables" in present else "none", cause)
    if len(present) > 1:
        return _said("firewall", "default", "the engine's own choice")
    # netavark takes one of the two, as it was built, without looking which is there.
    driver = {"iptables": "iptables", "nft": "nftables"}[present[0]]
    cause = f"{present[0]} is the one that is installed"
    return _said("firewall", driver, cause, containers={"network": {"firewall_driver": driver}})


def _isolation(basics: Basics) -> Chosen:
    if kept := _kept(basics, "isolation", "build isolation"):
        return kept
    if basics.tun or not basics.subids or basics.session.uid == 0:
        return _said("build isolation", "rootless", "the engine's own choice")
    cause = "/dev/net/tun is closed, so builds use the host's network"
    return _said("build isolation", "chroot", cause, variables={"BUILDAH_ISOLATION": "chroot"})


def _runtime_dir(basics: Basics) -> Chosen:
    given, found = basics.session.runtime_dir_given, basics.session.runtime_dir
    if given == found:
        cause = "XDG_RUNTIME_DIR says so" if given else "no login session: the engine's own choice"
        return _said("runtime folder", found or "below /tmp", cause)
    cause = f"XDG_RUNTIME_DIR ({given}) is not a folder of this user" if given else "not given"
    return _said(
        "runtime folder", found or "below /tmp", cause, variables={"XDG_RUNTIME_DIR": found}
    )


def _kept(basics: Basics, name: str, what: str | None = None) -> Chosen | None:
    setting = basics.chosen.get(name)
    return _said(what or name, setting.value, f"{setting.source} says so") if setting else None


def _said(
    what: str,
    value: str,
    cause: str,
    *,
    containers: Mapping[str, Any] | None = None,
    variables: Mapping[str, str | None] | None = None,
) -> Chosen:
    return Chosen(containers or {}, variables or {}, (Choice(what, value, cause),))
