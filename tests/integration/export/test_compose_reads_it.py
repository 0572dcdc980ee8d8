"""docker-compose itself reads what is exported for it: the same values, and no key more."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings

from pipeline.export.compose import export_compose
from pipeline.spec.model import Pipeline, Service
from tests.unit.export.hostile import pipelines

pytestmark = pytest.mark.integration

EXAMPLES = int(os.environ.get("CAPAS_EXPORT_EXAMPLES", "6"))


@pytest.fixture(scope="module")
def generation() -> int:
    done = subprocess.run(
        ["docker-compose", "version", "--short"], capture_output=True, text=True, check=True
    )
    return int(done.stdout.strip().removeprefix("v").partition(".")[0])


def read(text: str, folder: Path, generation: int) -> dict[str, Any]:
    """What docker-compose makes of a file."""
    if generation == 1:  # Debian 12's knows neither a project's name nor a limit of processes
        text = re.sub(r"^name: .*\n", "", text)
    (folder / "compose.yaml").write_text(text, encoding="utf-8")
    as_json = ["--format", "json"] if generation > 1 else []
    done = subprocess.run(
        ["docker-compose", "-f", "compose.yaml", "config", *as_json],
        cwd=folder,
        env={**os.environ, "HOME": "/expanded", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, (done.stderr, text)
    assert "variable is not set" not in done.stderr
    document: dict[str, Any] = (json.loads if as_json else yaml.safe_load)(done.stdout)
    return document


def literal(value: Any) -> Any:
    """What `config` prints is a Compose file again: its `$` are doubled."""
    if isinstance(value, dict):
        return {str(key).replace("$$", "$"): literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [literal(item) for item in value]
    return value.replace("$$", "$") if isinstance(value, str) else value


@given(pipeline=pipelines(count=8))
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # a smaller example is not worth the minutes
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
def test_docker_compose_reads_the_same_values(
    pipeline: Pipeline, tmp_path: Path, generation: int
) -> None:
    if generation == 1:  # it reads them, but what it prints cannot be read back
        pipeline = without_breaks(pipeline)
    told = read(export_compose(pipeline).files["compose.yaml"], tmp_path, generation)
    assert set(told["services"]) == set(pipeline.services)
    for service in pipeline.services.values():
        expect_same(literal(told["services"][service.name]), service)


def without_breaks(value: Any) -> Any:
    """The same with a letter in place of each line break that only Unicode knows."""
    if isinstance(value, str):
        return re.sub("[\x85\u2028\u2029]", "n", value)
    if isinstance(value, tuple):
        return tuple(map(without_breaks, value))
    if isinstance(value, dict):
        return {key: without_breaks(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        told = {one.name: without_breaks(getattr(value, one.name)) for one in fields(value)}
        return replace(value, **told)
    return value


def expect_same(found: dict[str, Any], service: Service) -> None:
    assert found["command"] == list(service.command or ())
    if service.entrypoint is not None:
        assert found["entrypoint"] == list(service.entrypoint)
    assert found.get("environment", {}) == service.environment
    labels = {key.replace("$$", "$"): value for key, value in found.get("labels", {}).items()}
    assert labels == {key.replace("$$", "$"): value for key, value in service.labels.items()}
    assert service.healthcheck is not None
    assert found["healthcheck"]["test"][1:] == list(service.healthcheck.test or ())
    bind, volume = found["volumes"][:2]
    assert (bind["source"], bind["target"]) == (service.mounts[0].source, service.mounts[0].target)
    assert volume["target"] == service.mounts[1].target
    tmpfs = service.mounts[2].target
    if ":" in tmpfs:
        assert found["volumes"][2]["target"] == tmpfs
    else:
        options = "size=4096" + (",ro" if service.mounts[2].read_only else "")
        assert found["tmpfs"] == [f"{tmpfs}:{options}"]
