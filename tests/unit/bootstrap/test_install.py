"""Installing with package managers that are busy, broken, offline or out of room.

The managers are small scripts that say what the real ones said on bare machines.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.bootstrap.install import install, trouble_of
from pipeline.bootstrap.messages import UNABLE, Stop
from pipeline.bootstrap.packages import MANAGERS

DNF = next(manager for manager in MANAGERS if manager.name == "dnf")
Fake = Callable[[str], Path]


@pytest.fixture
def dnf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Write a `dnf` to PATH; it notes its calls in the file that is returned."""

    def make(body: str) -> Path:
        calls = tmp_path / "calls"
        program = tmp_path / "dnf"
        program.write_text(f'#!/bin/sh\necho "$*" >>{calls}\n{body}\n')
        program.chmod(0o755)
        return calls

    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("pipeline.bootstrap.install._POLL_SECONDS", 0.01)
    return make


def test_lists_are_renewed_and_packages_installed(dnf: Fake) -> None:
    calls = dnf("exit 0")
    install(DNF, ["podman"])
    assert calls.read_text().splitlines() == [
        "makecache",
        "install --assumeyes --setopt=install_weak_deps=False podman",
    ]


def test_a_busy_manager_is_waited_for_and_said(
    dnf: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = dnf(
        f"[ -e {tmp_path}/free ] && exit 0; touch {tmp_path}/free\n"
        "echo 'E: Could not get lock /var/lib/dpkg/lock. It is held by process 77 (apt)'; exit 100"
    )
    install(DNF, ["podman"])
    assert len(calls.read_text().splitlines()) == 3
    assert "dnf is busy (held by process 77 (apt)): waiting" in capsys.readouterr().err


def test_the_wait_is_bounded(dnf: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAPAS_PACKAGES_WAIT", "0.05")
    dnf("echo 'E: Could not get lock /var/lib/dpkg/lock-frontend.'; exit 100")
    with pytest.raises(Stop, match="held by another process") as caught:
        install(DNF, ["podman"])
    assert caught.value.code == 1
    assert "Could not get lock" in caught.value.details


def test_a_package_that_is_not_there_renews_the_lists_once(dnf: Fake) -> None:
    calls = dnf('[ "$1" = makecache ] && exit 0; echo "E: Unable to locate package x"; exit 1')
    with pytest.raises(Stop, match="does not have all packages") as caught:
        install(DNF, ["x"])
    assert caught.value.code == UNABLE
    assert [line.split()[0] for line in calls.read_text().splitlines()] == [
        *("makecache", "install", "makecache", "install")
    ]


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        ("E: You don't have enough free space in /var/cache/apt/archives/.", "full"),
        ("dpkg: error: failed to write: No space left on device\nUnmet dependencies", "full"),
        ("E: dpkg was interrupted, you must manually run 'dpkg --configure -a'", "half-done"),
        ("E: Unmet dependencies. Try 'apt --fix-broken install'", "half-done"),
        ("Err:1 http://x bookworm InRelease\n  Temporary failure resolving 'x'", "network"),
        ("E: Failed to fetch http://x/y.deb  404  Not Found", "stale"),
        ("E: Package 'podman' has no installation candidate", "unknown"),
        ("E: Could not open lock file /var/lib/dpkg/lock - open (13: Permission denied)", "rights"),
        ("sudo: a password is required", "rights"),
        ("something new", "other"),
    ],
)
def test_what_a_manager_says_tells_the_trouble(said: str, trouble: str) -> None:
    assert trouble_of(said) == trouble


def test_the_administrators_line_is_the_command(dnf: Fake) -> None:
    dnf("echo 'sudo: a password is required'; exit 1")
    with pytest.raises(Stop) as caught:
        install(DNF, ["podman", "buildah"])
    assert re.search(r"dnf install .* podman buildah$", caught.value.resolution)


def test_lists_that_could_not_be_renewed_are_a_matter_of_the_network(dnf: Fake) -> None:
    dnf(
        '[ "$1" = makecache ] && echo "Err:1 http://x Temporary failure resolving" && exit 0\n'
        'echo "E: Unable to locate package podman"; exit 100'
    )
    with pytest.raises(Stop, match="the network or its names do not answer") as caught:
        install(DNF, ["podman"])
    assert caught.value.code == 1
    assert "Temporary failure resolving" in caught.value.details
