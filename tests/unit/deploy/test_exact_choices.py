"""Exact words, numbers and orders of plans: which container is meant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.deploy.model.desired import (
    Overrides,
    desired_services,
)
from pipeline.deploy.model.operation import RELEASE_SECONDS
from pipeline.deploy.observe.snapshot import Container, ImageFacts, Observed
from pipeline.deploy.plan.deploy_plan import Options
from pipeline.deploy.plan.deploy_record import numbered
from pipeline.deploy.plan.history import records_of, standing
from pipeline.deploy.plan.restore import BeforeDeploy, plan_restore, what_became
from pipeline.deploy.plan.select import (
    Goal,
    current_overrides,
    left_over,
    rollback_goal,
    select_containers,
)
from pipeline.deploy.plan.slots import ReplicaSlot
from pipeline.engine import labels
from pipeline.errors import CapasError, UsageError
from pipeline.spec.model import (
    Dependency,
    Healthcheck,
    Secret,
    Service,
    Volume,
)
from tests.unit.deploy.exact import NEW, OLD, behind_an_ingress, of, said
from tests.unit.deploy.world import World, image


def a(name: str, **changes: Any) -> Container:
    return Container(id=name, name=name, service="web", number=1, state="running", **changes)


RUNS, ALSO = a("runs"), a("also")
STOPPED, LYING = (replace(one, state="exited") for one in (a("stopped"), a("lying")))


@pytest.mark.parametrize(
    ("others", "standing", "predecessor"),
    [
        ((RUNS, ALSO), ALSO, ALSO),
        ((STOPPED, RUNS), STOPPED, RUNS),
        ((STOPPED, LYING), LYING, LYING),
        ((STOPPED, LYING), None, STOPPED),
        ((LYING, RUNS, ALSO), None, RUNS),
        ((), None, None),
    ],
)
def test_who_has_the_place_now(
    others: tuple[Container, ...], standing: Container | None, predecessor: Container | None
) -> None:
    assert ReplicaSlot(1, "n", None, others, standing).predecessor == predecessor


def test_what_stands_is_recorded_first_then_runs_then_is_the_oldest(world: World) -> None:
    world.change(replicas=1)
    world.deploy()
    one = world.container("pytweets-web-1")
    twin = replace(one, id="twin", name="twin")

    def stands(*containers: Container) -> list[str]:
        observed = replace(world.observed, containers=containers)
        return [c.id for c in standing("pytweets", observed, "web").values()]

    still = replace(one, state="exited")
    assert stands(still, twin) == ["twin"]
    assert stands(replace(twin, state="exited"), one) == [one.id]
    assert stands(one, replace(twin, number=2)) == [one.id], "of what was on its way out, none"
    later = {**one.labels, labels.DEPLOY: "2"}
    other = replace(twin, labels={**later, labels.CONFIG: "other"})
    assert stands(other, replace(one, labels={**later, labels.DEPLOY: "3"})) == [one.id]
    third = replace(other, id="third", labels={**other.labels, labels.DEPLOY: "3"})
    assert stands(third, other) == ["twin"]


def test_a_word_where_nothing_is_deployed(world: World) -> None:
    with pytest.raises(UsageError) as raised:
        select_containers((), ["web"])
    assert raised.value.resolution == "`capas deploy` comes first"
    assert str(Goal({"web": "1.0", "api": "2"})) == "back to api 2, web 1.0"


def test_what_runs_is_not_left_over(world: World) -> None:
    world.change(replicas=1)
    world.deploy(OLD)
    world.play(world.plan(NEW).operations[:3])
    assert world.container("pytweets-web-1.next").running
    assert left_over(world.pipeline, world.observed, ()) == ()


def test_a_version_that_left_the_spec_is_no_wish(world: World) -> None:
    cache = Service("cache", "localhost/redis:7", built_here=False)
    services = {**world.pipeline.services, "cache": cache}
    world.pipeline = replace(world.pipeline, services=services)
    world.deploy(OLD)
    world.pipeline = replace(world.pipeline, images={"pytweets": image("pytweets", "1.1")})
    found = current_overrides(world.pipeline, world.observed)
    assert found == Overrides({}, {"web": 2, "cache": 1})
    world.observed = replace(world.observed, secrets={})
    with pytest.raises(CapasError, match="there is no version to go back to"):
        rollback_goal(world.pipeline, world.observed, ["pytweets:1.1"])


def test_a_rollback_that_ended_well_is_not_gone_on_with(world: World) -> None:
    world.deploy(OLD)
    world.deploy(NEW)
    world.deploy(OLD, Options(back_to=1))
    world.play(world.plan(Overrides({"web": "1.2"}, {})).operations[:1])
    assert rollback_goal(world.pipeline, world.observed) == Goal({"web": "1.0"}, 3)


def test_a_service_that_left_the_spec_is_no_difference_between_deploys(world: World) -> None:
    web = world.pipeline.services["web"]
    both = {"web": web, "gone": replace(web, name="gone", ports=(), mounts=())}
    one = world.pipeline
    world.deploy(OLD)
    world.pipeline = replace(one, services=both)
    world.deploy(Overrides({"web": "1.1", "gone": "1.0"}, {}))
    world.pipeline = one
    world.deploy(NEW, Options(remove_orphans=True))
    assert rollback_goal(world.pipeline, world.observed) == Goal({"web": "1.0"}, 1)


def test_only_a_rollback_says_where_it_goes(world: World) -> None:
    assert numbered(world.pipeline, Observed(), 0) == {labels.DEPLOY: "1"}
    assert numbered(world.pipeline, Observed(), 4) == {labels.DEPLOY: "1", labels.BACK_TO: "4"}


def test_a_replica_is_given_time_where_another_stopped_just_before(world: World) -> None:
    world.change(replicas=1)
    assert of(world.plan(OLD), "start container pytweets-web-1").patience == 0
    world.deploy(OLD)
    plan = world.plan(NEW)
    assert of(plan, "start container pytweets-web-1.next").patience == RELEASE_SECONDS


@pytest.mark.parametrize(
    ("state", "cause"),
    [("created", "it was never started"), ("dead", "it is dead")],
)
def test_why_what_is_right_is_made_again(world: World, state: str, cause: str) -> None:
    world.deploy()
    world.set("pytweets-web-1", state=state)
    create = next(o for o in world.plan().operations if o.verb == "create")
    assert create.cause == f"replica 1: {cause}"


@pytest.mark.parametrize("ingress", [True, False])
def test_without_waiting_only_what_is_replaced_is_waited_for(
    world: World, *, ingress: bool
) -> None:
    if ingress:
        behind_an_ingress(world)
    world.deploy(OLD)
    no = Options(wait=False)
    waits = [o.name for o in world.plan(NEW, no).operations if o.verb == "wait for"]
    assert [name for name in waits if "next" in name] == [
        "pytweets-web-1.next",
        "pytweets-web-2.next",
    ]
    plan = world.plan(NEW, no)
    assert "record" not in {o.verb for o in plan.operations}


def test_a_first_deploy_that_does_not_wait_waits_for_nothing(world: World) -> None:
    plan = world.plan(OLD, Options(wait=False))
    assert {o.verb for o in plan.operations} == {"create", "start"}


def test_of_an_update_that_was_killed_the_new_one_is_not_started_twice(world: World) -> None:
    behind_an_ingress(world, replicas=1)
    world.deploy(OLD)
    world.play(world.plan(NEW).operations[:2])
    planned = said(world.plan(NEW).operations)
    assert planned[:6] == [
        "wait for 1.next", "write ingress", "reload ingress", "drain ingress", "confirm ingress",
        "stop 1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("built", "image_id", "backups"),
    [(True, "sha-9", ()), (False, "sha-9", ("pytweets_tweets",)), (False, "same", ())],
)
def test_data_is_kept_before_an_image_of_elsewhere_is_another_one(
    world: World, built: bool, image_id: str, backups: tuple[str, ...]
) -> None:
    volume = Volume("tweets", "pytweets_tweets", exclusive=False, backup_before_upgrade=True)
    world.pipeline = replace(world.pipeline, volumes={"tweets": volume})
    if not built:
        world.change(image="localhost/redis:7", built_here=False)
    name = "localhost/pytweets:1.0" if built else "localhost/redis:7"
    wish = OLD if built else Overrides({}, {})
    world.deploy(wish)
    if image_id != "same":
        images = {**world.observed.images, name: ImageFacts(image_id)}
        world.observed = replace(world.observed, images=images)
    world.change(environment={"A": "2"})
    assert world.plan(wish).backups == backups


@pytest.mark.parametrize(
    ("condition", "watched"), [("service_started", False), ("service_healthy", True)]
)
def test_only_what_must_be_healthy_is_watched(
    world: World, condition: Any, *, watched: bool
) -> None:
    check = Healthcheck(tcp=6379)
    cache = Service("cache", "localhost/redis:7", built_here=False, healthcheck=check)
    web = replace(world.pipeline.services["web"], depends_on=(Dependency("cache", condition),))
    world.pipeline = replace(world.pipeline, services={"web": web, "cache": cache})
    first = world.plan(options=Options(wait=False))
    waits = [o.name for o in first.operations if o.verb == "wait for"]
    assert waits == (["pytweets-cache-1"] if watched else [])
    world.deploy()
    plan = world.plan(Overrides({}, {"web": 3}))
    keys = [o.key for o in plan.operations]
    assert ("wait for container pytweets-cache-1" in keys) is watched


def test_a_secret_of_the_spec_is_no_orphan(world: World) -> None:
    own = {"io.github.capas.pipeline": "pytweets"}
    secret = Secret("key", "pytweets_key", environment="KEY")
    world.pipeline = replace(world.pipeline, secrets={"key": secret})
    world.deploy()
    secrets = {**world.observed.secrets, "pytweets_key": own, "pytweets_old": own}
    world.observed = replace(world.observed, secrets=secrets)
    plan = world.plan(options=Options(remove_orphans=True))
    removed = [o.name for o in plan.operations if (o.verb, o.kind) == ("remove", "secret")]
    assert "pytweets_old" in removed
    assert "pytweets_key" not in removed
    assert len(records_of("pytweets", world.observed.secrets)) == 1


def test_what_does_not_run_again_is_told(world: World) -> None:
    world.change(replicas=1)
    world.deploy(OLD)
    before = BeforeDeploy(world.pipeline, world.observed)
    world.play(world.plan(NEW).head.operations)
    wanted = desired_services(world.pipeline, NEW)
    failed = world.observed
    assert what_became(before, wanted, failed, failed) == ["does not run again: web 1.0"]
    world.play(plan_restore(before, wanted, failed).operations)
    assert what_became(before, wanted, failed, world.observed) == [
        "back as a whole to what ran before: web 1.0"
    ]


def test_what_somebody_removed_meanwhile_is_not_started(world: World) -> None:
    world.deploy(OLD)
    before = BeforeDeploy(world.pipeline, world.observed)
    world.play(world.plan(NEW).head.operations)
    rest = tuple(c for c in world.observed.containers if c.name != "pytweets-web-1")
    now = replace(world.observed, containers=rest)
    plan = plan_restore(before, desired_services(world.pipeline, NEW), now)
    assert [o.name for o in plan.operations if o.verb == "start"] == ["pytweets-web-2"]


def test_a_replica_ends_only_when_the_one_before_is_back(world: World) -> None:
    world.deploy(OLD)
    before = world.observed
    operations = list(world.plan(NEW).operations)
    second = next(
        n for n, o in enumerate(operations) if o.key == "create container pytweets-web-2.next"
    )
    world.play(tuple(operations[: second + 1]))
    assert world.container("pytweets-web-2").running
    sick = BeforeDeploy(world.pipeline, before, failed=frozenset({"pytweets-web-1.next"}))
    plan = plan_restore(sick, desired_services(world.pipeline, NEW), world.observed)
    order = [o.name for o in plan.operations if o.verb == "remove"]
    assert sorted(order) == ["pytweets-web-1.next", "pytweets-web-2.next"]
    last = of(plan, "remove container pytweets-web-2.next")
    assert last.after == ("wait for container pytweets-web-1",)
    again = plan_restore(sick, desired_services(world.pipeline, NEW), world.observed, again=True)
    assert [o.key for o in again.operations] == [o.key for o in plan.operations]


def test_what_was_made_before_and_never_healthy_is_removed_and_not_stopped(world: World) -> None:
    world.change(replicas=1)
    world.deploy(OLD)
    world.play(world.plan(NEW).operations[:1])  # made, and killed
    before = world.observed
    world.play(world.plan(NEW).head.operations)
    plan = plan_restore(
        BeforeDeploy(world.pipeline, before), desired_services(world.pipeline, NEW), world.observed
    )
    assert "stop" not in {o.verb for o in plan.operations}


def test_a_job_that_did_not_run_is_not_told(world: World) -> None:
    after = Dependency("migrate", "service_completed_successfully")
    web = replace(world.pipeline.services["web"], replicas=1, depends_on=(after,))
    job = Service("migrate", "pytweets", built_here=True)
    world.pipeline = replace(world.pipeline, services={"migrate": job, "web": web})
    wish = Overrides({"web": "1.0", "migrate": "1.0"}, {})
    before = world.observed
    world.play(world.plan(wish).head.operations)
    wanted = desired_services(world.pipeline, wish)
    for started, told in ((frozenset[str](), 0), (frozenset({"pytweets-migrate-1"}), 1)):
        found = BeforeDeploy(world.pipeline, before, started=started)
        lines = what_became(found, wanted, world.observed, world.observed)
        assert sum("the job migrate 1.0 has run" in line for line in lines) == told
    world.set("pytweets-migrate-1", state="exited", exit_code=1)
    plan = plan_restore(BeforeDeploy(world.pipeline, before), wanted, world.observed)
    assert {o.verb for o in plan.operations} == {"stop"}, "left to be looked at"
