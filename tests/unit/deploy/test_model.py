"""Random sequences of commands and mishaps on a machine in memory, held to what deploy.md promises.

`CAPAS_MODEL_RUNS` says how many sequences are tried, `CAPAS_MODEL_SEED` where they begin.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest

from pipeline.deploy.converge import Deploy
from pipeline.deploy.model.desired import DesiredService, Overrides, desired_services
from pipeline.deploy.observe.features import Features
from pipeline.deploy.observe.snapshot import ImageFacts, Observed
from pipeline.deploy.plan.bring_up import plan_bring_up
from pipeline.deploy.plan.deploy_plan import Options, blueprints_of, plan_deploy
from pipeline.deploy.plan.history import is_proved, records_of
from pipeline.deploy.plan.removal import plan_down
from pipeline.deploy.plan.select import current_overrides, rollback_goal
from pipeline.errors import CapasError
from pipeline.spec.model import Dependency, Healthcheck, Ingress, Pipeline, Port, Service
from tests.unit.deploy.model import Killed, Machine, Trouble
from tests.unit.deploy.world import image

RUNS = int(os.environ.get("CAPAS_MODEL_RUNS", "240"))
SEED = int(os.environ.get("CAPAS_MODEL_SEED", "1"))
STEPS = 12
VERSIONS = ("1.0", "1.1", "1.2", "1.3")
PROXY = "localhost/proxy:1"


@dataclass
class Story:
    """One sequence: a pipeline, a machine, and what was done to them.

    Attributes:
        clean: whether the last command came to an end of its own.
        ran: what ran when the machine, or somebody, stopped everything.
        brought_up: whether the last deploy began with what ran before.
    """

    random: Random
    pipeline: Pipeline
    machine: Machine
    wish: Overrides
    clean: bool = True
    ran: dict[str, str] | None = None
    brought_up: bool = False

    def deploy(self, wish: Overrides, trouble: Trouble, back_to: int = 0) -> bool:
        """A deploy, a scale or a rollback; whether it came to a good end."""
        self.wish = wish
        wanted = desired_services(self.pipeline, wish)
        machine = self.machine
        machine.begin(wanted, trouble)
        before = self._what_ran(wanted)
        records = len(records_of("shop", machine.observed.secrets))
        clean = self.clean and self._as_recorded()
        options = Options(back_to=back_to)
        try:
            Deploy(machine, self.pipeline, wanted, options).run()
        except Killed:
            self.clean = False
            return False
        except CapasError as error:
            machine.log.append(f"  failed: {error.brief}: {error.details}")
            recorded = len(records_of("shop", machine.observed.secrets)) > records
            if not trouble.engine:
                self.must_be_as_before(before, clean=clean, recorded=recorded)
                self.clean = True
            else:
                self.clean = False
            return False
        self.must_be_as_wanted(wanted)
        self.clean = True
        return True

    def _what_ran(self, wanted: tuple[DesiredService, ...]) -> dict[str, str]:
        before, self.ran = self.ran, None
        blueprints = blueprints_of(self.pipeline, wanted, self.machine.observed)
        self.brought_up = plan_bring_up(self.pipeline, blueprints, self.machine.observed).changes
        if before is None:
            return self.machine.running()
        self.clean &= self.brought_up
        return before

    def stand_still(self) -> None:
        """Everything is stopped, by a reboot or on demand."""
        self.ran = self.machine.running() if self.ran is None else self.ran
        self.machine.change(lambda c: replace(c, state="exited") if c.running else c)

    def _as_recorded(self) -> bool:
        records = records_of("shop", self.machine.observed.secrets)
        last = records[-1].number if records else 0
        found = [c for c in self.machine.observed.containers if not c.is_ingress]
        return bool(records) and all(c.deploy <= last for c in found)

    def must_be_as_wanted(self, wanted: tuple[DesiredService, ...]) -> None:
        """What "done" says: all is there, all is healthy, nothing else is there."""
        observed = self.machine.observed
        expected = set()
        for desired in wanted:
            numbers = range(1, desired.service.replicas + 1)
            expected |= {f"shop-{desired.name}-{n}" for n in numbers}
            expected |= {f"shop-{desired.name}-ingress"} if desired.ingress_image else set()
        assert {c.name for c in observed.containers} == expected
        for container in observed.containers:
            if container.service in self.machine.jobs:
                assert (container.state, container.exit_code) == ("exited", 0)
            elif container.is_ingress:
                assert container.running
            else:
                assert self.machine.is_healthy(container), f"{container.name} is sick"
        for desired in wanted:
            if desired.name not in self.machine.jobs:
                assert len(self.machine.healthy(desired.name)) == desired.service.replicas
                versions = {c.version for c in observed.of(desired.name)}
                assert versions <= {desired.version}
        blueprints = blueprints_of(self.pipeline, wanted, observed)
        assert not plan_bring_up(self.pipeline, blueprints, observed).changes
        again = plan_deploy(self.pipeline, wanted, observed)
        assert not again.changes, f"a second deploy would do: {again}"

    def must_be_as_before(self, before: dict[str, str], *, clean: bool, recorded: bool) -> None:
        """What a failure leaves: exactly what ran; after an interruption, what was healthy."""
        now = self.machine.running()
        if clean and not recorded:
            assert now == before or (self.brought_up and before.items() <= now.items())
        records = records_of("shop", self.machine.observed.secrets)
        if not records:
            return
        # Of a service whose good containers somebody removed there is nothing to go back to.
        last = records[-1].number
        good = {c.service for c in self.machine.observed.containers if is_proved(c, last)}
        versions = {n: v for n, v in records[-1].versions.items() if n in good}
        for text in now.values():
            service, _, version = text.partition(" ")
            if version and service in versions:
                assert versions[service] == version, f"{now} is a mixture of {versions}"


def new_story(random: Random) -> Story:
    """A random shop: with an ingress or ports or neither, with a job, a database and a worker."""
    front = random.choice(["ingress", "ports", "both", "none"])
    job = random.random() < 0.5
    store = random.random() < 0.5
    needs = (
        *((Dependency("migrate", "service_completed_successfully"),) if job else ()),
        *((Dependency("db", "service_healthy"),) if store else ()),
    )
    check = Healthcheck(http=":5000/healthz")
    web = Service(
        "web",
        "shop",
        built_here=True,
        replicas=random.choice([1, 1, 2, 2, 3]),
        ports=(Port(5000, 8080),) if front in ("ports", "both") else (),
        ingress=Ingress(8000, 5000, PROXY) if front in ("ingress", "both") else None,
        healthcheck=check,
        depends_on=needs,
    )
    services = {"web": web}
    if store:
        services["db"] = Service("db", "localhost/db:1", False, healthcheck=check)
    if job:
        services["migrate"] = Service("migrate", "shop", built_here=True)
    if random.random() < 0.6:
        services["worker"] = Service(
            "worker", "shop", built_here=True, healthcheck=check, depends_on=needs[-1:]
        )
    pipeline = Pipeline(
        "shop",
        Path("/p/specs/shop.toml"),
        Path("/p"),
        images={"shop": image("shop", *VERSIONS)},
        services=services,
    )
    images = {f"localhost/shop:{v}": ImageFacts(f"sha-{v}") for v in VERSIONS}
    images |= {PROXY: ImageFacts("sha-proxy"), "localhost/db:1": ImageFacts("sha-db")}
    sick = frozenset(
        (service, version)
        for service in services
        for version in VERSIONS[1:]
        if service != "db" and random.random() < 0.2
    )
    observed = Observed(images=images, abilities=Features(init=True))
    return Story(random, pipeline, Machine(random, observed, sick), Overrides({}, {}))


def trouble(random: Random) -> Trouble:
    at = random.randrange(30)
    return random.choice(
        [Trouble(), Trouble(), Trouble(kill_at=at), Trouble(fail_at=at), Trouble(dead_at=at)]
    )


def step(story: Story) -> None:
    """One command or mishap."""
    random, machine = story.random, story.machine
    what = random.choice(
        ["deploy"] * 6 + ["again"] * 3 + ["scale", "rollback", "reboot", "reboot", "crash", "edit",
         "remove", "proxy", "down"]
    )  # fmt: skip
    machine.log.append(what)
    if what == "deploy":
        version = random.choice(VERSIONS)
        built = [s.name for s in story.pipeline.services.values() if s.built_here]
        replicas = {"web": random.choice([1, 2, 3])} if random.random() < 0.3 else {}
        wish = Overrides(dict.fromkeys(built, version), replicas)
        machine.log[-1] += f" {version} {replicas}"
        story.deploy(wish, trouble(random))
    elif what == "again":
        story.deploy(story.wish, trouble(random))
    elif what == "scale":
        now = current_overrides(story.pipeline, machine.observed)
        number = random.choice([1, 2, 3])
        machine.log[-1] += f" web={number}"
        story.deploy(replace(now, replicas={**now.replicas, "web": number}), trouble(random))
    elif what == "rollback":
        roll_back(story)
    elif what == "reboot":
        story.stand_still()
    elif what in ("crash", "remove"):
        befall(story, what)
    elif what == "edit":
        name = random.choice(sorted(story.pipeline.services))
        edited = replace(story.pipeline.services[name], environment={"A": str(random.randrange(3))})
        services = {**story.pipeline.services, name: edited}
        story.pipeline = replace(story.pipeline, services=services)
    elif what == "proxy":
        facts = {**machine.observed.images, PROXY: ImageFacts(f"sha-proxy-{random.random()}")}
        machine.observed = replace(machine.observed, images=facts)
    elif what == "down":
        machine.begin((), Trouble())
        machine.apply(plan_down(story.pipeline, machine.observed), lambda _o, _e: None)
        assert machine.observed.containers == ()
        assert machine.observed.secrets == {}
        story.clean = True
        story.ran = None


def befall(story: Story, what: str) -> None:
    """A container ends by itself, or somebody removes it."""
    machine = story.machine
    found = [c for c in machine.observed.containers if c.running]
    if not found:
        return
    one = story.random.choice(found)
    machine.log[-1] += f" {one.name}"
    story.clean = False
    if what == "crash":
        machine.change(lambda c: replace(c, state="exited", exit_code=1), one.name)
    else:
        rest = tuple(c for c in machine.observed.containers if c is not one)
        machine.observed = replace(machine.observed, containers=rest)


def roll_back(story: Story) -> None:
    machine = story.machine
    try:
        goal = rollback_goal(story.pipeline, machine.observed)
    except CapasError:
        return
    machine.log[-1] += f" {goal}"
    now = current_overrides(story.pipeline, machine.observed)
    wish = replace(now, versions={**now.versions, **goal.versions})
    records = [r.versions for r in records_of("shop", machine.observed.secrets)]
    if story.deploy(wish, trouble(story.random), goal.deploy):
        ran = records_of("shop", machine.observed.secrets)[-1].versions
        assert ran in records or not goal.deploy, f"{ran} is a mixture"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(4))
def test_whatever_happens_what_serves_goes_on_until_its_successor_is_healthy(part: int) -> None:
    for number in range(RUNS // 4):
        seed = f"{SEED}-{part}-{number}"
        story = new_story(Random(seed))
        try:
            for _ in range(STEPS):
                step(story)
            story.machine.log.append("at last")
            healthy = {n: "1.0" for n, s in story.pipeline.services.items() if s.built_here}
            assert story.deploy(Overrides(healthy, {}), Trouble())
        except Exception as error:
            web = story.pipeline.services["web"]
            said = [f"seed {seed}: {error}", f"sick: {sorted(story.machine.sick)}", f"web: {web}"]
            raise AssertionError("\n".join([*said, *story.machine.log, said[0]])) from error
