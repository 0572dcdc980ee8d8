"""What FROM and COPY --from name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.lean_re import lazy_pattern
from pipeline.output.findings.finding import Finding
from pipeline.spec.containerfile import Instruction, Word
from pipeline.spec.lint.subject import LintSubject

_DIGEST = lazy_pattern(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_TAG = lazy_pattern(r"\w[\w.-]{0,127}", re.ASCII)
_HOST = lazy_pattern(
    r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])"
    r"(?:\.(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]))*(?::\d+)?"
)
_PART = lazy_pattern(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")


def reference_fault(reference: str) -> str:
    """Why engines refuse an image's name, or an empty text.

    The rules are those of the OCI distribution specification: host, path, tag, digest.
    """
    rest, at, digest = reference.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        return f"{digest or 'nothing'} is not a digest"
    name, _, tag = _split_tag(rest)
    if tag is not None and not _TAG.fullmatch(tag):
        return f"{tag or 'nothing'} is not a tag"
    first, slash, path = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        if not _HOST.fullmatch(first):
            return f"{first} is not a host"
        name = path
    wrong = next((part for part in name.split("/") if not _PART.fullmatch(part)), None)
    if wrong is None:
        return ""
    if wrong != wrong.lower():
        return "names are written in lower case"
    return f"{wrong} is not part of a name" if wrong else "a part of the name is empty"


def _split_tag(reference: str) -> tuple[str, str, str | None]:
    folder, slash, last = reference.rpartition("/")
    name, colon, tag = last.partition(":")
    return folder + slash + name, colon, tag if colon else None


def image_names(subject: LintSubject) -> Iterator[Finding]:
    """Names that engines refuse, and bases without a tag of their own."""
    for stage in subject.stages:
        step = stage.origin
        is_image = stage.base_stage is None and stage.base not in {"", "scratch"}
        if is_image and step.certain and not step.missing and step.instruction.words:
            word = step.instruction.words[0]
            if (bad := _refused(subject, step.instruction, stage.base, word)) is not None:
                yield bad
            elif (moving := _moving(stage.base)) is not None:
                hint = "name a version, or a digest"
                yield subject.at("CAP222", step.instruction, moving, hint, word)
    for _, step in subject.steps:
        wanted = step.flags.get("from", "")
        if step.keyword == "COPY" and wanted and step.certain and not wanted.isdigit():
            word = next(w for w in step.instruction.flags if w.text.startswith("--from"))
            bad = (
                None
                if wanted in subject.stage_numbers
                else _refused(subject, step.instruction, wanted, word)
            )
            if bad is not None:
                yield bad


def _refused(
    subject: LintSubject, instruction: Instruction, reference: str, word: Word
) -> Finding | None:
    if not (fault := reference_fault(reference)):
        return None
    lower = reference.lower()
    hint = f"write {lower}" if not reference_fault(lower) else ""
    message = f"engines refuse the image {reference}: {fault}"
    return subject.at("CAP230", instruction, message, hint, word)


def _moving(reference: str) -> str | None:
    if "@" in reference:
        return None
    tag = _split_tag(reference)[2]
    if tag is None:
        return f"{reference} has no tag, which means latest: it changes over time"
    return f"{reference} changes over time" if tag == "latest" else None
