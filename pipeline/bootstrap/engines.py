"""Debian's releases as engines to test with: which there are, and what a root of each holds.

Data and pure choices; `engine_roots` makes the root file systems, `entered_engines` enters them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

ALL = "all"
"""The word for this machine and every engine."""
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
ACCOUNT = "capas"
UID = 59001
"""Of the account in a root: no account of this machine's, and with its own quotas of the kernel."""

_ENGINE = ("podman", "buildah", "netavark")
_COMPANIONS = (
    *("aardvark-dns", "crun", "uidmap", "catatonit", "skopeo", "nftables", "iptables"),
    # What capas itself starts from, with which it makes root file systems, and what it looks at.
    *("python3", "python3-venv", "ca-certificates", "debian-archive-keyring", "iproute2"),
    *("git", "procps", "less", "xz-utils"),
    *("mount", "passwd"),  # no part of apt's variant from Debian 14 on
    # What the tests need.
    *("busybox-static", "docker-registry", "openssh-client", "openssh-server"),
    *("docker-compose", "systemd"),  # they read what is exported for them
    *("docker-compose", "systemd"),  # they read what is exported for them
)
_NO_PAGES = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*")


class Engine(NamedTuple):
    """A release of Debian with its Podman and Buildah.

    Attributes:
        name: what `./capas test --on` calls it.
        suite: of the archive.
        above: a suite from which Podman, Buildah and netavark come instead; empty for none.
        network: the package of the network helper that its Podman takes by itself.
        release: ID and VERSION_ID of os-release(5) where a machine is this engine; empty for none.
    """

    name: str
    suite: str
    above: str = ""
    network: str = "passt"
    release: tuple[str, str] = ("", "")

    @property
    def suites(self) -> tuple[str, ...]:
        """All suites of the archive that it is made of."""
        return (self.suite, self.above) if self.above else (self.suite,)

    @property
    def packages(self) -> tuple[str, ...]:
        """What is installed, as apt is told."""
        chosen = f"/{self.above}" if self.above else ""
        return (*(f"{name}{chosen}" for name in _ENGINE), *_COMPANIONS, self.network)


ENGINES = (
    Engine("debian12", "bookworm", network="slirp4netns", release=("debian", "12")),
    Engine("debian13", "trixie", release=("debian", "13")),
    Engine("forky", "forky", release=("debian", "14")),
    Engine("podman6", "forky", above="experimental"),
)


def wanted(arguments: Sequence[str]) -> str:
    """What `--on` says in a task's arguments; empty without it."""
    for place, word in enumerate(arguments):
        if word == "--on":
            return next(iter(arguments[place + 1 :]), "")
        if word.startswith("--on="):
            return word.partition("=")[2]
    return ""


def here(release: Mapping[str, str]) -> str:
    """The engine that this machine is itself, by its os-release(5); empty when it is none."""
    said = (release.get("ID", ""), release.get("VERSION_ID", ""))
    return next((e.name for e in ENGINES if e.release[0] and e.release == said), "")


def to_enter(name: str, machine: str) -> tuple[Engine, ...]:
    """The engines that a root is needed for.

    Args:
        name: what `--on` says.
        machine: the engine that this machine is itself.
    """
    return tuple(
        engine for engine in ENGINES if name in (ALL, engine.name) and engine.name != machine
    )


def mirror_of(listing: str) -> str:
    """The address of Debian's archive that apt uses here; empty when it uses none.

    Args:
        listing: a line `LABEL COMPONENT ADDRESS` for each index of packages.
    """
    for line in listing.splitlines():
        label, _, rest = line.partition(" ")
        component, _, address = rest.partition(" ")
        if (label, component) == ("Debian", "main"):
            return address.rstrip("/")
    return ""


def key_of(engine: Engine, releases: Iterable[bytes], more: str = "") -> str:
    """Names a state of the archive and what is made of it.

    Args:
        releases: the signed Release file of each suite.
        more: whatever else the root depends on.
    """
    digest = hashlib.sha256(repr((engine, engine.packages, UID, more)).encode())
    for release in releases:
        digest.update(hashlib.sha256(release).digest())
    return digest.hexdigest()[:12]


def making_argv(engine: Engine, mirror: str, place: str) -> list[str]:
    """The command that makes the root file system in a folder that does not exist.

    A mirror that stands still has Release files that have expired: their signatures are verified
    all the same. The lists of packages stay, for capas makes root file systems with them.
    """
    options = f"[signed-by={KEYRING} check-valid-until=no]"
    account = f'chroot "$1" useradd --create-home --shell=/bin/bash --uid={UID} {ACCOUNT}'
    return [
        "mmdebstrap",
        "--mode=root",
        "--variant=apt",
        f"--include={','.join(engine.packages)}",
        "--skip=cleanup/apt/lists",
        '--aptopt=APT::Install-Recommends "false"',
        *(f"--dpkgopt=path-exclude={path}" for path in _NO_PAGES),
        f"--customize-hook={account}",
        engine.suite,
        place,
        *(f"deb {options} {mirror} {suite} main" for suite in engine.suites),
    ]
