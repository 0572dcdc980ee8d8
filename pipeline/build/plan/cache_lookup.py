"""Buildah's search for an instruction's earlier result, on the images of the store.

The rules are those of `stage_executor.go` (intermediateImageExists, historyAndDiffIDsMatch) from
Buildah 1.28 on: an image is taken when the layer below its top one (of an instruction that makes no
layer: its top layer) is that of the image so far, its history is that image's history and one entry
more, and that entry is the text that the instruction would write. Which one of several wins, and
whether their platform counts, is the generation's (`engine.generation`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.engine.build_cache import CacheImage, Past
from pipeline.engine.generation import Generation
from pipeline.lean_dataclasses import dataclass
from pipeline.spec.containerfile.steps import StageBuild
from pipeline.spec.containerfile.variables import PLATFORM_ARGS


@dataclass(frozen=True)
class Foundation:
    """What an instruction stands on: the image so far.

    Attributes:
        top: the store's id of its top layer; empty without layers.
    """

    top: str = ""
    history: tuple[Past, ...] = ()
    diff_ids: tuple[str, ...] = ()
    image: CacheImage | None = None

    @classmethod
    def of(cls, image: CacheImage) -> Foundation:
        """The foundation that an image is."""
        return cls(image.top, image.history, image.diff_ids, image)


@dataclass(frozen=True)
class Wanted:
    """What is looked for.

    Attributes:
        below: what the instruction stands on.
        texts: what it would write into the history, any of them.
        adds_layer: whether it makes a layer.
        platform: that the build is for, as `linux/amd64`.
        unknown: why the text is not known, and stands for another one; empty when it is known.
        pattern: what the history of other results may say that it cannot be told apart from.
    """

    below: Foundation
    texts: Sequence[str]
    adds_layer: bool
    platform: str = ""
    unknown: str = ""
    pattern: re.Pattern[str] | None = None

    def fits(self, image: CacheImage) -> bool:
        """Whether an image is an earlier result (historyAndDiffIDsMatch)."""
        return self.stands(image) and image.history[-1].by in self.texts

    def may_fit(self, image: CacheImage) -> bool:
        """Whether an image may be one, as far as it is known what will be looked for."""
        return self.stands(image) and (
            image.history[-1].by in self.texts
            or (
                self.pattern is not None
                and self.pattern.fullmatch(image.history[-1].by) is not None
            )
        )

    def stands(self, image: CacheImage) -> bool:
        """Whether an image is what some instruction of the kind made of what is below."""
        below = self.below
        return (
            (image.below if self.adds_layer else image.top) == below.top
            and image.oci
            and len(image.history) == len(below.history) + 1
            and len(image.diff_ids) == len(below.diff_ids) + self.adds_layer
            and image.history[:-1] == below.history
            and image.diff_ids[: len(below.diff_ids)] == below.diff_ids
        )

    def is_for(self, image: CacheImage) -> bool:
        """Whether an image has the platform; one whose platform nobody knows has."""
        return not self.platform or image.platform in ("", self.platform)


def search(
    images: Sequence[CacheImage], wanted: Wanted, generation: Generation
) -> CacheImage | None:
    """The image that Buildah takes for an instruction (intermediateImageExists).

    Args:
        images: all of the store, in its order.
        wanted: what is looked for.
        generation: of the Buildah that looks.
    """
    passed = generation.platform
    fitting = (
        image for image in images if wanted.fits(image) and (not passed or wanted.is_for(image))
    )
    if not generation.newest:
        return next(fitting, None)
    # Of equal times the last one in the store's order: the sort of a few is a stable one.
    return max(enumerate(fitting), key=_age, default=(0, None))[1]


def may_fit(
    images: Sequence[CacheImage], wanted: Wanted, generation: Generation
) -> list[CacheImage]:
    """The images that Buildah may take for an instruction, where it is not known which."""
    passed = generation.platform
    return [
        image for image in images if wanted.may_fit(image) and (not passed or wanted.is_for(image))
    ]


def _age(numbered: tuple[int, CacheImage]) -> tuple[str, int]:
    number, image = numbered
    return image.created.removesuffix("Z"), number


def made_on(images: Sequence[CacheImage], below: Foundation, pasts: Sequence[Past]) -> CacheImage:
    """The image that an instruction will make: later builds of the same run find it.

    Where another image holds the result of the same instruction on the same image, only the image
    of the step itself was removed: the same layer will be made again, under the same id.

    Args:
        images: all of the store, and those that are made in this run.
        below: what the instruction stands on.
        pasts: what it will write into the history, any of them.
    """
    past = pasts[0]
    own: tuple[str, ...] = () if past.empty else (f"made {len(images)}",)
    layers, depth = own, len(below.diff_ids) + len(own)
    for image in images:
        if len(image.layers) >= depth and any(_holds(image, below, one) for one in pasts):
            past = image.history[len(below.history)]
            layers = image.diff_ids[depth - len(own) : depth]
            own = (image.layers[-depth][0],) if own else ()
            break
    return CacheImage(
        id="",
        names=(),
        digest="",
        top=own[0] if own else below.top,
        below=below.top,
        layers=(),
        diff_ids=(*below.diff_ids, *layers),
        history=(*below.history, past),
        config=below.image.config if below.image else {},
        created=past.created,
        platform=below.image.platform if below.image else "",
    )


def _holds(image: CacheImage, below: Foundation, past: Past) -> bool:
    """Whether an image was built on the result of an instruction."""
    place = len(below.history)
    if len(image.history) <= place or image.history[:place] != below.history:
        return False
    entry = image.history[place]
    same = (entry.by, entry.created, entry.empty) == (past.by, past.created, past.empty)
    return same and image.diff_ids[: len(below.diff_ids)] == below.diff_ids


def platform_of(stage: StageBuild) -> str:
    """What a stage is built for; empty where the FROM says it with a variable."""
    written = stage.stage.platform
    if written is None:
        return PLATFORM_ARGS["TARGETPLATFORM"]
    return "" if "$" in written else "/".join(written.split("/")[:2])
