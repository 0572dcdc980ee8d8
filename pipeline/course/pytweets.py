"""The chapters on PyTweets: images, layers, replicas, an upgrade, and data that outlives them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from pipeline.build.context.order import select
from pipeline.build.observe.survey import observe_build
from pipeline.build.run.build_run import build
from pipeline.course.chapter import Chapter
from pipeline.course.tweets import Replica
from pipeline.deploy.apply.executor import apply
from pipeline.deploy.converge import DeployListener, converge
from pipeline.deploy.model.desired import Overrides, desired_services
from pipeline.deploy.observe.snapshot import observe
from pipeline.deploy.plan.removal import plan_down
from pipeline.deploy.show.status import StatusRow, status_of
from pipeline.engine.podman import PodmanReader
from pipeline.engine.storage import find_image, observe_storage
from pipeline.layers.family import Family, Named
from pipeline.layers.observe import ObservedFamily, observe_family
from pipeline.output.progress import Progress
from pipeline.spec.model import Pipeline
from pipeline.verify.notebook import Notebook

SERVICE = "web"
IMAGE = "pytweets"
REPLICAS = 2
FIRST, SECOND, KEEPING = "1.0", "1.1", "1.2"
"""Main program; one file more; tweets in a volume."""


class Course:
    """The chapters in their order, on one engine.

    Args:
        uri: of the API service.
        progress: of builds.
        telling: of deploys.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        environment: Mapping[str, str],
        uri: str,
        progress: Progress,
        telling: DeployListener,
    ) -> None:
        self._pipeline = pipeline
        self._environment = environment
        self._uri = uri
        self._progress = progress
        self._telling = telling
        self._tweet = f"Hello from the course #capas {secrets.token_hex(3)}"
        self.layers: ObservedFamily | None = None

    def chapters(self) -> tuple[Chapter, ...]:
        """What the course says, in its order."""
        return (
            Chapter(
                "Images", "A version is an image; built once, it costs nothing again.", self._build
            ),
            Chapter(
                "Layers", "A new version shares the layers that did not change.", self._compare
            ),
            Chapter(
                "Replicas",
                "Containers of one image listen on one port, each on a host port of its own.",
                self._deploy,
            ),
            Chapter(
                "Write layers", "What a container writes is its own, and lost with it.", self._lose
            ),
            Chapter("An upgrade", "A new version is a new image in new containers.", self._upgrade),
            Chapter(
                "A volume", "Data in a volume outlives the containers that wrote it.", self._outlive
            ),
        )

    @property
    def urls(self) -> tuple[str, ...]:
        """Where the replicas are found now."""
        return tuple(url for row in self._rows() for url in row.urls)

    def _build(self, story: Notebook) -> None:
        wanted = self._pipeline.versions
        story.do(f"build {', '.join(v.short for v in wanted)}, bases first")
        first = self._built()
        story.see("versions that are images now", expected=len(wanted), found=len(first))
        story.do("build them all again")
        again = self._built()
        story.see("the same images", expected="yes", found=_word(again == first))

    def _compare(self, story: Notebook) -> None:
        story.do("compare the layers in the store, version by version")
        storage = observe_storage(self._environment)
        named = [
            Named(v.short, v.image, find_image(storage, v.reference))
            for v in self._pipeline.versions
        ]
        self.layers = observe_family(named, storage.driver, self._environment, measure=True)
        family = self.layers.family
        older, newer = (_layers(family, f"{IMAGE}:{name}") for name in (FIRST, SECOND))
        shared = len(set(older) & set(newer))
        story.see(f"layers of {FIRST} that are in {SECOND} too", expected=len(older), found=shared)
        story.see(f"new layers in {SECOND}", expected=1, found=len(newer) - shared)

    def _deploy(self, story: Notebook) -> None:
        story.do(f"deploy {REPLICAS} replicas of {SECOND}")
        rows = self._converge(SECOND)
        story.see("replicas that run", expected=REPLICAS, found=len(rows))
        story.see("images that they were made of", expected=1, found=len(_images(rows)))
        names = self._introduce(story, rows, SECOND)
        story.see("different replicas that answered", expected=REPLICAS, found=len(names))

    def _lose(self, story: Notebook) -> None:
        one, other = _replicas(self._rows())
        story.do(f"post a tweet at {one.url}, which keeps it in the container")
        one.post("student", self._tweet)
        story.see(f"shown at {one.url}", expected="yes", found=_word(self._tweet in one.texts()))
        story.see(f"shown at {other.url}", expected="no", found=_word(self._tweet in other.texts()))

    def _upgrade(self, story: Notebook) -> None:
        before = self._rows()
        story.do(f"deploy {KEEPING}, replica by replica")
        after = self._converge(KEEPING)
        story.see("containers that stayed", expected=0, found=len(_ids(before) & _ids(after)))
        self._introduce(story, after, KEEPING)
        one, _ = _replicas(after)
        story.see(
            "the tweet that lay in a container is shown",
            expected="no",
            found=_word(self._tweet in one.texts()),
        )

    def _outlive(self, story: Notebook) -> None:
        before = self._rows()
        one, other = _replicas(before)
        story.do(f"post a tweet at {one.url}, which keeps it in the volume")
        one.post("student", self._tweet)
        story.see(
            f"shown at {other.url}", expected="yes", found=_word(self._tweet in other.texts())
        )
        kept = set(other.texts())
        story.do("remove every container")
        self._remove_containers()
        story.see("containers left", expected=0, found=len(self._rows()))
        story.see("the volume is there", expected="yes", found=_word(self._has_volume()))
        story.do(f"deploy {KEEPING} again")
        after = self._converge(KEEPING)
        story.see("containers that came back", expected=0, found=len(_ids(before) & _ids(after)))
        found = set(_replicas(after)[0].texts())
        story.see("the tweet is shown", expected="yes", found=_word(self._tweet in found))
        story.see("tweets lost", expected=0, found=len(kept - found))

    def _built(self) -> dict[str, str]:
        survey = observe_build(
            self._pipeline, select(self._pipeline, None, None), self._environment
        )
        results = build(survey, self._environment, self._progress)
        for error in results.errors.values():
            raise error
        return {one.name: one.image for one in results.done}

    def _converge(self, version: str) -> Sequence[StatusRow]:
        wanted = desired_services(
            self._pipeline, Overrides({SERVICE: version}, {SERVICE: REPLICAS})
        )
        converge(self._uri, self._pipeline, wanted, telling=self._telling)
        return self._rows()

    def _rows(self) -> tuple[StatusRow, ...]:
        rows = status_of(self._uri, self._pipeline, probe=False)
        return tuple(row for row in rows if row.container.running)

    def _introduce(self, story: Notebook, rows: Sequence[StatusRow], version: str) -> set[str]:
        names = set()
        for replica in _replicas(rows):
            name, answered = replica.introduce()
            names.add(name)
            story.see(f"version that answers at {replica.url}", expected=version, found=answered)
        return names

    def _remove_containers(self) -> None:
        with PodmanReader(self._uri) as reader:
            plan = plan_down(self._pipeline, observe(reader, self._pipeline.name))
        for failure in apply(plan, self._uri, self._telling.ended).failed:
            raise failure.error

    def _has_volume(self) -> bool:
        names = {volume.engine_name for volume in self._pipeline.volumes.values()}
        with PodmanReader(self._uri) as reader:
            return names <= {volume.name for volume in reader.volumes()}


def _word(seen: bool) -> str:
    return "yes" if seen else "no"


def _layers(family: Family, name: str) -> tuple[str, ...]:
    version = next(version for version in family.versions if version.name == name)
    return tuple(layer.diff_id for layer in version.layers)


def _ids(rows: Sequence[StatusRow]) -> set[str]:
    return {row.container.id for row in rows}


def _images(rows: Sequence[StatusRow]) -> set[str]:
    return {row.container.image_id for row in rows}


def _replicas(rows: Sequence[StatusRow]) -> list[Replica]:
    return [Replica(url) for row in rows for url in row.urls]
