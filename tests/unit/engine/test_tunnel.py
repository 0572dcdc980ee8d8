"""The ssh that forwards a socket."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pipeline.engine.tunnel import tunnel, tunnel_argv
from pipeline.errors import HostUnsupported, UsageError

HERE = Path("/run/user/1000/capas-1-ab.sock")


def test_the_command_is_exactly_this() -> None:
    uri = urlsplit("ssh://ann@far:2222/run/user/7/podman/podman.sock")
    assert tunnel_argv(uri, HERE, "/keys/id") == [
        *("ssh", "-NT"),
        *("-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-o", "ConnectTimeout=20"),
        *("-o", "ServerAliveInterval=15", "-o", "ControlMaster=yes"),
        *("-o", "ControlPath=/run/user/1000/capas-1-ab.ssh", "-o", "ControlPersist=no"),
        *("-i", "/keys/id", "-p", "2222"),
        *("-L", f"{HERE}:/run/user/7/podman/podman.sock"),
        *("--", "ann@far"),
    ]
    plain = tunnel_argv(urlsplit("ssh://far/p.sock"), HERE, None)
    assert plain[-4:] == ["-L", f"{HERE}:/p.sock", "--", "far"]
    assert "-p" not in plain


@pytest.mark.parametrize("uri", ["ssh://", "ssh://far", "ssh://far/"])
def test_a_uri_without_a_socket_is_bad_usage(uri: str) -> None:
    with pytest.raises(UsageError, match="names no socket"), tunnel(uri, HERE, {}):
        pass


def test_a_missing_ssh_is_reported(tmp_path: Path) -> None:
    with pytest.raises(HostUnsupported), tunnel("ssh://far/p.sock", HERE, {"PATH": str(tmp_path)}):
        pass
