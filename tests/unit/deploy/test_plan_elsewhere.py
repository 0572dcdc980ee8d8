"""The plan for a machine of which only Podman's API can be asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.deploy.plan.deploy_plan import Options
from pipeline.errors import HostUnsupported
from pipeline.spec.model import Healthcheck
from tests.unit.deploy.world import World


@pytest.fixture
def far(world: World) -> World:
    able = replace(world.observed.abilities, machine="box", no_probe="no shell is there")
    world.observed = replace(world.observed, abilities=able)
    return world


@pytest.mark.parametrize(
    ("check", "asked"),
    [
        (Healthcheck(http=":5000/healthz"), "http :5000/healthz is sent"),
        (Healthcheck(tcp=5000), "tcp 5000 is sent"),
    ],
)
def test_a_check_from_outside_is_refused_unless_nobody_waits(
    far: World, check: Healthcheck, asked: str
) -> None:
    far.change(healthcheck=check)
    with pytest.raises(HostUnsupported, match="health check of web cannot run on box") as raised:
        far.plan()
    assert asked in raised.value.details
    assert "no shell is there" in raised.value.details
    assert far.plan(options=Options(wait=False)).operations


@pytest.mark.parametrize("check", [None, Healthcheck(test=("true",))])
def test_what_podman_itself_asks_is_planned_and_the_limits_are_reported(
    far: World, check: Healthcheck | None
) -> None:
    far.change(healthcheck=check)
    (note,) = far.plan().notes
    assert note.startswith("on box nothing but the API can be asked: ")
