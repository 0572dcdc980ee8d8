"""A throw-away copy of a pipeline that runs: what is done to it, and the care for what it made."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipeline.deploy.apply.executor import apply
from pipeline.deploy.converge import DeployListener, converge
from pipeline.deploy.model.desired import Overrides, desired_services, versions_for
from pipeline.deploy.observe.logs import last_lines
from pipeline.deploy.observe.look import what_runs
from pipeline.deploy.observe.snapshot import Container, Observed
from pipeline.deploy.plan.deploy_plan import DEFAULT_OPTIONS
from pipeline.deploy.plan.lifecycle import Change, plan_change
from pipeline.deploy.plan.select import rollback_goal
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.errors import CapasError, EngineError
from pipeline.lean_dataclasses import dataclass, field, replace
from pipeline.spec.model import Pipeline
from pipeline.verify.sweep import clean
from pipeline.verify.throw_away import PREFIX
from pipeline.volumes.backup import backup
from pipeline.volumes.restore import restore

_PAUSE = 0.05
"""Seconds between two looks at what has no event."""
_ENDS = 10.0
"""Seconds that a killed process may take to be gone."""
_LONGEST = 1 << 20
"""Bytes of an answer that are read."""


@dataclass(frozen=True)
class HttpAnswer:
    """An answer over HTTP."""

    status: int
    text: str

    def json(self) -> Any:
        """Its body as a JSON document.

        Raises:
            ValueError: it is none.
        """
        return json.loads(self.text)


class MissingImage(EngineError):
    """A version that an experiment needs is not built: that says nothing of the claim."""


class NothingRuns(CapasError):
    """No container of a service runs, or none has the port: something seen, and no failure."""


class NoHttpAnswer(Exception):
    """Nothing answered; the text says why."""


@dataclass
class World:
    """One running copy.

    Attributes:
        api: a client of its own.
        uri: of the API service.
        pipeline: the copy.
        versions: what each service shall run, where it is not what the spec says.
        replicas: how many, likewise.
        stopping: set when all shall end soon.
    """

    api: PodmanWriter
    uri: str
    pipeline: Pipeline
    environment: Mapping[str, str]
    versions: dict[str, str] = field(default_factory=dict)
    replicas: dict[str, int] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    _folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def token(self) -> str:
        """What stands in its name and on what it makes."""
        return self.pipeline.name.removeprefix(PREFIX)

    def deploy(self, back_to: int = 0) -> None:
        """Make reality equal the copy, in its versions and numbers.

        Raises:
            MissingImage: a version is not built.
            CapasError: it is not healthy; all is what it was before.
        """
        wish = Overrides(dict(self.versions), dict(self.replicas))
        wanted = desired_services(self.pipeline, wish)
        for one in wanted:
            if one.service.built_here and self.api.image(one.reference) is None:
                raise MissingImage(
                    f"the image {one.reference} does not exist",
                    resolution=f"`capas build --version {one.version}` builds it",
                )
        options = replace(DEFAULT_OPTIONS, back_to=back_to)
        going_on = DeployListener(
            planned=lambda _plan: self.pause(0), ended=lambda _operation, _error: self.pause(0)
        )
        converge(self.uri, self.pipeline, wanted, options, going_on)

    def roll_back(self) -> None:
        """Go back to the deploy before.

        Raises:
            CapasError: there is none.
        """
        goal = rollback_goal(self.pipeline, self.look())
        before = dict(self.versions)
        self.versions |= goal.versions
        try:
            self.deploy(goal.deploy)
        except CapasError:
            self.versions = before
            raise

    def look(self) -> Observed:
        """What is there of it."""
        return what_runs(self.api, self.pipeline.name)

    def containers(self, service: str = "", replica: int = 0) -> tuple[Container, ...]:
        """Its replicas, by number; the ingress of a service is none."""
        return tuple(
            c
            for c in sorted(self.look().containers, key=lambda c: (c.service, c.number, c.name))
            if not c.is_ingress and service in ("", c.service) and replica in (0, c.number)
        )

    def running(self, service: str, replica: int = 0) -> Container:
        """The first replica of a service that runs.

        Raises:
            NothingRuns: none does.
        """
        found = self.containers(service, replica)
        for one in found:
            if one.running:
                return one
        name = f"{service}-{replica}" if replica else service
        states = ", ".join(f"{c.service}-{c.number} is {c.state}" for c in found)
        raise NothingRuns(f"no container of {name} runs", details=states or "there is none")

    def change(self, verb: Change, containers: tuple[Container, ...]) -> None:
        """Stop, start, restart, pause or unpause containers, and wait until they are healthy."""
        apply(plan_change(self.pipeline, verb, containers), self.uri).raise_first()

    def kill(self, containers: tuple[Container, ...]) -> None:
        """SIGKILL to the first process of each, and wait until that process is gone."""
        for one in containers:
            if one.running:
                self.api.kill_container(one.name, "KILL")
        for one in containers:
            self.comes_true(lambda one=one: not self._lives(one), _ENDS)  # type: ignore[misc]

    def remove(self, containers: tuple[Container, ...]) -> None:
        """Kill and remove containers."""
        for one in containers:
            self.api.remove_container(one.id, force=True)

    def remove_volumes(self, service: str) -> None:
        """Remove the volumes of a service, and before them all containers."""
        self.remove(self.containers())
        for mount in self.pipeline.services[service].mounts:
            if mount.kind == "volume" and mount.source is not None:
                self.api.remove_volume(self.pipeline.volumes[mount.source].engine_name)

    def address(self, service: str, replica: int = 0, port: int | None = None) -> tuple[str, int]:
        """Where on the host a service answers: its ingress, else a replica's published port.

        Raises:
            NothingRuns: nothing of it runs, or it publishes no such port.
        """
        ingress = self.look().ingress(service) if not replica and port is None else None
        found = ingress or self.running(service, replica)
        for binding in found.bindings:
            if binding.host and (ingress or port is None or binding.target == port):
                return "127.0.0.1", binding.host
        raise NothingRuns(f"{service} publishes no port {port or ''}".rstrip())

    def ask(
        self,
        address: tuple[str, int],
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
    ) -> HttpAnswer:
        """Ask over HTTP.

        Raises:
            NoHttpAnswer: nothing answered.
        """
        connection = http.client.HTTPConnection(*address, timeout=timeout)
        try:
            fields = {"Connection": "close", **(headers or {})}
            connection.request(method, path, body=body, headers=fields)
            answer = connection.getresponse()
            text = answer.read(_LONGEST).decode(errors="replace")
            return HttpAnswer(answer.status, text)
        except (OSError, http.client.HTTPException) as error:
            said = "not in time" if isinstance(error, TimeoutError) else str(error)
            raise NoHttpAnswer(said or type(error).__name__) from None
        finally:
            connection.close()

    def last_words(self, count: int = 5) -> str:
        """The last lines that its containers wrote, for a report."""
        lines = []
        for one in self.containers():
            said = [line for line in last_lines(self.api, one.name, count) if line.strip()]
            lines += [f"{one.service}-{one.number} ({one.state}): {line}" for line in said]
        return "\n".join(lines)

    def back_up(self, volume: str) -> Path:
        """Back up a volume, by its key in the spec; the file that holds it."""
        number = len(list(self._own_folder().iterdir()))
        target = self._own_folder() / f"{volume}-{number}.tar.gz"
        backup(self.api, self.pipeline.volumes[volume], target, self.environment, stop=True)
        return target

    def restore(self, volume: str, source: Path) -> None:
        """Give a volume the content of a backup; who is on it is stopped and started."""
        on_it = {
            name
            for name, service in self.pipeline.services.items()
            if any(m.kind == "volume" and m.source == volume for m in service.mounts)
        }
        users = tuple(c for c in self.containers() if c.service in on_it and c.running)
        self.change("stop", users)
        wanted = self.pipeline.volumes[volume]
        restore(self.api, self.pipeline, wanted, source, self.environment, force=True)
        self.deploy()

    def upgrade(self, version: str, service: str = "") -> None:
        """Deploy another version, of one service or of all whose image has it.

        Raises:
            CapasError: it is not healthy; all is what it was before.
        """
        before = dict(self.versions)
        found = versions_for(self.pipeline, version)
        self.versions |= {k: v for k, v in found.items() if service in ("", k)}
        try:
            self.deploy()
        except CapasError:
            self.versions = before
            raise

    def _own_folder(self) -> Path:
        """A folder of its own on the host."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="capas-experiment-")
        return Path(self._folder.name)

    def comes_true(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Whether a condition is or becomes true in time.

        Raises:
            CapasError: all shall end.
        """
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            self.pause(_PAUSE)
        return True

    def pause(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            CapasError: all shall end.
        """
        if self.stopping.wait(seconds):
            raise CapasError("interrupted")

    def clean(self) -> None:
        """Remove everything that it made, whatever state it is in."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        clean(self.api, self.token)

    def _lives(self, one: Container) -> bool:
        """Whether the engine is not done with the end of this process.

        A container that is started while it is `stopped` loses its port: what cleans up after the
        process that ended takes away the network of the new one, too. Then it is `exited`.
        """
        found = self.api.container(one.id)
        if found is None or found.status == "exited":
            return False
        return found.pid in (one.pid, 0)


def new_token() -> str:
    """A token that says which process to look for when this one was killed."""
    return f"{os.getpid()}-{secrets.token_hex(3)}"


def free_port() -> int:
    """A port of the loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
