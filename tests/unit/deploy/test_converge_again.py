"""A deploy looks again when what failed had a cause that a new plan removes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from pipeline.deploy.apply.executor import Failure, Listener, Outcome
from pipeline.deploy.converge import Deploy
from pipeline.deploy.model.desired import DesiredService, desired_services
from pipeline.deploy.model.operation import Operation, Plan
from pipeline.deploy.observe.snapshot import Observed
from pipeline.errors import EngineError
from tests.unit.deploy.world import World, played


@dataclass
class Engine:
    """Fails one operation, once or always; `spoiled` makes what is there afterwards."""

    observed: Observed
    key: str
    words: str
    spoiled: Callable[[Observed], Observed] = lambda observed: observed
    forgiving: bool = True
    done: list[str] = field(default_factory=list)

    def look(self, _wanted: Sequence[DesiredService], _lost: Iterable[int] = ()) -> Observed:
        return self.observed

    def pull(self, pulls: Sequence[Operation]) -> None:
        assert not pulls

    def apply(self, plan: Plan, _listen: Listener) -> Outcome:
        done: list[Operation] = []
        failed: list[Failure] = []
        for operation in plan.operations:
            if any(after in {f.operation.key for f in failed} for after in operation.after):
                continue
            if operation.key == self.key:
                self.key = "" if self.forgiving else self.key
                self.observed = self.spoiled(self.observed)
                failed.append(Failure(operation, EngineError("refused", details=self.words)))
                continue
            self.observed = played(self.observed, operation)
            self.done.append(operation.key)
            done.append(operation)
        return Outcome(tuple(done), tuple(failed))


def deployed(world: World, engine: Engine) -> list[str]:
    Deploy(engine, world.pipeline, desired_services(world.pipeline)).run()
    return engine.done


def test_a_name_that_only_the_store_keeps_is_freed(world: World) -> None:
    words = (
        'creating container storage: the container name "pytweets-web-1" is already in use by ab'
    )
    engine = Engine(world.observed, "create container pytweets-web-1", words)
    done = deployed(world, engine)
    freed = done.index("remove container pytweets-web-1")
    assert done.index("create container pytweets-web-1") > freed


def test_a_name_that_the_store_keeps_for_a_container_of_another_name_is_given_back(
    world: World,
) -> None:
    up = Engine(world.observed, "", "")
    deployed(world, up)
    second = next(c for c in up.observed.containers if c.name == "pytweets-web-2")
    words = f'the container name "pytweets-web-2.next" is already in use by {second.id}. You have'
    world.change(environment={"A": "2"})
    engine = Engine(up.observed, "create container pytweets-web-2.next", words)
    done = deployed(world, engine)
    order = [
        "rename container pytweets-web-2",
        "create container pytweets-web-2",
        "remove container pytweets-web-2.next",
    ]
    assert [one for one in done if one in order] == order
    names = sorted(c.name for c in engine.observed.containers)
    assert names == ["pytweets-web-1", "pytweets-web-2"]


def test_what_cannot_be_reached_when_it_was_waited_for_is_mended(world: World) -> None:
    def unreachable(observed: Observed) -> Observed:
        containers = tuple(
            replace(c, fault="nothing is bound to its port") if c.number == 1 else c
            for c in observed.containers
        )
        return replace(observed, containers=containers)

    key = "wait for container pytweets-web-1"
    engine = Engine(world.observed, key, "Connection refused", unreachable)
    done = deployed(world, engine)
    assert sum(one.startswith("create container pytweets-web-1") for one in done) == 2


def test_what_is_only_unhealthy_goes_back(world: World) -> None:
    engine = Engine(world.observed, "wait for container pytweets-web-1", "503")
    with pytest.raises(EngineError, match="refused"):
        deployed(world, engine)


PIDFILE = "runc create failed: open /run/…/userdata/.pidfile: file exists: OCI runtime error"
"""What Podman says for ever when a start was killed in the moment in which runc wrote that file."""


def stopped(observed: Observed) -> Observed:
    containers = tuple(replace(c, state="exited") for c in observed.containers)
    return replace(observed, containers=containers)


def test_what_cannot_be_started_again_is_made_anew(world: World) -> None:
    up = Engine(world.observed, "", "")
    deployed(world, up)
    engine = Engine(stopped(up.observed), "start container pytweets-web-1", PIDFILE)
    done = deployed(world, engine)
    assert done.count("start container pytweets-web-1") == 1
    assert done.index("create container pytweets-web-1") > done.index(
        "remove container pytweets-web-1"
    )


def test_what_ends_when_it_is_started_again_is_made_anew(world: World) -> None:
    up = Engine(world.observed, "", "")
    deployed(world, up)
    key = "wait for container pytweets-web-1"
    engine = Engine(stopped(up.observed), key, "failed to exec pid1", stopped)
    done = deployed(world, engine)
    assert done.count("create container pytweets-web-1") == 1


def test_what_is_unhealthy_when_it_is_started_again_goes_back(world: World) -> None:
    up = Engine(world.observed, "", "")
    deployed(world, up)
    engine = Engine(stopped(up.observed), "wait for container pytweets-web-1", "503")
    with pytest.raises(EngineError, match="refused"):
        deployed(world, engine)


def test_what_cannot_be_started_twice_goes_back(world: World) -> None:
    up = Engine(world.observed, "", "")
    deployed(world, up)
    engine = Engine(
        stopped(up.observed), "start container pytweets-web-1", PIDFILE, forgiving=False
    )
    with pytest.raises(EngineError, match="refused"):
        deployed(world, engine)
