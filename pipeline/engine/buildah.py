"""Buildah's command line as argv lists: pure builders, one exact test each (buildah-build(1))."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def build_argv(
    *,
    context: Path,
    containerfile: Path,
    tags: tuple[str, ...],
    args: Mapping[str, str],
    labels: Mapping[str, str],
    timestamp: int | None,
    target: str | None = None,
    pull: str = "missing",
    ignorefile: Path | None = None,
    iidfile: Path | None = None,
) -> list[str]:
    """`buildah build` of one version, always with layers.

    Without `--layers` a build is one layer and its history marks all entries but the last as
    empty, which would make every report about layers misleading.

    Args:
        timestamp: of every file and of the image, in seconds since the epoch; None for now.
        pull: `missing`, `always` or `never`.
    """
    argv = ["buildah", "build", "--layers", f"--pull={pull}", f"--file={containerfile}"]
    argv += [f"--tag={tag}" for tag in tags]
    argv += [f"--build-arg={name}={value}" for name, value in sorted(args.items())]
    argv += [f"--label={name}={value}" for name, value in sorted(labels.items())]
    if timestamp is not None:
        argv.append(f"--timestamp={timestamp}")
    if target is not None:
        argv.append(f"--target={target}")
    if ignorefile is not None:
        argv.append(f"--ignorefile={ignorefile}")
    if iidfile is not None:
        argv.append(f"--iidfile={iidfile}")
    return [*argv, str(context)]
