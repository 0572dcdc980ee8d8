"""What a plan tells of other hosts: where this engine cannot give the image that others give."""

from __future__ import annotations

from pipeline.build.plan.build_plan import BuildPlan
from pipeline.build.release.releases import Releases, other_engines
from pipeline.host.build_engine import BuildEngine


def notes_of(plan: BuildPlan, releases: Releases, maker: BuildEngine) -> tuple[str, ...]:
    """The limits that the planned builds meet, in plain words."""
    building = [version.name for version in plan.versions if version.action == "build"]
    said = [maker.limit] if building and maker.limit else []
    for name in building:
        release = releases.get(name)
        if release is not None and (engines := other_engines(release, maker.engines)):
            said.append(
                f"{name} was released with {engines}: it may come out as another image, "
                "which would be refused"
            )
    return tuple(said)
