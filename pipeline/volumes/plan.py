"""What must happen to the containers on a volume while its files are read or replaced (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pipeline.errors import Refused, UsageError
from pipeline.lean_dataclasses import dataclass
from pipeline.spec.model import Pipeline, Volume

How = Literal["leave", "pause", "stop"]


@dataclass(frozen=True)
class User:
    """A container on a volume, and whether it can write now."""

    name: str
    state: str

    @property
    def writes(self) -> bool:
        """Whether its processes run."""
        return self.state in ("running", "stopping")


@dataclass(frozen=True)
class Hold:
    """What is done to containers before, and undone after."""

    how: How
    containers: tuple[str, ...] = ()


def choose_volume(pipeline: Pipeline, name: str) -> Volume:
    """The volume that is meant: by its key in the spec, or by its name in Podman.

    Raises:
        UsageError: the spec has no such volume.
    """
    for volume in pipeline.volumes.values():
        if name in (volume.name, volume.engine_name):
            return volume
    known = ", ".join(pipeline.volumes) or "none"
    raise UsageError(f"{pipeline.name} has no volume {name}", resolution=f"it has: {known}")


def hold_for_backup(
    volume: str, users: Sequence[User], *, stop: bool, live: bool, can_pause: bool
) -> Hold:
    """How the files are kept from changing while they are read.

    Args:
        stop: containers that cannot be paused may be stopped.
        live: the files may change.
        can_pause: whether this host can pause.

    Raises:
        Refused: they would change, and nobody said how to prevent it.
        UsageError: two ways were asked for.
    """
    if stop and live:
        raise UsageError("--stop and --live do not go together")
    writing = tuple(user.name for user in users if user.writes)
    if not writing or live:
        return Hold("leave")
    if can_pause:
        return Hold("pause", writing)
    if stop:
        return Hold("stop", writing)
    raise Refused(
        f"the files of {volume} could change while they are copied",
        details=f"running on it: {', '.join(writing)}; this host cannot pause containers",
        resolution="--stop stops them during the backup; --live copies as it is",
    )


def check_restore(volume: str, users: Sequence[User], *, empty: bool, force: bool) -> None:
    """Whether a volume's content may be replaced.

    Raises:
        Refused: a container runs on it, or something is in it and nobody said to replace it.
    """
    if writing := [user.name for user in users if user.state not in _AT_REST]:
        raise Refused(
            f"{volume} is in use",
            details=f"on it: {', '.join(writing)}",
            resolution="`capas stop` first",
        )
    if not empty and not force:
        raise Refused(
            f"there is data in {volume}",
            resolution="--force replaces it; `capas volume.backup` keeps it first",
        )


def check_removal(volume: Volume, users: Sequence[User]) -> None:
    """Whether a volume may be removed at all.

    Raises:
        Refused: a container is on it, in whatever state, or it is not ours.
    """
    if volume.external:
        raise Refused(f"{volume.engine_name} is external: this spec did not make it")
    if users:
        raise Refused(
            f"{volume.engine_name} is in use",
            details="on it: " + ", ".join(f"{user.name} ({user.state})" for user in users),
            resolution="`capas down` removes the containers and keeps the volume",
        )


_AT_REST = ("created", "configured", "exited", "stopped")
