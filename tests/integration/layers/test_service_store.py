"""With CONTAINER_HOST the report reads the store behind that service, or says why it cannot."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipeline.engine.process_group import end_group
from pipeline.engine.service import answers, api_service
from tests.integration.conftest import Capas
from tests.integration.layers.test_report import build
from tests.integration.layers.waiting import until
from tests.integration.storage import session_store

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def image(environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("service-store")
    return build(environment, folder, "capas-behind:1", "FROM scratch\nCOPY a /a\n", a="behind")


def refused(capas: Capas, folder: Path, image: str, host: str) -> str:
    """What the report says about a service whose store it cannot read."""
    done = capas("report", "--images", image, cwd=folder, check=False, CONTAINER_HOST=host)
    assert (done.returncode, done.stdout) == (4, "")
    brief, *details, resolution = done.stderr.splitlines()
    assert brief == f"error: the layers behind {host} cannot be read from here"
    assert "run this where its store is, or unset CONTAINER_HOST" in resolution
    return "\n".join(details)


def test_the_store_of_this_user_is_read(
    service: str, image: str, capas: Capas, tmp_path: Path
) -> None:
    arguments = ("report", "--images", image, "--format", "json")
    direct = json.loads(capas(*arguments, cwd=tmp_path).stdout)
    behind = json.loads(capas(*arguments, cwd=tmp_path, CONTAINER_HOST=service).stdout)
    assert behind == direct
    assert behind["layers"]


def test_another_store_is_not(image: str, capas: Capas, tmp_path: Path) -> None:
    with session_store(os.environ) as other, api_service(other.environment) as uri:
        assert str(other.graph) in refused(capas, tmp_path, image, uri)


@pytest.fixture
def elsewhere(environment: Mapping[str, str], tmp_path: Path) -> Iterator[str]:
    """The service of a host with another name, its socket handed on to this one."""
    path = tmp_path / "s.sock"
    script = f"hostname elsewhere && exec podman system service --time=0 unix://{path}"
    argv = ["podman", "unshare", "unshare", "--uts", "sh", "-c", script]
    process = subprocess.Popen(argv, env=dict(environment), start_new_session=True)
    try:
        until(lambda: answers(path), "the service answers")
        yield f"unix://{path}"
    finally:
        end_group(process)


def test_another_machine_is_not(elsewhere: str, image: str, capas: Capas, tmp_path: Path) -> None:
    assert "it runs on elsewhere" in refused(capas, tmp_path, image, elsewhere)


def test_a_machine_behind_ssh_is_not_even_asked(image: str, capas: Capas, tmp_path: Path) -> None:
    host = "ssh://nobody@127.0.0.1:1/run/podman.sock"
    assert "on another machine" in refused(capas, tmp_path, image, host)


def test_a_service_that_does_not_answer(image: str, capas: Capas, tmp_path: Path) -> None:
    host = f"unix://{tmp_path}/nobody.sock"
    done = capas("report", "--images", image, cwd=tmp_path, check=False, CONTAINER_HOST=host)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"no Podman API service answers at {host}" in done.stderr
    assert "unset CONTAINER_HOST" in done.stderr
