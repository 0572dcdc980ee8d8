"""Our client of Podman's REST API against podman-py's: each has to see what the other did."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from podman import PodmanClient

from pipeline.engine.api_answers import checked
from pipeline.engine.inspected import read_container
from pipeline.engine.podman import PodmanReader
from pipeline.engine.podman_writer import PodmanWriter

pytestmark = pytest.mark.integration

SAYS = ["sh", "-c", "echo out; echo err >&2; exec sleep 600"]


@pytest.fixture
def ours(service: str) -> Iterator[PodmanWriter]:
    with PodmanWriter(service) as writer:
        yield writer


@pytest.fixture
def theirs(service: str) -> Iterator[Any]:
    # The version of the API decides how some values are written: both ask for the same.
    client: Any = PodmanClient(base_url=service, timeout=60, version="4.0.0")
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def name() -> str:
    return f"t{secrets.token_hex(4)}"


@pytest.fixture
def container(ours: PodmanWriter, small_base: str, name: str) -> Iterator[str]:
    """A running container that our client made."""
    ours.create_volume({"Name": name, "Label": {"made": "by us"}})
    ours.create_container(
        {
            "name": name,
            "image": small_base,
            "command": SAYS,
            "labels": {"made": "by us"},
            "env": {"COLOUR": "blue"},
            "volumes": [{"Name": name, "Dest": "/data"}],
            "stop_timeout": 1,
        }
    )
    ours.start_container(name)
    yield name
    ours.remove_container(name, force=True)
    ours.remove_volume(name)


def test_what_we_make_is_what_podman_py_finds(
    container: str, small_base: str, ours: PodmanWriter, theirs: Any
) -> None:
    found = theirs.containers.get(container)
    mine = ours.container(container)
    assert mine is not None
    assert (found.status, found.id) == ("running", mine.id)
    assert found.labels == {"made": "by us"}
    assert "COLOUR=blue" in found.attrs["Config"]["Env"]
    assert [mount["Name"] for mount in found.attrs["Mounts"]] == [container]
    told = checked("GET", f"/containers/{container}/json", json.dumps(found.attrs).encode())
    assert read_container(told) == mine
    volume = theirs.volumes.get(container)
    assert volume.attrs["Labels"] == {"made": "by us"}
    image = ours.image(small_base)
    assert image is not None
    assert theirs.images.get(small_base).id == image.id


def test_what_we_read_is_what_podman_py_reads(
    container: str, ours: PodmanWriter, theirs: Any
) -> None:
    found = theirs.containers.get(container)
    assert ours.version() == theirs.version()["Version"]
    assert {c.id for c in ours.containers()} == {c.id for c in theirs.containers.list(all=True)}
    assert {v.name for v in ours.volumes()} == {v.name for v in theirs.volumes.list()}
    # In no order of its own, when there is more than one.
    assert {n.name for n in ours.networks()} == {n.name for n in theirs.networks.list()}
    ours.write_file(container, "/note", "kept\n")
    code, output = found.exec_run(["cat", "/note"])
    assert code == 0
    assert output.endswith(b"kept\n"), "podman-py leaves the frame's header in it"
    done = ours.execute(container, ["cat", "/note"])
    assert (done.exit_code, done.output) == (0, "kept\n")
    chunks, _ = found.get_archive("/note")
    assert b"kept\n" in b"".join(chunks)
    said = sorted(piece for _stream, piece in ours.logs(container))
    assert said == [b"err\n", b"out\n"]
    assert sorted(line.strip() for line in found.logs()) == [b"err", b"out"]


def test_what_podman_py_does_is_what_we_see(container: str, service: str, theirs: Any) -> None:
    with PodmanReader(service) as reader:
        theirs.containers.get(container).stop(timeout=0)
        stopped = reader.container(container)
        assert stopped is not None
        assert stopped.status == "exited"
        (listed,) = reader.containers_on(container)
        assert (listed.id, listed.status) == (stopped.id, "exited")


def test_what_we_end_is_gone_for_podman_py(container: str, ours: PodmanWriter, theirs: Any) -> None:
    ours.end_container(container, timeout=0)
    assert not theirs.containers.exists(container)
    assert theirs.volumes.exists(container)
    assert ours.containers_on(container) == []
