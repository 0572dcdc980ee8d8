"""Advice in neutral words, and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.layers.advice import Proposal
from pipeline.layers.proof import Proof
from pipeline.report.numbers import show_bytes
from pipeline.report.words import Listing, Paragraph, Part, Report, Section


@dataclass(frozen=True)
class Advised:
    """A proposal, and the proof of it when it was tried."""

    proposal: Proposal
    proof: Proof | None = None

    @property
    def worth_telling(self) -> bool:
        """Whether it was not proved useless."""
        return self.proof is None or self.proof.holds


def with_advice(report: Report, advised: Sequence[Advised]) -> Report:
    """The report with a section of advice; of what was proved useless only why."""
    told = [one for one in advised if one.worth_telling]
    parts: list[Part] = [_section(one) for one in told]
    dropped = [one.proof for one in advised if one.proof and not one.proof.holds]
    parts += [Paragraph(f"Tried and dropped: {proof.refuted}.", "quiet") for proof in dropped]
    if not advised:
        parts.append(Paragraph("No other order or split of instructions would have shared more."))
    data = {**report.data, "advice": [_data(one) for one in told]}
    return replace(report, parts=(*report.parts, Section("Advice", tuple(parts))), data=data)


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
    if any(one.stages_apart for one in proposal.blueprints):
        parts.append(
            Paragraph(
                "Stages that the image only copies from stay as they are: their order decides what "
                "a build makes again, not what versions share.",
                "quiet",
            )
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
