"""Which machine a service's containers run on, and how it is asked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.engine.remote_host import HERE, ContainerHost, container_host_of, session_argv
from pipeline.errors import EngineError

CONTROL = Path("/run/user/7/capas-1-ab.ssh")


@pytest.mark.parametrize("uri", ["unix:///run/p.sock", "tcp://127.0.0.1:80", "tcp://[::1]:80"])
def test_a_socket_and_a_loopback_are_this_machine(uri: str) -> None:
    assert container_host_of(uri) is HERE


def test_a_tunnel_leads_to_its_machine() -> None:
    found = container_host_of("ssh+unix://ann@far:2222/run/user/7/capas-1-ab.sock")
    assert found == ContainerHost("far", "ssh://ann@far:2222", CONTROL)


def test_an_api_over_the_network_is_all_that_is_reached() -> None:
    far = container_host_of("tcp://far:8080")
    assert far.name == "far"
    with pytest.raises(EngineError, match="nothing but its API"):
        far.run(["true"])


def test_a_command_takes_the_connection_that_is_there_and_no_other() -> None:
    argv = session_argv(CONTROL, "ssh://far", ["sh", "-c", "echo $0"])
    assert argv[:4] == ["ssh", "-T", "-S", str(CONTROL)]
    assert "ProxyCommand=false" in argv
    assert argv[-3:] == ["--", "ssh://far", "sh -c 'echo $0'"]


def test_a_shell_that_greets_is_not_taken_for_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ssh = tmp_path / "ssh"  # runs its last word as a login shell there would, after a greeting
    ssh.write_text('#!/bin/sh\necho Welcome: friend\nfor word; do :; done\nexec sh -c "$word"\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    far = ContainerHost("far", "ssh://far", CONTROL)
    plain = tmp_path / "plain"
    plain.write_text("a:b\n\n")
    assert far.texts([str(plain), "/nowhere"]) == {str(plain): "a:b\n\n"}
    assert "sh" in far.programs(["sh", "no-such-program"])


def test_what_is_gone_is_left_out(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("a:b\n")
    assert HERE.texts([str(there), str(tmp_path / "gone")]) == {str(there): "a:b\n"}


def test_folders_are_looked_into_besides_the_path(tmp_path: Path) -> None:
    tool = tmp_path / "tool-of-this-test"
    tool.touch(mode=0o755)
    assert HERE.programs([tool.name, "sh"]) == {"sh"}
    assert HERE.programs([tool.name, "sh"], [str(tmp_path), os.defpath]) == {tool.name, "sh"}
