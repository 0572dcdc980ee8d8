"""Talking to a PyTweets replica through its published port, as its users do."""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from pipeline.engine.json_input import parse_json
from pipeline.engine.json_shape import Shape, fit
from pipeline.errors import CapasError
from pipeline.lean_dataclasses import dataclass

_PATIENCE = 10.0


@dataclass(frozen=True)
class Replica:
    """One replica, by the URL of its published port."""

    url: str

    def introduce(self) -> tuple[str, str]:
        """Who answers, and which version it is.

        Raises:
            CapasError: nobody answers.
        """
        _, headers = self._ask("/healthz")
        return headers["X-Replica"], headers["X-Version"]

    def post(self, author: str, text: str) -> int:
        """Post a tweet; its number.

        Raises:
            CapasError: nobody answers, or the tweet is refused.
        """
        body, _ = self._ask("/api/tweets", {"author": author, "text": text})
        number: int = self._read(body, {"id": int})["id"]
        return number

    def texts(self) -> tuple[str, ...]:
        """The texts of the last 200 tweets.

        Raises:
            CapasError: nobody answers.
        """
        body, _ = self._ask("/api/tweets?limit=200")
        return tuple(one["text"] for one in self._read(body, {"tweets": [{"text": str}]})["tweets"])

    def _read(self, body: bytes, shape: Shape) -> dict[str, Any]:
        try:
            found: dict[str, Any] = fit(parse_json(body), shape)
        except ValueError as error:
            raise self._other(str(error)) from None
        return found

    def _other(self, why: str) -> CapasError:
        return CapasError(
            f"the replica at {self.url} does not answer as PyTweets does",
            details=why,
            resolution="`capas logs` shows what it said itself",
        )

    def _ask(self, path: str, message: dict[str, str] | None = None) -> tuple[bytes, Any]:
        data = None if message is None else json.dumps(message).encode()
        request = Request(  # noqa: S310 (the URL is a port that we published on the loopback)
            f"{self.url}{path}", data=data, headers={"Content-Type": "application/json"}
        )
        try:
            with urlopen(request, timeout=_PATIENCE) as response:  # noqa: S310 (likewise)
                return response.read(), response.headers
        except (URLError, HTTPException, OSError) as error:
            if isinstance(error, HTTPError):
                error.close()  # it is an answer too, with a connection of its own
            raise CapasError(
                f"the replica at {self.url} does not answer as PyTweets does",
                details=f"{path}: {error}",
                resolution="`capas status` and `capas logs` show what it does",
            ) from None
