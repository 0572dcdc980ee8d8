"""What Buildah writes into the history of what an instruction made (`created_by`)."""

from __future__ import annotations

from pipeline.build.archive import CannotTell
from pipeline.engine.generation import Generation
from pipeline.spec.containerfile.steps import Step

NOP = "/bin/sh -c #(nop) "
"""Stands before every instruction but RUN."""


def run_text(step: Step, given: str, generation: Generation) -> str:
    """What a RUN writes into the history, without the generation's ending.

    Args:
        given: its build arguments as `arguments.run_arguments` writes them.

    Raises:
        CannotTell: it has a mount whose content counts.
    """
    mounts = [word.text for word in step.instruction.flags if word.text.startswith("--mount=")]
    if generation.mounts and any(map(_is_bound, mounts)):
        raise CannotTell("Buildah's own digest of what a bind mount shows has the files' times")
    documents = ""
    if generation.heredocs == "always" or (generation.heredocs != "never" and not given):
        documents = "".join(f"\n{one.content.strip()}" for one in step.heredocs)
    prefix = f"|{len(given.split(' '))} {given} " if given else ""
    return f"{prefix}/bin/sh -c {step.instruction.text[4:]}{documents}"


def _is_bound(mount: str) -> bool:
    """Whether a `--mount=` of RUN is a bind mount, which it is by default."""
    kinds = [part for part in mount.removeprefix("--mount=").split(",") if part.startswith("type=")]
    return kinds in ([], ["type=bind"])
