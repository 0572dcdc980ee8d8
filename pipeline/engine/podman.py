"""Podman's REST API as typed calls that change nothing; `podman_writer.py` has those that do.

The libpod endpoints are asked directly; `inspected.py` has the values that come back. podman-py's
own objects are sparse after a listing and ignore unknown keywords in silence. It cannot write:
`--dry-run` constructs nothing else.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.engine import inspected
from pipeline.engine.api_answers import checked
from pipeline.engine.json_input import parse_json
from pipeline.engine.podman_socket import ApiResponse, SocketConnection
from pipeline.engine.remote_host import container_host_of
from pipeline.engine.requests import NoAnswer
from pipeline.errors import EngineError
from pipeline.lean_dataclasses import replace

if TYPE_CHECKING:
    from pipeline.engine.inspected import (
        ContainerEvent,
        EngineInfo,
        InspectedContainer,
        InspectedImage,
        ListedContainer,
        ListedImage,
        ListedNetwork,
        ListedSecret,
        ListedVolume,
    )

Json = dict[str, Any]
R = TypeVar("R", bound="PodmanReader")

ANSWER_SECONDS = 120.0
"""What a request may take that has nothing to wait for but the engine, on a busy machine."""
STDOUT = 1
"""The stream of a frame that is no error output (the others are 0, input, and 2, errors)."""

_NO_PROCESS = {"PID": "", "PPID": "", "COMMAND": ""}
"""The columns that are asked for, so that each is there."""


class PodmanReader:
    """Everything that looks and changes nothing.

    Args:
        uri: of the API service, as `engine.service.api_service` yields it.

    Attributes:
        machine: the one that the service's containers run on.

    Raises:
        EngineError: from every call that the service refuses or does not answer.
    """

    def __init__(self, uri: str) -> None:
        self._connection = SocketConnection(uri)
        self.machine = container_host_of(uri)

    def __enter__(self: R) -> R:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def sees_processes(self) -> bool:
        """Whether the process ids and ports that it tells are those of `machine` as we see them."""
        if not self.machine.here:
            return self.machine.control is not None
        return self._connection.shares_our_namespaces()

    def version(self) -> str:
        """Podman's version: every answer names it (`/version` itself looks at much else)."""
        return self._call("get", "/_ping").headers.get("libpod-api-version", "")

    def info(self) -> EngineInfo:
        """`podman info`; it takes the engine about 0.3 s."""
        return inspected.read_info(self._object("get", "/info"))

    def images(self, labels: Sequence[str] = ()) -> list[ListedImage]:
        """Images in the store, all with at least these labels (`name` or `name=value`)."""
        found = self._list("/images/json", _filters(label=labels))
        return list(map(inspected.read_listed_image, found))

    def image(self, reference: str) -> InspectedImage | None:
        """One image inspected, or None when it is not in the store."""
        found = self._object_or_none(f"/images/{reference}/json")
        return None if found is None else inspected.read_image(found)

    def containers(
        self, labels: Sequence[str] = (), *, external: bool = False
    ) -> list[ListedContainer]:
        """Containers in every state, all with at least these labels.

        Args:
            external: also those that only the store knows.
        """
        wanted = {"all": True, "external": external, **_filters(label=labels)}
        return list(map(inspected.read_listed, self._list("/containers/json", wanted)))

    def container(self, name: str) -> InspectedContainer | None:
        """One container inspected, or None."""
        found = self._object_or_none(f"/containers/{name}/json")
        return None if found is None else inspected.read_container(found)

    def containers_on(self, volume: str) -> list[ListedContainer]:
        """Containers in every state that have this volume mounted."""
        wanted = {"all": True, **_filters(volume=[volume])}
        return list(map(inspected.read_listed, self._list("/containers/json", wanted)))

    def container_size(self, name: str) -> int:
        """Bytes of a container's own write layer."""
        params = {"size": True}
        found = self._object("get", f"/containers/{name}/json", params=params)
        return inspected.read_container(found).written

    def changes(self, name: str) -> dict[str, str]:
        """Paths that a container's write layer changes: `changed`, `added` or `removed`."""
        kinds = ("changed", "added", "removed")
        found = self._list(f"/containers/{name}/changes", {})
        return {change["Path"]: kinds[change["Kind"]] for change in found}

    def volumes(self, labels: Sequence[str] = ()) -> list[ListedVolume]:
        """Volumes, all with at least these labels."""
        found = self._list("/volumes/json", _filters(label=labels))
        return list(map(inspected.read_volume, found))

    def networks(self, labels: Sequence[str] = ()) -> list[ListedNetwork]:
        """Networks, all with at least these labels."""
        found = self._list("/networks/json", _filters(label=labels))
        return list(map(inspected.read_network, found))

    def secrets(self) -> list[ListedSecret]:
        """All secrets, with their labels; their values cannot be read."""
        # The listing of Podman 4.3 leaves the labels out; one may be removed before it is asked.
        whole = (
            one
            if one["Spec"].get("Labels") is not None
            else self._object_or_none(f"/secrets/{one['ID']}/json")
            for one in self._list("/secrets/json", {})
        )
        return [inspected.read_secret(one) for one in whole if one is not None]

    def processes(self, name: str) -> list[dict[str, str]]:
        """What runs in a container now: one mapping of ps's columns per process."""
        answer = self._object("get", f"/containers/{name}/top")
        titles = answer["Titles"]
        return [_NO_PROCESS | dict(zip(titles, row, strict=False)) for row in answer["Processes"]]

    def host_processes(self, name: str) -> list[int]:
        """The ids, on this host, of all processes of a container."""
        params = {"ps_args": "hpid"}
        answer = self._object("get", f"/containers/{name}/top", params=params)
        return [int(row[0]) for row in answer["Processes"] if row and row[0].isdecimal()]

    def events(
        self, labels: Sequence[str], *, since: str | None = None, follow: bool = False
    ) -> Iterator[ContainerEvent]:
        """What happened to containers with these labels.

        Args:
            since: a time, or a duration back from now such as `1h`.
            follow: follow new events.
        """
        params: Json = {"stream": follow, **_filters(label=labels, type=["container"])}
        if since is not None:
            params["since"] = since
        response = self._call("get", "/events", params=params, stream=True)
        for line in response.lines():
            event: Json = checked("GET", "/events", line or b"{}")
            if "Actor" in event:
                yield inspected.read_event(event)
            elif event["message"]:  # the status had been sent when it looked at the request
                raise EngineError(
                    "Podman refused a request", details=f"GET /events: {event['message']}"
                )

    def file_text(self, name: str, path: str) -> str | None:
        """The text of a file inside a container, or None when it does not exist."""
        params = {"path": path}
        response = self._call("get", f"/containers/{name}/archive", missing_ok=True, params=params)
        if response.status == 404:
            return None
        try:
            with tarfile.open(fileobj=io.BytesIO(response.content())) as archive:
                first = archive.next()
                member = archive.extractfile(first) if first and first.isfile() else None
                return member.read().decode(errors="replace") if member else None
        except (tarfile.TarError, ValueError, OverflowError) as error:
            raise EngineError(
                "Podman gave an answer that capas does not understand",
                details=f"GET /containers/{name}/archive: {error}",
                resolution="`capas doctor` examines the engine",
            ) from None

    def logs(
        self,
        name: str,
        *,
        follow: bool = False,
        timestamps: bool = False,
        since: float | None = None,
    ) -> Iterator[tuple[int, bytes]]:
        """What a container's process wrote: the stream (1 output, 2 errors) and a piece of it.

        A piece is a line or a part of one, and may end within a character.

        Args:
            follow: go on until the container ends.
            timestamps: before every piece, when it was written.
            since: only what was written after this, in seconds since the epoch.
        """
        params: Json = {"stdout": True, "stderr": True, "follow": follow, "timestamps": timestamps}
        if since is not None:
            params["since"] = f"{since:.6f}"
        response = self._call("get", f"/containers/{name}/logs", params=params, stream=True)
        yield from frames(response.chunks)

    def _object(self, method: str, path: str, **options: Any) -> Json:
        answer: Json = checked(method, path, self._call(method, path, **options).content())
        return answer

    def _object_or_none(self, path: str) -> Json | None:
        response = self._call("get", path, missing_ok=True)
        if response.status == 404:
            return None
        answer: Json = checked("GET", path, response.content())
        return answer

    def _list(self, path: str, params: Mapping[str, Any]) -> list[Json]:
        answer: list[Json] = checked("GET", path, self._call("get", path, params=params).content())
        return answer

    def _call(
        self, method: str, path: str, *, missing_ok: bool = False, **options: Any
    ) -> ApiResponse:
        if not options.get("stream"):
            options.setdefault("bound", ANSWER_SECONDS)
        try:
            answer = self._connection.call(method, path, **options)
        except OSError as error:
            raise EngineError(
                "the Podman API service does not answer",
                details=f"{method.upper()} {path}: {error}",
                resolution=_advice(error) or "`capas doctor` examines it",
            ) from None
        if answer.status < 400 or (missing_ok and answer.status == 404):
            return replace(answer, chunks=_whole(answer.chunks, f"{method.upper()} {path}"))
        reason = _reason(answer)
        raise EngineError(
            "Podman refused a request",
            details=f"{method.upper()} {path}: {reason}",
            resolution=_OLD_API if _REFUSED_VERSION in reason else "",
        )


