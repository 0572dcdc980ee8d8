"""The engine settings that fit this host, each with its cause; nothing of the user's is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """One setting, and why it was chosen."""

    what: str
    value: str
    cause: str


@dataclass(frozen=True)
class Profile:
    """How the engine is run here.

    Attributes:
        environment: the whole environment of every podman, buildah and API service process.
        choices: what was chosen and why.
    """

    environment: Mapping[str, str]
    choices: tuple[Choice, ...] = ()


def effective_profile(environ: Mapping[str, str]) -> Profile:
    """The profile of this host for this user."""
    return Profile(dict(environ))
