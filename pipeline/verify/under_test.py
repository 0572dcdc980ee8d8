"""A throw-away pipeline in the hands of a test: its services, replicas and volumes.

The words are those of the commands; `get_exposed_port`, `get_container_host_ip`, `get_logs` and
`exec` are also testcontainers'.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.deploy.observe.logs import last_lines
from pipeline.deploy.observe.snapshot import Container, events_of
from pipeline.deploy.plan.lifecycle import Change
from pipeline.deploy.show.events import event_line
from pipeline.engine.podman_writer import Executed
from pipeline.errors import UsageError
from pipeline.verify.world import HttpAnswer, NoHttpAnswer, World

_ANSWERS_WITHIN = 10.0
"""Seconds in which a program that has just started may begin to answer."""
_LAST = 30
"""Lines of each container's log in a report on a failure."""


class PipelineUnderTest:
    """The user's spec, deployed under a throw-away name."""

    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def name(self) -> str:
        """Its name in Podman, the prefix of all that it has."""
        return self.world.pipeline.name

    def service(self, name: str = "") -> ServiceUnderTest:
        """One of its services; without a name the first that publishes a port.

        Raises:
            UsageError: the spec has no such service.
        """
        services = self.world.pipeline.services
        if not name:
            ported = [key for key, one in services.items() if one.ports or one.ingress]
            name = (ported or list(services) or [""])[0]
        if name not in services:
            known = ", ".join(services) or "none"
            raise UsageError(f"the spec has no service {name!r}", resolution=f"it has: {known}")
        return ServiceUnderTest(self.world, name)

    def volume(self, name: str) -> VolumeUnderTest:
        """One of its volumes, by its key in the spec.

        Raises:
            UsageError: the spec has no such volume.
        """
        return VolumeUnderTest(self.world, name)

    def upgrade(self, version: str) -> None:
        """Deploy another version; an error when it is not healthy."""
        self.world.upgrade(version)

    def rollback(self) -> None:
        """Go back to the deploy before."""
        self.world.roll_back()

    def report(self) -> list[tuple[str, str]]:
        """What helps to understand a failure: titles, and the texts below them."""
        parts = []
        for one in self.world.containers():
            said = "\n".join(last_lines(self.world.api, one.name, _LAST))
            ended = f" with exit code {one.exit_code}" if one.state == "exited" else ""
            parts.append((f"{one.service}-{one.number} is {one.state}{ended}; its log", said))
        happened = events_of(self.world.api, self.name, since="10m")
        parts.append(("what happened to the containers", "\n".join(map(event_line, happened))))
        return parts


