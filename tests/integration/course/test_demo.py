"""The demo's claims, looked at from outside: over HTTP, and with the podman command."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipeline.engine import command
from tests.integration.conftest import CHECKOUT, Capas

pytestmark = pytest.mark.integration


@pytest.fixture
def project(tmp_path: Path, capas: Capas) -> Iterator[Path]:
    """A copy of PyTweets under a name of its own, so that no other test shares its containers."""
    folder = tmp_path / "the course"
    for part in ("specs", "containers"):
        shutil.copytree(CHECKOUT / part, folder / part)
    spec = folder / "specs" / "pytweets.toml"
    spec.write_text(spec.read_text().replace('name = "pytweets"', 'name = "course-test"', 1))
    yield folder
    capas("down", "--spec", str(spec), cwd=folder)


def test_every_claim_of_the_demo_is_true(
    project: Path, capas: Capas, environment: Mapping[str, str]
) -> None:
    first = capas("demo", cwd=project)
    assert "6 of 6 claims held" in first.stdout
    assert "refuted" not in first.stdout
    page = project / "reports" / "pytweets.html"
    assert "<title>PyTweets" in page.read_text()

    urls = _urls(project, capas)
    assert len(urls) == 2
    answers = [_get(url, "/healthz") for url in urls]
    assert {version for version, _, _ in answers} == {"1.2"}
    assert len({replica for _, replica, _ in answers}) == 2
    before = _tweets(urls[0])
    assert before
    assert _tweets(urls[1]) == before

    second = capas("demo", cwd=project)
    assert "6 of 6 claims held" in second.stdout
    assert "built in" not in second.stderr
    assert set(before) < set(_tweets(_urls(project, capas)[0]))

    volumes = command.run(["podman", "volume", "ls", "-q"], environment=environment).stdout
    assert "course-test_tweets" in volumes.split()
    containers = command.run(
        ["podman", "ps", "-a", "--format", "{{.Names}}"], environment=environment
    ).stdout.split()
    ours = sorted(name for name in containers if name.startswith("course-test-"))
    assert ours == ["course-test-web-1", "course-test-web-2"]


def _urls(project: Path, capas: Capas) -> list[str]:
    told = json.loads(capas("status", "--format", "json", cwd=project).stdout)
    return [url for container in told["containers"] for url in container["urls"]]


def _get(url: str, path: str) -> tuple[str, str, bytes]:
    with urllib.request.urlopen(f"{url}{path}", timeout=10) as answer:
        return answer.headers["X-Version"], answer.headers["X-Replica"], answer.read()


def _tweets(url: str) -> list[str]:
    _, _, body = _get(url, "/api/tweets?limit=200")
    return [tweet["text"] for tweet in json.loads(body)["tweets"]]
