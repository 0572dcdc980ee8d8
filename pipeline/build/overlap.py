"""Versions that would do the same work first: built one after the other, it is done once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from pipeline.build.inputs import Inputs
from pipeline.spec.containerfile import FILE_INSTRUCTIONS, Instruction


def waits(
    names: Sequence[str], inputs: Mapping[str, Inputs], parents: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """What each name waits for: what it builds on, and the names before it that share its work.

    Two builds side by side do not see each other's layers: an instruction that both begin with
    would run twice, and a RUN may leave two different layers where one could be shared.

    Args:
        names: bases first.
        inputs: by name.
        parents: by name, the versions that each builds on.
    """
    first = {name: _first_layers(inputs[name]) for name in names}
    return {
        name: (
            *parents[name],
            *(before for before in names[:place] if first[before] & first[name]),
        )
        for place, name in enumerate(names)
    }


def _first_layers(inputs: Inputs) -> frozenset[Hashable]:
    """Each stage's beginning, up to the first instruction that makes a layer."""
    files = {file.path: (file.mode, file.digest) for file in inputs.files}
    found: set[Hashable] = set()
    for stage in inputs.stages:
        tokens: list[Hashable] = [stage.base, tuple(sorted(inputs.version.args.items()))]
        for place, instruction in enumerate(stage.instructions):
            tokens.append(_token(inputs, (stage.index, place), instruction, files))
            if instruction.keyword in FILE_INSTRUCTIONS:
                found.add(tuple(tokens))
                break
    return frozenset(found)


def _token(
    inputs: Inputs,
    place: tuple[int, int],
    instruction: Instruction,
    files: Mapping[str, tuple[int, str]],
) -> Hashable:
    read = (
        (entry.path, files.get(entry.path))
        for source in inputs.reads.get(place, ())
        for entry in source.entries
    )
    return (instruction.text, tuple(read))
