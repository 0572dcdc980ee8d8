"""The text of a plan is what a user reads; here it is compared letter by letter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.deploy.model.desired import Overrides
from pipeline.deploy.model.ports import Held
from pipeline.deploy.observe.features import Features
from pipeline.deploy.observe.snapshot import ImageFacts
from pipeline.deploy.plan.deploy_plan import Options
from pipeline.deploy.plan.removal import plan_down
from pipeline.errors import CapasError, EngineError, HostUnsupported
from pipeline.spec.model import Dependency, Healthcheck, Resources, Service
from tests.unit.deploy.world import World, text


def test_nothing_there_must_create_everything(world: World) -> None:
    assert str(world.plan()) == text(
        "create volume pytweets_tweets (missing)",
        "create container pytweets-web-1 (replica 1: missing)",
        "start container pytweets-web-1 (replica 1: missing)",
        "wait for container pytweets-web-1 (it must be healthy)",
        "create container pytweets-web-2 (replica 2: missing)",
        "start container pytweets-web-2 (replica 2: missing)",
        "wait for container pytweets-web-2 (it must be healthy)",
        "record deploy 1 (healthy as a whole)",
    )


def test_every_operation_must_come_after_what_it_depends_on(world: World) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    done: set[str] = set()
    for operation in world.plan(Overrides({"web": "1.1"}, {"web": 5})).operations:
        assert set(operation.after) <= done
        assert operation.key not in done
        done.add(operation.key)


def test_a_second_deploy_must_do_nothing(world: World) -> None:
    world.deploy()
    assert str(world.plan()) == ""


def test_scaling_up_must_touch_nobody_else(world: World) -> None:
    world.deploy()
    assert str(world.plan(Overrides({}, {"web": 3}))) == text(
        "create container pytweets-web-3 (replica 3: missing)",
        "start container pytweets-web-3 (replica 3: missing)",
        "wait for container pytweets-web-3 (it must be healthy)",
        "record deploy 2 (healthy as a whole)",
    )


def test_scaling_down_must_remove_the_last(world: World) -> None:
    world.deploy()
    assert str(world.plan(Overrides({}, {"web": 1}))) == text(
        "wait for container pytweets-web-1 (it must be healthy)",
        "record deploy 2 (healthy as a whole)",
        "remove container pytweets-web-2 (scaled to 1)",
    )


def test_what_makes_no_difference_to_a_container_must_not_replace_it(world: World) -> None:
    world.deploy()
    world.change(healthcheck=Healthcheck(tcp=5000, interval=9.0), stop_grace_period=3.0)
    assert str(world.plan()) == ""


def test_an_update_with_ports_must_stop_the_old_first_and_keep_it_until_all_are_healthy(
    world: World,
) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    cause = "(replica {}: pytweets 1.0 → 1.1)"
    one, two = cause.format(1), cause.format(2)
    assert str(world.plan(Overrides({"web": "1.1"}, {}))) == text(
        f"create container pytweets-web-1.next {one}",
        f"stop container pytweets-web-1 {one}",
        f"start container pytweets-web-1.next {one}",
        "wait for container pytweets-web-1.next (it must be healthy)",
        f"create container pytweets-web-2.next {two}",
        f"stop container pytweets-web-2 {two}",
        f"start container pytweets-web-2.next {two}",
        "wait for container pytweets-web-2.next (it must be healthy)",
        "record deploy 2 (healthy as a whole)",
        "remove container pytweets-web-1 (replaced by pytweets-web-1.next)",
        "rename container pytweets-web-1.next (it is replica 1)",
        "remove container pytweets-web-2 (replaced by pytweets-web-2.next)",
        "rename container pytweets-web-2.next (it is replica 2)",
    )


def test_old_replicas_must_go_only_after_every_new_one_is_healthy(world: World) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    plan = world.plan(Overrides({"web": "1.1"}, {}))
    healthy = {o.key for o in plan.operations if o.verb == "wait for"}
    recorded = next(o for o in plan.operations if o.verb == "record")
    assert healthy <= set(recorded.after)
    for operation in plan.operations:
        if operation.verb == "remove":
            assert recorded.key in operation.after
            assert operation in plan.ending.operations


def test_what_an_unfinished_deploy_left_must_be_replaced_before_what_is_good(
    world: World,
) -> None:
    world.deploy(Overrides({"web": "1.0"}, {"web": 1}))
    world.play(world.plan(Overrides({"web": "1.1"}, {"web": 2})).operations[:2])
    assert world.container("pytweets-web-2").running
    plan = world.plan(Overrides({"web": "1.2"}, {"web": 2}))
    stop = next(o for o in plan.operations if o.key == "stop container pytweets-web-1")
    assert "wait for container pytweets-web-2.next" in stop.after


def test_the_second_replica_must_wait_for_the_first(world: World) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    plan = world.plan(Overrides({"web": "1.1"}, {}))
    stop = next(o for o in plan.operations if o.key == "stop container pytweets-web-2")
    assert "wait for container pytweets-web-1.next" in stop.after


def test_after_an_update_there_must_be_nothing_to_do_and_the_names_are_the_same(
    world: World,
) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    world.deploy(Overrides({"web": "1.1"}, {}))
    assert [c.name for c in world.observed.containers] == ["pytweets-web-1", "pytweets-web-2"]
    assert str(world.plan(Overrides({"web": "1.1"}, {}))) == ""


def test_an_update_must_remember_the_version_before_it(world: World) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    world.deploy(Overrides({"web": "1.1"}, {}))
    label = "io.github.capas.previous-version"
    assert world.container("pytweets-web-1").labels[label] == "1.0"
    world.change(environment={"A": "1"})
    world.deploy(Overrides({"web": "1.1"}, {}))
    assert world.container("pytweets-web-1").labels[label] == "1.0"


def test_an_update_must_keep_each_replicas_port(world: World) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    world.set(
        "pytweets-web-1",
        bindings=(replace(world.container("pytweets-web-1").bindings[0], host=8085),),
    )
    world.deploy(Overrides({"web": "1.1"}, {}))
    assert world.container("pytweets-web-1").bindings[0].host == 8085


@pytest.mark.parametrize("kill_after", range(13))
def test_killed_after_any_step_the_next_deploy_must_end_in_the_same_state(
    world: World, kill_after: int
) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    wish = Overrides({"web": "1.1"}, {})
    plan = world.plan(wish)
    world.play(plan.operations[:kill_after])
    world.deploy(wish)
    now = sorted((c.name, c.state, c.version) for c in world.observed.containers)
    assert now == [("pytweets-web-1", "running", "1.1"), ("pytweets-web-2", "running", "1.1")]
    assert str(world.plan(wish)) == ""


@pytest.mark.parametrize("kill_after", range(13))
def test_killed_after_any_step_the_old_version_must_be_reachable_again(
    world: World, kill_after: int
) -> None:
    world.deploy(Overrides({"web": "1.0"}, {}))
    world.play(world.plan(Overrides({"web": "1.1"}, {})).operations[:kill_after])
    world.deploy(Overrides({"web": "1.2"}, {}))
    world.deploy(Overrides({"web": "1.0"}, {}))
    now = sorted((c.name, c.state, c.version) for c in world.observed.containers)
    assert now == [("pytweets-web-1", "running", "1.0"), ("pytweets-web-2", "running", "1.0")]


def test_a_stopped_replica_must_be_started_again(world: World) -> None:
    world.deploy()
    world.set("pytweets-web-2", state="exited", exit_code=3)
    assert str(world.plan()) == text(
        "start container pytweets-web-2 (it is exited with 3)",
        "wait for container pytweets-web-2 (it must be healthy)",
    )


def test_one_that_was_never_started_must_be_made_anew(world: World) -> None:
    """Its engine was killed meanwhile: it has nothing to lose, and perhaps no files."""
    world.deploy()
    world.set("pytweets-web-2", state="created")
    cause = "(replica 2: it was never started)"
    lines = str(world.plan()).splitlines()
    assert any(line.startswith("create container pytweets-web-2") for line in lines), lines
    assert any(cause in line for line in lines), lines
    assert not any(line.startswith("start container pytweets-web-2 (never") for line in lines)


@pytest.mark.parametrize("lost", [True, False])
def test_one_that_cannot_be_reached_must_be_replaced_with_that_cause(
    world: World, *, lost: bool
) -> None:
    world.deploy()
    fault = "its monitor (conmon) has ended" if lost else "nothing forwards port 8080 to it"
    world.set("pytweets-web-1", fault=fault, lost=lost)
    plan = str(world.plan())
    assert f"create container pytweets-web-1.next (replica 1: {fault})" in plan
    verb = "remove" if lost else "stop"
    assert f"{verb} container pytweets-web-1 (replica 1: {fault})" in plan


def test_a_paused_replica_must_go_on(world: World) -> None:
    world.deploy()
    world.set("pytweets-web-1", state="paused")
    assert str(world.plan()) == "unpause container pytweets-web-1 (it is paused)"


def test_a_stopped_replica_whose_port_was_taken_must_move_on(world: World) -> None:
    world.deploy()
    world.set("pytweets-web-1", state="exited")
    world.observed = replace(
        world.observed, held=Held({("tcp", "127.0.0.1", 8080): "another program or user"})
    )
    held = "(replica 1: port 8080 is already in use by another program or user)"
    assert str(world.plan()) == text(
        f"create container pytweets-web-1.next {held}",
        f"start container pytweets-web-1.next {held}",
        "wait for container pytweets-web-1.next (it must be healthy)",
        "wait for container pytweets-web-2 (it must be healthy)",
        "record deploy 2 (healthy as a whole)",
        "remove container pytweets-web-1 (replaced by pytweets-web-1.next)",
        "rename container pytweets-web-1.next (it is replica 1)",
        "note: web: port 8080 is already in use by another program or user: 8082 instead",
    )


def test_a_changed_setting_must_be_named(world: World) -> None:
    world.deploy()
    world.change(environment={"A": "1"}, labels={"team": "blue"})
    causes = {o.cause for o in world.plan().operations if o.verb == "create"}
    assert causes == {
        "replica 1: environment, labels changed",
        "replica 2: environment, labels changed",
    }


def test_an_image_built_anew_must_be_named(world: World) -> None:
    world.deploy()
    images = {
        name: replace(facts, id=facts.id + "-again")
        for name, facts in world.observed.images.items()
    }
    world.observed = replace(world.observed, images=images)
    create = next(o for o in world.plan().operations if o.verb == "create")
    assert create.cause == "replica 1: localhost/pytweets:1.2 was rebuilt"


def test_a_missing_image_must_say_how_to_build_it(world: World) -> None:
    world.observed = replace(world.observed, images={})
    with pytest.raises(EngineError, match=r"pytweets:1\.2 does not exist") as raised:
        world.plan()
    assert raised.value.resolution == "`capas build --version 1.2` builds it"


def test_what_left_the_spec_must_be_named_and_removed_only_on_demand(world: World) -> None:
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


def test_a_volume_that_left_the_spec_must_stay(world: World) -> None:
    world.deploy()
    world.change(mounts=())
    world.pipeline = replace(world.pipeline, volumes={})
    plan = world.plan(options=Options(remove_orphans=True))
    assert "note: volume pytweets_tweets is no longer in the spec: it stays" in str(plan)
    assert not [o for o in plan.operations if o.kind == "volume"]


def test_a_foreign_container_of_the_same_name_must_stop_the_plan(world: World) -> None:
    world.observed = replace(world.observed, foreign=frozenset({"pytweets-web-2"}))
    with pytest.raises(CapasError, match="pytweets-web-2 is used"):
        world.plan()


def test_a_limit_that_the_host_ignores_must_be_an_error_before_anything_starts(
    world: World,
) -> None:
    world.change(resources=Resources(memory=64 << 20))
    with pytest.raises(HostUnsupported, match="does not enforce the limits of web: memory"):
        world.plan()


def test_an_optional_limit_must_be_left_out_and_told(world: World) -> None:
    world.change(resources=Resources(memory=64 << 20, pids=9, optional=True))
    plan = world.plan()
    assert plan.notes == ("web: this host enforces no limit of memory and pids",)
    assert all("resource_limits" not in o.body for o in plan.operations)


def test_services_that_need_each_other_must_not_be_planned_without_a_network(
    world: World,
) -> None:
    services = {**world.pipeline.services, "cache": Service("cache", "localhost/redis:7", False)}
    world.pipeline = replace(world.pipeline, services=services)
    world.observed = replace(
        world.observed, abilities=Features(no_network="netavark needs iptables")
    )
    with pytest.raises(HostUnsupported, match="cannot find each other"):
        world.plan()


def test_a_dependency_must_be_healthy_first(world: World) -> None:
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


def test_a_job_that_ended_well_must_not_run_again(world: World) -> None:
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


def test_volumes_that_want_a_backup_must_be_named_when_the_version_changes(world: World) -> None:
    volume = replace(world.pipeline.volumes["tweets"], backup_before_upgrade=True)
    world.pipeline = replace(world.pipeline, volumes={"tweets": volume})
    assert world.deploy(Overrides({"web": "1.1"}, {})).backups == ()
    world.change(labels={"a": "b"})
    assert world.plan(Overrides({"web": "1.1"}, {})).backups == ()
    assert world.plan(Overrides({"web": "1.2"}, {})).backups == ("pytweets_tweets",)


def test_another_image_under_the_same_tag_must_be_an_upgrade(world: World) -> None:
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


def test_what_a_killed_engine_left_must_go_before_its_name_is_used_again(world: World) -> None:
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


def test_where_pasta_keeps_ports_a_lone_service_that_restarts_must_be_in_a_network(
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
