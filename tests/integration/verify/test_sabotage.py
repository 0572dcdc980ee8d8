"""Every kind of step holds in an honest world, and is refuted in one that is tampered with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.deploy.observe.snapshot import Container
from pipeline.engine import command
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.spec.load import load
from pipeline.spec.step_kinds import KINDS
from pipeline.verify.experiment import ExperimentResult
from pipeline.verify.own import carry_out_own
from pipeline.verify.world import World
from tests.integration.conftest import Capas
from tests.integration.verify.conftest import nothing_left
from tests.integration.verify.project import UserProject, make_project

pytestmark = pytest.mark.integration

ADD = '{ http = "POST /users", body = { name = "ann" }, status = 201 }'
SEE = '{ http = "GET /users", text = "ann" }'
SILENT = '{ http = "GET /", answers = false }'


class Lazy(World):
    """Only the first deploy does anything."""

    _deployed = False

    def deploy(self, back_to: int = 0) -> None:
        if not self._deployed:
            self._deployed = True
            super().deploy(back_to)


class Unchanging(World):
    """Containers are not stopped, paused, started, killed or removed."""

    def change(self, verb: Any, containers: tuple[Container, ...]) -> None:
        pass

    def kill(self, containers: tuple[Container, ...]) -> None:
        pass

    def remove(self, containers: tuple[Container, ...]) -> None:
        pass


class Frozen(World):
    """What was paused stays so."""

    def change(self, verb: Any, containers: tuple[Container, ...]) -> None:
        if verb != "unpause":
            super().change(verb, containers)


class Forward(World):
    """There is no way back."""

    def roll_back(self) -> None:
        pass


class Deaf(World):
    """A restore does nothing."""

    def restore(self, volume: str, source: Path) -> None:
        pass


class Hasty(World):
    """Time does not pass."""

    def pause(self, seconds: float) -> None:
        pass


@dataclass(frozen=True)
class Case:
    """An experiment, and the world in which it must not hold.

    Attributes:
        spec: what the spec says otherwise in that world.
        world: what the world does otherwise.
        found: in the reason.
        retag: the image of version 1.1 is another one by then.
    """

    steps: str
    found: str
    spec: Mapping[str, Any] | None = None
    world: type[World] = World
    retag: bool = False
    repeat: int = 1


FORGETS = {"environment": '{ FAULT = "forgets" }'}
MEMORY = {"volumes": '[{ type = "tmpfs", target = "/data" }]'}
CASES = {
    "http": Case(ADD, "expected 201, found 200", {"environment": '{ FAULT = "status" }'}),
    "exec": Case(
        f'{ADD}, {{ exec = "cat /data/users.json", text = "ann" }}', "exit code", FORGETS
    ),
    "write": Case(
        '{ write = "/data/x", content = "kept" }, { recreate = "web" }, '
        '{ read = "/data/x", equals = "kept" }',
        "the file: expected there, found absent",
        MEMORY,
    ),
    "read": Case(f'{ADD}, {{ read = "/data/users.json", text = "ann" }}', "absent", FORGETS),
    "start": Case(f'{{ kill = "web" }}, {SILENT}, {{ start = "web" }}, {SEE.replace("ann", "[")}',
                  "no answer", world=Lazy),
    "stop": Case(f'{{ stop = "web" }}, {SILENT}', "an answer", world=Unchanging),
    "restart": Case(f'{ADD}, {{ restart = "web" }}, {SEE}', "missing in: []", FORGETS),
    "kill": Case(f'{{ kill = "web" }}, {SILENT}', "an answer", world=Unchanging),
    "remove": Case(
        '{ write = "/layer", content = "x" }, { remove = "web" }, { start = "web" }, '
        '{ read = "/layer", absent = true }',
        "expected absent, found there",
        world=Unchanging,
    ),
    "recreate": Case(f'{ADD}, {{ recreate = "web" }}, {SEE}', "missing in: []", MEMORY),
    "pause": Case(f'{{ pause = "web" }}, {SILENT}', "an answer", world=Unchanging),
    "unpause": Case('{ pause = "web" }, { unpause = "web" }, { http = "GET /", within = "3s" }',
                    "no answer", world=Frozen),
    "upgrade": Case('{ upgrade = "1.1" }, { http = "GET /", json = { version = "1.1" } }',
                    "version: expected 1.1, found 1.0", retag=True),
    "rollback": Case('{ upgrade = "1.1" }, { rollback = true }, '
                     '{ http = "GET /", json = { version = "1.0" } }',
                     "version: expected 1.0, found 1.1", world=Forward),
    "scale": Case('{ scale = 2 }, { http = "GET /", service = "web-2" }',
                  "no answer", world=Lazy),
    "wait": Case('{ exec = "(sleep 1; touch /data/late) >/dev/null 2>&1 &" }, { wait = "2s" }, '
                 '{ read = "/data/late" }', "absent", world=Hasty),
    "backup": Case(f'{ADD}, {{ backup = "data" }}, {{ recreate = "web" }}, {{ restore = "data" }}, '
                   f"{SEE}", "missing in: []", FORGETS),
    "restore": Case(f'{ADD}, {{ backup = "data" }}, {ADD.replace("ann", "bob")}, '
                    '{ restore = "data" }, { http = "GET /users", text = "ann", without = "bob" }',
                    "there, in:", world=Deaf),
}  # fmt: skip
MORE = {
    "fails": Case(f'{ADD}, {{ upgrade = "2.0", fails = true }}, {SEE}', "missing in: []", MEMORY),
    "capture": Case(
        '{ http = "POST /users", body = { name = "bob" }, status = 201, capture = { id = "id" } }, '
        '{ kill = "web" }, { start = "web" }, '
        '{ http = "GET /users/{{id}}", json = { id = "{{id}}" } }',
        "404",
        FORGETS,
    ),
    "repeat": Case(
        '{ http = "POST /users", body = { name = "u" }, status = 201, '
        'json = { id = "{{round}}" } }, '
        '{ kill = "web" }, { start = "web" }',
        "id: expected 2, found 1",
        FORGETS,
        repeat=3,
    ),
}
ALL = {**CASES, **MORE}
PAUSES = ("pause", "unpause")


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory, small_base: str, capas: Capas) -> UserProject:
    folder = tmp_path_factory.mktemp("sabotage") / "project"
    return make_project(folder, "sabotaged", small_base, capas, 22620)


@pytest.fixture
def retagged(users: UserProject, environment: Mapping[str, str]) -> Iterator[None]:
    """Version 1.1 is 1.0 by another name."""
    name = f"localhost/{users.name}:"
    command.run(["podman", "tag", f"{name}1.1", f"{name}kept"], environment=environment)
    command.run(["podman", "tag", f"{name}1.0", f"{name}1.1"], environment=environment)
    yield
    command.run(["podman", "tag", f"{name}kept", f"{name}1.1"], environment=environment)
    command.run(["podman", "rmi", f"{name}kept"], environment=environment)


def written(kind: str, case: Case) -> str:
    return (
        f'[[verify]]\nname = "my-{kind}"\nclaim = "It is so."\nversion = "1.0"\n'
        f"repeat = {case.repeat}\nsteps = [ {case.steps} ]\n"
    )


def carried_out(
    users: UserProject, uri: str, environment: Mapping[str, str], world: type[World] = World
) -> dict[str, ExperimentResult]:
    pipeline = load(users.spec, {})
    results = carry_out_own(
        pipeline.experiments, uri, pipeline, environment, tell=lambda _: None, make=world
    )
    return {result.experiment.name.removeprefix("my-"): result for result in results}


def test_every_kind_of_step_has_its_sabotage() -> None:
    assert CASES.keys() == KINDS.keys()


def test_all_of_them_hold_in_an_honest_world(
    users: UserProject, service: str, environment: Mapping[str, str], api: PodmanWriter
) -> None:
    users.write("\n".join(written(kind, case) for kind, case in ALL.items()))
    results = carried_out(users, service, environment)
    wrong = {name: (r.verdict, r.reason) for name, r in results.items() if r.verdict != "held"}
    for name in PAUSES:  # whether it can be done depends on the host's cgroups
        verdict, reason = wrong.pop(name, ("untried", "cgroup"))
        assert (verdict, bool(re.search("cgroup|control group", reason))) == ("untried", True)
    assert wrong == {}, wrong
    assert results.keys() == ALL.keys()
    nothing_left(api)


@pytest.mark.parametrize("kind", ALL)
def test_it_is_refuted_where_the_world_is_tampered_with(
    kind: str,
    *,
    users: UserProject,
    service: str,
    environment: Mapping[str, str],
    api: PodmanWriter,
    request: pytest.FixtureRequest,
) -> None:
    case = ALL[kind]
    if case.retag:
        request.getfixturevalue("retagged")
    users.write(written(kind, case), **(case.spec or {}))
    result = carried_out(users, service, environment, case.world)[kind]
    if kind in PAUSES and result.verdict == "untried":
        assert re.search("cgroup|control group", result.reason), result.reason
        return
    assert (result.verdict, case.found in result.reason) == ("refuted", True), result.reason
    nothing_left(api)
    assert Path(users.folder, "app", "main.py").exists()
