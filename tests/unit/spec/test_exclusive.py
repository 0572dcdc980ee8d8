"""Who writes to what only one may write to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.spec.exclusive import exclusive_writers, writes_alone
from pipeline.spec.model import Mount, Pipeline, Service, Volume

DATA = "/var/lib/postgresql/data"
DATABASE = Service("db", "docker.io/library/postgres:16", built_here=False)
OTHER = Service("web", "docker.io/library/nginx:1", built_here=False)
KEPT = Mount("volume", "data", DATA)


@pytest.mark.parametrize(
    ("mount", "found"),
    [
        (KEPT, {("volume", "data"): ["db"]}),
        (replace(KEPT, read_only=True), {}),
        (Mount("tmpfs", None, DATA), {}),
        (Mount("bind", "data", DATA), {("bind", "data"): ["db"]}),
        (replace(KEPT, target="/elsewhere"), {("volume", "data"): ["db"]}),
    ],
)
@pytest.mark.parametrize("exclusive", [None, True, False])
def test_writers_are_found_by_what_the_spec_says_and_by_servers(
    mount: Mount, found: dict[tuple[str, str], list[str]], *, exclusive: bool | None
) -> None:
    volume = Volume("data", "p_data", exclusive=exclusive)
    services = {"db": replace(DATABASE, mounts=(mount,)), "web": OTHER}
    pipeline = Pipeline(
        "p", Path("/p.toml"), Path("/"), services=services, volumes={"data": volume}
    )
    said = exclusive_writers(pipeline, tuple(services.values()))
    if exclusive is False and mount.kind == "volume":
        found = {}
    assert {key: [one.service.name for one in users] for key, users in said.items()} == found
    assert writes_alone(pipeline, services["db"]) is bool(found)
    assert not writes_alone(pipeline, services["web"])
