"""Versions that would do the same work first: built one after the other, it is done once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from pipeline.build.context.inputs import Inputs
from pipeline.spec.containerfile import Instruction


def waits(
    names: Sequence[str], inputs: Mapping[str, Inputs], parents: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """What each name waits for: what it builds on, and whoever before it makes its images first.

    Two builds side by side do not see each other's images: an instruction that both begin with
    would run twice, a RUN may leave two different layers where one could be shared, and of an image
    that both make one finds the temporary name that Buildah gives it for the other (see `turns`).

    Args:
        names: bases first.
        inputs: by name.
        parents: by name, the versions that each builds on.
    """
    work = {name: _images(inputs[name]) for name in names}
    found: dict[str, tuple[str, ...]] = {}
    for place, name in enumerate(names):
        left = set(work[name])
        before: list[str] = []
        for other in names[:place]:
            if shared := left & work[other]:
                before.append(other)
                left -= shared
        found[name] = (*parents[name], *before)
    return found


def _images(inputs: Inputs) -> frozenset[Hashable]:
    """Each image that the build makes, as all that leads to it from its stage's base on."""
    files = {file.path: (file.mode, file.digest) for file in inputs.files}
    args = tuple(sorted(inputs.version.args.items()))
    found: set[Hashable] = set()
    for stage in inputs.stages:
        # An ARG above the first FROM may decide the base.
        below: Hashable = (stage.base, args if inputs.containerfile.global_args else ())
        for place, instruction in enumerate(stage.instructions):
            below = (below, _token(inputs, (stage.index, place), instruction, files))
            found.add(below)
            if instruction.keyword == "ARG":  # its own image is the same whatever its value is
                below = (below, args)
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
