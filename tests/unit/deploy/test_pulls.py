"""Which images a deploy pulls first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.deploy.model.desired import desired_services
from pipeline.deploy.observe.snapshot import ImageFacts
from pipeline.deploy.plan.pulls import as_if_pulled, plan_pulls
from pipeline.spec.model import Ingress, PullPolicy
from tests.unit.deploy.world import World

NGINX = "docker.io/library/nginx:7"


def pulled(world: World, *, fresh: bool = True) -> list[str]:
    wanted = desired_services(world.pipeline)
    return [str(o) for o in plan_pulls(wanted, world.observed, fresh=fresh)]


@pytest.mark.parametrize(
    ("policy", "there", "fresh", "cause"),
    [
        ("missing", False, True, "missing"),
        ("missing", True, True, ""),
        ("always", False, False, "missing"),
        ("always", True, True, "its pull policy is always"),
        ("always", True, False, ""),
        ("never", False, True, ""),
    ],
)
def test_the_policy_decides(
    world: World, policy: PullPolicy, there: bool, fresh: bool, cause: str
) -> None:
    world.change(image=NGINX, built_here=False, pull_policy=policy)
    if there:
        world.observed = replace(world.observed, images={NGINX: ImageFacts("sha")})
    assert pulled(world, fresh=fresh) == ([f"pull image {NGINX} ({cause})"] if cause else [])


def test_images_of_this_machine_are_never_asked_for(world: World) -> None:
    assert pulled(world) == []
    world.change(image="localhost/nginx:8", built_here=False)
    assert pulled(world) == []
    world.change(image="localhost:5000/nginx:8", built_here=False)
    assert pulled(world) == ["pull image localhost:5000/nginx:8 (missing)"]


def test_the_image_of_an_ingress_is_pulled_too(world: World) -> None:
    haproxy = "docker.io/library/haproxy:3.0"
    world.change(ingress=Ingress(8000, 5000, haproxy), ports=())
    assert pulled(world) == [f"pull image {haproxy} (missing)"]


def test_a_preview_goes_on_as_if_the_image_were_there(world: World) -> None:
    world.change(image=NGINX, built_here=False, replicas=1)
    wanted = desired_services(world.pipeline)
    world.observed = as_if_pulled(world.observed, plan_pulls(wanted, world.observed, fresh=True))
    assert "create container pytweets-web-1 (replica 1: missing)" in str(world.plan())
