"""Advice in neutral words, and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.layers.advice import Proposal
from pipeline.layers.proof import Proof
from pipeline.lean_dataclasses import dataclass, replace
from pipeline.output.document import Listing, Paragraph, Part, Report, Section
from pipeline.output.number_format import show_bytes
from pipeline.output.terminal import with_program_name


@dataclass(frozen=True)
class Advised:
    """A proposal, and the proof of it when it was tried."""

    proposal: Proposal
    proof: Proof | None = None

    @property
    def worth_telling(self) -> bool:
        """Whether it was not proved useless."""
        return self.proof is None or self.proof.holds


@dataclass(frozen=True)
class ImageAdvice:
    """What was found for one image of several versions.

    Attributes:
        fits: whether its Containerfiles are those of its built versions; otherwise nothing is said.
        stages_apart: whether its Containerfiles have stages that are only copied from.
    """

    image: str
    advised: tuple[Advised, ...] = ()
    fits: bool = True
    stages_apart: bool = False


def with_advice(report: Report, images: Sequence[ImageAdvice]) -> Report:
    """The report with a section of advice; of what was proved useless only why.

    Args:
        report: without it.
        images: those of several versions.
    """
    advised = [one for image in images for one in image.advised]
    told = [one for one in advised if one.worth_telling]
    parts: list[Part] = [_section(one) for one in told]
    dropped = [one.proof for one in advised if one.proof and not one.proof.holds]
    parts += [Paragraph(f"Tried and dropped: {proof.refuted}.", "quiet") for proof in dropped]
    parts += _remarks(images)
    data = {**report.data, "advice": [_data(one) for one in told]}
    return replace(report, parts=(*report.parts, Section("Advice", tuple(parts))), data=data)


def _remarks(images: Sequence[ImageAdvice]) -> Iterator[Paragraph]:
    """What was looked at without a proposal, what was not looked at, and what stays."""
    if not images:
        yield Paragraph("No image has two versions that are built: there is nothing to compare.")
    fitting = [one for one in images if one.fits]
    if fitting and not any(one.advised for one in fitting):
        yield Paragraph("No other order or split of instructions would have shared more.")
    for one in images:
        if not one.fits:
            yield Paragraph(
                with_program_name(
                    f"{one.image} was not looked at: its Containerfiles are not those of its built "
                    "versions. `capas build` brings them together."
                ),
                "warning",
            )
    if apart := [one.image for one in fitting if one.stages_apart]:
        yield Paragraph(
            with_program_name(
                f"Stages that {', '.join(apart)} only copies from stay as they are: their order "
                "decides what a build makes again, which `capas plan` shows, not what versions "
                "share."
            ),
            "quiet",
        )


def _section(advised: Advised) -> Section:
    proposal, proof = advised.proposal, advised.proof
    parts: list[Part] = [Paragraph(_sentence(proposal, proof), "good" if proof else "plain")]
    if proof is None and not proposal.certain:
        parts.append(
            Paragraph(
                "A RUN would stand above files that it stood below: whether it needs them only a "
                "build can tell. `--prove` builds it.",
                "warning",
            )
        )
    if proposal.names_files:
        parts.append(
            Paragraph("Files are copied by name: a file that comes later has to be added.", "quiet")
        )
    parts.append(Listing(proposal.diff, "diff"))
    return Section(proposal.image, tuple(parts))


def _sentence(proposal: Proposal, proof: Proof | None) -> str:
    count = len(proposal.blueprints)
    if proof:
        return (
            f"Built and compared: the files of all {count} versions are the same, and the layers "
            f"new from version to version are {show_bytes(proof.after)} instead of "
            f"{show_bytes(proof.before)}: {show_bytes(proof.saving)} saved."
        )
    return (
        f"Over the {count} versions the new layers would have been about "
        f"{show_bytes(proposal.after)} instead of {show_bytes(proposal.before)}: about "
        f"{show_bytes(proposal.saving)} saved (computed from today's layers, not built)."
    )


def _data(advised: Advised) -> dict[str, Any]:
    proposal, proof = advised.proposal, advised.proof
    return {
        "image": proposal.image,
        "versions": [one.name for one in proposal.blueprints],
        "proved": proof is not None,
        "new_bytes_before": proof.before if proof else proposal.before,
        "new_bytes_after": proof.after if proof else proposal.after,
        "saving_bytes": proof.saving if proof else proposal.saving,
        "certain": proposal.certain or proof is not None,
        "diff": proposal.diff,
    }
