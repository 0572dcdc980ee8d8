"""Podman's REST API as typed calls that change something; what only looks is in `podman.py`."""

from __future__ import annotations

import io
import json
import math
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from pipeline.engine.api_answers import checked
from pipeline.engine.podman import ANSWER_SECONDS, Json, PodmanReader, frames
from pipeline.engine.podman_socket import ApiResponse
from pipeline.errors import EngineError
from pipeline.lean_dataclasses import dataclass

_JSON = {"Content-Type": "application/json"}
_ATTACHED = {"Detach": False, "Tty": False}
"""How a command is started whose output is read."""


@dataclass(frozen=True)
class Executed:
    """What a command inside a container answered; its output and errors together."""

    exit_code: int
    output: str


class PodmanWriter(PodmanReader):
    """Everything that changes something. One per thread: it holds one connection.

    Raises:
        EngineError: from every call that the service refuses or does not answer.
    """

    def create_network(self, body: Mapping[str, Any]) -> None:
        """Make a network (libpod: NetworkCreateLibpod)."""
        self._post("/networks/create", body)

    def remove_network(self, name: str) -> None:
        """Remove a network that no container uses; one that is gone is fine."""
        self._call("delete", f"/networks/{name}", missing_ok=True)

    def create_volume(self, body: Mapping[str, Any]) -> None:
        """Make a volume (libpod: VolumeCreateLibpod)."""
        self._post("/volumes/create", body)

    def remove_volume(self, name: str) -> None:
        """Remove a volume that no container uses; one that is gone is fine."""
        self._call("delete", f"/volumes/{name}", missing_ok=True)

    def pull_image(self, reference: str) -> Iterator[str]:
        """Get an image from its registry; what the engine says meanwhile, line by line.

        Raises:
            EngineError: it cannot be had.
        """
        params = {"reference": reference, "policy": "always"}
        response = self._call("post", "/images/pull", params=params, stream=True)
        for line in response.lines():
            report = checked("POST", "/images/pull", line.strip() or b"{}")
            if error := report["error"]:
                raise EngineError("Podman could not pull an image", details=error)
            yield from report["stream"].splitlines()

    def remove_image(self, reference: str) -> None:
        """Remove an image's name, and the image with its last name; one that is gone is fine."""
        self._call("delete", f"/images/{reference}", missing_ok=True)

    def create_secret(
        self, name: str, value: bytes, labels: Mapping[str, str], *, driver: str = ""
    ) -> None:
        """Keep a secret in Podman's own store.

        Args:
            driver: what keeps its value; "" is the one that the user configured.
        """
        params = {"name": name, "labels": json.dumps(dict(labels))}
        if driver:
            params["driver"] = driver
        self._call("post", "/secrets/create", params=params, data=value)

    def remove_secret(self, name: str) -> None:
        """Remove a secret; one that is gone is fine."""
        self._call("delete", f"/secrets/{name}", missing_ok=True)

    def create_container(self, body: Mapping[str, Any]) -> Json:
        """Make a container (libpod: ContainerCreateLibpod); its id and the engine's warnings."""
        made = self._post("/containers/create", body)
        answer: Json = checked("POST", "/containers/create", made.content())
        return answer

    def prepare_container(self, name: str) -> None:
        """Make its mounts and its processes' place, and start nothing (podman-init(1))."""
        self._post(f"/containers/{name}/init")

    def start_container(self, name: str) -> None:
        """Start it; one that runs already is fine."""
        self._post(f"/containers/{name}/start")

    def stop_container(self, name: str, timeout: float | None = None) -> None:
        """Send its stop signal, and SIGKILL after a time; one that does not run is fine.

        Args:
            timeout: seconds; None is what the container was made with.
        """
        params = {} if timeout is None else {"timeout": math.ceil(timeout)}
        self._post(f"/containers/{name}/stop", params=params, bound=self._patience(name, timeout))

    def restart_container(self, name: str, timeout: float | None = None) -> None:
        """Stop it as `stop_container` does, and start it.

        Args:
            timeout: seconds; None is what the container was made with.
        """
        if timeout is None:  # to the API that is none at all, and it kills at once
            found = self.container(name)
            timeout = found.stop_seconds if found else 0
        params = {"timeout": math.ceil(timeout)}
        self._post(f"/containers/{name}/restart", params=params, bound=timeout + ANSWER_SECONDS)

    def kill_container(self, name: str, signal: str) -> None:
        """Send a signal to its first process."""
        self._post(f"/containers/{name}/kill", params={"signal": signal})

    def pause_container(self, name: str) -> None:
        """Freeze its processes."""
        self._post(f"/containers/{name}/pause")

    def unpause_container(self, name: str) -> None:
        """Let its processes go on."""
        self._post(f"/containers/{name}/unpause")

    def rename_container(self, name: str, to: str) -> None:
        """Give it another name."""
        self._post(f"/containers/{name}/rename", params={"name": to})

    def remove_container(self, name: str, *, force: bool = False) -> None:
        """Remove it; one that is gone is fine.

        Args:
            force: kill it at once when it runs.
        """
        params = {"force": force, "timeout": 0} if force else {}
        self._call("delete", f"/containers/{name}", missing_ok=True, params=params)

    def end_container(self, name: str, timeout: float | None = None) -> None:
        """Stop it with its own signal, when it runs, and remove it; one that is gone is fine.

        Args:
            timeout: seconds before SIGKILL; None is what the container was made with.
        """
        params: Json = {"force": True}
        if timeout is not None:
            params["timeout"] = math.ceil(timeout)
        bound = self._patience(name, timeout)
        self._call("delete", f"/containers/{name}", missing_ok=True, params=params, bound=bound)

    def write_file(self, name: str, path: str, content: str) -> None:
        """Put a file into a container's own layer, whether it runs or not."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            data = content.encode()
            member = tarfile.TarInfo(str(PurePosixPath(path).relative_to("/")))
            member.size = len(data)
            member.mode = 0o644
            member.mtime = int(time.time())
            for parent in reversed(PurePosixPath(member.name).parents[:-1]):
                made = tarfile.TarInfo(str(parent))
                made.type = tarfile.DIRTYPE
                made.mode = 0o755
                tar.addfile(made)
            tar.addfile(member, io.BytesIO(data))
            end = tar.offset + 2 * tarfile.BLOCKSIZE
        self._call(
            "put",
            f"/containers/{name}/archive",
            params={"path": "/"},
            # Without the padding after the end mark: Podman 5.4 stops reading there, and takes
            # what it could not hand on for an error.
            data=archive.getvalue()[:end],
            headers={"Content-Type": "application/x-tar"},
        )

    def execute(
        self,
        name: str,
        argv: Sequence[str],
        *,
        user: str | None = None,
        timeout: float | None = None,
    ) -> Executed:
        """Run a command inside a running container and wait for its end.

        Args:
            timeout: seconds that the service may be silent.
        """
        session = self._exec_session(name, argv, user)
        # What it runs takes its time: only a service that gives no sign of life is given up.
        raw = self._post(f"/exec/{session}/start", _ATTACHED, timeout=timeout, bound=None).content()
        code = self._object("get", f"/exec/{session}/json")["ExitCode"]
        output = b"".join(piece for _stream, piece in frames([raw]))
        return Executed(code, output.decode(errors="replace"))

    def execute_lines(self, name: str, argv: Sequence[str]) -> Iterator[tuple[int, str]]:
        """Run a command inside a running container: its lines as they come, each with its stream.

        A line that the command's sudden end cut off is left out.
        """
        session = self._exec_session(name, argv)
        response = self._post(f"/exec/{session}/start", _ATTACHED, stream=True)
        rest: dict[int, bytes] = {}
        for stream, piece in frames(response.chunks):
            *whole, rest[stream] = (rest.get(stream, b"") + piece).split(b"\n")
            for line in whole:
                yield stream, line.decode(errors="replace")

    def _exec_session(self, name: str, argv: Sequence[str], user: str | None = None) -> str:
        """Prepare a command inside a running container; the id by which it is started."""
        body: Json = {"Cmd": list(argv), "AttachStdout": True, "AttachStderr": True}
        if user is not None:
            body["User"] = user
        path = f"/containers/{name}/exec"
        return str(checked("POST", path, self._post(path, body).content())["Id"])

    def _patience(self, name: str, timeout: float | None) -> float:
        """Seconds that an end may take: its grace, and the engine's own time."""
        if timeout is None:
            found = self.container(name)
            timeout = found.stop_seconds if found else 0
        return timeout + ANSWER_SECONDS

    def _post(
        self, path: str, body: Mapping[str, Any] | None = None, **options: Any
    ) -> ApiResponse:
        if body is not None:
            options.update(data=json.dumps(body), headers=_JSON)
        return self._call("post", path, **options)
