"""Where a build writes: scratch space in the cache, and a full log per version."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pipeline.spec.model import Version


def cache_folder(environ: Mapping[str, str]) -> Path:
    """`$XDG_CACHE_HOME/capas/build`: on the file system of most contexts, so that files link."""
    home = environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 (works without HOME)
    return Path(environ.get("XDG_CACHE_HOME") or Path(home, ".cache"), "capas", "build")


def state_home(environ: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/capas` (XDG Base Directory Specification)."""
    given = environ.get("XDG_STATE_HOME")
    home = Path(given) if given else Path(environ.get("HOME", "~")).expanduser() / ".local/state"
    return home / "capas"


def log_path(environ: Mapping[str, str], pipeline: str, version: Version) -> Path:
    """Where the log of a version's last build lies."""
    return state_home(environ) / "build" / pipeline / f"{version.image}-{version.name}.log"
