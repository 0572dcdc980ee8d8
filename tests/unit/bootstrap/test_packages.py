"""Which packages are missing, and how each manager calls them."""

from __future__ import annotations

import pytest

from pipeline.bootstrap.packages import (
    MANAGERS,
    Host,
    install_argv,
    manager_here,
    missing_packages,
    ships_podman5,
)

BARE = Host(manager="apt-get", has=lambda _: False, unified=False, venv=False, podman5=False)


def test_a_bare_debian_12_with_hybrid_cgroups() -> None:
    assert missing_packages("engine", BARE) == (
        *("podman", "buildah", "skopeo", "uidmap", "netavark", "aardvark-dns", "catatonit", "runc"),
        *("slirp4netns", "iptables", "python3-venv"),
    )


def test_cgroup_v2_wants_crun_and_podman_5_wants_pasta_and_nftables() -> None:
    packages = missing_packages("engine", BARE._replace(unified=True, podman5=True, venv=True))
    assert packages[-3:] == ("crun", "passt", "nftables")


def test_a_level_needs_what_lies_below_it() -> None:
    assert missing_packages("base", BARE) == ("python3-venv",)
    develop = missing_packages("develop", BARE)
    assert set(develop) > set(missing_packages("engine", BARE))
    assert {"chromium", "docker-registry", "git"} <= set(develop)


@pytest.mark.parametrize("manager", [manager.name for manager in MANAGERS])
def test_every_manager_has_the_engine(manager: str) -> None:
    packages = missing_packages("engine", BARE._replace(manager=manager))
    assert {"podman", "buildah"} <= set(packages)
    assert "" not in packages


def test_one_of_several_programs_is_enough() -> None:
    host = BARE._replace(has=lambda program: program == "chromium-browser")
    assert "chromium" not in missing_packages("develop", host)


def test_nothing_is_missing_where_everything_is() -> None:
    assert missing_packages("develop", BARE._replace(has=lambda _: True, venv=True)) == ()


def test_the_manager_of_this_machine_and_its_command() -> None:
    dnf = manager_here(lambda program: program == "dnf")
    assert dnf is not None
    assert install_argv(dnf, ["podman", "runc"]) == [
        *("dnf", "install", "--assumeyes", "--setopt=install_weak_deps=False", "podman", "runc")
    ]
    assert manager_here(lambda _: False) is None


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ({"ID": "debian", "VERSION_ID": "12"}, False),
        ({"ID": "debian", "VERSION_ID": "13"}, True),
        ({"ID": "debian"}, True),
        ({"ID": "ubuntu", "VERSION_ID": "24.04"}, False),
        ({"ID": "ubuntu", "VERSION_ID": "25.04"}, True),
        ({"ID": "arch"}, True),
    ],
)
def test_the_generation_of_podman(release: dict[str, str], expected: bool) -> None:
    assert ships_podman5(release) is expected
