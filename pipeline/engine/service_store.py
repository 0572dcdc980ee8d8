"""Whether the store behind the service that CONTAINER_HOST names can be read here as files.

The API hands out neither the sizes of single layers nor their files. Those are in the store's
own folder, which only this machine's store has open to us.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from pipeline.engine.podman import PodmanReader
from pipeline.engine.service import api_service
from pipeline.engine.store_paths import find_store
from pipeline.errors import HostUnsupported


def readable_store(host: str, environment: Mapping[str, str]) -> Mapping[str, str]:
    """The environment with which Buildah and skopeo see the store that a service uses.

    Args:
        host: the service, as CONTAINER_HOST names it.
        environment: it is named in.

    Raises:
        HostUnable: the service runs on another machine, or uses another store than we would.
        EngineError: the service does not answer.
    """
    seen, why = _compared(host, environment)
    if why:
        raise HostUnsupported(
            f"the layers behind {host} cannot be read from here",
            details=f"CONTAINER_HOST names it; {why}",
            resolution="run this where its store is, or unset CONTAINER_HOST to use this machine's",
        )
    return seen


def other_store(host: str, environment: Mapping[str, str]) -> str:
    """Why the store behind a service is not the one that is built into here, or "" when it is.

    Args:
        host: the service, as CONTAINER_HOST names it.
        environment: it is named in, and builds are made with.

    Raises:
        EngineError: the service does not answer.
        HostUnable: Buildah is not installed here.
    """
    seen, why = _compared(host, environment)
    if why:
        return why
    theirs, mine = seen["STORAGE_DRIVER"], find_store(environment).driver
    return (
        "" if theirs == mine else f"its storage driver is {theirs}, that of this machine is {mine}"
    )


def _compared(host: str, environment: Mapping[str, str]) -> tuple[Mapping[str, str], str]:
    """The environment that sees the store behind a service, or why none does."""
    if host.startswith("ssh"):
        return environment, "it is reached through ssh: its store is on another machine"
    with api_service(environment) as uri, PodmanReader(uri) as reader:
        info = reader.info()
    machine, here = info.hostname, os.uname().nodename
    if machine != here:
        return environment, f"it runs on {machine}, this is {here}"
    theirs = info.storage
    seen = {**environment, "STORAGE_DRIVER": info.driver}
    mine = find_store(seen).roots[0]
    if os.path.realpath(mine) != os.path.realpath(theirs):
        return environment, f"its store is {theirs}, that of this machine is {mine}"
    return seen, ""
