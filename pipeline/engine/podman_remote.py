"""A service on another machine, reached as podman-py knows how (`ssh://user@host/path`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from podman import PodmanClient
from podman.errors import PodmanError

from pipeline.engine.podman_socket import Answer


class RemoteConnection:
    """podman-py's connection, in the words of ours.

    Args:
        uri: of the service.
    """

    def __init__(self, uri: str) -> None:
        self._client = PodmanClient(base_url=uri)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        stream: bool = False,
    ) -> Answer:
        """One request."""
        ask = getattr(self._client.api, method.lower())
        try:
            response = ask(
                path, params=params, data=data, headers=headers, timeout=timeout, stream=stream
            )
        except PodmanError as error:
            raise ConnectionError(str(error)) from error
        return Answer(
            response.status_code,
            response.iter_content(chunk_size=None),
            {name.lower(): value for name, value in response.headers.items()},
        )

    def close(self) -> None:
        """Close it."""
        self._client.close()  # type: ignore[no-untyped-call]
