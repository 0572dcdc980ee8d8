"""What `doctor` says was chosen, and why: one line for each kind of host."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.host.choose import choose, crun_refuses, nftables_alone, podman_refuses
from pipeline.host.facts import Basics, Cgroups, Program, Setting
from tests.unit.host.samples import DEBIAN_12, FEDORA
from tests.unit.host.test_choose import having, with_session, with_storage, without

OWN = "the engine's own choice"
HYBRID = replace(FEDORA, cgroups=Cgroups("hybrid", ("hugetlb", "misc")))
V1 = replace(FEDORA, cgroups=Cgroups("v1"))
CLOSED = replace(FEDORA, tun=False)
ROOT = with_session(FEDORA, uid=0)
PLACE = "/home/ann/.local/share/containers/storage"
NO_OVERLAY = with_storage(FEDORA, native_overlay=False)
UNKNOWN = with_storage(FEDORA, native_overlay=None)


def at(basics: Basics, **versions: tuple[int, ...]) -> Basics:
    """The same host with programs in these versions."""
    more = {name: Program(f"/usr/bin/{name}", version) for name, version in versions.items()}
    return replace(basics, programs={**basics.programs, **more})


@pytest.mark.parametrize(
    ("basics", "what", "value", "cause"),
    [
        (FEDORA, "runtime", "crun", OWN),
        (HYBRID, "runtime", "crun", "no runc here"),
        (without(FEDORA, "crun"), "runtime", "none", "no runc here"),
        (having(without(FEDORA, "crun"), "runc"), "runtime", "runc", "the only one installed"),
        (
            having(HYBRID, "runc"),
            "runtime",
            "runc",
            "crun refuses hybrid control groups with controllers in the v2 tree (hugetlb, misc)",
        ),
        (at(having(HYBRID, "runc"), podman=(6, 0)), "runtime", "crun", OWN),
        (
            at(having(without(HYBRID, "crun"), "runc"), podman=(6, 0)),
            "runtime",
            "runc",
            "the only one installed",
        ),
        (FEDORA, "driver", "overlay", "the kernel mounts overlay for this user"),
        (
            replace(UNKNOWN, kernel=(5, 13)),
            "driver",
            "overlay",
            "the kernel mounts overlay for this user",
        ),
        (replace(UNKNOWN, kernel=(5, 12)), "driver", "vfs", "no overlay on xfs here"),
        (with_storage(UNKNOWN, filesystem="nfs"), "driver", "vfs", "no overlay on nfs here"),
        (NO_OVERLAY, "driver", "vfs", "no overlay on xfs here"),
        (
            having(NO_OVERLAY, "fuse-overlayfs"),
            "driver",
            "overlay",
            "through fuse-overlayfs: the kernel's own refuses",
        ),
        (
            replace(having(NO_OVERLAY, "fuse-overlayfs"), fuse=False),
            "driver",
            "vfs",
            "no overlay on xfs here",
        ),
        (
            with_storage(FEDORA, stored=("vfs", "overlay")),
            "driver",
            "vfs",
            f"what is stored in {PLACE} was stored with it",
        ),
        (
            with_storage(FEDORA, recorded="vfs"),
            "driver",
            "vfs",
            f"Podman's database in {PLACE} says so, against everything else",
        ),
        (FEDORA, "cgroup manager", "systemd", OWN),
        (V1, "cgroup manager", "cgroupfs", OWN),
        (with_session(V1, uid=0), "cgroup manager", "systemd", OWN),
        (with_session(ROOT, bus=False), "cgroup manager", "systemd", OWN),
        (with_session(FEDORA, systemd=False), "cgroup manager", "cgroupfs", OWN),
        (
            with_session(FEDORA, bus=False),
            "cgroup manager",
            "cgroupfs",
            "no systemd user session is reachable",
        ),
        (FEDORA, "process limit", "default", OWN),
        (
            replace(FEDORA, cgroups=Cgroups("v2", ("cpu",))),
            "process limit",
            "none",
            "the pids controller is not handed down to this user",
        ),
        (FEDORA, "keyring", "own", OWN),
        (
            replace(FEDORA, keyring=False),
            "keyring",
            "shared",
            "making a kernel keyring is forbidden here",
        ),
        (FEDORA, "network helper", "pasta", OWN),
        (at(FEDORA, podman=(5, 0)), "network helper", "pasta", OWN),
        (DEBIAN_12, "network helper", "slirp4netns", OWN),
        (without(FEDORA, "pasta"), "network helper", "none", "pasta is not installed"),
        (
            having(without(FEDORA, "pasta"), "slirp4netns"),
            "network helper",
            "slirp4netns",
            "pasta is not installed",
        ),
        (
            having(without(DEBIAN_12, "slirp4netns"), "pasta"),
            "network helper",
            "none",
            "slirp4netns is not installed",
        ),
        (
            at(having(without(DEBIAN_12, "slirp4netns"), "pasta"), podman=(4, 7)),
            "network helper",
            "pasta",
            "slirp4netns is not installed",
        ),
        (FEDORA, "firewall", "default", OWN),
        (DEBIAN_12, "firewall", "iptables", "the only one that this Podman's networks know"),
        (
            having(without(DEBIAN_12, "iptables"), "nft"),
            "firewall",
            "none",
            "the only one that this Podman's networks know",
        ),
        (
            without(FEDORA, "nft", "iptables"),
            "firewall",
            "none",
            "neither iptables nor nft is installed",
        ),
        (
            at(without(FEDORA, "nft"), podman=(5, 0)),
            "firewall",
            "iptables",
            "iptables is the one that is installed",
        ),
        (without(FEDORA, "iptables"), "firewall", "nftables", "nft is the one that is installed"),
        *(
            (basics, "firewall", value, "the only one that this netavark knows is nftables")
            for basics, value in (
                (at(FEDORA, netavark=(2, 0)), "nftables"),
                (at(without(FEDORA, "nft"), netavark=(2, 0)), "none"),
            )
        ),
        (FEDORA, "build isolation", "rootless", OWN),
        (
            CLOSED,
            "build isolation",
            "chroot",
            "/dev/net/tun is closed, so builds use the host's network",
        ),
        (replace(CLOSED, subids=False), "build isolation", "rootless", OWN),
        (with_session(CLOSED, uid=0), "build isolation", "rootless", OWN),
        (FEDORA, "runtime folder", "/run/user/1001", "XDG_RUNTIME_DIR says so"),
        (
            with_session(FEDORA, runtime_dir_given=None),
            "runtime folder",
            "/run/user/1001",
            "not given",
        ),
        (
            with_session(FEDORA, runtime_dir_given=None, runtime_dir=None),
            "runtime folder",
            "below /tmp",
            "no login session: the engine's own choice",
        ),
        (
            with_session(FEDORA, runtime_dir_given="/run/user/0", runtime_dir=None),
            "runtime folder",
            "below /tmp",
            "XDG_RUNTIME_DIR (/run/user/0) is not a folder of this user",
        ),
    ],
)
def test_what_was_chosen_and_why(basics: Basics, what: str, value: str, cause: str) -> None:
    choice = choose(basics).choice(what)
    assert (choice.value, choice.cause) == (value, cause)


@pytest.mark.parametrize(
    ("basics", "driver", "told"),
    [
        (with_session(DEBIAN_12, uid=0), "overlay", False),
        (having(DEBIAN_12, "fuse-overlayfs"), "overlay", False),
        (DEBIAN_12, "overlay", True),
        (replace(FEDORA, kernel=(5, 12)), "overlay", True),
        (at(FEDORA, podman=(5, 0)), "overlay", False),
        (at(replace(FEDORA, kernel=(5, 13)), podman=(4, 9)), "overlay", True),
        (with_storage(FEDORA, recorded="overlay"), "overlay", False),
        (
            replace(
                with_storage(FEDORA, recorded="overlay"), chosen={"driver": Setting("vfs", "f")}
            ),
            "overlay",
            True,
        ),
    ],
)
def test_the_driver_is_told_only_where_the_engine_would_take_another(
    basics: Basics, driver: str, *, told: bool
) -> None:
    chosen = choose(basics)
    assert chosen.choice("driver").value == driver
    assert chosen.variables == ({"STORAGE_DRIVER": driver} if told else {})


def test_which_generation_refuses_what() -> None:
    assert [crun_refuses(b) for b in (FEDORA, V1, HYBRID)] == [False, False, True]
    assert not crun_refuses(replace(FEDORA, cgroups=Cgroups("hybrid")))
    refused = [podman_refuses(at(b, podman=v)) for b in (HYBRID, FEDORA) for v in ((6, 0), (5, 9))]
    assert refused == [True, False, False, False]
    unknown = without(FEDORA, "netavark")
    assert nftables_alone(at(unknown, podman=(6, 0)))
    assert not nftables_alone(at(unknown, podman=(5, 9)))
    assert nftables_alone(at(FEDORA, netavark=(2, 0)))
    assert not nftables_alone(at(FEDORA, netavark=(1, 17), podman=(6, 0)))
