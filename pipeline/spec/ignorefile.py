"""Ignore files: what of a context COPY and ADD do not see, exactly as Buildah decides it.

Facts from Buildah 1.28 and 1.39 (`pkg/parse/parse.go`, imagebuilder's `ParseIgnore`,
containers/storage `pkg/fileutils`), which agree. The last pattern that fits decides; a pattern
fits what lies below it too; `!` takes back.
"""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.lean_dataclasses import dataclass
from pipeline.lean_re import lazy_pattern
from pipeline.output.findings.finding import Finding
from pipeline.spec.containerfile.words import SPACES
from pipeline.spec.gopath import BadPattern, clean, name_pattern
from pipeline.spec.ignoreregex import translate
from pipeline.spec.rules import finding
from pipeline.spec.textfile import kind_at

_OPERATORS = frozenset("+(){}|^")
_CLASS = lazy_pattern(r"\[\^?(?:\\.|[^\\\]])+\]")


@dataclass(frozen=True)
class IgnorePattern:
    """One pattern.

    Attributes:
        line: where it stands, 1-based.
        text: cleaned, without the `!`.
        keeps: whether it takes back what an earlier one leaves out (`!`).
        regex: what Buildah makes of it.
    """

    line: int
    text: str
    keeps: bool
    regex: re.Pattern[str]

    def fits(self, path: str) -> bool:
        """Whether a path, relative to the context, is it or lies below it."""
        return self.regex.search(path) is not None


@dataclass(frozen=True)
class IgnoreRules:
    """The patterns of an ignore file in its order; `path` is None when there is no such file."""

    patterns: tuple[IgnorePattern, ...] = ()
    path: Path | None = None
    findings: tuple[Finding, ...] = ()

    def excludes(self, path: str) -> bool:
        """Whether a path, relative to the context and with slashes, is left out."""
        excluded = False
        for pattern in self.patterns:
            if excluded == pattern.keeps and pattern.fits(path):
                excluded = not pattern.keeps
        return excluded

    def walks_into(self, folder: str) -> bool:
        """Whether Buildah looks into an excluded folder for something that is taken back.

        It goes by the letters of the pattern, not by what the pattern means.
        """
        return any(f"{p.text.strip('/')}/".startswith(folder) for p in self.patterns if p.keeps)

    def copies_anyway(self, folder: str) -> bool:
        """Whether an excluded folder that is itself a source is copied for what is taken back."""
        return any(
            p.text.removeprefix("/").startswith(f"{folder}/") for p in self.patterns if p.keeps
        )


def find_ignore_file(context: Path, containerfile: Path) -> Path | None:
    """The ignore file that Buildah uses: one beside the Containerfile, else one in the context.

    Beside the Containerfile, named after it, `.dockerignore` wins over `.containerignore`; in
    the context it is the other way round.
    """
    for suffix in (".dockerignore", ".containerignore"):
        beside = containerfile.with_name(containerfile.name + suffix)
        if kind_at(beside):
            return beside
    for name in (".containerignore", ".dockerignore"):
        if kind_at(context / name):
            return context / name
    return None


def load_ignore_rules(context: Path, containerfile: Path) -> IgnoreRules:
    """The ignore rules of a build; a file that cannot be read is a finding."""
    path = find_ignore_file(context, containerfile)
    if path is None:
        return IgnoreRules()
    if not path.is_file():  # a FIFO would be waited for
        message = "the ignore file is not a file"
        return IgnoreRules((), path, (finding("CAP206", path, 0, 0, message),))
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        message = f"the ignore file cannot be read: {error.strerror}"
        return IgnoreRules((), path, (finding("CAP206", path, 0, 0, message),))
    return parse_ignore(text, path)


def parse_ignore(text: str, path: Path) -> IgnoreRules:
    """The rules that the text of an ignore file writes."""
    patterns: list[IgnorePattern] = []
    findings: list[Finding] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("#"):
            continue
        try:
            pattern = _pattern(number, line.strip("/").strip(SPACES), findings, path)
        except BadPattern as error:
            findings.append(finding("CAP206", path, number, 1, f"{line.strip()!r} has {error}"))
            continue
        if pattern is not None:
            patterns.append(pattern)
    return IgnoreRules(tuple(patterns), path, tuple(findings))


def _pattern(
    number: int, written: str, findings: list[Finding], path: Path
) -> IgnorePattern | None:
    if not written:
        return None
    text = clean(written)
    keeps = text.startswith("!")
    if keeps:
        if text == "!":
            raise BadPattern("nothing behind the !")
        text = clean(text[1:]).removeprefix("/")
    name_pattern(text)  # Go checks the form of a name's pattern first
    pattern = IgnorePattern(number, text, keeps, translate(text))
    if operators := _OPERATORS & set(_plain(text)):
        told = " ".join(sorted(operators))
        message = f"{told} in {written!r} is an operator to Buildah, not a character"
        hint = "put a backslash before it"
        findings.append(finding("CAP236", path, number, 1, message, hint=hint))
    return pattern


def _plain(text: str) -> str:
    """A pattern without its classes and escapes."""
    return re.sub(r"\\.", "", _CLASS.sub("", text))
