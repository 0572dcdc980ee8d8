from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from pipeline.host.choose import Choice, Chosen, choose
from pipeline.host.facts import Basics, Cgroups, Program, Setting
from tests.unit.host.samples import DEBIAN_12, FEDORA

PODMAN_6 = replace(
    FEDORA, programs={**FEDORA.programs, "podman": Program("/usr/bin/podman", (6, 1, 1))}
)
NETAVARK_2 = replace(
    FEDORA, programs={**FEDORA.programs, "netavark": Program("/usr/lib/podman/netavark", (2, 0, 0))}
)
HYBRID = Cgroups("hybrid", ("hugetlb",))


def cause(chosen: Chosen, what: str) -> Choice:
    return next(choice for choice in chosen.choices if choice.what == what)


def without(basics: Basics, *names: str) -> Basics:
    return replace(basics, programs={k: v for k, v in basics.programs.items() if k not in names})


def having(basics: Basics, *names: str) -> Basics:
    more = {name: Program(f"/usr/bin/{name}") for name in names}
    return replace(basics, programs={**basics.programs, **more})


def with_storage(basics: Basics, **changes: Any) -> Basics:
    return replace(basics, storage=replace(basics.storage, **changes))


def with_session(basics: Basics, **changes: Any) -> Basics:
    return replace(basics, session=replace(basics.session, **changes))


def test_an_ordinary_new_host_needs_nothing() -> None:
    chosen = choose(FEDORA)
    assert not chosen.containers
    assert not chosen.variables


@pytest.mark.parametrize(
    ("basics", "containers", "variables"),
    [
        # An older engine would take vfs although the kernel has overlay.
        (DEBIAN_12, {}, {"STORAGE_DRIVER": "overlay"}),
        (with_storage(DEBIAN_12, native_overlay=None), {}, {"STORAGE_DRIVER": "overlay"}),
        (with_storage(DEBIAN_12, native_overlay=None, filesystem="nfs4"), {}, {}),
        (with_storage(DEBIAN_12, native_overlay=False), {}, {}),
        (with_storage(having(DEBIAN_12, "fuse-overlayfs"), native_overlay=False), {}, {}),
        (replace(with_storage(DEBIAN_12, native_overlay=None), kernel=(5, 10)), {}, {}),
        (with_storage(FEDORA, native_overlay=False), {}, {"STORAGE_DRIVER": "vfs"}),
        # What is stored already decides.
        (with_storage(DEBIAN_12, stored=("vfs",)), {}, {}),
        (with_storage(FEDORA, stored=("vfs",)), {}, {"STORAGE_DRIVER": "vfs"}),
        (with_storage(FEDORA, stored=("overlay", "vfs")), {}, {}),
        (
            with_storage(FEDORA, stored=("overlay", "vfs"), recorded="vfs"),
            {},
            {"STORAGE_DRIVER": "vfs"},
        ),
        # Hybrid control groups.
        (replace(FEDORA, cgroups=HYBRID), {}, {}),
        (
            having(replace(FEDORA, cgroups=HYBRID), "runc"),
            {"engine": {"runtime": "runc"}},
            {},
        ),
        (having(replace(FEDORA, cgroups=Cgroups("hybrid")), "runc"), {}, {}),
        (having(replace(FEDORA, cgroups=Cgroups("v1")), "runc"), {}, {}),
        # No login session on a host that systemd runs.
        (with_session(FEDORA, bus=False), {"engine": {"cgroup_manager": "cgroupfs"}}, {}),
        (with_session(FEDORA, bus=False, systemd=False), {}, {}),
        # A sandbox, or a user manager, that holds something back.
        (
            replace(FEDORA, cgroups=Cgroups("v2", ("cpu", "memory"))),
            {"containers": {"pids_limit": 0}},
            {},
        ),
        (replace(FEDORA, keyring=False), {"containers": {"keyring": False}}, {}),
        # Another network helper than the engine's first choice.
        (
            having(without(FEDORA, "pasta"), "slirp4netns"),
            {"network": {"default_rootless_network_cmd": "slirp4netns"}},
            {},
        ),
        (without(FEDORA, "pasta"), {}, {}),
        # netavark does not look which firewall is there.
        (without(FEDORA, "nft"), {"network": {"firewall_driver": "iptables"}}, {}),
        (without(FEDORA, "iptables"), {"network": {"firewall_driver": "nftables"}}, {}),
        (without(FEDORA, "iptables", "nft"), {}, {}),
        # Podman 6 and netavark 2 know nftables alone, and runc cures no control groups there.
        (PODMAN_6, {}, {}),
        (without(PODMAN_6, "nft"), {}, {}),
        (without(PODMAN_6, "iptables"), {}, {}),
        (replace(having(PODMAN_6, "runc"), cgroups=HYBRID), {}, {}),
        (without(NETAVARK_2, "nft"), {}, {}),
        # No network device: builds use the host's network, if they can at all.
        (replace(FEDORA, tun=False), {}, {"BUILDAH_ISOLATION": "chroot"}),
        (replace(FEDORA, tun=False, subids=False), {}, {}),
        # A runtime folder of somebody else, as `su` without `-` leaves it.
        (
            with_session(FEDORA, runtime_dir_given="/run/user/0"),
            {},
            {"XDG_RUNTIME_DIR": "/run/user/1001"},
        ),
        (
            with_session(FEDORA, runtime_dir_given="/run/user/0", runtime_dir=None),
            {},
            {"XDG_RUNTIME_DIR": None},
        ),
        (with_session(FEDORA, runtime_dir_given=None, runtime_dir=None), {}, {}),
    ],
)
def test_what_a_host_needs(
    basics: Basics, containers: Mapping[str, Any], variables: Mapping[str, str | None]
) -> None:
    chosen = choose(basics)
    assert chosen.containers == containers
    assert chosen.variables == variables


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("runtime", "runtime"),
        ("driver", "driver"),
        ("cgroup_manager", "cgroup manager"),
        ("network_cmd", "network helper"),
        ("isolation", "build isolation"),
        ("firewall", "firewall"),
        ("pids_limit", "process limit"),
        ("keyring", "keyring"),
    ],
)
def test_what_somebody_chose_stays(name: str, what: str) -> None:
    difficult = replace(
        with_session(DEBIAN_12, bus=False), cgroups=HYBRID, tun=False, keyring=False
    )
    kept = replace(difficult, chosen={name: Setting("theirs", "/their/file")})
    chosen = choose(kept)
    assert cause(chosen, what) == Choice(what, "theirs", "/their/file says so")
    assert "theirs" not in str(chosen.containers) + str(chosen.variables)


def test_podmans_database_is_obeyed_against_a_file() -> None:
    says = {"driver": Setting("overlay", "/their/file")}
    basics = replace(with_storage(FEDORA, stored=("vfs",), recorded="vfs"), chosen=says)
    assert choose(basics).variables == {"STORAGE_DRIVER": "vfs"}


def test_every_choice_is_told_once() -> None:
    told = [choice.what for choice in choose(FEDORA).choices]
    assert len(told) == len(set(told)) == 9
    assert all(choice.cause for choice in choose(FEDORA).choices)
