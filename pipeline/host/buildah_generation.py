"""Which generation of Buildah builds here: its version, and what a build of it was seen to write.

`buildah --version` is asked once per program (see `observe`). Distributions carry changes back to
older versions, so the history of what was really built has the last word about the one habit that
decides whether earlier results are found at all: whether it says the time of files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pipeline.engine.cache import cache_folder, read_json, write_atomic
from pipeline.engine.generation import Generation, generation_of, says_times
from pipeline.engine.programs import find_program
from pipeline.host.observe import observe_basics


def generation_here(environment: Mapping[str, str]) -> Generation:
    """The generation of the Buildah that this environment runs."""
    known = read_json(_memory(environment))
    times = known.get("times") if known.get("program") == _program(environment) else None
    version = observe_basics(environment).version("buildah")
    return generation_of(version, times=times if isinstance(times, bool) else None)


def note_result(environment: Mapping[str, str], created_by: str) -> None:
    """Remember what Buildah wrote about an instruction, where its version let expect another thing.

    Args:
        environment: of the build.
        created_by: the history's last entry of an image that was built just now.
    """
    times = says_times(created_by)
    if times == generation_here(environment).times:
        return
    seen = {"program": _program(environment), "times": times}
    with suppress(OSError):  # without a cache the next plan is wrong about what is reused
        write_atomic(_memory(environment), json.dumps(seen))


def _memory(environment: Mapping[str, str]) -> Path:
    return cache_folder(environment) / "buildah.json"


def _program(environment: Mapping[str, str]) -> str:
    path = find_program("buildah", path=environment.get("PATH")) or "buildah"
    try:
        info = Path(path).stat()
    except OSError:
        return path
    return f"{path} {info.st_mtime_ns} {info.st_size}"
