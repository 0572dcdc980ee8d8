"""Versions that a build makes again, and whether they will come out as what others stand on.

A base that was removed from the store and is built of the same again comes out as the same image,
and what stands on it stays. That holds as long as no RUN is carried out: its programs may write
something else each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipeline.build.observe.image_labels import bases_of, seconds_of
from pipeline.build.plan.created_by import NOP
from pipeline.build.plan.forecast import FROM, Forecast
from pipeline.engine.build_cache import CacheImage
from pipeline.engine.generation import GENERATIONS, Generation
from pipeline.lean_dataclasses import dataclass, field
from pipeline.spec.containerfile import Instruction


@dataclass
class Rebuilt:
    """What the plan so far builds.

    Attributes:
        endings: by name, the last entry that the history of the image will have: our labels,
            which tell everything that it is made of.
        doubts: by name, why it may come out as another image all the same.
        generation: of the Buildah that will build: what an older one wrote comes out otherwise.
    """

    generation: Generation = GENERATIONS[-1]
    endings: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)

    def add(
        self, name: str, label: Instruction | None, forecasts: Sequence[Forecast], stamp: str
    ) -> None:
        """Note a version that will be built.

        Args:
            name: of the version.
            label: our LABEL, when its values are known already.
            forecasts: of its instructions.
            stamp: the time of its history, as RFC 3339.
        """
        if label is not None:
            ending = self.generation.ending(seconds_of(stamp), copies=False)
            self.endings[name] = f"{NOP}{label.text}{ending}"
        for one in forecasts:
            if one.place != FROM and one.found and one.found.names:
                # Buildah writes it into the history of what it makes from it.
                self.doubts[name] = f"a step of {name} has got the name {one.found.names[0]}"
            if one.instruction.keyword == "RUN" and one.state != "reuse":
                text = one.instruction.text
                self.doubts[name] = f"{name} runs {text} again, perhaps with the same result"

    def below(self, image: CacheImage, bases: Iterable[tuple[str, str]]) -> dict[str, str]:
        """The bases of an image that will be built again of just what they were.

        Args:
            image: which has them in its history, and their ids in its labels.
            bases: reference and name of each.

        Returns:
            Their ids by their names.
        """
        recorded = bases_of(image.labels)
        past = {entry.by for entry in image.history}
        return {
            name: recorded[reference]
            for reference, name in bases
            if reference in recorded and self.endings.get(name) in past
        }

    def doubtful(self, below: Mapping[str, str]) -> dict[str, str]:
        """The doubts about these bases."""
        return {name: self.doubts[name] for name in below if name in self.doubts}
