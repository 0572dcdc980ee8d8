"""What Buildah writes into the history of what an instruction made (`created_by`)."""

from __future__ import annotations

import re
from hashlib import sha256

from pipeline.build.go_tar.go_tar_reader import CannotTell
from pipeline.engine.generation import Generation
from pipeline.lean_dataclasses import dataclass
from pipeline.spec.containerfile.steps import BuildStep

NOP = "/bin/sh -c #(nop) "
"""Stands before every instruction but RUN."""

_UNKNOWN = "not-known:"
"""Before a word of ours that stands for a digest."""


def run_text(step: BuildStep, given: str, generation: Generation) -> str:
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


def copy_text(step: BuildStep, summary: str, generation: Generation) -> str:
    """What a COPY or ADD writes into the history, without the generation's ending.

    Args:
        step: the instruction.
        summary: the digest of what it copies.
        generation: of the Buildah that copies.
    """
    link = " --link" if generation.link and "link" in step.flags else ""
    return f"{NOP}{step.keyword}{link} {summary} in {step.instruction.arguments[-1]}"


@dataclass(frozen=True)
class Unknown:
    """What an instruction writes into the history, where only the build will know it.

    Attributes:
        ending: the generation's, of this instruction.
        words: what of it is known all the same.
    """

    step: BuildStep
    ending: str
    generation: Generation
    words: str = ""

    def text(self, origin: str) -> str:
        """Stands for it; equal origins write the same."""
        digest = f"{_UNKNOWN}{sha256(origin.encode()).hexdigest()}"
        if self.step.keyword in {"COPY", "ADD"}:
            return copy_text(self.step, digest, self.generation) + self.ending
        return f"{self.step.keyword} {digest}"

    def pattern(self, *, known: bool) -> re.Pattern[str]:
        """What earlier results have in its place.

        Args:
            known: only those that stand for what is not known themselves.
        """
        keyword, any_digest = self.step.keyword, f"{_UNKNOWN}.*" if known else ".*"
        if keyword in {"COPY", "ADD"}:
            start, target = copy_text(self.step, "\0", self.generation).split("\0")
            text = re.escape(start) + any_digest + re.escape(target + self.ending)
        elif known:
            text = f"{keyword} {any_digest}"
        else:
            text = (
                ".*"
                if keyword == "RUN"
                else f"{re.escape(NOP)}{keyword} .*{re.escape(self.words)}.*"
            )
        return re.compile(text, re.DOTALL)


def _is_bound(mount: str) -> bool:
    """Whether a `--mount=` of RUN is a bind mount, which it is by default."""
    kinds = [part for part in mount.removeprefix("--mount=").split(",") if part.startswith("type=")]
    return kinds in ([], ["type=bind"])
