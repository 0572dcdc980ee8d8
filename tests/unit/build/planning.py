"""A spec in a folder, a store in memory, and the plans of builds on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import read_inputs
from pipeline.build.observe.survey import Survey, pulls_of
from pipeline.build.plan.build_plan import BuildPlan, BuildPlanner
from pipeline.build.release.identity import content_of
from pipeline.build.release.releases import Release
from pipeline.engine.build_cache import CacheImage
from pipeline.engine.generation import GENERATIONS, Generation
from pipeline.engine.images import Store, StoredImage
from pipeline.engine.storage import Storage
from pipeline.spec.model import Image, Pipeline, Version

_PAIR = re.compile(r'"([^"]*)"="([^"]*)"')
NO_STORAGE = Storage("overlay", (), {}, {}, {})


@dataclass
class Planned:
    """What is planned, and what the store would hold after such a build.

    Attributes:
        folder: of all contexts, one for each image.
        texts: the Containerfiles by `image:version`, bases first.
        images: the store's, in its order.
    """

    folder: Path
    texts: dict[str, str]
    images: list[CacheImage] = field(default_factory=list)
    releases: dict[str, Release] = field(default_factory=dict)
    generation: Generation = GENERATIONS[-1]
    epoch: int = 0
    storage: Storage = NO_STORAGE
    changes: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.texts:
            (self.folder / name.partition(":")[0]).mkdir(exist_ok=True)

    def versions(self) -> dict[str, Version]:
        found = {}
        for name, text in self.texts.items():
            image, _, version = name.partition(":")
            path = self.folder / f"Containerfile.{image}.{version}"
            path.write_text(text)
            one = Version(image, version, self.folder / image, path)
            found[name] = replace(one, **self.changes)  # type: ignore[arg-type]
        return found

    def survey(self) -> Survey:
        versions = self.versions()
        images: dict[str, dict[str, Version]] = {}
        for one in versions.values():
            images.setdefault(one.image, {})[one.name] = one
        inputs = {
            name: read_inputs(one, Digests(None), inherits=self.generation.inherits)
            for name, one in versions.items()
        }
        pipeline = Pipeline(
            "demo",
            self.folder / "demo.toml",
            self.folder,
            images={name: Image(name, found) for name, found in images.items()},
        )
        return Survey(
            pipeline=pipeline,
            names=tuple(versions),
            versions=versions,
            parents={},
            inputs=inputs,
            contents={name: content_of(one) for name, one in inputs.items()},
            store=Store(tuple(stored(one) for one in self.images if one.names)),
            releases=self.releases,
            epoch=self.epoch,
            generation=self.generation,
        )

    def plan(self) -> BuildPlan:
        """The plan of a build of everything."""
        return self._planner(tuple(self.texts))[0]

    def build(self) -> None:
        """Do what is planned, one version after another: then no label is unknown."""
        names = tuple(self.texts)
        for count in range(1, len(names) + 1):
            plan, planner = self._planner(names[:count])
            results = {
                (result.history, result.diff_ids): f"localhost/{name}"
                for name, result in planner._results.items()
                if result is not None
            }
            moved = {f"localhost/{one.name}" for one in plan.versions if one.action == "build"}
            images, self.images = planner._images, []
            for one in images:
                now = replace(one, names=tuple(n for n in one.names if n not in moved))
                now = now if one.id else self._made(one)
                name = results.get((one.history, one.diff_ids))
                self.images.append(replace(now, names=(name,)) if name else now)

    def _planner(self, names: tuple[str, ...]) -> tuple[BuildPlan, BuildPlanner]:
        survey = replace(self.survey(), names=names)
        planner = BuildPlanner(survey, self.storage, self.images, {})
        return planner.plan(pulls_of(survey)), planner

    def _made(self, image: CacheImage) -> CacheImage:
        own = dict(_PAIR.findall(image.history[-1].by)) if " LABEL " in image.history[-1].by else {}
        labelled = {**image.labels, **own}
        config = {**image.config, **({"Labels": labelled} if labelled else {})}
        name = f"{len(self.images):03}"
        return replace(
            image, id=f"i{name}", digest=f"sha256:d{name}", config=config, given=frozenset()
        )

    def named(self, name: str) -> CacheImage:
        """The image of a version."""
        return next(one for one in self.images if f"localhost/{name}" in one.names)

    def change(self, image: CacheImage, **changes: object) -> None:
        """Change an image of the store."""
        place = self.images.index(image)
        self.images[place] = replace(image, **changes)  # type: ignore[arg-type]


def stored(image: CacheImage) -> StoredImage:
    """The image as a listing of the store has it."""
    return StoredImage(
        image.id, image.names, image.digest, dict(image.labels), image.history[-1].by
    )


def lines(plan: BuildPlan, place: int = -1) -> list[tuple[str, str]]:
    """State and cause of a version's instructions."""
    return [(one.state, one.cause) for one in plan.versions[place].instructions]
