"""Back to what served before, when a deploy failed half-way (pure).

Nothing old is removed before the whole deploy is healthy, so going back is starting it again: the
very containers, of all services, whatever has changed in the spec since they were made. Where a
ingress lets both serve, the old one is up before the new one ends.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pipeline.deploy.model.desired import DesiredService, depended_on
from pipeline.deploy.model.operation import FOR_GOOD, RELEASE_SECONDS, Operation, Plan
from pipeline.deploy.observe.snapshot import Container, Observed
from pipeline.deploy.plan.history import is_proved, last_number, records_of, standing
from pipeline.deploy.plan.ingress_plan import IngressPlan
from pipeline.deploy.plan.removal import removal
from pipeline.deploy.plan.service_plan import may_overlap, served_now
from pipeline.deploy.plan.slots import SERVING
from pipeline.lean_dataclasses import dataclass, field, replace
from pipeline.spec.model import Pipeline

GOING_BACK = "the deploy failed"
"""The cause of every step back."""
_ENDED = ("exited", "stopped")


@dataclass(frozen=True)
class BeforeDeploy:
    """What a failed deploy found when it began.

    Attributes:
        failed: names of the containers that were waited for in vain.
        started: names of the containers that it started.
    """

    pipeline: Pipeline
    observed: Observed
    failed: frozenset[str] = frozenset()
    started: frozenset[str] = frozenset()


@dataclass
class _Back:
    """How one service goes back.

    Attributes:
        old: by replica number: what shall serve again, running or not.
        new: what this deploy made, or began to count on.
        woken: what lay there stopped, from an earlier deploy, and this one started.
    """

    desired: DesiredService
    old: dict[int, Container] = field(default_factory=dict)
    new: list[Container] = field(default_factory=list)
    woken: list[Container] = field(default_factory=list)
    had_any: bool = False


def plan_restore(
    before: BeforeDeploy, wanted: Sequence[DesiredService], now: Observed, *, again: bool = False
) -> Plan:
    """Remove what the failed deploy made, and let what ran before serve again.

    Args:
        again: something of an earlier such plan failed: nothing waits for what may fail again.
    """
    jobs = depended_on([d.service for d in wanted], "service_completed_successfully")
    operations: list[Operation] = []
    for desired in wanted:
        back = _back(before, desired, now)
        steps = _job(back) if desired.name in jobs else _service(before, back, now)
        after = () if again else tuple(step.key for step in steps)
        operations += [*steps, *_ingresses(before, back, now, after)]
    if again:
        ended = {c.name for c in now.containers if c.state not in SERVING}
        operations = [o for o in operations if o.verb != "stop" or o.name not in ended]
    return Plan(tuple(operations), headline="going back to what ran before" if operations else "")


def what_became(
    before: BeforeDeploy, wanted: Sequence[DesiredService], failed: Observed, now: Observed
) -> list[str]:
    """Lines on how a deploy that went back left things: what runs, and what cannot be undone.

    Args:
        failed: what was there when it failed.
        now: what is there when it went back.
    """
    jobs = depended_on([d.service for d in wanted], "service_completed_successfully")
    running = {c.id for c in now.containers if c.running}
    again: list[str] = []
    lost: list[str] = []
    lines: list[str] = []
    for desired in wanted:
        back = _back(before, desired, failed)
        if desired.name in jobs:
            if any(c.name in before.started for c in failed.of(desired.name)):
                name = f"{desired.name} {desired.version}".rstrip()
                lines.append(f"the job {name} has run, and that cannot be undone")
            continue
        for one in back.old.values():
            name = f"{desired.name} {one.version}".rstrip()
            (again if one.id in running else lost).append(name)
        if not back.had_any and back.new:
            lines.append(f"{desired.name} did not run before: it is stopped")
    if again:
        lines.insert(0, f"back as a whole to what ran before: {_each(again)}")
    if lost:
        lines.append(f"does not run again: {_each(lost)}")
    return lines


def _each(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _back(before: BeforeDeploy, desired: DesiredService, now: Observed) -> _Back:
    """Who is old and who is new; known by id, since names change hands."""
    pipeline = before.pipeline.name
    stands = standing(pipeline, before.observed, desired.name)
    last = last_number(records_of(pipeline, before.observed.secrets))
    found = before.observed.of(desired.name)
    proved = {c.id for c in found if is_proved(c, last) and (not stands or c.number in stands)}
    doubtful = {c.number for c in found if c.id not in proved}
    back = _Back(desired)
    for number, one in stands.items():
        if one.id not in proved and one.name in before.failed:
            continue  # it ran, was never healthy as a whole, and is not healthy now
        back.had_any = True
        if one.running or (one.id in proved and number in doubtful):
            back.old[number] = one
    spared = proved | {c.id for c in back.old.values()}
    back.new = [c for c in now.of(desired.name) if c.id not in spared]
    idle = {c.id for c in found if c.id in proved and not c.running}
    idle -= {c.id for c in stands.values()}
    back.woken = [c for c in now.of(desired.name) if c.id in idle and c.running]
    return back


def _job(back: _Back) -> list[Operation]:
    """A job is not run again; what it did stays done."""
    return [removal(c, GOING_BACK) for c in back.new] if back.had_any else _stops(back.new)


def _service(before: BeforeDeploy, back: _Back, now: Observed) -> list[Operation]:
    """Replica by replica, as an update: what serves ends when its successor is up."""
    name = back.desired.name
    there = {c.id: c for c in now.of(name)}
    # First where nothing serves, then where something new may.
    served = {
        c.number for c in [*back.new, *back.woken] if c.running and c.name not in before.failed
    }
    turns = sorted(back.old, key=lambda number: (number in served, number))
    old = {n: there[back.old[n].id] for n in turns if back.old[n].id in there}
    members = _members(before, back, [*old.values()])
    ingress = IngressPlan(before.pipeline, back.desired, now, members, {})
    beside = may_overlap(before.pipeline, back.desired)
    operations: list[Operation] = []
    step: tuple[str, ...] = ()
    for number, container in old.items():
        gone = [*_ends(back, number, step)]
        if container.running:
            follows = ingress.put(number, container.alias, step)
            step = _last(follows) or step
            operations += [*follows, *(replace(o, after=step) for o in gone)]
            continue
        if beside:
            up = _up(container, step)
            follows = ingress.put(number, container.alias, _last(up))
            step = _last([*up, *follows])
            operations += [*up, *follows, *(replace(o, after=step) for o in gone)]
        else:
            taken = ingress.take(number, step)
            gone = [replace(o, after=_last(taken) or step) for o in gone]
            up = _up(container, tuple(o.key for o in gone) or _last(taken) or step)
            follows = ingress.put(number, container.alias, _last(up))
            operations += [*taken, *gone, *up, *follows]
            step = _last([*up, *follows])
    if back.had_any:
        follows = ingress.follow({n: c.alias for n, c in old.items()}, step)
        step = _last(follows) or step
        others = {c.number for c in (*back.new, *back.woken)} - set(old)
        ends = [o for number in sorted(others) for o in _ends(back, number, step)]
        return [*operations, *follows, *ends]
    return [*operations, *_stops(back.new)]


def _ends(back: _Back, number: int, after: tuple[str, ...]) -> list[Operation]:
    """Away with what is new at a place; what was only started lies there stopped again."""
    gone = [removal(c, GOING_BACK, after) for c in back.new if c.number == number]
    asleep = [c for c in back.woken if c.number == number]
    return [*gone, *(Operation("stop", "container", c.name, GOING_BACK, after) for c in asleep)]


def _members(before: BeforeDeploy, back: _Back, old: Sequence[Container]) -> dict[int, str]:
    """Who gets requests, as far as it can be known: what did before, the old one, the healthy."""
    served = served_now(before.pipeline.name, before.observed, back.desired.name)
    new = sorted([*back.new, *back.woken], key=lambda c: (c.name not in before.failed, -c.deploy))
    running = [c for c in (*new, *old) if c.running]
    did = [c for c in running if c.alias == served.get(c.number)]
    return {c.number: c.alias for c in (*running, *did)}


def _up(container: Container, after: tuple[str, ...]) -> list[Operation]:
    # Not held to the spec's health check: that one may be made for what failed.
    start = Operation(
        "start", "container", container.name, GOING_BACK, after, patience=RELEASE_SECONDS
    )
    must = "it must keep running"
    return [start, Operation("wait for", "container", container.name, must, (start.key,))]


def _stops(containers: Collection[Container]) -> list[Operation]:
    """Left to be looked at, and no crash loop: a stopped container is not started again."""
    return [
        Operation("stop", "container", c.name, GOING_BACK, detail=FOR_GOOD)
        for c in containers
        if c.state in SERVING or (c.state in _ENDED and c.exit_code)
    ]


def _ingresses(
    before: BeforeDeploy, back: _Back, now: Observed, after: tuple[str, ...]
) -> list[Operation]:
    """The ingress that was there, in place of one that the deploy made."""
    name = back.desired.name
    had = {d.id: d for d in before.observed.ingresses(name)}
    new = [d for d in now.ingresses(name) if d.id not in had]
    if not back.had_any:
        return _stops(now.ingresses(name))
    gone = [removal(d, GOING_BACK, after) for d in new]
    shut = [d for d in now.ingresses(name) if d.id in had and had[d.id].running and not d.running]
    if not shut:
        return gone
    members = {number: c.alias for number, c in back.old.items()}
    ingress = IngressPlan(before.pipeline, back.desired, now, members, {})
    free = tuple(o.key for o in gone) or after
    return [*gone, *(step for d in shut for step in ingress.open_again(d.name, GOING_BACK, free))]


def _last(operations: Sequence[Operation]) -> tuple[str, ...]:
    return (operations[-1].key,) if operations else ()
