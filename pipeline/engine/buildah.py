"""Buildah's command line as argv lists: pure builders, one exact test each (buildah-build(1))."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

_GOGC = "400"
"""Percent of the living memory that may be allocated before Go collects; its own value is 100."""


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
    marker: str | None = None,
    cache: bool = True,
) -> list[str]:
    """`buildah build` of one version, always with layers.

    Without `--layers` a build is one layer and its history marks all entries but the last as
    empty, which would make every report about layers misleading.

    Args:
        timestamp: of every file and of the image, in seconds since the epoch; None for now.
        pull: `missing`, `always` or `never`.
        marker: a word by which the working containers of this build are found again; it is kept
            in their own record as the id of a build secret that no instruction asks for.
        cache: use the layers of earlier builds.

    The label `io.buildah.version` is left out: with it the same inputs would give another image
    id after an update of Buildah.
    """
    argv = ["buildah", "build", "--layers", f"--pull={pull}", f"--file={containerfile}"]
    argv.append("--identity-label=false")
    if not cache:
        argv.append("--no-cache")
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
    if marker is not None:
        argv.append(f"--secret=id={marker},src={containerfile}")
    return [*argv, str(context)]


def build_environment(environment: Mapping[str, str], temporary: Path) -> dict[str, str]:
    """The environment of `buildah build`.

    Go's garbage collector may leave more lying about: a build lives for seconds, and most of the
    memory that it asks for is short-lived; see decision 0016. The user's own GOGC stays.

    Args:
        temporary: a folder for large temporary files and for what `RUN --mount=type=cache` keeps.
    """
    return {"GOGC": _GOGC, **environment, "TMPDIR": str(temporary)}


def remove_container_argv(container: str) -> list[str]:
    """Remove one working container."""
    return ["buildah", "rm", container]


def pull_argv(reference: str) -> list[str]:
    """Pull one image, also when the store has one of this name."""
    return ["buildah", "pull", "--policy=always", reference]


def tag_argv(image: str, reference: str) -> list[str]:
    """Give an image a name; the image that had it keeps its others."""
    return ["buildah", "tag", image, reference]


def remove_images_argv(references: Sequence[str]) -> list[str]:
    """Take names away; an image goes with its last name."""
    return ["buildah", "rmi", *references]
