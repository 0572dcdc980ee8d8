"""The variables of a build, and an instruction with its variables replaced.

Facts from openshift/imagebuilder (`builder.go`, `dispatchers.go`, `evaluator.go`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from pipeline.lean_dataclasses import dataclass, field
from pipeline.spec.containerfile.expand import (
    EXPANDING,
    BadWord,
    Expanded,
    NeedsNewerBuildah,
    expand,
)
from pipeline.spec.containerfile.model import Instruction, Word
from pipeline.spec.containerfile.steps import BuildStep

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}
_ARCHITECTURE = _ARCHITECTURES.get(os.uname().machine, os.uname().machine)
_OWN_VALUES = {"PLATFORM": f"linux/{_ARCHITECTURE}", "OS": "linux", "ARCH": _ARCHITECTURE}
PLATFORM_ARGS = {
    side + part: value
    for side in ("TARGET", "BUILD")
    for part, value in {**_OWN_VALUES, "VARIANT": ""}.items()
}
"""ARGs that have a value of their own."""

_PROXIES = frozenset({"http_proxy", "https_proxy", "ftp_proxy", "no_proxy"})
PROXIES = _PROXIES | {name.upper() for name in _PROXIES}
"""Build arguments that need no ARG."""


def declared(instruction: Instruction, values: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """The names that an ARG declares, each with the default that it has here or by itself."""
    found = []
    for word in instruction.words:
        try:
            name, equals, value = expand(word.text, values).text.partition("=")
        except BadWord:
            continue
        found.append((name, value if equals else PLATFORM_ARGS.get(name)))
    return found


def handed(words: Iterable[Word], values: Mapping[str, str]) -> tuple[str, ...]:
    """The ARGs of a stage for those that go on from it (`builder.go`, setStageInheritedArgs).

    Their defaults see each other and `values`, and neither what the build gives nor what the stage
    itself has from below.
    """
    known = dict(values)
    found = []
    for word in words:
        try:
            text = expand(word.text, known).text
        except BadWord:
            continue  # the build ends here
        name, _, known[name] = text.partition("=")
        found.append(text)
    return tuple(found)


def expanded_step(
    instruction: Instruction, values: Mapping[str, str], *, certain: bool
) -> BuildStep:
    """An instruction with its variables replaced, those of its flags included.

    Args:
        values: of the variables that are known.
        certain: whether there are no others.
    """
    texts: list[str] = []
    notes = _Notes()
    is_from = instruction.keyword == "FROM"
    for index, word in enumerate(instruction.words):
        if (is_from and index == 0) or instruction.keyword in EXPANDING:
            done = notes.expanded(word, values)
            texts += done.words if instruction.keyword == "EXPOSE" else [done.text]
        else:
            texts.append(word.text)
    flags = {}
    for word in instruction.flags:
        known = {**PLATFORM_ARGS, **values} if is_from else values
        name, equals, value = notes.expanded(word, known).text.partition("=")
        flags[name.removeprefix("--")] = value if equals else ""
    return BuildStep(
        instruction,
        tuple(texts),
        flags,
        tuple(notes.missing),
        tuple(notes.refused),
        tuple(notes.newer),
        (certain or not notes.unsure) and not notes.refused and not notes.newer,
    )


@dataclass
class _Notes:
    """What is to be said of the words of one instruction."""

    missing: list[tuple[Word, str]] = field(default_factory=list)
    refused: list[tuple[Word, str]] = field(default_factory=list)
    newer: list[tuple[Word, str]] = field(default_factory=list)
    unsure: bool = False

    def expanded(self, word: Word, values: Mapping[str, str]) -> Expanded:
        """A word with its variables replaced; as it stands when that cannot be done."""
        try:
            done = expand(word.text, values)
        except NeedsNewerBuildah as error:
            self.newer.append((word, str(error)))
        except BadWord as error:
            self.refused.append((word, str(error)))
        else:
            self.unsure = self.unsure or bool(done.missing)
            self.missing += [(word, name) for name in sorted(done.bare)]
            return done
        return Expanded(word.text, ((word.text, True),))
