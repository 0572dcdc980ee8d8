"""Removing what was found to be unneeded: decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.engine import command
from pipeline.engine.leftovers import remove_working_containers


def remove_images(
    images: Sequence[str], containers: Sequence[str], environment: Mapping[str, str]
) -> None:
    """Remove working containers, then images, each by its id and nothing along with it.

    An image that someone named, or made a container of, since it was looked at is refused by
    Podman: nothing is forced.

    Raises:
        EngineError: Podman or Buildah refused.
    """
    remove_working_containers(containers, environment)
    for image in images:
        argv = ["podman", "rmi", "--no-prune", image]
        command.run(argv, environment=environment)
