"""Two accounts deploy the same spec at the same moment, and never disturb each other."""

from __future__ import annotations

import json
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.accounts.conftest import Neighbour
from tests.integration.conftest import Capas

pytestmark = [pytest.mark.accounts, pytest.mark.timeout(900)]

ROUNDS = 20
SPEC = """
name = "same"
[services.web]
image = "localhost/capas-test-base:1"
command = ["sh", "-c", "echo $$WHO > /tmp/who; cd /tmp; exec python3 -m http.server 5000"]
environment = {{ WHO = "${{XDG_RUNTIME_DIR}}" }}
replicas = 2
ports = ["{port}:5000"]
healthcheck = {{ http = ":5000/who", interval = "200ms", retries = 100 }}
"""


@pytest.fixture
def spec(capas: Capas, second: Neighbour) -> Iterator[Path]:
    """One spec that both can read; what they deployed is taken down at the end."""
    folder = Path(tempfile.mkdtemp(prefix="capas-same-", dir="/var/tmp"))
    folder.chmod(0o755)
    path = folder / "same.toml"
    path.write_text(SPEC.format(port=21000))
    try:
        yield path
    finally:
        capas("down", f"--spec={path}", cwd=folder, check=False)
        second.capas("down", f"--spec={path}", check=False)
        shutil.rmtree(folder)


def urls(status: str) -> set[str]:
    containers = json.loads(status)["containers"]
    assert {(c["state"], c["health"]) for c in containers} == {("running", "healthy")}
    return {url for c in containers for url in c["urls"]}


def who(url: str) -> str:
    """Whose replica answers."""
    with urllib.request.urlopen(f"{url}/who", timeout=5) as response:
        text: str = response.read().decode().strip()
        return text


def test_twenty_times_both_get_ports_of_their_own(
    capas: Capas,
    second: Neighbour,
    spec: Path,
    base_of_both: str,
    environment: Mapping[str, str],
) -> None:
    option = f"--spec={spec}"
    for number in range(ROUNDS):
        with ThreadPoolExecutor(2) as both:
            first = both.submit(capas, "deploy", option, cwd=spec.parent)
            other = both.submit(second.capas, "deploy", option)
            first.result()
            other.result()
        ours = urls(capas("status", option, "--format=json", cwd=spec.parent).stdout)
        theirs = urls(second.capas("status", option, "--format=json").stdout)
        assert len(ours) == len(theirs) == 2, f"round {number}"
        assert not ours & theirs, f"round {number}"
        assert {who(url) for url in ours} == {environment["XDG_RUNTIME_DIR"]}
        assert {who(url) for url in theirs} == {second.environment["XDG_RUNTIME_DIR"]}
        with ThreadPoolExecutor(2) as both:
            first = both.submit(capas, "down", option, cwd=spec.parent)
            other = both.submit(second.capas, "down", option)
            first.result()
            other.result()
