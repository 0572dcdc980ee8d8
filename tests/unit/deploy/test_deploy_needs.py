"""What a plan refuses, waits for, leaves out and leaves alone, letter by letter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.deploy.model.desired import Overrides
from pipeline.deploy.observe.features import Features
from pipeline.deploy.observe.snapshot import ImageFacts
from pipeline.deploy.plan.deploy_plan import Options
from pipeline.deploy.plan.removal import plan_down
from pipeline.errors import CapasError, EngineError, HostUnsupported
from pipeline.spec.model import Dependency, Healthcheck, Resources, Service
from tests.unit.deploy.world import World, text


def test_a_missing_image_says_how_to_build_it(world: World) -> None:
    world.observed = replace(world.observed, images={})
    with pytest.raises(EngineError, match=r"pytweets:1\.2 does not exist") as raised:
        world.plan()
    assert raised.value.resolution == "`capas build --version 1.2` builds it"


def test_what_left_the_spec_is_named_and_removed_only_on_demand(world: World) -> None:
    world.deploy()
    services = {"api": replace(world.pipeline.services["web"], name="api", replicas=0)}
    world.pipeline = replace(world.pipeline, services=services)
    assert str(world.plan()) == text(
        "record deploy 2 (healthy as a whole)",
        "note: pytweets-web-1 is no longer in the spec: --remove-orphans removes it",
        "note: pytweets-web-2 is no longer in the spec: --remove-orphans removes it",
    )
    assert str(world.plan(options=Options(remove_orphans=True))) == text(
        "record deploy 2 (healthy as a whole)",
        "remove container pytweets-web-1 (no longer in the spec)",
        "remove container pytweets-web-2 (no longer in the spec)",
    )


def test_a_volume_that_left_the_spec_stays(world: World) -> None:
    world.deploy()
    world.change(mounts=())
    world.pipeline = replace(world.pipeline, volumes={})
    plan = world.plan(options=Options(remove_orphans=True))
    assert "note: volume pytweets_tweets is no longer in the spec: it stays" in str(plan)
    assert not [o for o in plan.operations if o.kind == "volume"]


def test_a_foreign_container_of_the_same_name_stops_the_plan(world: World) -> None:
    world.observed = replace(world.observed, foreign=frozenset({"pytweets-web-2"}))
    with pytest.raises(CapasError, match="pytweets-web-2 is used"):
        world.plan()


def test_a_limit_that_the_host_ignores_is_an_error_before_anything_starts(
    world: World,
) -> None:
    world.change(resources=Resources(memory=64 << 20))
    with pytest.raises(HostUnsupported, match="does not enforce the limits of web: memory"):
        world.plan()


def test_an_optional_limit_is_left_out_and_reported(world: World) -> None:
    world.change(resources=Resources(memory=64 << 20, pids=9, optional=True))
    plan = world.plan()
    assert plan.notes == ("web: this host enforces no limit of memory and pids",)
    assert all("resource_limits" not in o.body for o in plan.operations)


def test_services_that_need_each_other_are_not_planned_without_a_network(
    world: World,
) -> None:
    services = {**world.pipeline.services, "cache": Service("cache", "localhost/redis:7", False)}
    world.pipeline = replace(world.pipeline, services=services)
    world.observed = replace(
        world.observed, abilities=Features(no_network="netavark needs iptables")
    )
    with pytest.raises(HostUnsupported, match="cannot find each other"):
        world.plan()


def test_a_dependency_is_healthy_first(world: World) -> None:
    cache = Service(
        "cache", "localhost/redis:7", built_here=False, healthcheck=Healthcheck(tcp=6379)
    )
    services = {
        "web": replace(
            world.pipeline.services["web"],
            replicas=1,
            depends_on=(Dependency("cache", "service_healthy"),),
        ),
        "cache": cache,
    }
    world.pipeline = replace(world.pipeline, services=services)
    plan = world.plan()
    assert str(plan) == text(
        "create network pytweets_default (missing)",
        "create volume pytweets_tweets (missing)",
        "create container pytweets-cache-1 (replica 1: missing)",
        "start container pytweets-cache-1 (replica 1: missing)",
        "wait for container pytweets-cache-1 (it must be healthy)",
        "create container pytweets-web-1 (replica 1: missing)",
        "start container pytweets-web-1 (replica 1: missing)",
        "wait for container pytweets-web-1 (it must be healthy)",
        "record deploy 1 (healthy as a whole)",
    )
    create = next(o for o in plan.operations if o.key == "create container pytweets-web-1")
    assert "wait for container pytweets-cache-1" in create.after
    world.play(plan.operations)
    assert str(world.plan(Overrides({}, {"web": 2}))).startswith(
        "wait for container pytweets-cache-1 (web depends on it)\n"
    )


def test_a_job_that_ended_well_does_not_run_again(world: World) -> None:
    migrate = Service("migrate", "localhost/redis:7", built_here=False)
    services = {
        "migrate": migrate,
        "web": replace(
            world.pipeline.services["web"],
            replicas=1,
            depends_on=(Dependency("migrate", "service_completed_successfully"),),
        ),
    }
    world.pipeline = replace(world.pipeline, services=services)
    plan = world.deploy()
    assert "wait for the end of container pytweets-migrate-1 (web depends on it)" in str(plan)
    world.set("pytweets-migrate-1", state="exited", exit_code=0)
    assert str(world.plan()) == ""
    world.set("pytweets-migrate-1", state="exited", exit_code=1)
    assert "start container pytweets-migrate-1 (it is exited with 1)" in str(world.plan())


def test_volumes_that_want_a_backup_are_named_when_the_version_changes(world: World) -> None:
    volume = replace(world.pipeline.volumes["tweets"], backup_before_upgrade=True)
    world.pipeline = replace(world.pipeline, volumes={"tweets": volume})
    assert world.deploy(Overrides({"web": "1.1"}, {})).backups == ()
    world.change(labels={"a": "b"})
    assert world.plan(Overrides({"web": "1.1"}, {})).backups == ()
    assert world.plan(Overrides({"web": "1.2"}, {})).backups == ("pytweets_tweets",)


def test_another_image_under_the_same_tag_is_an_upgrade(world: World) -> None:
    volume = replace(world.pipeline.volumes["tweets"], backup_before_upgrade=True)
    world.pipeline = replace(world.pipeline, volumes={"tweets": volume})
    reference = "docker.io/library/redis:7"
    world.change(image=reference, built_here=False, replicas=1)
    world.observed = replace(world.observed, images={reference: ImageFacts("sha-old")})
    assert world.deploy().backups == ()
    world.observed = replace(world.observed, images={reference: ImageFacts("sha-new")})
    plan = world.plan()
    assert plan.backups == ("pytweets_tweets",)
    assert f"replica 1: {reference} is another image now" in str(plan)


def test_what_a_killed_engine_left_goes_before_its_name_is_used_again(world: World) -> None:
    world.change(replicas=1)
    left = {"pytweets-web-1", "pytweets-web-2.next", "pytweets-two-web-1", "other-web-1"}
    world.observed = replace(world.observed, unfinished=frozenset(left))
    plan = world.plan()
    cause = "the engine was killed while creating it"
    assert [str(o) for o in plan.operations[:2]] == [
        f"remove container pytweets-web-1 ({cause})",
        f"remove container pytweets-web-2.next ({cause})",
    ]
    assert sum(o.verb == "remove" for o in plan.operations) == 2
    create = next(o for o in plan.operations if o.key == "create container pytweets-web-1")
    assert "remove container pytweets-web-1" in create.after
    down = plan_down(world.pipeline, world.observed)
    assert sum(o.verb == "remove" for o in down.operations) == 2


def test_where_pasta_keeps_ports_a_lone_service_that_restarts_is_in_a_network(
    world: World,
) -> None:
    world.change(replicas=1, restart="on-failure")
    assert not any(o.kind == "network" for o in world.plan().operations)
    abilities = replace(world.observed.abilities, restarts_ports=False)
    world.observed = replace(world.observed, abilities=abilities)
    plan = world.plan()
    assert str(plan.operations[0]) == "create network pytweets_default (missing)"
    create = next(o for o in plan.operations if o.key == "create container pytweets-web-1")
    assert create.body["networks"].keys() == {"pytweets_default"}
    world.change(restart="no")
    assert not any(o.kind == "network" for o in world.plan().operations)
