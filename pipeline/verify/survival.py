"""Databases and sudden deaths: one procedure for every kind, on a copy that is thrown away."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from pipeline.engine.podman_writer import PodmanWriter
from pipeline.errors import CapasError, HostUnsupported
from pipeline.lean_dataclasses import dataclass, field
from pipeline.spec.model import Pipeline
from pipeline.verify.databases import (
    FINE,
    Database,
    broken_promises,
    compared,
    numbers,
    settings_of,
    weak_promises,
)
from pipeline.verify.experiment import Claim, ExperimentResult
from pipeline.verify.notebook import Inconclusive, Notebook, Refuted
from pipeline.verify.own import WorldMaker
from pipeline.verify.recognised import Subject, databases_in, may_have_one, own_mounts
from pipeline.verify.run import judged
from pipeline.verify.throw_away import only_needed, throw_away_copy
from pipeline.verify.world import MissingImage, NothingRuns, World, free_port, new_token
from pipeline.verify.writing import NO_PROGRAM, Writing, run

ROUNDS = 3
"""How often each database dies, unless more is asked for: once in each way."""
_DEATHS = ("its process", "its container", "the whole pipeline")
_LEAST = 30
"""Commits that are acknowledged before a death."""
_LONGER = 0.3
"""Seconds, at most, that the client writes on before it."""
_PATIENCE = 60.0
"""Seconds for a database to come up and to answer, and for a client to write."""
_ENDS = 20.0
"""Seconds in which a client ends whose database was killed."""
_EACH = 1_000_000
"""Numbers that a client may use."""
_CLIENTS = 3
"""Clients that may end before one goes on."""
_TOLD = 10
"""With more rounds than that, only one that refutes the claim is told step by step."""
_NAMED = 5
"""Numbers that are named of those that are lost."""


def carry_out_databases(
    databases: Sequence[Database],
    uri: str,
    pipeline: Pipeline,
    environment: Mapping[str, str],
    *,
    versions: Mapping[str, str],
    rounds: int,
    asked: bool,
    tell: Callable[[Claim], object],
    make: WorldMaker = World,
) -> tuple[ExperimentResult, ...]:
    """Look for databases in a copy of the services, and try out each.

    Args:
        versions: what services shall run, where it is not what the spec says.
        asked: report also a kind that no service has.
        tell: is given each experiment before it begins.
    """
    if not databases or not (asked or may_have_one(pipeline)):
        return ()
    with PodmanWriter(uri) as api:
        copy = throw_away_copy(only_needed(pipeline, ()), new_token(), free_port)
        world = make(api, uri, copy, environment)
        world.versions |= {key: one for key, one in versions.items() if key in copy.services}
        # Two of its processes on one volume would be another experiment.
        world.replicas |= {key: 1 for key, one in copy.services.items() if one.replicas > 1}
        try:
            return tuple(_all_of(databases, world, rounds, tell, asked=asked))
        finally:
            world.clean()


def survives(subject: Subject, world: World, notebook: Notebook, rounds: int) -> None:
    """Kill a database while a client writes, again and again; then take its volume away.

    Raises:
        Refuted: a commit is lost or there twice, or the database is damaged or does not come back.
    """
    one = _Survival(subject, world, notebook)
    one.begin()
    try:
        for number in range(1, rounds + 1):
            told = len(notebook.steps)
            one.round(number)
            if rounds > _TOLD:
                del notebook.steps[told:]
        one.sum_up(rounds)
    except Refuted as refuted:
        raise Refuted("; ".join((str(refuted), *one.reasons()))) from None
    one.without_volume()


@dataclass
class _Survival:
    """One database while it is tried out."""

    subject: Subject
    world: World
    notebook: Notebook
    acknowledged: list[int] = field(default_factory=list)
    settings: Mapping[str, str] = field(default_factory=dict)
    clients: int = 0

    def begin(self) -> None:
        """Make the table, and look at the settings."""
        self.world.deploy()
        ready, said = self._comes_up()
        if not ready:
            raise Inconclusive(f"no client in the container of {self.subject.where}: {said}")
        self.settings = settings_of(self._run(self.subject.database.told)[1])
        told = ", ".join(f"{name} = {value}" for name, value in self.settings.items())
        self.notebook.do(f"write to {self.subject.where} ({told}), in a copy of the services")
        forgets = any(broken_promises(self.subject.database, self.settings))
        if self.subject.database.cache and forgets and not list(own_mounts(self.subject.service)):
            raise Inconclusive(
                f"{self.subject.service.name} is a cache: it has no volume and, by its settings, "
                "keeps nothing"
            )
        for weak in weak_promises(self.subject.database, self.settings):
            value = self.settings[weak.name]
            self.notebook.do(
                f"note {weak.name} = {value}: the last writes may be lost, by a power cut or by "
                f"SIGKILL while the disk is busy; {weak.advice}"
            )

    def round(self, number: int) -> None:
        """One death in the middle of writing, and what the next container finds."""
        death = _DEATHS[(number - 1) % len(_DEATHS)]
        before = self.world.running(self.subject.service.name).id
        writing = self._client()
        self.world.pause(random.uniform(0, _LONGER))  # noqa: S311 (any moment will do)
        self._die(death, writing.process)
        writing.is_over(self.world.comes_true, _ENDS)
        self.acknowledged += writing.acknowledged
        everything = death == _DEATHS[-1]
        service = "" if everything else self.subject.service.name
        self.world.remove(self.world.containers(service))
        self.notebook.do(
            f"round {number}: SIGKILL to {death} after {len(writing.acknowledged)} acknowledged "
            "commits; remove the container, and run the next one on the same volume"
        )
        self._run_next()
        same = any(one.id == before for one in self.world.containers())
        found = "the old one" if same else "a new one"
        self.notebook.see("the container that runs now", expected="a new one", found=found)
        self._look()

    def sum_up(self, rounds: int) -> None:
        """The sum of all rounds, and the settings with which it is not enough.

        Raises:
            Refuted: a setting breaks the promise, which SIGKILL alone did not show.
        """
        if rounds > _TOLD:
            self.notebook.do(f"{rounds} rounds of SIGKILL, a third each to {', '.join(_DEATHS)}")
            self._look()
        for one in broken_promises(self.subject.database, self.settings):
            found = self.settings[one.name]
            self.notebook.see(one.name, expected=f"not {found}", found=found)

    def reasons(self) -> Iterator[str]:
        """What to set so that the claim holds."""
        database, settings = self.subject.database, self.settings
        for one in (*broken_promises(database, settings), *weak_promises(database, settings)):
            yield f"{one.name} = {settings[one.name]}; set {one.advice}"
        kinds = {mount.kind for mount in own_mounts(self.subject.service)}
        if "volume" not in kinds:
            memory = ", only a tmpfs in memory" if kinds else ""
            yield f"{self.subject.service.name} has no volume{memory}: give its data one"

    def without_volume(self) -> None:
        """The counter-experiment: the next container with another, empty volume.

        Raises:
            Refuted: something is there, so that it was not the volume that kept it.
        """
        self.notebook.do(
            "the counter-experiment: remove the container and its volume, and run the next one"
        )
        self.world.remove_volumes(self.subject.service.name)
        self._run_next()
        tally = compared(self.acknowledged, self._found())
        self.notebook.see(
            f"acknowledged commits of {tally.acknowledged} that are there without the volume",
            expected=0,
            found=tally.found,
        )

    def _client(self) -> Writing:
        """A client that writes.

        Raises:
            CapasError: none does for long.
        """
        said = ""
        for _time in range(_CLIENTS):
            self.clients += 1
            writing = Writing(
                self.world.uri,
                self.subject.database,
                self.world.running(self.subject.service.name).name,
                self.subject.place,
                self.clients * _EACH,
            )
            if writing.goes_on(_LEAST, self.world.comes_true, _PATIENCE):
                return writing
            # The server that an image starts to set up its data folder goes away once.
            self.acknowledged += writing.acknowledged
            said = writing.said
            self._comes_up()
        raise CapasError(f"no client can write {_LEAST} commits", details=said)

    def _run_next(self) -> None:
        """Run the containers that do not exist.

        Raises:
            Refuted: one does not come up.
        """
        try:
            self.world.deploy()
        except (HostUnsupported, MissingImage):
            raise
        except CapasError as error:
            self.world.look()  # an engine that is gone says so here
            raise Refuted(f"the next container does not come up: {error}") from None

    def _die(self, death: str, process: int) -> None:
        if death == _DEATHS[0] and process != 1:
            self._run(self.subject.database.end, str(process))
        else:  # no process in a container can send SIGKILL to its first one
            everything = death == _DEATHS[-1]
            service = "" if everything else self.subject.service.name
            self.world.kill(self.world.containers(service))

    def _look(self) -> None:
        """Compare what is there with what was acknowledged."""
        tally = compared(self.acknowledged, self._found())
        some = ", ".join(map(str, tally.lost[:_NAMED]))
        self.notebook.see(
            "acknowledged commits that are there",
            expected=tally.acknowledged,
            found=f"{tally.found} (lost: {some}, …)" if some else tally.found,
        )
        if tally.unanswered:
            what = "commits beyond those, whose acknowledgement did not arrive"
            self.notebook.do(f"{what}: {tally.unanswered}")
        some = ", ".join(map(str, tally.twice[:_NAMED]))
        self.notebook.see(
            "commits that are there twice",
            expected=0,
            found=f"{len(tally.twice)} ({some}, …)" if some else 0,
        )
        said = self._run(self.subject.database.intact)[1].strip()
        last = said.rpartition("\n")[2].strip()
        self.notebook.see("its integrity check", expected=FINE, found=last or "it says nothing")

    def _found(self) -> list[int]:
        ready, said = self._comes_up()
        if not ready:
            raise Refuted(f"it does not come back: {said}")
        code, said = self._run(self.subject.database.found)
        if code:
            raise Refuted(f"it cannot be read: {said}")
        return numbers(said)

    def _comes_up(self) -> tuple[bool, str]:
        """Wait until it answers, and make the table if it is gone; and what it said."""
        code, said = 1, ""

        def answers() -> bool:
            nonlocal code, said
            code, said = self._run(self.subject.database.ready)
            return code in (0, NO_PROGRAM)

        self.world.comes_true(answers, _PATIENCE)
        return code == 0, " ".join(said.split())

    def _run(self, argv: Sequence[str], *more: str) -> tuple[int, str]:
        try:
            container = self.world.running(self.subject.service.name).name
        except NothingRuns as error:
            return 1, str(error)
        return run(self.world.api, container, [*argv, self.subject.place, *more])


def _all_of(
    databases: Sequence[Database],
    world: World,
    rounds: int,
    tell: Callable[[Claim], object],
    *,
    asked: bool,
) -> Iterator[ExperimentResult]:
    try:
        world.deploy()
        subjects = list(databases_in(world, databases))
    except CapasError as error:
        unknown = Claim("databases", "Databases", "What a database acknowledged is kept.")
        yield ExperimentResult(unknown, "untried", (), f"no copy of the services runs: {error}")
        return
    for database in databases if asked else ():
        if database not in (subject.database for subject in subjects):
            reason = f"no service of this spec has a database of the kind {database.name}"
            yield ExperimentResult(_claim(database), "untried", (), reason)
    names: set[str] = set()
    for subject in subjects:
        kind = subject.database.name
        claim = _claim(subject.database, subject.service.name if kind in names else "")
        names.add(kind)
        tell(claim)
        yield _examined(claim, subject, world, rounds)


def _examined(claim: Claim, subject: Subject, world: World, rounds: int) -> ExperimentResult:
    notebook, began = Notebook(), time.monotonic()
    verdict, reason = judged(lambda: survives(subject, world, notebook, rounds), lambda: None)
    spent = time.monotonic() - began
    return ExperimentResult(claim, verdict, tuple(notebook.steps), reason, spent)


def _claim(database: Database, service: str = "") -> Claim:
    name = f"{database.name}-{service}" if service else database.name
    return Claim(name, database.title, database.claim)
