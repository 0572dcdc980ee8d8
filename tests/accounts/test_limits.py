"""Limits hold and containers freeze, on a host that enforces limits; it is told in plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from tests.accounts.conftest import Neighbour, hand_over

pytestmark = pytest.mark.accounts

SPEC = """
name = "limited"
[services.web]
image = "localhost/capas-test-base:1"
command = {command}
resources = {{ memory = "64m", pids = 20, cpus = 0.5 }}
stop_grace_period = "1s"
"""
SLEEP = ["sleep", "600"]
GREEDY = ["python3", "-c", "bytearray(300 << 20)"]
FORKING = """
import subprocess
started = 0
try:
    while started < 100:
        subprocess.Popen(["sleep", "1"])
        started += 1
except OSError as error:
    print(started, error.strerror)
"""


class Limited:
    """A spec of the second account's, and the program in its folder."""

    def __init__(self, account: Neighbour) -> None:
        self._account = account
        self._spec = str(account.folder / "limited.toml")

    def write(self, command: list[str]) -> None:
        self._account.run(["tee", self._spec], text=SPEC.format(command=json.dumps(command)))

    def capas(self, task: str, *rest: str, check: bool = True) -> str:
        done = self._account.capas(task, f"--spec={self._spec}", *rest, check=check)
        return done.stdout + done.stderr

    def state(self) -> str:
        (found,) = json.loads(self.capas("status", "--format=json"))["containers"]
        return str(found["state"])


@pytest.fixture
def spec(limited: Neighbour, small_base: str, environment: Mapping[str, str]) -> Iterator[Limited]:
    hand_over(small_base, environment, limited)
    made = Limited(limited)
    yield made
    made.capas("down")


def test_limits_hold_and_what_they_end_is_reported(spec: Limited) -> None:
    spec.write(SLEEP)
    spec.capas("deploy")
    said = spec.capas("exec", "web", "--", "python3", "-c", FORKING)
    started, _, why = said.strip().partition(" ")
    assert 0 < int(started) < 20
    assert why == "Resource temporarily unavailable"
    spec.capas("pause")
    assert spec.state() == "paused"
    spec.capas("unpause")
    assert spec.state() == "running"
    spec.capas("down")

    spec.write(GREEDY)
    ended = "exit code 137: it was killed, most likely over its memory limit of 67.1 MB"
    assert ended in spec.capas("deploy", check=False)
    assert ended in " ".join(spec.capas("status").split())  # it is folded
