"""Getting images from registries; `plan.pulls` says which."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.deploy.model.operation import Operation
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.errors import CapasError, EngineError

_LINES = 5


def pull(
    uri: str,
    pulls: Sequence[Operation],
    said: Callable[[Operation, str], None],
    ended: Callable[[Operation, CapasError | None], None],
) -> None:
    """Pull one after the other; a registry serves no faster when asked for two.

    Args:
        said: is told what the engine says meanwhile, line by line.
        ended: is told of each end, and the error when it failed.

    Raises:
        EngineError: an image cannot be had.
    """
    with PodmanWriter(uri) as writer:
        for operation in pulls:
            try:
                _pull(writer, operation, said)
            except CapasError as error:
                ended(operation, error)
                raise
            ended(operation, None)


def _pull(
    writer: PodmanWriter, operation: Operation, said: Callable[[Operation, str], None]
) -> None:
    lines: list[str] = []
    try:
        for line in writer.pull_image(operation.name):
            lines.append(line)
            said(operation, line)
    except EngineError as error:
        raise EngineError(
            f"the image {operation.name} cannot be pulled",
            details="\n".join([*lines[-_LINES:], error.details]),
            resolution="check its name and the registry; `podman login` if it needs a login; "
            '`podman load` and `pull_policy = "never"` do without a registry',
        ) from None
