"""Which spec is meant: `--spec`, then CAPAS_SPEC, then the only file in `specs/`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import UsageError


def discover(given: str | None, folder: Path, environ: Mapping[str, str]) -> Path:
    """The path of the spec that a command works on.

    Raises:
        UsageError: none or several could be meant.
    """
    if chosen := given or environ.get("CAPAS_SPEC"):
        return Path(chosen)
    found = sorted((folder / "specs").glob("*.toml"))
    if len(found) != 1:
        raise UsageError(f"{len(found)} specs in specs/", resolution="say which: --spec FILE")
    return found[0]
