"""Which folder a pipeline's name belongs to, for this account.

Containers, images and volumes have the pipeline's name and nothing of the folder: an image must be
the same wherever its project lies. So two folders with one name, a copied exercise perhaps, would
replace each other's containers and share their volumes. The first command that makes something
notes the spec's path below the state folder; from another folder the next one is refused as long
as the spec that was noted is there and says the same name. A project that was moved just goes on.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import tomli

from pipeline.bootstrap.safe_files import read_bytes
from pipeline.engine.cache import read_json, state_folder, write_atomic
from pipeline.errors import Refused
from pipeline.spec.model import Pipeline

TAKE_OVER = "CAPAS_TAKE_OVER"
"""The variable that lets a command take over what belongs to another project or folder."""


def claim(pipeline: Pipeline, environment: Mapping[str, str]) -> str:
    """Note that the pipeline lies in this folder, before something of its name is made or changed.

    Returns:
        A note that it was taken over from another folder; mostly empty.

    Raises:
        Refused: the name belongs to a folder that is still there.
    """
    note = _note(pipeline.name, environment)
    here, before = pipeline.path.absolute(), _noted(note)
    if before == here:
        return ""
    said = ""
    if before is not None and _is_claimed(before, here, pipeline.name):
        if not (environment.get(TAKE_OVER) or environment.get("CI")):
            raise _refusal(pipeline, before)
        said = f"the pipeline {pipeline.name} is this folder's now; it was that of {before}"
    with suppress(OSError):  # a full disk: what is made is made all the same
        write_atomic(note, json.dumps({"spec": os.fsdecode(here)}))
    return said


def _note(name: str, environment: Mapping[str, str]) -> Path:
    """Where the folder of a pipeline is noted; a service elsewhere has pipelines of its own."""
    host = environment.get("CONTAINER_HOST", "")
    store = f"-{hashlib.sha256(host.encode()).hexdigest()[:12]}" if host else ""
    return state_folder(environment) / "projects" / f"{name}{store}.json"


def _noted(note: Path) -> Path | None:
    spec = read_json(note).get("spec")
    return Path(spec) if isinstance(spec, str) and spec.startswith("/") else None


def _is_claimed(before: Path, here: Path, name: str) -> bool:
    """Whether another spec is still there and may give the name; links lead to one and the same."""
    try:
        if before.samefile(here):
            return False
        said = tomli.loads(read_bytes(before).decode()).get("name")
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(said, str) and (said == name or "$" in said)


def _refusal(pipeline: Pipeline, before: Path) -> Refused:
    return Refused(
        f"the pipeline {pipeline.name} belongs to another folder",
        details=f"{before} has that name, too: this one, {pipeline.path}, would take over its "
        "containers, images and volumes",
        resolution="give this one another `name`, or, when it shall have them: "
        f"`{TAKE_OVER}=1` before the command, once",
    )
