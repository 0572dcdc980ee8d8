"""Where a build writes: scratch space in the cache, and a full log per version."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pipeline.engine.cache import state_folder
from pipeline.spec.model import Version


def cache_folder(environ: Mapping[str, str]) -> Path:
    """`$XDG_CACHE_HOME/capas/build`: on the file system of most contexts, so that files link."""
    home = environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 (works without HOME)
    return Path(environ.get("XDG_CACHE_HOME") or Path(home, ".cache"), "capas", "build")


def log_path(environ: Mapping[str, str], pipeline: str, version: Version) -> Path:
    """Where the log of a version's last build lies."""
    return state_folder(environ) / "build" / pipeline / f"{version.image}-{version.name}.log"