_REFUSED_VERSION = "version is not supported"
"""In Podman's words for an API that it no longer speaks (pkg/api/server: version.go)."""
_OLD_API = "this Podman no longer speaks the API of this capas: use a newer capas"


def _advice(error: OSError) -> str:
    return error.advice if isinstance(error, NoAnswer) else ""


def _whole(chunks: Iterable[bytes], request: str) -> Iterator[bytes]:
    """The pieces of an answer.

    Raises:
        EngineError: it breaks off.
    """
    try:
        yield from chunks
    except OSError as error:
        raise EngineError(
            "the Podman API service went away in the middle of an answer",
            details=f"{request}: {error}",
            resolution=_advice(error) or "run the command again",
        ) from None


def _reason(answer: ApiResponse) -> str:
    text = answer.content().decode(errors="replace").strip()
    try:
        return str(parse_json(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text or f"status {answer.status}"


def _filters(**wanted: Sequence[str]) -> dict[str, str]:
    given = {name: list(values) for name, values in wanted.items() if values}
    return {"filters": json.dumps(given)} if given else {}


def frames(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The engine's multiplexed stream taken apart: a header of 8 bytes before each piece.

    The first byte is the stream, the last four the length (docker, API, container attach).
    """
    buffer = b""
    for chunk in chunks:
        buffer += chunk
        at = 0
        while len(buffer) - at >= 8:
            end = at + 8 + int.from_bytes(buffer[at + 4 : at + 8], "big")
            if len(buffer) < end:
                break
            yield buffer[at], buffer[at + 8 : end]
            at = end
        buffer = buffer[at:]
