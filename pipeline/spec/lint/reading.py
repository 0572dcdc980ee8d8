"""What COPY and ADD cannot read, and variables without a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline.lean_re import lazy_pattern
from pipeline.output.findings.finding import Finding
from pipeline.spec.containerfile import Instruction, Word
from pipeline.spec.containerfile.expand import EXPANDING, used
from pipeline.spec.containerfile.steps import BuildStep, StageBuild
from pipeline.spec.lint.subject import Hints, LintSubject
from pipeline.spec.sources import CopySource


def unreadable_sources(subject: LintSubject) -> Iterator[Finding]:
    """Sources of COPY and ADD that do not exist or cannot be read."""
    hints = Hints()
    for _, step in subject.steps:
        words = dict(zip(step.arguments, step.instruction.words, strict=False))
        some = any(source.problem is None for source in step.sources)
        for source in step.sources:
            word = words.get(source.written)
            if source.problem is not None:
                rule, message, hint = _said(subject, source, hints, others=some)
                yield subject.at(rule, step.instruction, message, hint, word)
            elif source.instead:
                there = ", ".join(path or "." for path in source.found[:3])
                message = f"{source.written} lies outside the context: {there} is copied instead"
                yield subject.at("CAP212", step.instruction, message, f"write {there}", word)


def _said(
    subject: LintSubject, source: CopySource, hints: Hints, *, others: bool
) -> tuple[str, str, str]:
    """The rule, the message and the hint for a source that Buildah stops at."""
    written = source.written
    found_none = (
        ("CAP211" if others else "CAP207", f"nothing in the context matches {written}", "")
        if source.kind == "pattern"
        else ("CAP207", f"{written} is not in the context", _near(subject, written, hints))
    )
    said = {
        "missing": found_none,
        "outside": ("CAP208", f"{written} lies outside the context", "put it into the context"),
        "ignored": ("CAP207", f"the ignore file leaves out all of {written}", ""),
        "pattern": ("CAP204", f"the pattern {written} has {source.detail}", ""),
        "unreadable": ("CAP207", f"{written} cannot be read ({source.detail})", ""),
        "name": (
            "CAP207",
            f"what {written} finds has a name that is a pattern",
            "rename it: Buildah takes the found name for a pattern again",
        ),
    }
    return said[source.problem or "missing"]


def _near(subject: LintSubject, written: str, hints: Hints) -> str:
    if subject.context is None or hints.left <= 0:
        return ""
    folder, slash, name = written.rstrip("/").rpartition("/")
    try:
        names = [path.name for path in (subject.context / folder.lstrip("/")).iterdir()]
    except (OSError, ValueError):
        return ""
    hint = hints.near(name, names[:1000])
    return hint.replace("`", f"`{folder}{slash}", 1) if hint else ""


def missing_stages(subject: LintSubject) -> Iterator[Finding]:
    """COPY --from that names a stage which is not above it."""
    for stage, step in subject.steps:
        wanted = step.flags.get("from")
        if step.keyword != "COPY" or not wanted or not step.certain:
            continue
        number = subject.stage_numbers.get(wanted)
        if number is not None and number < stage.stage.index:
            continue
        if number is not None or (wanted.isascii() and wanted.isdigit()):
            word = next(w for w in step.instruction.flags if w.text.startswith("--from"))
            message = f"no stage {wanted} stands above this COPY"
            yield subject.at("CAP209", step.instruction, message, word=word)


_BARE = lazy_pattern(r"[A-Za-z0-9_-]+")
"""A name that may be a stage's: with a slash, a colon or a dot it is an image."""
_MOUNT_FROM = lazy_pattern(r"(?:^|,)from=([^,]+)")


