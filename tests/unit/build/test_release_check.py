"""Whether what is there still is what was released."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import read_inputs
from pipeline.build.release.identity import content_of
from pipeline.build.release.lockfile import write_lock
from pipeline.build.release.release_check import examine_releases, refuse_other_images
from pipeline.build.release.releases import Release
from pipeline.engine.images import Store, StoredImage
from pipeline.errors import Refused
from pipeline.spec.model import Image, Pipeline, Version


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """A spec with one version, which is released."""
    (tmp_path / "main.py").write_text("1")
    (tmp_path / "Containerfile").write_text("FROM scratch\nCOPY main.py /\n")
    version = Version("web", "1.0", tmp_path, tmp_path / "Containerfile")
    made = Pipeline(
        "demo", tmp_path / "demo.toml", tmp_path, images={"web": Image("web", {"1.0": version})}
    )
    content = content_of(read_inputs(version, Digests(None)))
    write_lock(made.lock_path, {"web:1.0": Release("i", "img1", "d", (), content)})
    return made


def test_what_is_unchanged_is_fine(pipeline: Pipeline) -> None:
    assert examine_releases(pipeline) == []


def test_drift_is_a_finding_that_names_the_file(pipeline: Pipeline) -> None:
    (pipeline.root / "main.py").write_text("2")
    (one,) = examine_releases(pipeline)
    assert (one.rule, one.severity) == ("CAP302", "error")
    assert "'main.py' changed" in one.message
    assert one.hint.endswith("1.1")


def test_a_missing_file_is_a_finding(pipeline: Pipeline) -> None:
    (pipeline.root / "main.py").unlink()
    (one,) = examine_releases(pipeline)
    assert "'main.py' is not in the context" in one.message


def test_a_release_that_nobody_describes_is_a_warning(pipeline: Pipeline) -> None:
    (one,) = examine_releases(Pipeline("demo", pipeline.path, pipeline.root))
    assert (one.rule, one.severity) == ("CAP303", "warning")


def test_a_broken_lock_is_a_finding(pipeline: Pipeline) -> None:
    pipeline.lock_path.write_text("no lock")
    (one,) = examine_releases(pipeline)
    assert (one.rule, one.path) == ("CAP301", pipeline.lock_path)


def test_another_image_under_a_released_name_is_refused(pipeline: Pipeline) -> None:
    reference = "localhost/web:1.0"
    released = Store((StoredImage("img1", (reference,)),))
    other = Store((StoredImage("img2", (reference,)),))
    refuse_other_images(pipeline, [reference], released)
    refuse_other_images(pipeline, [reference], Store(()))
    refuse_other_images(pipeline, ["localhost/web:1.1"], other)
    with pytest.raises(Refused, match=r"web:1\.0 in the store is not what was released"):
        refuse_other_images(pipeline, [reference], other)
