"""Random builds with files that nobody knows before: what is foreseen as certain comes true.

The witness is the search itself, told what each RUN brings: then nothing is uncertain, and it is
what `test_plan_is_right` compares with Buildah.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import read_inputs
from pipeline.build.go_tar.image_files import ImageFiles
from pipeline.build.plan.cache_lookup import Foundation
from pipeline.build.plan.created_by import NOP
from pipeline.build.plan.forecast import Forecaster
from pipeline.engine.build_cache import CacheImage
from pipeline.engine.generation import GENERATIONS
from pipeline.spec.containerfile.steps import BuildStep, StageBuild
from pipeline.spec.model import Version
from tests.unit.build.forecasting import BASE, LABEL, STAMP, states

_Contents = dict[str, Callable[[], ImageFiles]]
ROUNDS, VERSIONS = 3, 3
ABOVE = ("RUN a", "RUN b", "ENV A=1")
LINES = ("COPY --from=s /x /", "COPY --from=s /y /", "COPY --from=s /x /z", "RUN a", "ENV A=1")


def _unknown(_image: CacheImage) -> ImageFiles:
    """No image has files here: each COPY is from a stage, and what it brings is asked for."""
    return ImageFiles({})


@dataclass(frozen=True)
class _Told(Forecaster):
    """A forecaster that knows what every COPY brings: one of two digests, by what it copies."""

    def _texts(
        self, stage: StageBuild, place: int, step: BuildStep, below: Foundation
    ) -> tuple[str, ...]:
        if step.keyword != "COPY":
            return super()._texts(stage, place, step, below)
        source = self._stages[0].foundation
        assert source is not None
        digest = random.Random(f"{source.top} {step.arguments[0]}").randint(0, 1)
        return (f"{NOP}COPY file:{digest} in {step.arguments[-1]}{self._ending(step)}",)


@dataclass(frozen=True)
class _Foreseeing(Forecaster):
    """One that knows only of images in the store what they hold, as it really is."""

    def _texts(
        self, stage: StageBuild, place: int, step: BuildStep, below: Foundation
    ) -> tuple[str, ...]:
        source = self._stages[0].foundation if step.keyword == "COPY" else None
        if source is None or source.image is None or not source.image.id:
            return super()._texts(stage, place, step, below)
        return _Told._texts(self, stage, place, step, below)  # type: ignore[arg-type]


@pytest.mark.parametrize("generation", [GENERATIONS[0], GENERATIONS[-1]])
@pytest.mark.parametrize("seed", range(50))
def test_what_is_certain_comes_true(tmp_path: Path, seed: int, generation: object) -> None:
    pick, store = random.Random(seed), [replace(BASE, top="l1")]
    assert generation in GENERATIONS
    for _ in range(ROUNDS):
        texts = [_containerfile(pick) for _ in range(VERSIONS)]
        texts[-1] = pick.choice(texts)
        foreseen, true, contents = [*store], [*store], _Contents()
        for text in texts:
            known = _states(_Foreseeing, tmp_path, text, foreseen, contents)
            real = _states(_Told, tmp_path, text, true, _Contents())
            wrong = [
                one for one in zip(known, real, strict=True) if one[0] not in ("unknown", one[1])
            ]
            assert not wrong, f"{texts}: {text}: {known} is {real}"
        store = [replace(one, id=one.id or f"{place}") for place, one in enumerate(true)]
    assert not {"unknown"} & set(real)


def _states(
    kind: type[Forecaster], folder: Path, text: str, images: list[CacheImage], contents: _Contents
) -> list[str]:
    (folder / "Containerfile").write_text(text)
    version = Version("web", "1", folder, folder / "Containerfile")
    bases: Mapping[str, CacheImage | None] = {"localhost/base:1": BASE}
    inputs = read_inputs(version, Digests(None))
    return states(kind(inputs, images, bases, LABEL, STAMP, _unknown, contents).all())


def _containerfile(pick: random.Random) -> str:
    above = [pick.choice(ABOVE) for _ in range(pick.randint(1, 2))]
    lines = [pick.choice(LINES) for _ in range(pick.randint(1, 4))]
    start = ["FROM localhost/base:1 AS s", *above, "FROM localhost/base:1", "COPY --from=s /x /"]
    return "\n".join([*start, *lines, ""])
