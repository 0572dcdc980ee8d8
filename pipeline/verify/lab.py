"""Where experiments happen: throw-away containers, volumes and images, all labelled and removed."""

from __future__ import annotations

import http.client
import os
import secrets
import socket
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from pipeline.deploy.observe.logs import last_lines
from pipeline.engine import command, labels
from pipeline.engine.buildah import build_argv
from pipeline.engine.distribution import (
    ImageLocation,
    copy,
    copy_in_argv,
    copy_out_argv,
    find_manifest,
)
from pipeline.engine.inspected import InspectedContainer
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.engine.sockets import listening
from pipeline.errors import CapasError, EngineError
from pipeline.verify.notebook import Inconclusive, Notebook
from pipeline.verify.subject import ExperimentSubject
from pipeline.verify.sweep import clean
from pipeline.verify.throw_away import PREFIX

_PAUSE = 0.02
"""Seconds between two looks at a condition for which there is no event."""


class Lab:
    """One experiment's world: its means, its notebook, and the care for what it made.

    Attributes:
        deadline: seconds that a condition may take to come true.

    Args:
        api: the Podman API.
        subject: what is experimented on.
        environment: of Buildah, the host profile's.
    """

    deadline: ClassVar[float] = 20.0

    def __init__(
        self, api: PodmanWriter, subject: ExperimentSubject, environment: Mapping[str, str]
    ) -> None:
        self.api = api
        self.subject = subject
        self.environment = environment
        self.notebook = Notebook()
        self.token = f"{os.getpid()}-{secrets.token_hex(3)}"
        self.labels = {labels.EXPERIMENT: self.token}
        self.do = self.notebook.do
        self.see = self.notebook.see
        self._count = 0

    def name(self, kind: str) -> str:
        """A new name for something throw-away."""
        self._count += 1
        return f"{PREFIX}{self.token}-{kind}{self._count}"

    def port(self) -> int:
        """The subject's port.

        Raises:
            Untriable: the spec does not tell one.
        """
        if self.subject.port is None:
            raise Inconclusive("no service of this spec has a port")
        return self.subject.port

    def create(
        self,
        image: str | None = None,
        *,
        name: str | None = None,
        mounts: Sequence[Mapping[str, Any]] = (),
        published: int | None = None,
    ) -> str:
        """Make a container of the subject's image and return its name.

        Args:
            mounts: from `volume_mount`.
            published: the host port of the loopback that shall lead to the subject's port.
        """
        name = name or self.name("c")
        taken = {mount.get("Dest") or mount["destination"] for mount in mounts}
        mounts = [*mounts, *self._service_mounts(taken)]
        self.api.create_container(
            self.container_body(image or self.subject.image, name, mounts, published)
        )
        return name

    def _service_mounts(self, taken: Collection[str]) -> Iterator[Mapping[str, Any]]:
        """What the service mounts elsewhere: throw-away volumes, and the host's folders to read."""
        for mount in self.subject.mounts:
            if mount.target in taken:
                continue
            if mount.kind == "volume":
                yield self.volume_mount(self.volume(), mount.target)
            elif mount.kind == "tmpfs":
                yield {"type": "tmpfs", "destination": mount.target, "options": ["mode=1777"]}
            else:
                where = {"source": mount.source, "destination": mount.target}
                yield {"type": "bind", **where, "options": ["rbind", "ro"]}

    def container_body(
        self, image: str, name: str, mounts: Sequence[Mapping[str, Any]], published: int | None
    ) -> dict[str, Any]:
        """What Podman is told to make (libpod: SpecGenerator)."""
        body: dict[str, Any] = {
            "name": name,
            "image": image,
            "labels": dict(self.labels),
            "env": dict(self.subject.environment),
            "volumes": [mount for mount in mounts if "Dest" in mount],
            "mounts": [mount for mount in mounts if "destination" in mount],
        }
        if self.subject.command is not None:
            body["command"] = list(self.subject.command)
        if self.subject.entrypoint is not None:
            body["entrypoint"] = list(self.subject.entrypoint)
        if published is not None:
            mapping = {"host_ip": "127.0.0.1", "host_port": published, "protocol": "tcp"}
            body["portmappings"] = [{**mapping, "container_port": self.port()}]
        return body

    def start(self, name: str) -> None:
        """Start a container and wait until it serves (or runs, when the spec tells no port).

        Raises:
            CapasError: it ended, or does not listen in time.
        """
        self.api.start_container(name)
        if not self.comes_true(lambda: self._serves(name)):
            raise self._no_service(name, f"does not listen on {self.subject.port} in time")

    def run(self, image: str | None = None, **how: Any) -> str:
        """`create` and `start`."""
        name = self.create(image, **how)
        self.start(name)
        return name

    def pid(self, name: str) -> int:
        """The host's number of a container's first process; 0 when it does not run."""
        return self._inspect(name).pid

    def state(self, name: str) -> str:
        """`created`, `running`, `paused`, `exited`, or `gone`."""
        found = self.api.container(name)
        return found.status if found else "gone"

    def volume(self) -> str:
        """Make an empty volume."""
        name = self.name("v")
        self.api.create_volume({"Name": name, "Labels": dict(self.labels)})
        return name

    def volume_mount(self, volume: str, target: str) -> Mapping[str, Any]:
        """A volume mounted at a path."""
        return {"Name": volume, "Dest": target}

    def build(self, texts: Mapping[str, str]) -> str:
        """Build an image on top of the subject with one COPY for each file, and name it.

        Args:
            texts: file names and contents; a file goes to `/capas-NAME`.
        """
        reference = f"localhost/{self.name('i')}:1"
        copies = "".join(f"COPY {name} /capas-{name}\n" for name in texts)
        with tempfile.TemporaryDirectory(prefix="capas-experiment-") as made:
            context = Path(made)
            containerfile = context / "Containerfile"
            containerfile.write_text(f"FROM {self.subject.image}\n{copies}", encoding="utf-8")
            for name, text in texts.items():
                (context / name).write_text(text, encoding="utf-8")
            argv = build_argv(
                context=context,
                containerfile=containerfile,
                tags=(reference,),
                args={},
                labels=self.labels,
                timestamp=None,
                pull="never",
            )
            command.run(argv, environment=self.environment)
        return reference

    @contextmanager
    def empty_place(self) -> Iterator[ImageLocation]:
        """A folder in the OCI image layout with nothing in it, for the time of the block."""
        with tempfile.TemporaryDirectory(prefix="capas-experiment-") as made:
            yield ImageLocation(made, folder=Path(made))

    def copy_out(self, image: str, place: ImageLocation) -> None:
        """Copy an image of the store to a place."""
        found = self.api.image(image)
        copy(copy_out_argv(found.id if found else "", place, "it"), self.environment)

    def keep_only_the_last_layer(self, place: ImageLocation) -> int:
        """Take all other layers of the image at a place away; how many that were."""
        manifest = find_manifest(place, "it", self.environment)
        if manifest is None or place.folder is None:
            raise CapasError(f"nothing arrived in {place.name}")
        others = list(manifest.blobs)[:-1]
        for digest in others:
            place.folder.joinpath("blobs", *digest.split(":")).unlink()
        return len(others)

    def copy_in(self, place: ImageLocation, reference: str) -> str:
        """Copy the image at a place into the store; what came of it, in a word."""
        try:
            copy(copy_in_argv(place, "it", reference), self.environment)
        except EngineError as error:
            return error.details.splitlines()[-1]
        return "there"

    def read(self, container: str, path: str) -> str:
        """A file's text, or `absent` when there is no such file."""
        text = self.api.file_text(container, path)
        return "absent" if text is None else text

    def write(self, container: str, path: str, text: str) -> None:
        """Write a file inside a container."""
        self.api.write_file(container, path, text)

    def free_ports(self, count: int) -> int:
        """The first of `count` free ports in a row on the loopback."""
        for _ in range(200):
            first = 20000 + secrets.randbelow(10000)
            if all(not answers(port) and _bindable(port) for port in range(first, first + count)):
                return first
        raise CapasError(f"no {count} free ports in a row between 20000 and 30000")

    def comes_true(self, condition: Callable[[], bool], seconds: float | None = None) -> bool:
        """Whether a condition is or becomes true in time; `deadline` seconds without another."""
        deadline = time.monotonic() + (self.deadline if seconds is None else seconds)
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE)  # any condition: there is no event for all of them
        return True

    def clean(self) -> None:
        """Remove everything that this experiment made, whatever state it is in."""
        clean(self.api, self.token)

    def _inspect(self, name: str) -> InspectedContainer:
        found = self.api.container(name)
        if found is None:
            raise CapasError(f"the container {name} is gone")
        return found

    def _no_service(self, name: str, what: str) -> CapasError:
        said: list[str] = []

        def wrote() -> bool:  # the engine writes a container's last words down after its end
            said[:] = last_lines(self.api, name, 5)
            return any(text.strip() for text in said)

        self.comes_true(wrote, seconds=5.0)
        return CapasError(f"a container of {self.subject.image} {what}", details="\n".join(said))

    def _serves(self, name: str) -> bool:
        found = self._inspect(name)
        if found.status not in ("running", "created", "initialized", "configured"):
            raise self._no_service(name, f"ended with exit code {found.exit_code}")
        if not found.pid:
            return False
        if self.subject.port is None:
            return True
        try:
            return self.subject.port in listening(found.pid)
        except FileNotFoundError:
            return False


def answers(port: int) -> bool:
    """Whether something accepts connections on the loopback at this port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True


def asked(port: int, timeout: float = 5.0) -> bool:
    """Whether a request on the loopback at this port gets an answer of any kind.

    A forwarder accepts for a container that is gone or frozen: only an answer shows a server.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/")
        connection.getresponse().read(1)
    except http.client.BadStatusLine as error:
        return bool(str(error)) and not isinstance(error, http.client.RemoteDisconnected)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
