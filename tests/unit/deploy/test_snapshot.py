"""Whose a container is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import pytest

from pipeline.deploy.observe.snapshot import containers_of, events_of
from pipeline.engine import labels
from pipeline.engine.inspected import (
    ContainerEvent,
    InspectedImage,
    ListedContainer,
    ListedImage,
)
from pipeline.engine.podman import PodmanReader

DEPLOYED = {
    labels.PIPELINE: "shop",
    labels.SERVICE: "web",
    labels.REPLICA: "1",
    labels.CONFIG: "0123456789ab",
}
BUILT = {labels.PIPELINE: "shop", labels.IMAGE: "shop", labels.VERSION: "1.2"}


class Engine:
    """Containers and images by id; a container has its image's labels besides its own."""

    def __init__(self, images: Mapping[str, Mapping[str, str]]) -> None:
        self._images = images
        self._rows: list[ListedContainer] = []
        self.looked_at: list[str] = []

    def run(self, name: str, image: str, own: Mapping[str, str] | None = None) -> None:
        has = {**self._images.get(image, {}), **(own or {})}
        self._rows.append(ListedContainer(name, (name,), "running", has, image))

    def sees_processes(self) -> bool:
        return False

    def image(self, reference: str) -> InspectedImage | None:
        self.looked_at.append(reference)
        has = self._images.get(reference)
        return None if has is None else InspectedImage(reference, has)

    def images(self, wanted: Sequence[str]) -> list[ListedImage]:
        rows = (ListedImage(f"sha256:{name}", (), has) for name, has in self._images.items())
        return [row for row in rows if labels.CONFIG in row.labels] if wanted else []

    def events(
        self, wanted: Sequence[str], *, since: str | None, follow: bool
    ) -> Iterator[ContainerEvent]:
        """Podman takes several labels as alternatives."""
        assert (since, follow) == ("5m", False)
        for row in self._rows:
            if any(one.partition("=")[0] in row.labels for one in wanted):
                yield ContainerEvent(
                    "start", 0, {"name": row.name, "image": row.image_id, **row.labels}
                )

    def containers(self, wanted: Sequence[str] = ()) -> list[ListedContainer]:
        def has(row: ListedContainer) -> bool:
            pairs = (one.partition("=") for one in wanted)
            return all(
                key in row.labels and (not equals or row.labels[key] == value)
                for key, equals, value in pairs
            )

        return [row for row in self._rows if has(row)]


def ours(engine: Engine, pipeline: str = "shop") -> list[str]:
    return [c.name for c in containers_of(cast("PodmanReader", engine), pipeline)]


@pytest.fixture
def engine() -> Engine:
    committed = {**BUILT, **DEPLOYED}  # `podman commit` keeps the labels of the container
    made = Engine({"built": BUILT, "committed": committed, "elsewhere": {}})
    made.run("shop-web-1", "built", DEPLOYED)
    return made


def test_what_a_user_runs_from_a_built_image_is_not_ours(engine: Engine) -> None:
    engine.run("mine", "built")
    engine.run("also-mine", "built", {labels.SERVICE: "web", labels.REPLICA: "abc"})
    assert ours(engine) == ["shop-web-1"]


def test_what_a_user_runs_from_a_committed_container_is_not_ours(engine: Engine) -> None:
    engine.run("copy", "committed")
    assert ours(engine) == ["shop-web-1"]


def test_what_is_deployed_from_a_committed_container_is_ours(engine: Engine) -> None:
    engine.run("shop-web-2", "committed", {**DEPLOYED, labels.CONFIG: "ba9876543210"})
    assert ours(engine) == ["shop-web-1", "shop-web-2"]


def test_a_container_is_its_deploy_s_and_not_its_image_s(engine: Engine) -> None:
    engine.run("blog-web-1", "built", {**DEPLOYED, labels.PIPELINE: "blog"})
    engine.run("shop-db-1", "elsewhere", DEPLOYED)
    engine.run("shop-db-2", "gone", DEPLOYED)
    assert ours(engine) == ["shop-web-1", "shop-db-1", "shop-db-2"]
    assert ours(engine, "blog") == ["blog-web-1"]


def test_an_image_is_looked_at_once(engine: Engine) -> None:
    for number in range(20):
        engine.run(f"shop-web-{number + 2}", "built", DEPLOYED)
    assert len(ours(engine)) == 21
    assert engine.looked_at == ["built"]


def test_events_are_those_of_deployed_containers(engine: Engine) -> None:
    engine.run("mine", "built")
    engine.run("copy", "committed")
    found = events_of(cast("PodmanReader", engine), "shop", since="5m")
    assert [event.attributes["name"] for event in found] == ["shop-web-1"]