class ServiceUnderTest:
    """One service of a throw-away pipeline, or with `number` one replica of it."""

    def __init__(self, world: World, name: str, number: int = 0) -> None:
        self.world = world
        self.name = name
        self.number = number

    @property
    def replicas(self) -> list[ServiceUnderTest]:
        """Each of its replicas, by number."""
        return [ServiceUnderTest(self.world, self.name, c.number) for c in self._containers()]

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end: its ingress, or the first replica."""
        return "http://{}:{}".format(*self.world.address(self.name, self.number))

    @property
    def urls(self) -> list[str]:
        """Where each replica answers."""
        return [one.url for one in self.replicas]

    @property
    def container(self) -> str:
        """The name in Podman of its first replica that runs."""
        return self.world.running(self.name, self.number).name

    def request(
        self,
        method: str,
        path: str = "/",
        *,
        body: str | None = None,
        json_body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """Ask over HTTP; a program that has just started has ten seconds to begin to answer.

        Raises:
            NoHttpAnswer: nothing answered.
        """
        sent, fields = (None if body is None else body.encode()), dict(headers or {})
        if json_body is not None:
            sent = json.dumps(json_body).encode()
            fields = {"Content-Type": "application/json", **fields}
        found: list[HttpAnswer] = []
        why = NoHttpAnswer("nothing answered")

        def answered() -> bool:
            nonlocal why
            where = self.world.address(self.name, self.number)
            try:
                found.append(self.world.ask(where, method, path, body=sent, headers=fields))
            except NoHttpAnswer as silence:
                why = silence
            return bool(found)

        if not self.world.comes_true(answered, _ANSWERS_WITHIN):
            raise why
        return found[0]

    def get(self, path: str = "/") -> HttpAnswer:
        """`request("GET", …)`."""
        return self.request("GET", path)

    def post(self, path: str, json_body: Any = None) -> HttpAnswer:
        """`request("POST", …)` with a JSON document."""
        return self.request("POST", path, json_body=json_body)

    def exec(self, *command: str) -> Executed:
        """Run a command in it: one text for /bin/sh, or several words without a shell."""
        argv = ["/bin/sh", "-c", command[0]] if len(command) == 1 else list(command)
        return self.world.api.execute(self.container, argv)

    def read(self, path: str) -> str | None:
        """A file's text, or None without such a file."""
        return self.world.api.file_text(self.container, path)

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        self.world.api.write_file(self.container, path, text)

    def start(self) -> None:
        """Start what does not run, make what does not exist, and wait until it is healthy."""
        self.world.deploy()

    def stop(self) -> None:
        """Stop it with its stop signal."""
        self._change("stop")

    def restart(self) -> None:
        """Stop and start it, and wait until it is healthy."""
        self._change("restart")

    def pause(self) -> None:
        """Freeze its processes."""
        self._change("pause")

    def unpause(self) -> None:
        """Let it go on."""
        self._change("unpause")

    def kill(self) -> None:
        """SIGKILL; `start` brings it back."""
        self.world.kill(self._containers())

    def remove(self) -> None:
        """Kill and remove it; the volumes stay, `start` makes it anew."""
        self.world.remove(self._containers())

    def scale(self, replicas: int) -> None:
        """Change the number of replicas."""
        self.world.replicas[self.name] = replicas
        self.world.deploy()

    def upgrade(self, version: str) -> None:
        """Deploy another version of it; an error when that is not healthy."""
        self.world.upgrade(version, self.name)

    def rollback(self) -> None:
        """Let the whole pipeline go back to the deploy before."""
        self.world.roll_back()

    def logs(self, tail: int = 1000) -> str:
        """The last lines that its replicas wrote."""
        said = (last_lines(self.world.api, c.name, tail) for c in self._containers())
        return "\n".join(line for lines in said for line in lines)

    def volume(self, name: str) -> VolumeUnderTest:
        """A volume of the spec, by its key."""
        return VolumeUnderTest(self.world, name)

    def get_exposed_port(self, port: int) -> int:
        """The port of the host that leads to a published port of it."""
        return self.world.address(self.name, self.number, port)[1]

    def get_container_host_ip(self) -> str:
        """The address of the host at which its ports are."""
        return self.world.address(self.name, self.number)[0]

    def get_logs(self) -> str:
        """`logs()`."""
        return self.logs()

    def _change(self, verb: Change) -> None:
        self.world.change(verb, self._containers())

    def _containers(self) -> tuple[Container, ...]:
        return self.world.containers(self.name, self.number)


class VolumeUnderTest:
    """One volume of a throw-away pipeline."""

    def __init__(self, world: World, name: str) -> None:
        if name not in world.pipeline.volumes:
            known = ", ".join(world.pipeline.volumes) or "none"
            raise UsageError(f"the spec has no volume {name!r}", resolution=f"it has: {known}")
        self.world = world
        self.key = name

    @property
    def name(self) -> str:
        """Its name in Podman."""
        return self.world.pipeline.volumes[self.key].engine_name

    def backup(self) -> Path:
        """Back it up; the file lives as long as the pipeline."""
        return self.world.back_up(self.key)

    def restore(self, source: Path) -> None:
        """Give it the content of a backup; its services are stopped and started."""
        self.world.restore(self.key, source)
