"""Whatever the values are: no key more than with plain ones, and every value as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from pipeline.errors import UsageError
from pipeline.export.compose import export_compose
from pipeline.export.exported import Exported
from pipeline.export.kubernetes import export_kubernetes
from pipeline.export.quadlet import export_quadlet
from pipeline.export.unit import command, verbatim, worded
from pipeline.output.sanitize import HIDDEN
from pipeline.spec.model import Mount, Pipeline, Service
from tests.unit.export.hostile import pipelines

_KEYS = {
    "Unit": {"Description", "Requires", "After"},
    "Container": {
        "ContainerName", "Image", "DropCapability", "NoNewPrivileges", "Entrypoint", "Exec",
        "Environment", "Label", "Network", "Volume", "Mount", "Tmpfs", "HealthCmd",
        "HealthInterval", "HealthTimeout", "HealthStartPeriod", "HealthRetries", "PodmanArgs",
    },
    "Service": {"Restart", "TimeoutStopSec", "Environment"},
    "Install": {"WantedBy"},
    "Volume": {"VolumeName", "Label"},
    "Network": {"NetworkName", "Label"},
}  # fmt: skip


@given(pipelines())
@settings(deadline=None, max_examples=40)
def test_a_unit_has_only_its_own_lines(pipeline: Pipeline) -> None:
    for text in export_quadlet(pipeline).files.values():
        assert not HIDDEN.search(text)
        section = ""
        for line in text.split("\n"):
            if line.startswith("["):
                section = line[1:-1]
            elif line:
                key, equals, value = line.partition("=")
                assert equals, line
                assert key in _KEYS[section], line
                assert not value.endswith("\\"), line
                assert value == value.strip(), line


@given(pipelines())
@settings(deadline=None, max_examples=40)
def test_yaml_gives_back_what_the_spec_says(pipeline: Pipeline) -> None:
    service = pipeline.services["s0"]
    text = export_compose(pipeline).files["compose.yaml"]
    assert not HIDDEN.search(text)
    told = _expanded_by_compose(yaml.safe_load(text))["services"]["s0"]
    assert told["command"] == list(service.command or ())
    assert told.get("entrypoint") == (service.entrypoint and list(service.entrypoint))
    assert told.get("environment", {}) == service.environment
    assert told.get("labels", {}) == service.labels
    assert told["healthcheck"]["test"][1:] == list((service.healthcheck or _none()).test or ())
    assert [m["target"] for m in told["volumes"][:2]] == [m.target for m in service.mounts[:2]]
    assert told["volumes"][0]["source"] == service.mounts[0].source

    text = export_kubernetes(pipeline).files["shop.yaml"]
    assert not HIDDEN.search(text)
    (deployment,) = [d for d in yaml.safe_load_all(text) if d["kind"] == "Deployment"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    args = [_expanded_by_kubernetes(word) for word in container["args"]]
    assert args == list(service.command or ())
    env = {e["name"]: _expanded_by_kubernetes(e["value"]) for e in container.get("env", ())}
    assert env == service.environment
    assert container["livenessProbe"]["exec"]["command"] == list(
        (service.healthcheck or _none()).test or ()
    )


def _none() -> Any:
    raise AssertionError


def _expanded_by_compose(value: Any) -> Any:
    """What Compose makes of a file in which no variable is set (compose-go, template.go)."""
    if isinstance(value, str):
        rest = value.replace("$$", "")
        assert "$" not in rest, value
        return value.replace("$$", "$")
    if isinstance(value, dict):
        return {key: _expanded_by_compose(item) for key, item in value.items()}
    return [_expanded_by_compose(item) for item in value] if isinstance(value, list) else value


def _expanded_by_kubernetes(text: str) -> str:
    """Kubernetes' own rule (third_party/forked/golang/expansion/expand.go), every name known."""
    out, at = "", 0
    while at < len(text):
        if text[at] != "$" or at + 1 == len(text):
            out, at = out + text[at], at + 1
        elif text[at + 1] == "$":
            out, at = out + "$", at + 2
        elif text[at + 1] == "(" and ")" in text[at + 2 :]:
            end = text.index(")", at + 2)
            out, at = f"{out}<value of {text[at + 2 : end]}>", end + 1
        else:
            out, at = out + text[at : at + 2], at + 2
    return out


@pytest.mark.parametrize(
    "value", ["a\n[Service]\nExecStartPre=/bin/touch x", "a\r", " a", "a\\", "a\x1b", "a\u2028b"]
)
def test_a_value_that_a_unit_cannot_hold_is_told(value: str) -> None:
    with pytest.raises(UsageError, match="`User`"):
        verbatim("User", value)


@pytest.mark.parametrize("value", ["a\0b", "a\udcffb", "a\ufffeb", "\ufdd0", "\U0010ffff"])
def test_a_word_that_no_unit_can_hold_is_told(value: str) -> None:
    for write in (command, lambda key, words: worded(key, *words)):
        with pytest.raises(UsageError, match="`Exec`"):
            write("Exec", ["a", value])


@pytest.mark.parametrize("exporter", [export_quadlet, export_compose, export_kubernetes])
def test_user_and_targets_with_line_breaks_never_become_lines(
    exporter: Callable[[Pipeline], Exported],
) -> None:
    evil = "1000\n[Service]\nExecStartPre=/bin/touch x"
    mounts = (Mount("tmpfs", None, f"/t{evil}"), Mount("bind", f"/b{evil}", f"/x{evil}"))
    service = Service("web", "localhost/x:1", built_here=False, user=evil, mounts=mounts)
    plain = Pipeline("shop", Path("/s"), Path("/"))
    for changed in (service, replace(service, user=None)):
        try:
            files = exporter(replace(plain, services={"web": changed})).files
        except UsageError:
            continue
        for text in files.values():
            assert not any(line.startswith("ExecStartPre") for line in text.splitlines())
