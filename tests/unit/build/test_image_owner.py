"""What is said of an image that has a version's name and is somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.build.release.image_owner import refuse_running, refuse_taking, strangeness
from pipeline.engine import labels
from pipeline.engine.images import StoredImage
from pipeline.spec.model import Version

VERSION = Version("app", "1", Path("/p"), Path("/p/Containerfile"))
THEIRS = StoredImage("0123456789abcdef", ("localhost/app:1",), "", {labels.PIPELINE: "other"})


def test_a_name_that_is_taken_is_told_with_its_owner_and_image() -> None:
    refused = refuse_taking(VERSION, THEIRS)
    assert refused.brief == "localhost/app:1 belongs to the pipeline other"
    assert "another project of this account built it (0123456789ab) from" in refused.details


def test_an_image_that_is_not_used_is_told_with_the_reason() -> None:
    refused = refuse_running(VERSION, THEIRS, "why")
    assert refused.brief == "localhost/app:1 in the store is not this pipeline's"
    assert refused.details == "0123456789ab: why"
    assert "`capas build --version app:1` makes it" in refused.resolution


OURS = {
    labels.PIPELINE: "demo",
    labels.IMAGE: "app",
    labels.VERSION: "1",
    labels.IDENTITY: "i" * 64,
}
LAST = f'LABEL "{labels.IDENTITY}"="{"i" * 64}"'


@pytest.mark.parametrize(
    ("labelled", "last", "why"),
    [
        (OURS, LAST, ""),
        (OURS, "", ""),
        ({}, LAST, "capas did not build it"),
        ({**OURS, labels.PIPELINE: "other"}, LAST, "the pipeline other built it"),
        ({**OURS, labels.VERSION: "2"}, LAST, "it is app:2 under another name"),
        ({**OURS, labels.IMAGE: "web"}, LAST, "it is web:1 under another name"),
        (
            OURS,
            "CMD x",
            "layers were added on top of what capas built (`podman commit`, or a build on it)",
        ),
    ],
)
def test_why_an_image_is_not_the_pipelines(labelled: dict[str, str], last: str, why: str) -> None:
    image = StoredImage("0", ("localhost/app:1",), labels=labelled, last=last)
    assert strangeness(image, VERSION, "demo") == why
