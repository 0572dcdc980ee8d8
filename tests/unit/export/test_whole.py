"""Whole files, letter by letter: a plain service with a check, and one that says all it can."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.export.compose import export_compose
from pipeline.export.exported import Exported
from pipeline.export.kubernetes import export_kubernetes
from pipeline.export.quadlet import export_quadlet
from pipeline.spec.model import (
    Dependency,
    Healthcheck,
    Mount,
    Network,
    Pipeline,
    Port,
    Resources,
    Service,
    Volume,
)

EXPECTED = Path(__file__).parents[1] / "data" / "exports"
PLAIN = Service(
    "web",
    "localhost/web:1",
    built_here=False,
    healthcheck=Healthcheck(http=":5000/a#b"),
)
FULL = Service(
    "job",
    "localhost/job:2",
    built_here=False,
    replicas=2,
    command=("serve", "", ";"),
    entrypoint=("/bin/run",),
    environment={"A": "1"},
    ports=(Port(5000, 8080), Port(53, None, "::1", "udp")),
    mounts=(
        Mount("volume", "data", "/data"),
        Mount("volume", "theirs", "/theirs", read_only=True),
        Mount("bind", "/p/a b", "/conf", read_only=True),
        Mount("tmpfs", None, "/tmp"),
        Mount("tmpfs", None, "/run", size=4096, read_only=True),
        Mount("tmpfs", None, "/x y", size=1),
        Mount("tmpfs", None, "/x z"),
        Mount("tmpfs", None, "/x:z", size=2),
    ),
    networks=("back",),
    depends_on=(Dependency("web", "service_healthy"),),
    healthcheck=Healthcheck(test=("pg",), interval=0.5, timeout=2, start_period=4, retries=3),
    resources=Resources(memory=1024, cpus=0.5, pids=9),
    restart="always",
    stop_signal="SIGINT",
    stop_grace_period=2.5,
    user="7:8",
    read_only=True,
    cap_add=("CHOWN",),
    pull_policy="always",
    labels={"team": "blue"},
)
LAST = Service(
    "end",
    "localhost/end:3",
    built_here=False,
    entrypoint=(),
    healthcheck=Healthcheck(tcp=7),
    restart="unless-stopped",
    depends_on=(Dependency("job", "service_completed_successfully"), Dependency("web")),
    mounts=(Mount("volume", "data", "/a b"),),
)
PIPELINE = Pipeline(
    "shop",
    Path("/p/specs/shop.toml"),
    Path("/p"),
    services={service.name: service for service in (PLAIN, FULL, LAST)},
    volumes={
        "data": Volume("data", "shop_data", labels={"a": "b"}),
        "theirs": Volume("theirs", "their_data", external=True),
    },
    networks={"back": Network("back", "shop_back", internal=True, labels={"c": "d"})},
)


@pytest.mark.parametrize("exporter", [export_compose, export_kubernetes, export_quadlet])
def test_a_whole_pipeline_is_exported_as_it_was_read_and_found_right(
    exporter: Callable[[Pipeline], Exported],
) -> None:
    exported = exporter(PIPELINE)
    parts = [f"## {name}\n{text}" for name, text in exported.files.items()]
    notes = [f"note: {note}\n" for note in exported.notes]
    expected = EXPECTED / f"{exporter.__name__}.txt"
    assert "".join([*parts, *notes]) == expected.read_text()
