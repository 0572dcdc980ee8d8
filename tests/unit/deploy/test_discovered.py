"""What only an attempt shows."""

from __future__ import annotations

from dataclasses import replace

from pipeline.deploy.apply.executor import Failure, Outcome
from pipeline.deploy.discovered import Discovered
from pipeline.deploy.model.operation import Operation
from pipeline.errors import EngineError
from tests.unit.deploy.world import World


def failed(verb: str, name: str, words: str) -> Failure:
    operation = Operation(verb, "container", name, "-")  # type: ignore[arg-type]
    return Failure(operation, EngineError("refused", details=words))


def taken(name: str, owner: str) -> str:
    return f'the container name "{name}" is already in use by {owner}. You have to remove it'


def test_names_that_the_store_keeps_are_given_back_or_freed(world: World) -> None:
    world.deploy()
    second = world.container("pytweets-web-2")
    discovered = Discovered()
    failures = (
        failed("create", "pytweets-web-2.next", taken("pytweets-web-2.next", second.id)),
        failed("create", "pytweets-web-3", taken("pytweets-web-3", "nobody-lists-it")),
    )
    discovered.learn(world.observed, Outcome(failed=failures))
    (half,) = discovered.half_renamed(world.observed)
    assert (half.name, half.new_name) == ("pytweets-web-2", "pytweets-web-2.next")
    assert discovered.half_renamed(world.observed) == ()
    assert discovered.added_to(world.observed).unfinished == {"pytweets-web-3"}


def test_a_port_that_could_not_be_bound_is_lost(world: World) -> None:
    discovered = Discovered()
    words = "rootlessport listen tcp 127.0.0.1:8080: bind: address already in use"
    discovered.learn(world.observed, Outcome(failed=(failed("start", "pytweets-web-1", words),)))
    assert discovered.lost_ports == {8080}


def test_what_could_not_be_started_for_its_port_only_is_not_given_up(world: World) -> None:
    world.deploy()
    world.set("pytweets-web-1", state="exited")
    world.set("pytweets-web-2", state="exited")
    discovered = Discovered()
    held = "rootlessport listen tcp 127.0.0.1:8080: bind: address already in use"
    broken = failed("start", "pytweets-web-2", "file exists: OCI runtime error")
    both = (failed("start", "pytweets-web-1", held), broken)
    discovered.learn(world.observed, Outcome(failed=both))
    faults = {c.name: c.fault for c in discovered.added_to(world.observed).containers}
    assert faults == {"pytweets-web-1": "", "pytweets-web-2": "Podman cannot start it again"}
    running = replace(
        world.observed,
        containers=tuple(replace(c, state="running") for c in world.observed.containers),
    )
    again = Discovered()
    again.learn(running, Outcome(failed=(broken,)))
    assert again.added_to(running) == running, "it did not stand still"
