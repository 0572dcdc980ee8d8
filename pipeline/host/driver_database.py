"""The storage driver in Podman's database, written there before Podman chooses one by itself."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.engine import command
from pipeline.host.observe import observe_basics
from pipeline.host.storage import has_database

_SECONDS = 60.0


def record_driver(environment: Mapping[str, str]) -> None:
    """Let Podman write down the driver of this environment, if it has not written down any.

    Podman's first command writes its driver into its database, and from then on obeys that against
    every file and variable; Buildah writes nothing there. Where Podman by itself would take another
    driver than the one that fits this host, a plain `podman images` after the first build would
    hide what was built, for Podman and for us, until `podman system reset`.
    """
    if "STORAGE_DRIVER" not in environment:  # Podman's own choice, or that of the user's files
        return
    basics = observe_basics(environment)
    if "podman" not in basics.programs or has_database(basics.storage.graphroot):
        return
    here = {name: value for name, value in environment.items() if name != "CONTAINER_HOST"}
    # The build says better than this what is wrong with a store.
    command.run(["podman", "ps", "--quiet"], environment=here, check=False, timeout=_SECONDS)