def misspelt_stages(subject: LintSubject) -> Iterator[Finding]:
    """Names that are no stage but nearly one: Buildah looks for an image of that name.

    Buildah tells lower from upper case in the names of stages; Docker does not.
    """
    hints = Hints()
    folded: dict[str, StageBuild] = {}
    for stage in subject.stages:
        folded.setdefault(stage.stage.name.casefold(), stage)
    for stage, instruction, word, wanted in _named_images(subject):
        if wanted in subject.stage_numbers or not _BARE.fullmatch(wanted):
            continue
        other = folded.get(wanted.casefold())
        if other is not None and other.stage.index < stage.stage.index:
            same = other.stage.name
            message = f"no stage {wanted} stands above; letters count, and there is {same}"
            yield subject.at("CAP209", instruction, message, f"write {same}", word)
        elif near := hints.near(wanted, _long_names(subject, stage)):
            message = f"no stage is called {wanted}: Buildah looks for an image of that name"
            yield subject.at("CAP239", instruction, message, near, word)


def _long_names(subject: LintSubject, stage: StageBuild) -> Iterator[str]:
    """Names above a stage that are long enough for another to be a slip of the pen."""
    above = subject.stages[: stage.stage.index]
    return (one.stage.name for one in above if len(one.stage.name) > 3)


def _named_images(subject: LintSubject) -> Iterator[tuple[StageBuild, Instruction, Word, str]]:
    """What FROM, COPY --from and RUN --mount=from= name, certainly."""
    for stage in subject.stages:
        origin = stage.origin
        if origin.instruction.words and not origin.missing and stage.base_stage is None:
            yield stage, origin.instruction, origin.instruction.words[0], stage.base
    for stage, step in subject.steps:
        if not step.certain:
            continue
        for word in step.instruction.flags:
            name, _, value = word.text.partition("=")
            if name == "--from" and step.keyword == "COPY":
                yield stage, step.instruction, word, step.flags.get("from", "")
            elif name == "--mount" and (match := _MOUNT_FROM.search(value)):
                yield stage, step.instruction, word, match[1]


def unset_variables(subject: LintSubject) -> Iterator[Finding]:
    """Variables that certainly have no value."""
    above = {text.partition("=")[0] for i in subject.file.global_args for text in i.arguments}
    for stage in subject.stages:
        for word, name in stage.origin.missing:
            message = f"${name} has no value in FROM"
            hint = f"declare it above: ARG {name}=…"
            yield subject.at("CAP210", stage.origin.instruction, message, hint, word)
        empty: dict[str, int] = {}
        for index, (name, value) in enumerate(stage.args):
            if value is None:
                empty.setdefault(name, index)
        for step in stage.steps:
            if not step.inherited and step.missing:
                known = stage.before.described
                yield from _unset(subject, step, empty, above, known=known)
        yield from _set_below(subject, stage)


def _set_below(subject: LintSubject, stage: StageBuild) -> Iterator[Finding]:
    """Variables that only an ARG of the stage below sets: older versions of Buildah do not."""
    below = {name for name, value in stage.args[: stage.inherited] if value is not None}
    below -= stage.before.environment.keys()
    for step in stage.steps:
        for word in step.instruction.words if step.keyword in EXPANDING else ():
            for name in sorted(below & used(word.text)):
                message = f"before Buildah 1.41, ${name} has no value here and becomes nothing"
                hint = f"declare it again in this stage: ARG {name}=…"
                yield subject.at("CAP210", step.instruction, message, hint, word)
        if step.keyword == "ENV":
            below -= {*step.arguments[::2]}
        elif step.keyword == "ARG":
            own = stage.args[step.declared : step.declared + len(step.arguments)]
            below -= {name for name, value in own if value is not None}


def _unset(
    subject: LintSubject, step: BuildStep, empty: Mapping[str, int], above: set[str], *, known: bool
) -> Iterator[Finding]:
    for word, name in step.missing:
        if empty.get(name, step.declared) < step.declared:
            hint = f"give it a default, or a value in the spec's `args`: {name} = …"
        elif name in above:
            hint = f"declare it again in this stage: ARG {name}"
        elif known:
            hint = f"set it with ARG or ENV, or write ${{{name}:-default}}"
        else:
            continue  # the base may set it
        message = f"${name} has no value here and becomes nothing"
        yield subject.at("CAP210", step.instruction, message, hint, word)
