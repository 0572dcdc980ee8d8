from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.spec.model import Image, Ingress, Mount, Pipeline, Port, Service, Version
from pipeline.verify.subject import ExperimentSubject, choose_subject


def image(name: str, *versions: str) -> Image:
    folder = Path("/project")
    return Image(name, {v: Version(name, v, folder, folder / "Containerfile") for v in versions})


PIPELINE = Pipeline(
    "shop",
    Path("/project/specs/shop.toml"),
    Path("/project"),
    images={"base": image("base", "1"), "web": image("web", "1.0", "1.1", "1.2")},
    services={
        "worker": Service("worker", "web", built_here=True),
        "cache": Service("cache", "localhost/redis:7", built_here=False, ports=(Port(6379),)),
        "web": Service(
            "web", "web", built_here=True, ports=(Port(5000, 8080),), environment={"A": "1"}
        ),
    },
)
ALL = {v.reference for v in PIPELINE.versions}


def test_the_newest_built_version_of_a_service_with_a_port_is_taken() -> None:
    assert choose_subject(PIPELINE, ALL - {"localhost/web:1.2"}) == ExperimentSubject(
        "localhost/web:1.1", ("localhost/web:1.0",), 5000, {"A": "1"}
    )


def test_a_version_that_is_named_comes_first() -> None:
    subject = choose_subject(PIPELINE, ALL, "1.1")
    assert subject.image == "localhost/web:1.1"
    assert subject.older == ("localhost/web:1.2", "localhost/web:1.0")


def test_an_ingress_says_what_a_replica_listens_on_and_without_one_nothing_does() -> None:
    worker = PIPELINE.services["worker"]
    ingress = replace(worker, ingress=Ingress(8000, 5000, "localhost/proxy:1"))
    services = {"plain": replace(worker, name="plain"), "worker": ingress}
    with_an_ingress = replace(PIPELINE, services=services)
    assert choose_subject(with_an_ingress, ALL).port == 5000
    alone = replace(PIPELINE, services={"worker": worker})
    assert choose_subject(alone, ALL) == ExperimentSubject(
        "localhost/web:1.2", ("localhost/web:1.1", "localhost/web:1.0")
    )


def test_an_image_without_a_service_will_do() -> None:
    assert choose_subject(PIPELINE, {"localhost/base:1"}) == ExperimentSubject("localhost/base:1")


@pytest.mark.parametrize(("built", "version"), [(set[str](), None), (ALL, "9.9")])
def test_nothing_built_is_bad_usage_with_the_way_out(built: set[str], version: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        choose_subject(PIPELINE, built, version)
    assert "capas build" in caught.value.resolution
    assert caught.value.brief == (
        "version 9.9 of shop is not built" if version else "no version of shop is built"
    )


def test_an_image_without_a_service_is_compared_with_all_its_older_versions() -> None:
    alone = replace(PIPELINE, services={}, images={"web": PIPELINE.images["web"]})
    assert choose_subject(alone, ALL) == ExperimentSubject(
        "localhost/web:1.2", ("localhost/web:1.1", "localhost/web:1.0")
    )


def test_what_the_service_mounts_goes_along() -> None:
    mounts = (Mount("volume", "data", "/data"), Mount("tmpfs", None, "/scratch"))
    web = replace(PIPELINE.services["web"], mounts=mounts)
    assert choose_subject(replace(PIPELINE, services={"web": web}), ALL).mounts == mounts
