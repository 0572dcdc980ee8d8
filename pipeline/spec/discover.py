"""Which spec is meant: `--spec`, then CAPAS_SPEC, then the only file in `specs/`.

`specs/` is looked for in the current folder, and above it up to the project folder.
`specs/reference.toml` is documentation and is never chosen by itself (docs/decisions).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from glob import glob, has_magic
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.spec.read import ROOT_MARKS
from pipeline.spec.textfile import kind_at

REFERENCE_NAME = "reference.toml"


def discover(given: str | None, folder: Path, environ: Mapping[str, str]) -> Path:
    """The path of the spec that a command works on.

    Raises:
        UsageError: none or several could be meant.
    """
    if chosen := given or environ.get("CAPAS_SPEC"):
        return Path(chosen)
    found = _specs(folder)
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            "there is no spec here",
            details=f"looked for specs/*.toml in {folder} and above it",
            resolution="`capas init` begins a project; --spec FILE or CAPAS_SPEC names a spec",
        )
    raise UsageError(
        f"there are {len(found)} specs: choose one",
        details="\n".join(f"--spec {path}" for path in found),
        resolution="use one of these, or set CAPAS_SPEC",
    )


def discover_all(given: Sequence[str], folder: Path, environ: Mapping[str, str]) -> list[Path]:
    """The specs that several names and globs mean, each once; without any, the one meant.

    Raises:
        UsageError: a glob matches nothing, or without names none or several could be meant.
    """
    if not given:
        return [discover(None, folder, environ)]
    paths: dict[Path, None] = {}
    for name in given:
        # Path.glob refuses absolute patterns, and drops what cannot be read.
        matches = sorted(glob(name, recursive=True)) if has_magic(name) else [name]  # noqa: PTH207
        if not matches:
            raise UsageError(f"no file matches {name!r}", resolution="`**` looks into folders too")
        paths |= dict.fromkeys(map(Path, matches))
    return list(paths)


def _specs(folder: Path) -> list[Path]:
    """The specs of the nearest `specs/`, as paths from `folder` where that is possible."""
    for above in (folder, *folder.parents):
        found = sorted(
            path for path in (above / "specs").glob("*.toml") if path.name != REFERENCE_NAME
        )
        if found:
            return [path.relative_to(folder) if above == folder else path for path in found]
        if any(kind_at(above / mark) for mark in ROOT_MARKS):
            return []
    return []
