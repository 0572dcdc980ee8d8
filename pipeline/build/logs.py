"""The full log of each version's last build, kept for the day it fails."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.spec.model import Version


def state_home(environ: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/capas` (XDG Base Directory Specification)."""
    given = environ.get("XDG_STATE_HOME")
    home = Path(given) if given else Path(environ.get("HOME", "~")).expanduser() / ".local/state"
    return home / "capas"


def log_path(environ: Mapping[str, str], pipeline: str, version: Version) -> Path:
    """Where the log of a version's last build lies."""
    return state_home(environ) / "build" / pipeline / f"{version.image}-{version.name}.log"
