"""What a layer is called: its instruction, completed from its own files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os.path import commonpath
from pathlib import PurePosixPath

from pipeline.layers.cause import FileLists
from pipeline.layers.chain import HistoryStep, VersionStack
from pipeline.layers.family import Family

_UNKNOWN_SOURCE = "… "


def layer_names(family: Family, lists: FileLists) -> Mapping[str, str]:
    """A name for every layer of a family, by chain_id."""
    names: dict[str, str] = {}
    for version in family.versions:
        for index, step in enumerate(version.layer_steps):
            names.setdefault(step.chain_id, _name(version, index, step, lists))
    return names


def plain(reference: str) -> str:
    """A reference without the registry that Buildah invents for local images."""
    return reference.removeprefix("localhost/")


def common_folder(names: Sequence[str]) -> str:
    """What all of several references begin with: a registry, a group; with its slash."""
    if len(names) < 2:
        return ""
    folder = commonpath([name.rpartition("/")[0] for name in names])
    return f"{folder}/" if folder else ""


def _name(version: VersionStack, index: int, step: HistoryStep, lists: FileLists) -> str:
    if index < version.base.layers:
        # The base's own files do not matter here, and listing them would cost the most.
        return str(step.instruction)
    return complete(step, lists)


def complete(step: HistoryStep, lists: FileLists) -> str:
    """An instruction with the source that the history leaves out, as far as the files tell it.

    A file that was copied into a folder kept its name: `COPY … /app` that brought `app/main.py`
    was `COPY main.py /app`.
    """
    instruction = step.instruction
    if step.layer is None or not instruction.text.startswith(_UNKNOWN_SOURCE):
        return str(instruction)
    target = PurePosixPath(instruction.text.removeprefix(_UNKNOWN_SOURCE))
    files = [f.path for f in lists(step.layer) if f.kind != "directory"]
    if len(files) != 1:
        return f"{instruction} ({len(files)} files)"
    path = PurePosixPath("/", files[0])
    if path.parent == target:
        return f"{instruction.keyword} {path.name} {target}"
    return str(instruction)
