"""A machine in memory that deploys are carried out on: random order, failures, kills, a reboot.

It keeps a count of what is healthy after every single operation, and stops the test at once when a
deploy takes away what serves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from pipeline.deploy.apply.executor import Failure, Listener, Outcome
from pipeline.deploy.model.desired import DesiredService, depended_on
from pipeline.deploy.model.operation import Operation, Plan
from pipeline.deploy.observe.snapshot import Container, Observed
from pipeline.deploy.plan.history import is_proved, last_number, records_of, standing
from pipeline.errors import EngineError
from tests.unit.deploy.world import played

_SERVER = re.compile(r"server replica-\d+ (\S+):\d+ ")
_WAITS = ("wait for", "wait for the end of")


class Killed(BaseException):
    """Ctrl-C or SIGKILL: nothing more is done, nothing is gone back to."""


@dataclass
class Trouble:
    """What befalls one command.

    Attributes:
        kill_at: the number of the operation before which it is killed; -1 for never.
        fail_at: the number of the operation that the engine refuses.
        dead_at: from this one on the engine refuses all.
    """

    kill_at: int = -1
    fail_at: int = -1
    dead_at: int = -1

    @property
    def engine(self) -> bool:
        """Whether the engine itself has some."""
        return self.fail_at >= 0 or self.dead_at >= 0


@dataclass
class Machine:
    """What a deploy looks at and acts on.

    Attributes:
        sick: services in a version that never become healthy.
        written: the configuration file in each ingress; `serving` is the one in effect.
        least: by service: how many healthy replicas there must be at any moment.
        stood: by service: how many must serve on the way back.
    """

    random: Random
    observed: Observed
    sick: frozenset[tuple[str, str]] = frozenset()
    written: dict[str, str] = field(default_factory=dict)
    serving: dict[str, str] = field(default_factory=dict)
    least: dict[str, int] = field(default_factory=dict)
    stood: dict[str, int] = field(default_factory=dict)
    jobs: frozenset[str] = frozenset()
    trouble: Trouble = field(default_factory=Trouble)
    done: int = 0
    back: bool = False
    log: list[str] = field(default_factory=list)

    def begin(self, wanted: Sequence[DesiredService], trouble: Trouble) -> None:
        """A command begins: what serves now must not get less."""
        self.trouble = trouble
        self.done = 0
        self.back = False
        self.jobs = depended_on([d.service for d in wanted], "service_completed_successfully")
        services = [d for d in wanted if d.name not in self.jobs]
        self.least = {d.name: self._least(d) for d in services}
        self.stood = {
            d.name: len(standing("shop", self.observed, d.name))
            - (0 if d.ingress_image and not d.service.ports else 1)
            for d in services
        }

    def look(self, _wanted: Sequence[DesiredService], _lost: Iterable[int] = ()) -> Observed:
        if self.trouble.dead_at >= 0 and self.done >= self.trouble.dead_at:
            raise EngineError("the engine does not answer")
        return self.observed

    def pull(self, pulls: Sequence[Operation]) -> None:
        assert not pulls

    def apply(self, plan: Plan, listen: Listener) -> Outcome:
        """Carry out the operations in any order that their `after` allows."""
        waiting = list(plan.operations)
        planned = {o.key for o in waiting}
        assert len(planned) == len(waiting), f"one operation twice: {plan}"
        succeeded: set[str] = set()
        done: list[Operation] = []
        failed: list[Failure] = []
        while ready := [o for o in waiting if all(k in succeeded for k in o.after if k in planned)]:
            operation = self.random.choice(ready)
            waiting.remove(operation)
            error = self._do(operation)
            listen(operation, error)
            if error is None:
                succeeded.add(operation.key)
                done.append(operation)
            else:
                failed.append(Failure(operation, error))
        self.back |= bool(failed)
        return Outcome(tuple(done), tuple(failed))

    def _do(self, operation: Operation) -> EngineError | None:
        number = self.done
        self.done += 1
        if number == self.trouble.kill_at:
            self.log.append(f"  killed before {operation}")
            raise Killed
        if number == self.trouble.fail_at or 0 <= self.trouble.dead_at <= number:
            self.log.append(f"  the engine refuses {operation}")
            return EngineError("the engine refused")
        if operation.verb in _WAITS:
            error = self._wait(operation)
            self.log.append(f"  {'✗' if error else '✓'} {operation}")
            return error
        self.log.append(f"  ✓ {operation}")
        self._play(operation)
        self._must_serve(operation)
        return None

    def _play(self, operation: Operation) -> None:
        name = operation.name
        if operation.verb in ("start", "stop", "remove") and operation.kind == "container":
            assert any(c.name == name for c in self.observed.containers), f"no {name}"
        if operation.verb == "create":
            assert not any(c.name == name for c in self.observed.containers), f"{name} twice"
        if operation.verb == "rename":
            assert not any(c.name == operation.new_name for c in self.observed.containers)
        if operation.verb == "stop" and not self._named(name).running:
            return
        self.observed = played(self.observed, operation)
        if operation.verb == "write":
            self.written[name] = operation.text
        if operation.verb == "reload" or (operation.verb, operation.kind) == ("start", "ingress"):
            self.serving[name] = self.written[name]
        if operation.kind == "container" and operation.verb == "start" and name in self.written:
            self.serving[name] = self.written[name]
        if operation.verb == "rename" and name in self.written:
            self.written[operation.new_name] = self.written.pop(name)
            self.serving[operation.new_name] = self.serving.pop(name, "")

    def _wait(self, operation: Operation) -> EngineError | None:
        container = next((c for c in self.observed.containers if c.name == operation.name), None)
        if container is None:
            return EngineError(f"{operation.name} is gone")
        if operation.verb == "wait for the end of":
            return self._end(container)
        well = container.running and (operation.check is None or self.is_healthy(container))
        return None if well else EngineError(f"{operation.name} is not healthy")

    def _end(self, container: Container) -> EngineError | None:
        if container.running:
            code = 0 if self.is_healthy(container) else 1
            self.change(lambda c: replace(c, state="exited", exit_code=code), container.name)
            container = self._named(container.name)
        well = container.state == "exited" and container.exit_code == 0
        return None if well else EngineError(f"{container.name} ended badly")

    def change(self, how: Callable[[Container], Container], *names: str) -> None:
        """Change some containers, or all."""
        containers = tuple(
            how(c) if not names or c.name in names else c for c in self.observed.containers
        )
        self.observed = replace(self.observed, containers=containers)

    def _named(self, name: str) -> Container:
        return next(c for c in self.observed.containers if c.name == name)

    def is_healthy(self, container: Container) -> bool:
        """Whether its health check would say so."""
        return container.running and (container.service, container.version) not in self.sick

    def healthy(self, service: str) -> list[Container]:
        """The replicas that serve: behind an ingress, those that it gives requests."""
        found = [c for c in self.observed.of(service) if self.is_healthy(c)]
        ingresses = [d.name for d in self.observed.ingresses(service) if d.running]
        if not ingresses:
            return found
        told = {alias for name in ingresses for alias in _SERVER.findall(self.serving[name])}
        return [c for c in found if c.alias in told]

    def running(self) -> dict[str, str]:
        """By id: the service and version of every container that runs, but for jobs."""
        return {
            c.id: f"{c.service} {c.version}"
            for c in self.observed.containers
            if c.running and c.service not in self.jobs
        }

    def _least(self, desired: DesiredService) -> int:
        """How many healthy replicas there must be: as many as before, or as are wanted.

        Where the old one ends first, one less; but one must be left of several, if all that is
        sick was left by a deploy that did not end. Where nothing was ever healthy as a whole and
        two run at one place, nobody can tell which of them is good.
        """
        records = records_of("shop", self.observed.secrets)
        running = [c.number for c in self.observed.of(desired.name) if c.running]
        if not records and len(set(running)) < len(running):
            return 0
        now = len(self.healthy(desired.name))
        shall = min(now, desired.service.replicas)
        ingresses = self.observed.ingresses(desired.name)
        if (
            desired.ingress_image
            and not desired.service.ports
            and any(d.running for d in ingresses)
        ):
            return shall
        last = last_number(records)
        found = self.observed.of(desired.name)
        doubtful = [c for c in found if not is_proved(c, last)]
        sick = [c for c in found if c.running and not self.is_healthy(c)]
        if desired.service.replicas > 1 and shall and all(c in doubtful for c in sick):
            return max(1, shall - 1)
        return max(0, shall - 1)

    def _must_serve(self, operation: Operation) -> None:
        for service, shall in self.least.items():
            # The way back is to what the last healthy deploy was, not to more.
            least = min(shall, self.stood[service]) if self.back else shall
            now = len(self.healthy(service))
            assert now >= least, f"{service}: {now} of {least} serve after {operation}"
