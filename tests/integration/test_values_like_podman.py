"""What the checker takes as a signal, a capability or a user is what Podman takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from pipeline.engine import command
from pipeline.spec.accounts import capability, check_user
from pipeline.spec.problem import BadForm
from pipeline.spec.signals import signal_number

pytestmark = pytest.mark.integration

SIGNALS = (
    *("TERM", "sigterm", "CLD", "IOT", "POLL", "UNUSED", "FOO", "0", "1", "32", "64", "65"),
    *("RTMIN", "SIGRTMIN+3", "RTMIN+15", "RTMIN+16", "RTMAX", "RTMAX-14", "RTMAX-15"),
)
CAPABILITIES = ("NET_ADMIN", "cap_net_admin", "NET_ADMN", "ALL", "CHECKPOINT_RESTORE", "BPF")
USERS = ("0", "-1", "1000:", ":50", "1000:1000", "2147483648", "www-data", "a b", "007")


@pytest.mark.parametrize("text", SIGNALS)
def test_stop_signals(text: str, environment: Mapping[str, str], small_base: str) -> None:
    assert _taken(lambda: signal_number(text)) == _made(
        environment, small_base, f"--stop-signal={text}"
    )


@pytest.mark.parametrize("text", CAPABILITIES)
def test_capabilities(text: str, environment: Mapping[str, str], small_base: str) -> None:
    assert _taken(lambda: capability(text)) == _made(
        environment, small_base, "--cap-drop=all", f"--cap-add={text}"
    )


@pytest.mark.parametrize("text", USERS)
def test_users(text: str, environment: Mapping[str, str], small_base: str) -> None:
    argv = ["podman", "run", "--rm", "--network=none", f"--user={text}", small_base, "true"]
    done = command.run(argv, environment=environment, check=False)
    assert _taken(lambda: check_user(text)) == (done.returncode == 0), done.stderr


def _taken(check: Callable[[], object]) -> bool:
    try:
        check()
    except BadForm:
        return False
    return True


def _made(environment: Mapping[str, str], image: str, *options: str) -> bool:
    argv = ["podman", "create", *options, image, "true"]
    done = command.run(argv, environment=environment, check=False)
    if done.returncode == 0:
        command.run(["podman", "rm", done.stdout.strip()], environment=environment)
    return done.returncode == 0
