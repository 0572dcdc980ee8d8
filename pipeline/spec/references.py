"""Which images a Containerfile reads from."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.spec.containerfile import Containerfile

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def references(containerfile: Containerfile, args: Mapping[str, str]) -> tuple[str, ...]:
    """The images of FROM and of `COPY --from`, each once; stages and `scratch` are none."""
    values = _global_values(containerfile, args)
    found: dict[str, None] = {}
    stages: set[str] = set()
    for stage in containerfile.stages:
        named = [stage.base]
        named += [one.flag("from") or "" for one in stage.instructions if one.keyword == "COPY"]
        for name in (_expand(text, values) for text in named):
            if name and name != "scratch" and name not in stages:
                found[name] = None
        stages |= {stage.name, str(stage.index)}
    return tuple(found)


def _global_values(containerfile: Containerfile, args: Mapping[str, str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for instruction in containerfile.global_args:
        for text in instruction.arguments:
            name, _, default = text.partition("=")
            values[name] = args.get(name, default.strip("\"'"))
    return values


def _expand(text: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: values.get(found[1] or found[2], ""), text)
