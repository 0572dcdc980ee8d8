"""What `status` tells: who should run and does, jobs that are done, ports that are no URLs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.deploy.model.ports import Binding
from pipeline.deploy.observe.snapshot import Container
from pipeline.deploy.show import status
from pipeline.deploy.show.status import StatusRow, present_status, status_of
from pipeline.engine.inspected import InspectedContainer
from pipeline.engine.remote_host import ContainerHost
from pipeline.spec.load import load
from pipeline.spec.model import Pipeline

SPEC = """
name = "p"
[services.job]
image = "localhost/x:1"
[services.web]
image = "localhost/x:1"
ports = ["8080:80"]
depends_on = { job = { condition = "service_completed_successfully" } }
"""
BINDINGS = (Binding(53, 5353, "127.0.0.1", "udp"), Binding(80, 8080, "127.0.0.1"))


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    (tmp_path / "p.toml").write_text(SPEC)
    return load(tmp_path / "p.toml", {})


def container(service: str, state: str, code: int = 0, **more: Any) -> Container:
    return Container("id", f"p-{service}-1", service, 1, state, exit_code=code, **more)


class Api:
    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None: ...

    def container(self, _id: str) -> InspectedContainer:
        return InspectedContainer("id", "exited", exit_code=3)


def rows_of(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, *containers: Container
) -> tuple[StatusRow, ...]:
    monkeypatch.setattr(status, "PodmanWriter", lambda _uri: Api())
    monkeypatch.setattr(status, "containers_of", lambda _writer, _name: containers)
    return status_of("unix:///nobody", pipeline, probe=False)


@pytest.mark.parametrize(
    ("job", "health", "lead"),
    [
        (container("job", "exited"), "done", "1 of 1 containers run; 1 job is done."),
        (container("job", "stopped"), "done", "1 of 1 containers run; 1 job is done."),
        (container("job", "exited", 3), "not running", "1 of 2 containers run."),
        (container("job", "created"), "not running", "1 of 2 containers run."),
        (container("job", "running"), "unchecked", "2 of 2 containers run."),
        (container("job", "exited", fault="lost"), "not running", "1 of 2 containers run."),
    ],
)
def test_only_a_job_that_ended_well_is_done(
    job: Container, health: str, lead: str, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_of(pipeline, monkeypatch, job, container("web", "running"))
    report = present_status(pipeline, rows)
    assert (rows[0].health, report.lead) == (health, lead)
    data: Any = report.data
    assert data["containers"][0]["health"] == health


def test_a_service_that_ended_with_0_is_not_done(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = rows_of(pipeline, monkeypatch, container("web", "exited"))
    assert row.health == "not running"


def test_jobs_alone_are_no_missing_containers(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_of(pipeline, monkeypatch, container("job", "exited"))
    assert present_status(pipeline, rows).lead == "1 job is done."
    assert present_status(pipeline, rows * 2).lead == "2 jobs are done."


def test_what_no_browser_opens_is_no_url(pipeline: Pipeline) -> None:
    row = StatusRow(container("web", "running", bindings=BINDINGS), "healthy")
    assert row.urls == ("http://127.0.0.1:8080",)
    assert row.ports == ("127.0.0.1:5353/udp", "http://127.0.0.1:8080")
    (data,) = json.loads(json.dumps(present_status(pipeline, [row]).data))["containers"]
    assert data["urls"] == ["http://127.0.0.1:8080"]
    assert [(p["host"], p["protocol"]) for p in data["ports"]] == [(5353, "udp"), (8080, "tcp")]


def test_ssh_is_told_only_of_what_it_can_forward(pipeline: Pipeline) -> None:
    far = ContainerHost("far", "ssh://me@far")
    udp = StatusRow(container("web", "running", bindings=BINDINGS[:1]), "healthy", machine=far)
    assert len(present_status(pipeline, [udp]).parts) == 1
    both = StatusRow(container("web", "running", bindings=BINDINGS), "healthy", machine=far)
    _table, told = present_status(pipeline, [both]).parts
    assert "-L 8080:127.0.0.1:8080" in str(told)
