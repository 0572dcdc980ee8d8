"""The effective profile: the environment in which every podman, buildah and service is run.

Looks at the host, lets `choose` decide, and writes the result into the environment; where the
engine hears only a file, into one of ours that the environment names. Nothing of the user's is
written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.engine.cache import cache_folder, write_atomic
from pipeline.engine.service import MONITORS
from pipeline.errors import HostUnsupported
from pipeline.host import settings
from pipeline.host.choose import Choice, choose
from pipeline.host.observe import observe_basics
from pipeline.lean_dataclasses import dataclass

if TYPE_CHECKING:
    from pipeline.host.facts import Basics, Version

_OVERRIDE_SINCE: Mapping[str, Version] = {"podman": (4, 6), "buildah": (1, 31)}
"""From here on CONTAINERS_CONF_OVERRIDE adds a file; before, CONTAINERS_CONF replaces them all."""
_NAMING = ("CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE")
_EXEC: settings.Toml = {"engine": {"exit_command_delay": 5}}
"""Seconds that Podman keeps the monitors (conmon) of a command that ran inside a container, in
case somebody asks for its exit code: we do so at once. Its own 300 sum up to many probes."""


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
    """The profile of this host for this user.

    A service named by CONTAINER_HOST has its own settings; these are Buildah's then, whose builds
    are made here.

    Raises:
        HostUnable: a file of settings is needed and cannot be written.
    """
    basics = observe_basics(environ)
    chosen = choose(basics)
    wanted = {**environ, **chosen.variables}
    environment = {name: value for name, value in wanted.items() if value is not None}
    if chosen.containers:
        _add_containers_conf(basics, chosen.containers, environment)
    elif basics.version("podman") and not any(map(environment.get, _NAMING)):
        with suppress(HostUnsupported):  # monitors of probes stay longer then, and all else is well
            _add_containers_conf(basics, {}, environment, MONITORS)
    if host := environ.get("CONTAINER_HOST"):
        service = Choice("service", host, "CONTAINER_HOST names it")
        return Profile(environment, (service, *chosen.choices))
    return Profile(environment, chosen.choices)


def _folder(basics: Basics, environ: Mapping[str, str]) -> Path:
    """Where generated files live: as long as the containers whose monitors read them.

    conmon passes CONTAINERS_CONF to the clean-up that follows a container's end, so a cache that
    may be emptied meanwhile would be the wrong place; the runtime folder goes when they go.
    """
    runtime_dir = basics.session.runtime_dir
    return Path(runtime_dir, "capas") if runtime_dir else cache_folder(environ) / "engine"


def _add_containers_conf(
    basics: Basics, wanted: Mapping[str, Any], environment: dict[str, str], name: str = "containers"
) -> None:
    """Let the environment name a file with `wanted` on top of everything that counted before.

    Args:
        name: that the file's begins with.
    """
    folder = _folder(basics, environment)
    below: settings.Toml = {}
    files = settings.containers_conf_files(
        environment, basics.session.uid, basics.version("podman")
    )
    theirs = [settings.read_toml(path) for path in files]
    if all(basics.version(name) >= since for name, since in _OVERRIDE_SINCE.items()):
        variable = "CONTAINERS_CONF_OVERRIDE"
        if named := environment.get(variable):
            below = settings.read_toml(Path(named))
    else:
        variable = "CONTAINERS_CONF"
        for content in theirs:
            below = settings.merge(below, content)
    said = any("exit_command_delay" in content.get("engine", {}) for content in (*theirs, below))
    more = wanted if said else settings.merge(_EXEC, wanted)
    if more:
        environment[variable] = _write(folder, name, settings.merge(below, more))


def _write(folder: Path, name: str, content: Mapping[str, Any]) -> str:
    """Write a file whose name is its content's, once; the same content is never written again.

    Raises:
        HostUnable: the folder is full, or not to be written.
    """
    text = settings.to_toml(content)
    path = folder / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.conf"
    try:
        if not path.is_file():
            write_atomic(path, text)
    except OSError as error:
        raise HostUnsupported(
            "the engine's settings cannot be written",
            details=f"{path}: {error.strerror}",
            resolution="free some space there, or set XDG_RUNTIME_DIR to another folder of yours",
        ) from None
    return str(path)
