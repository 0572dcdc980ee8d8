"""Hosts to start from; a test changes what it is about."""

from __future__ import annotations

from pipeline.host.facts import Basics, Cgroups, Program, Session, StorageFacts

DEBIAN_12 = Basics(
    kernel=(6, 1, 0),
    programs={
        "podman": Program("/usr/bin/podman", (4, 3, 1)),
        "buildah": Program("/usr/bin/buildah", (1, 28, 2)),
        "crun": Program("/usr/bin/crun", (1, 8, 1)),
        "runc": Program("/usr/sbin/runc", (1, 1, 5)),
        "slirp4netns": Program("/usr/bin/slirp4netns", (1, 2, 0)),
        "netavark": Program("/usr/lib/podman/netavark"),
        "iptables": Program("/usr/sbin/iptables"),
    },
    cgroups=Cgroups("v2", ("cpu", "memory", "pids")),
    storage=StorageFacts("/home/ann/.local/share/containers/storage", "ext4", native_overlay=True),
    session=Session(1001, "/run/user/1001", "/run/user/1001", bus=True, systemd=True),
    tun=True,
    fuse=True,
    keyring=True,
    subids=True,
)
FEDORA = Basics(
    kernel=(6, 12, 0),
    programs={
        "podman": Program("/usr/bin/podman", (5, 4, 2)),
        "buildah": Program("/usr/bin/buildah", (1, 39, 3)),
        "crun": Program("/usr/bin/crun", (1, 21, 0)),
        "pasta": Program("/usr/bin/pasta"),
        "netavark": Program("/usr/libexec/podman/netavark"),
        "iptables": Program("/usr/sbin/iptables"),
        "nft": Program("/usr/sbin/nft"),
    },
    cgroups=Cgroups("v2", ("cpu", "memory", "pids")),
    storage=StorageFacts("/home/ann/.local/share/containers/storage", "xfs", native_overlay=True),
    session=Session(1001, "/run/user/1001", "/run/user/1001", bus=True, systemd=True),
    tun=True,
    fuse=True,
    keyring=True,
    subids=True,
)
