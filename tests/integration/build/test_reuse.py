"""What was built before is not built again, whatever way of writing history this Buildah has."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.build.context import owners
from pipeline.build.plan.explain import OTHER_BUILDAH
from pipeline.engine import command
from pipeline.engine.cache import state_folder
from pipeline.engine.images import inspect_image
from pipeline.host.buildah_generation import generation_here, note_result
from tests.integration.build.random_project import BUSYBOX
from tests.integration.conftest import Capas
from tests.probe_buildah.rules import Laboratory

pytestmark = pytest.mark.integration

SPEC = """\
name = "{name}"
[images.{name}.versions]
"1.0" = {{ context = "../app/1.0" }}
"1.1" = {{ context = "../app/1.1" }}
"""
STEPS = """\
FROM scratch
COPY bin /bin
COPY f1 /a
COPY f2 /b
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox head -c 16 /dev/urandom > /random"]
COPY f3 /app/
CMD ["/bin/sh"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two versions that differ in what is copied behind a RUN of random content."""
    name = f"reuse{tmp_path.name[-8:].strip('_').lower()}".replace("_", "")
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "spec.toml").write_text(SPEC.format(name=name))
    (tmp_path / "name").write_text(name)
    for version in ("1.0", "1.1"):
        context = tmp_path / "app" / version
        (context / "bin").mkdir(parents=True)
        shutil.copyfile(BUSYBOX, context / "bin" / "busybox")
        (context / "bin" / "busybox").chmod(0o755)
        (context / "bin" / "name").write_text(name)  # what one test builds by hand is its own
        (context / "Containerfile").write_text(STEPS)
        for file in ("f1", "f2"):
            (context / file).write_text(f"{file} of {name}")
        (context / "f3").write_text(version)
    return tmp_path


def _name(project: Path) -> str:
    return (project / "name").read_text()


def _log(environment: Mapping[str, str], name: str, version: str) -> str:
    return (state_folder(environment) / "build" / name / f"{name}-{version}.log").read_text()


def _build_by_hand(environment: Mapping[str, str], context: Path, *arguments: str) -> None:
    """With `buildah build` itself, where owners have the names that they have in our builds."""
    for path, text in owners.FILES.items():
        (context / path).parent.mkdir(exist_ok=True)
        (context / path).write_text(text)
    (context / "bin").chmod(0o755)
    argv = ["buildah", "build", "--layers", "--timestamp=0", *arguments, str(context)]
    command.run(argv, environment=environment)


def _layers(environment: Mapping[str, str], name: str, version: str) -> tuple[str, ...]:
    return inspect_image(environment, f"localhost/{name}:{version}").diff_ids


def test_versions_share_a_run_and_an_edit_below_it_does_not_repeat_it(
    capas: Capas, environment: Mapping[str, str], project: Path
) -> None:
    name = _name(project)
    capas("build", cwd=project)
    for version in ("1.0", "1.1"):
        assert _log(environment, name, version).count("STEP 1/") == 1, "built once"
    one, other = (_layers(environment, name, version) for version in ("1.0", "1.1"))
    assert (one[:4], len(one)) == (other[:4], 5), "the RUN's layer is shared"
    assert one[4] != other[4]
    (project / "app" / "1.1" / "f3").write_text("edited")
    planned = json.loads(capas("plan", "--format", "json", cwd=project).stdout)
    (version,) = (one for one in planned["versions"] if one["action"] == "build")
    states = [one["state"] for one in version["instructions"]]
    assert states == ["reuse"] * 5 + ["rebuild"] * 3
    assert version["cause"].startswith("COPY f3 /app/: f3 changed"), (
        "not a word of Buildah's history"
    )
    capas("build", cwd=project)
    log = _log(environment, name, "1.1")
    assert log.count("STEP 1/") == 1, "nothing was built a second time"
    assert log.count("Using cache") == 4
    assert _layers(environment, name, "1.1")[:4] == one[:4]


def test_a_step_that_somebody_named_is_taken_and_a_note_says_what_it_means(
    capas: Capas, environment: Mapping[str, str], project: Path
) -> None:
    """Buildah writes the name into the next step: another id, the same layers."""
    name = _name(project)
    context = project / "app" / "1.0"
    head = project / "head"
    head.write_text("FROM scratch\nCOPY bin /bin\nCOPY f1 /a\n")
    named = ("--identity-label=false", f"--file={head}", f"--tag=localhost/{name}:named")
    _build_by_hand(environment, context, *named)
    capas("build", "--version", "1.0", cwd=project)
    (context / "f3").write_text("edited")
    planned = json.loads(capas("plan", "--version", "1.0", "--format", "json", cwd=project).stdout)
    done = capas("build", "--version", "1.0", cwd=project)
    assert _log(environment, name, "1.0").count("STEP 1/") == 1
    assert f"FROM localhost/{name}:named" in done.stdout
    assert any(f"FROM localhost/{name}:named" in note for note in planned["notes"])


@pytest.mark.parametrize("option", ["--identity-label=true", "--label=by=hand"])
def test_what_a_build_with_other_labels_made_is_not_taken_and_a_note_says_so(
    capas: Capas, environment: Mapping[str, str], project: Path, option: str
) -> None:
    name = _name(project)
    context = project / "app" / "1.0"
    foreign = ("--identity-label=false", option, f"--tag=localhost/{name}:foreign")
    _build_by_hand(environment, context, *foreign)
    done = capas("build", "--version", "1.0", cwd=project)
    image = inspect_image(environment, f"localhost/{name}:1.0")
    assert {"io.buildah.version", "by"}.isdisjoint(image.labels)
    # Newer versions make a step of a label of the command line, and so do not take its result.
    builds = 2 if "note: built without the store's layers" in done.stdout else 1
    assert _log(environment, name, "1.0").count("STEP 1/") == builds
    if option.startswith("--identity"):
        assert builds == 2


def test_after_a_change_of_buildah_the_plan_says_once_why_and_a_build_mends_what_was_assumed(
    capas: Capas, environment: Mapping[str, str], project: Path
) -> None:
    """As if the results were another Buildah's: what was seen to be written wins over a version."""
    capas("build", cwd=project)
    here = generation_here(environment)
    note_result(environment, "RUN x" + ("" if here.times else "|force-mtime=0"))
    assert generation_here(environment).times != here.times
    (project / "app" / "1.1" / "f3").write_text("edited")
    planned = json.loads(capas("plan", "--format", "json", cwd=project).stdout)
    assert sum("another version of Buildah" in note for note in planned["notes"]) == 1
    assert "builds everything once more" in capas("plan", cwd=project).stdout
    (version,) = (one for one in planned["versions"] if one["action"] == "build")
    assert version["cause"] == f"COPY bin /bin: {OTHER_BUILDAH}"
    capas("build", cwd=project)
    assert generation_here(environment) == here
    (project / "app" / "1.1" / "f3").write_text("edited again")
    planned = json.loads(capas("plan", "--format", "json", cwd=project).stdout)
    assert not any("another version of Buildah" in note for note in planned["notes"])
    (version,) = (one for one in planned["versions"] if one["action"] == "build")
    assert [one["state"] for one in version["instructions"]].count("reuse") == 5


def test_the_report_names_instructions_in_the_words_of_the_containerfile(
    capas: Capas, project: Path
) -> None:
    capas("build", cwd=project)
    for form in ("text", "md", "html"):
        said = capas("report", "--format", form, cwd=project).stdout
        assert "mtime" not in said, form
        assert "COPY f3 /app" in said, form
    told = json.loads(capas("report", "--format", "json", cwd=project).stdout)
    instructions = [one["instruction"] for one in told["versions"][0]["steps"]]
    kept = [line.replace(" bin ", " … ") for line in STEPS.splitlines()[1:]]
    kept = [re.sub(r" f\d ", " … ", line) for line in kept]
    assert instructions[:-1] == kept


def test_buildah_follows_each_rule_that_is_known_for_its_generation(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    """The first table of the probe."""
    rules = Laboratory(tmp_path, environment).all(generation_here(environment))
    assert [one for one in rules if not one.right] == [], "see docs/new-buildah.md"
