"""Whether the store behind the service that CONTAINER_HOST names can be read here as files.

The API hands out neither the sizes of single layers nor their files. Those are in the store's
own folder, which only this machine's store has open to us.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from pipeline.engine.podman import Reader
from pipeline.engine.service import api_service
from pipeline.engine.store_place import find_store
from pipeline.errors import HostUnable


def readable_store(host: str, environment: Mapping[str, str]) -> Mapping[str, str]:
    """The environment with which Buildah and skopeo see the store that a service uses.

    Args:
        host: the service, as CONTAINER_HOST names it.
        environment: it is named in.

    Raises:
        HostUnable: the service runs on another machine, or uses another store than we would.
        EngineError: the service does not answer.
    """
    if host.startswith("ssh"):
        raise _out_of_reach(host, "it is reached through ssh: its store is on another machine")
    with api_service(environment) as uri, Reader(uri) as reader:
        info = reader.info()
    machine, here = info["host"]["hostname"], os.uname().nodename
    if machine != here:
        raise _out_of_reach(host, f"it runs on {machine}, this is {here}")
    theirs = info["store"]["graphRoot"]
    seen = {**environment, "STORAGE_DRIVER": info["store"]["graphDriverName"]}
    mine = find_store(seen).roots[0]
    if os.path.realpath(mine) != os.path.realpath(theirs):
        raise _out_of_reach(host, f"its store is {theirs}, that of here is {mine}")
    return seen


def _out_of_reach(host: str, why: str) -> HostUnable:
    return HostUnable(
        f"the layers behind {host} cannot be read from here",
        details=f"CONTAINER_HOST names it; {why}",
        resolution="run this where its store is, or unset CONTAINER_HOST for the store of here",
    )
