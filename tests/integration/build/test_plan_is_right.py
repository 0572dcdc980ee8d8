"""What `plan` foresees, compared with what Buildah then does, over random edits."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping

import pytest

from pipeline.build.observe.survey import Survey, observe_build, pulls_of
from pipeline.build.plan.build_plan import BuildPlan, BuildPlanner
from pipeline.build.run.build_run import build
from pipeline.engine.build_cache import cache_images
from pipeline.engine.images import inspect_image
from pipeline.engine.storage import observe_storage
from pipeline.errors import CapasError
from pipeline.output.progress import Quiet
from tests.integration.build.random_project import RandomProject
from tests.integration.build.told import told_of

pytestmark = [pytest.mark.integration, pytest.mark.timeout(7200)]

CASES = int(os.environ.get("CAPAS_PLAN_CASES", "25"))
SEED = int(os.environ.get("CAPAS_PLAN_SEED", "1"))
EDITS_PER_PROJECT = 12


def test_plan_is_right(
    environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    seen: Counter[str] = Counter()
    wrong: list[str] = []
    seed = SEED
    while seen["cases"] < CASES:
        project = RandomProject(tmp_path_factory.mktemp(f"random-{seed}"), seed, environment)
        for _ in range(EDITS_PER_PROJECT):
            if seen["cases"] < CASES:
                found = _case(project, environment, seen, f"seed {seed}")
                wrong += found
                sys.stderr.writelines(f"\n{one}" for one in found)
            for _ in range(project.random.randint(1, 3)):
                project.edit()
        seed += 1
        if CASES > 100:
            sys.stderr.write(f"\n{_figure(seen, wrong)}")
    sys.stderr.write(f"\n{_figure(seen, wrong)}\n")
    assert not wrong, "\n".join(wrong)


def _figure(seen: Counter[str], wrong: list[str]) -> str:
    told = ", ".join(f"{count} {name}" for name, count in sorted(seen.items()))
    return f"plan compared with Buildah: {told}, {len(wrong)} wrong"


def _case(
    project: RandomProject, environment: Mapping[str, str], seen: Counter[str], where: str
) -> list[str]:
    """Plan, build, compare; a project that cannot be built is mended by its next edit."""
    pipeline = project.pipeline()
    edits, project.edits = project.edits, []
    try:
        survey = observe_build(pipeline, pipeline.versions, environment)
        storage = observe_storage(environment)
        planner = BuildPlanner(survey, storage, cache_images(storage), environment)
        plan = planner.plan(pulls_of(survey))
    except CapasError:
        seen["contexts that cannot be built"] += 1
        return []
    results = build(survey, environment, Quiet(), workers=1)
    seen["cases"] += 1
    built = {one.name for one in results.done if one.built}
    kept = {one.name for one in results.done if not one.built}
    wrong = [
        f"{where}, {version.name} after {edits}: {one}"
        for version in plan.versions
        if version.name in built
        for one in _compare(survey, plan, version.name, environment, seen)
    ]
    for version in plan.versions:
        if version.action == "keep" and version.name in built:
            wrong.append(f"{where}, {version.name}: planned to be kept, was built")
        seen["kept"] += version.action == "keep"
        if version.action == "build" and version.name in kept:
            seen["versions whose base came out the same after all"] += 1
            wrong += [
                f"{where}, {version.name} after {edits}: {one} but it was kept"
                for one in version.instructions
                if one.state == "rebuild"
            ]
    return wrong


def _compare(
    survey: Survey,
    plan: BuildPlan,
    name: str,
    environment: Mapping[str, str],
    seen: Counter[str],
) -> list[str]:
    told = told_of(survey, name, environment)
    (version,) = (one for one in plan.versions if one.name == name)
    wrong: list[str] = []
    for one in version.instructions:
        if one.step == 1:
            continue
        actual = told.get((one.stage, one.step))
        if actual is None:
            continue  # the build stopped before it
        seen["instructions"] += 1
        seen[one.state] += 1
        if one.state == "unknown":
            seen[f"unknown ({one.cause})"] += 1
        elif (one.state == "reuse") != bool(actual) or (actual and one.image not in ("", actual)):
            wrong.append(f"{one} but Buildah: {actual or 'rebuilt'}")
    if not any(not image for (_, step), image in told.items() if step > 1):
        image = inspect_image(environment, survey.versions[name].reference)
        assert image.id in told.values()
    return wrong
