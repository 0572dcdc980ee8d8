"""What a step showed, compared with what was expected of it (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.lean_dataclasses import dataclass
from pipeline.spec.experiments import Expected, Step
from pipeline.verify.captured import ABSENT, at_way, brief, filled, filled_text, parsed, shown


@dataclass(frozen=True)
class Sight:
    """What was seen in one step.

    Attributes:
        said: the answer's body, the command's output, the file's text.
        status: of an answer over HTTP.
        exit_code: of a command.
        missing: there is no such file.
        silent: nothing answered; `said` says why.
        failure: why a change failed, or "".
    """

    said: str = ""
    status: int | None = None
    exit_code: int | None = None
    missing: bool = False
    silent: bool = False
    failure: str = ""


@dataclass(frozen=True)
class Comparison:
    """One line of evidence."""

    text: str
    expected: str
    found: str

    @property
    def holds(self) -> bool:
        """Whether what was found is what was expected."""
        return self.expected == self.found


def compare(step: Step, sight: Sight, captured: Mapping[str, Any]) -> list[Comparison]:
    """Everything that was expected beside what was found, the decisive first."""
    return [
        *_outcome(step.expected, sight),
        *([] if sight.silent or sight.missing else _said(step.expected, sight.said, captured)),
    ]


def captures(step: Step, sight: Sight) -> dict[str, Any]:
    """The values that a step keeps; `ABSENT` stands for one that does not exist."""
    document = parsed(sight.said) if any(step.captures.values()) else ABSENT
    return {
        name: at_way(document, way) if way else sight.said.strip()
        for name, way in step.captures.items()
    }


def _outcome(expected: Expected, sight: Sight) -> Iterator[Comparison]:
    if sight.status is not None or sight.silent:
        yield from _answer(expected, sight)
    elif sight.exit_code is not None:
        said = brief(sight.said) if sight.exit_code != expected.exit_code else ""
        found = f"{sight.exit_code}: {said}" if said else str(sight.exit_code)
        yield Comparison("its exit code", str(expected.exit_code), found)
    elif expected.fails:
        yield Comparison("it", "fails", "fails" if sight.failure else "succeeds")
    elif sight.failure:
        yield Comparison("it", "succeeds", f"fails: {brief(sight.failure)}")
    elif sight.missing or expected.absent:
        wanted = "absent" if expected.absent else "there"
        yield Comparison("the file", wanted, "absent" if sight.missing else "there")


def _answer(expected: Expected, sight: Sight) -> Iterator[Comparison]:
    if not expected.answers:
        found = "no answer" if sight.silent else f"an answer: {sight.status}"
        yield Comparison("what comes back", "no answer", found)
    elif sight.silent:
        yield Comparison("what comes back", "an answer", f"no answer: {sight.said}")
    elif expected.status is not None:
        yield Comparison("the status", str(expected.status), str(sight.status))
    else:
        fine = sight.status is not None and 200 <= sight.status < 300
        found = str(sight.status) if fine else f"{sight.status}: {brief(sight.said)}"
        yield Comparison("the status", str(sight.status) if fine else "200 to 299", found)


def _said(expected: Expected, said: str, captured: Mapping[str, Any]) -> Iterator[Comparison]:
    if expected.text is not None:
        wanted = filled_text(expected.text, captured)
        found = "there" if wanted in said else f"missing in: {brief(said)}"
        yield Comparison(f"the text {wanted!r}", "there", found)
    if expected.without is not None:
        wanted = filled_text(expected.without, captured)
        found = f"there, in: {brief(said)}" if wanted in said else "absent"
        yield Comparison(f"the text {wanted!r}", "absent", found)
    if expected.equals is not None:
        wanted = filled_text(expected.equals, captured).strip()
        whole = said.strip()
        yield _same("all of it", wanted, whole, same=whole == wanted)
    document = parsed(said) if expected.json else ABSENT
    for way, value in filled(expected.json, captured).items():
        found = at_way(document, way)
        same = found == value and isinstance(found, bool) == isinstance(value, bool)
        told = "no JSON" if document is ABSENT else shown(found)
        yield _same(way, shown(value), told, same=same)


def _same(text: str, expected: str, found: str, *, same: bool) -> Comparison:
    """A comparison in brief; what differs is never told in the same words."""
    wanted, told = brief(expected), brief(found)
    if not same and wanted == told:
        told += " (of another type, or different further on)"
    return Comparison(text, wanted, wanted if same else told)
