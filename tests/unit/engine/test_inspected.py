"""Podman's words, read into values."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine import inspected
from pipeline.engine.api_answers import checked
from pipeline.engine.inspected import (
    EngineInfo,
    HistoryEntry,
    InspectedContainer,
    InspectedImage,
    ListedContainer,
    ListedImage,
    ListedVolume,
    PublishedPort,
)
from pipeline.errors import EngineError
from tests.unit.odd import api

PACKAGE = Path(inspected.__file__).parents[1]
INSPECT = "/containers/web/json"


def asked(path: str, answer: Any) -> Any:
    """What has the form of an answer to a request."""
    return checked("GET", path, json.dumps(answer).encode())


def test_a_container_is_read_whole() -> None:
    assert inspected.read_container(asked(INSPECT, api.INSPECTED)) == InspectedContainer(
        id=api.ID,
        status="exited",
        exit_code=137,
        pid=1,
        monitor=1,
        out_of_memory=True,
        stop_seconds=10,
        restart_policy="no",
        memory=5,
        cpu_quota=5,
        pids=5,
        pid_file="",
        addresses={"n": "10.1.1.1"},
        published={"5000/tcp": (("0.0.0.0", 8080),)},
        written=5,
    )


def test_what_an_engine_leaves_out_is_what_it_stands_for() -> None:
    least = {"Id": "1", "State": {"Status": "created"}, "Config": {"StopTimeout": 10}}
    found = inspected.read_container(asked(INSPECT, least))
    assert found == InspectedContainer("1", "created", stop_seconds=10)
    assert (found.address, found.published_at(80)) == ("", [])
    row = asked("/containers/json", [{"Id": "1", "State": "storage"}])[0]
    assert inspected.read_listed(row) == ListedContainer("1", ("1",), "storage")
    image = asked("/images/a/json", {"Id": "1", "History": [{}]})
    assert inspected.read_image(image) == InspectedImage("1", history=(HistoryEntry(),))
    assert inspected.read_volume(asked("/volumes/json", [{"Name": "v"}])[0]) == ListedVolume("v")


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ({"State": {"Status": "created"}, "Config": {"StopTimeout": 10}}, "it has no Id"),
        ({**api.INSPECTED, "State": "up"}, "State is a text, not an object"),
        ({**api.INSPECTED, "HostConfig": {"Memory": "5m"}}, "HostConfig.Memory is a text"),
    ],
)
def test_another_form_is_told_and_not_read(odd: Any, why: str) -> None:
    with pytest.raises(EngineError, match=why):
        asked(INSPECT, odd)


def test_a_port_is_reached_where_it_is_published() -> None:
    ports = {"80/tcp": (("", 1), ("::", 2), ("10.0.0.1", 3)), "80/udp": (("", 4),)}
    found = InspectedContainer(published=ports)
    assert found.published_at(80) == [("127.0.0.1", 1), ("127.0.0.1", 2), ("10.0.0.1", 3)]
    assert found.published_at(81) == []


def test_a_range_of_ports_is_each_of_them() -> None:
    def listed(**more: Any) -> tuple[PublishedPort, ...]:
        port = {"container_port": 80, "host_port": 8080, "protocol": "tcp", **more}
        rows = asked("/containers/json", [{"Id": "1", "State": "running", "Ports": [port]}])
        return inspected.read_listed(rows[0]).ports

    assert listed(range=2) == (PublishedPort(80, 8080), PublishedPort(81, 8081))
    # Podman's own word for a mapping of one (libpod: PortMapping.Range).
    assert listed() == listed(range=0) == listed(range=1) == (PublishedPort(80, 8080),)


def test_an_image_of_old_engines_has_its_names_as_tags() -> None:
    rows = asked("/images/json", [{"Id": "1", "RepoTags": ["a:1"]}, {"Id": "2", "Names": ["b:1"]}])
    found = [inspected.read_listed_image(row) for row in rows]
    assert found == [ListedImage("1", ("a:1",)), ListedImage("2", ("b:1",))]


@pytest.mark.parametrize(
    ("marks", "unsettled"),
    [
        ({}, set()),
        ({"NeedsChown": True}, {"chown"}),
        ({"NeedsCopyUp": True, "NeedsChown": False}, {"copy"}),
    ],
)
def test_a_volume_says_what_is_still_meant_for_it(
    marks: dict[str, bool], unsettled: set[str]
) -> None:
    row = asked("/volumes/json", [{"Name": "v", **marks}])[0]
    assert inspected.read_volume(row).unsettled == unsettled


def test_an_engine_tells_of_its_machine_and_its_store() -> None:
    found = inspected.read_info(asked("/info", api.SAMPLES["GET", r"/info"]))
    assert found == EngineInfo("h", "/s", "overlay", ("memory",), "netavark")


def test_podmans_words_are_read_in_one_place() -> None:
    words = ("State", "HostConfig", "NetworkSettings", "Names", "ImageID", "Spec", "RootFS")
    raw = re.compile(rf"""(?:\[|\.get\()["'](?:{"|".join(words)})["']""")
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if raw.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"engine/inspected.py", "engine/podman.py"}  # the latter: labels left out
