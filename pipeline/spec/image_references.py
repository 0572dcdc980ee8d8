"""Which images a Containerfile reads from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline.spec.containerfile import Containerfile
from pipeline.spec.containerfile.build import Build
from pipeline.spec.containerfile.steps import StageBuild


def references(containerfile: Containerfile, args: Mapping[str, str]) -> tuple[str, ...]:
    """The images of FROM, `COPY --from` and `RUN --mount=from=`, each once.

    Stages and `scratch` are none.
    """
    found: dict[str, None] = {}
    above: set[str] = set()
    for stage in Build(args=args).stages(containerfile):
        named = [] if stage.base_stage is not None else [stage.base]
        named += (name for name in _read_from(stage) if name not in above)
        found |= dict.fromkeys(name for name in named if name not in {"", "scratch"})
        above |= {stage.stage.name, str(stage.stage.index)}
    return tuple(found)


def _read_from(stage: StageBuild) -> Iterator[str]:
    """What the steps of a stage copy or mount from."""
    for step in stage.steps:
        if step.keyword == "COPY":
            yield step.flags.get("from", "")
        elif step.keyword == "RUN":
            for flag in step.instruction.flags:
                options = flag.text.removeprefix("--mount=").split(",")
                yield from (option[5:] for option in options if option.startswith("from="))
