from __future__ import annotations

from pipeline.build.plan.build_plan import BuildPlan, VersionPlan
from pipeline.build.plan.portability import notes_of
from pipeline.build.release.identity import Content
from pipeline.build.release.releases import Release
from pipeline.host.build_engine import BuildEngine

PLAN = BuildPlan(
    (),
    (
        VersionPlan("app:1", "build", "never built here", "", ()),
        VersionPlan("b:1", "keep", "", "", ()),
    ),
)
HERE = {"buildah": "1.39.3", "podman": "5.4.2", "storage": "overlay"}


def _released(**engines: str) -> Release:
    return Release("identity", "image", "digest", (), Content("i", "s", {}), engines=engines)


def test_marks_are_told_where_something_is_built_and_only_there() -> None:
    maker = BuildEngine({**HERE, "buildah": "1.28.2"}, marks=True)
    (said,) = notes_of(PLAN, {}, maker)
    assert "Buildah 1.28.2" in said
    assert notes_of(BuildPlan((), PLAN.versions[1:]), {}, maker) == ()
    assert notes_of(PLAN, {}, BuildEngine(HERE, marks=False)) == ()


def test_a_release_of_another_engine_is_told_before_it_is_built() -> None:
    maker = BuildEngine(HERE, marks=False)
    (said,) = notes_of(PLAN, {"app:1": _released(buildah="1.28.2", storage="overlay")}, maker)
    assert said.startswith("app:1 was released with buildah 1.28.2 (here 1.39.3): ")
    assert notes_of(PLAN, {"app:1": _released(buildah="1.39.3")}, maker) == ()
    assert notes_of(PLAN, {"b:1": _released(buildah="1.28.2")}, maker) == ()
