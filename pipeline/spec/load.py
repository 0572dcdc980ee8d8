"""From a spec's file to a checked `Pipeline`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.spec.model import Pipeline


def load(path: Path, environ: Mapping[str, str]) -> Pipeline:
    """The pipeline that the spec at `path` describes.

    Raises:
        InvalidSpec: the spec has errors; all of them at once.
    """
    raise NotImplementedError(path, environ)
