"""Where PyTweets is: in the checkout, or brought along by the installed program."""

from __future__ import annotations

import shutil
import tempfile
from importlib.resources import as_file, files
from pathlib import Path

from pipeline.errors import CapasError

_SPEC = Path("specs", "pytweets.toml")
_PARTS = ("specs", "containers")


def course_spec(folder: Path) -> Path:
    """The spec of PyTweets: that of `folder`, of our own checkout, or a copy put into `folder`.

    Raises:
        CapasError: the copy cannot be written.
    """
    for place in (folder, Path(str(files("pipeline"))).parent):
        if (place / _SPEC).is_file():
            return place / _SPEC
    return _bring(folder / "pytweets") / _SPEC


def _bring(project: Path) -> Path:
    """A copy of what the wheel carries, whole or not at all."""
    if (project / _SPEC).is_file():
        return project
    try:
        with tempfile.TemporaryDirectory(prefix=".capas-", dir=project.parent) as scratch:
            copy = Path(scratch, project.name)
            for part in _PARTS:
                with as_file(files("pipeline.course") / "project" / part) as source:
                    shutil.copytree(source, copy / part)
            copy.rename(project)
    except OSError as error:
        raise CapasError(
            f"PyTweets cannot be put into {project}: {error.strerror}",
            resolution="go to a folder where you may write, and where no pytweets is yet",
        ) from None
    return project
