"""A version as a stack of steps: which instruction made which layer, and where its base ends.

A layer is reused only in its place: on the same layers below. The `chain_id` names a layer
together with all below it (OCI image-spec, config.md: ChainID).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate

from pipeline.engine.storage import HistoryEntry, LayeredImage, StoredLayer
from pipeline.layers.instruction import HistoryInstruction, base_name, merged, parse_created_by
from pipeline.lean_dataclasses import dataclass

_WRITERS = ("ADD", "COPY", "RUN")
"""The instructions that change files, and so have a layer of their own."""


@dataclass(frozen=True)
class HistoryStep:
    """One instruction of a version.

    Attributes:
        layer: what it made; None for configuration, which makes no layer.
        chain_id: of the stack up to and with this layer; empty without one.
    """

    instruction: HistoryInstruction
    layer: StoredLayer | None = None
    chain_id: str = ""


@dataclass(frozen=True)
class Base:
    """What a version was built on.

    Attributes:
        name: as the image says it or as the store knows it; empty when nobody knows.
        layers: how many of the version's layers it has.
    """

    name: str = ""
    layers: int = 0


@dataclass(frozen=True)
class VersionStack:
    """An image under the name that the report calls it by, bottom step first."""

    name: str
    image: LayeredImage
    steps: tuple[HistoryStep, ...]
    base: Base = Base()

    @property
    def layers(self) -> tuple[StoredLayer, ...]:
        """Its layers, bottom first."""
        return self.image.layers

    @property
    def layer_steps(self) -> tuple[HistoryStep, ...]:
        """The steps that made a layer."""
        return tuple(step for step in self.steps if step.layer)

    @cached_property
    def heights(self) -> tuple[int, ...]:
        """Uncompressed bytes of its lowest 0, 1, 2, … layers."""
        return tuple(accumulate((layer.size for layer in self.layers), initial=0))

    @property
    def size(self) -> int:
        """Bytes of all layers, uncompressed."""
        return self.heights[-1]


def chain_ids(diff_ids: Sequence[str]) -> tuple[str, ...]:
    """The chain_id of every stack from the bottom up."""
    chain: list[str] = []
    for diff_id in diff_ids:
        below = chain[-1] if chain else ""
        text = f"{below} {diff_id}".encode()
        chain.append(f"sha256:{hashlib.sha256(text).hexdigest()}" if below else diff_id)
    return tuple(chain)


def version_of(name: str, image: LayeredImage, named: Iterable[LayeredImage] = ()) -> VersionStack:
    """The version that `image` is.

    Args:
        named: images that could be its base, the nearer one first among equals.
    """
    chain = chain_ids(image.diff_ids)
    makers = [entry for entry in image.history if not entry.empty]
    if len(makers) != len(image.layers):
        # A builder may leave the history out (`buildah build --omit-history`).
        unknown = HistoryInstruction("", "")
        steps = [HistoryStep(unknown, *pair) for pair in zip(image.layers, chain, strict=True)]
        return VersionStack(name, image, tuple(steps), _base(image, named))
    layers = iter(zip(image.layers, chain, strict=True))
    steps = [
        HistoryStep(made_by, *(() if entry.empty else next(layers)))
        for entry, made_by in zip(image.history, _instructions(image.history), strict=True)
    ]
    return VersionStack(name, image, tuple(steps), _base(image, named))


def _instructions(history: Sequence[HistoryEntry]) -> Iterator[HistoryInstruction]:
    """The instruction behind each entry; behind a layer that several made, all of them.

    Buildah without `--layers`, and every builder that squashes, marks the entries of a layer but
    the last as empty, and leaves out those of a base that went into it too.
    """
    waiting: list[HistoryInstruction] = []
    layers = 0
    for number, entry in enumerate(history):
        own = parse_created_by(entry.created_by)
        if entry.empty:
            if own.keyword in _WRITERS:
                waiting.append(own)
            yield own
            continue
        base = base_name(entry.comment)
        if base and not layers and (waiting or not number):
            waiting.insert(0, HistoryInstruction("FROM", base))
        yield merged([*waiting, own]) if waiting else own
        waiting.clear()
        layers += 1


def _base(image: LayeredImage, named: Iterable[LayeredImage]) -> Base:
    """From the history's own note, else the largest known image that this one starts with."""
    layers, noted = 0, Base()
    for entry in image.history:
        if name := base_name(entry.comment):
            noted = Base(name, layers)
        layers += not entry.empty
    if noted.name and layers == len(image.layers):
        return noted
    found = Base()
    for other in named:
        count = len(other.layers)
        if found.layers < count < len(image.layers) and image.diff_ids[:count] == other.diff_ids:
            found = Base(other.names[0] if other.names else "", count)
    return found
