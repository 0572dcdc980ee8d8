"""What has to be installed, and how each package manager calls it: data and pure choices.

Debian's and Ubuntu's names are tried on bare machines by the tests; those of the other
distributions are their package indexes' names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from pipeline.bootstrap.engines import KEYRING

_HELPERS = ("/usr/libexec/podman", "/usr/lib/podman", "/usr/local/libexec/podman")
_ADMIN_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")

_LIBRARIES = (f"/usr/lib/{os.uname().machine}-linux-gnu", "/usr/lib64", "/usr/lib")


class Manager(NamedTuple):
    """A package manager.

    Attributes:
        name: the program; its presence tells that the distribution uses it.
        refresh: the arguments that renew its lists.
        install: the arguments before the names of packages.
    """

    name: str
    refresh: tuple[str, ...]
    install: tuple[str, ...]


MANAGERS = (
    Manager("apt-get", ("update",), ("install", "--yes", "--no-install-recommends")),
    Manager("dnf", ("makecache",), ("install", "--assumeyes", "--setopt=install_weak_deps=False")),
    Manager(
        "zypper",
        ("--non-interactive", "refresh"),
        ("--non-interactive", "install", "--no-recommends"),
    ),
    Manager("pacman", ("--sync", "--refresh"), ("--sync", "--needed", "--noconfirm")),
    Manager("apk", ("update",), ("add",)),
)


class Host(NamedTuple):
    """What of this host decides which packages are needed.

    Attributes:
        manager: the name of its package manager; empty for none that we know.
        has: whether a program, a helper of Podman's or a library is installed.
        unified: whether the cgroup hierarchy is v2 alone, as crun wants it.
        venv: whether a Python that the account can run makes virtual environments.
        podman5: whether the distribution's Podman is of the generation with pasta and nftables.
    """

    manager: str
    has: Callable[[str], bool]
    unified: bool
    venv: bool
    podman5: bool


class Need(NamedTuple):
    """Something to install.

    Attributes:
        programs: programs, libraries or files; any one of them present is enough.
        packages: its name by package manager; `*` stands for the others, which have none without.
    """

    programs: tuple[str, ...]
    packages: Mapping[str, str]

    def package(self, manager: str) -> str:
        """Its name there, or nothing."""
        return self.packages.get(manager, self.packages.get("*", ""))


def _same(program: str) -> Need:
    return Need((program,), {"*": program})


_APT = "apt-get"
_ENGINE = (
    _same("podman"),
    _same("buildah"),
    _same("skopeo"),  # what a report says of transfers is measured on real compressed blobs
    Need(
        ("newuidmap",),
        {"*": "shadow", _APT: "uidmap", "dnf": "shadow-utils", "apk": "shadow-subids"},
    ),
    _same("netavark"),
    _same("aardvark-dns"),
    _same("catatonit"),
)
_PODMAN4 = (_same("slirp4netns"), _same("iptables"))
_PODMAN5 = (Need(("pasta",), {"*": "passt"}), Need(("nft",), {"*": "nftables"}))
_DEVELOP = (
    _same("git"),
    Need(("chromium", "chromium-browser", "google-chrome"), {"*": "chromium"}),
    Need(("ss",), {"*": "iproute2", "dnf": "iproute"}),
    # What drives the browser in the tests comes with a Node that is linked against it.
    Need(("libatomic.so.1",), {"*": "libatomic", _APT: "libatomic1", "zypper": "libatomic1"}),
    Need(("busybox",), {"*": "busybox", _APT: "busybox-static"}),
    _same("crun"),  # the tests' own host with limits runs it, whatever runs elsewhere
    Need(("docker-registry",), {_APT: "docker-registry"}),
    Need(("wrk",), {_APT: "wrk"}),
    Need(("docker-compose",), {_APT: "docker-compose"}),  # it reads what is exported for it
    Need(("sshd",), {"*": "openssh-server", "pacman": "openssh"}),
    # Root file systems of other releases, on which the tests try other engines.
    Need(("mmdebstrap",), {_APT: "mmdebstrap"}),
    Need((KEYRING,), {_APT: "debian-archive-keyring"}),
)
_VENV = Need((), {"*": "python3", _APT: "python3-venv", "pacman": "python"})


def missing_packages(level: str, host: Host) -> tuple[str, ...]:
    """The packages that a level still needs here: `base`, `engine` or `develop`."""
    wanted: list[Need] = []
    if level != "base":
        wanted += [*_ENGINE, _same("crun") if host.unified else _same("runc")]
        wanted += _PODMAN5 if host.podman5 else _PODMAN4
    if level == "develop":
        wanted += _DEVELOP
    missing = [need for need in wanted if not any(map(host.has, need.programs))]
    if not host.venv:
        missing.append(_VENV)
    return tuple(name for need in missing if (name := need.package(host.manager)))


def ships_podman5(release: Mapping[str, str]) -> bool:
    """Whether a distribution's own Podman is 5 or newer, by its os-release(5)."""
    number = release.get("VERSION_ID", "")
    try:
        version = tuple(int(part) for part in number.split("."))
    except ValueError:
        version = (99,)  # a rolling one
    first = {"debian": (13,), "ubuntu": (24, 10), "fedora": (40,), "opensuse-leap": (16,)}
    return version >= first.get(release.get("ID", ""), (0,))


def manager_here(has: Callable[[str], bool]) -> Manager | None:
    """This machine's package manager, or None for one that we do not know."""
    return next((manager for manager in MANAGERS if has(manager.name)), None)


def package_of(program: str, manager: str) -> str:
    """The package that brings a program; one that is in no table is called like its program."""
    needs = (*_ENGINE, *_PODMAN4, *_PODMAN5, *_DEVELOP, _same(program))
    return next(need for need in needs if program in need.programs).package(manager) or program


def install_argv(manager: Manager, packages: Iterable[str]) -> list[str]:
    """The whole command that installs the packages."""
    return [manager.name, *manager.install, *packages]


def installed(name: str) -> bool:
    """Whether a program, a helper of Podman's, a shared library or a file is there."""
    if name.startswith("/"):
        return os.path.exists(name)
    if ".so." in name:
        return any(os.path.exists(f"{folder}/{name}") for folder in _LIBRARIES)
    folders = [*(os.environ.get("PATH") or os.defpath).split(":"), *_ADMIN_FOLDERS, *_HELPERS]
    return any(os.access(f"{folder}/{name}", os.X_OK) for folder in folders if folder)
