"""Exceptions that a Containerfile makes of rules: `# capas: ignore=CAP222 reason`.

One stands in the comment lines right above an instruction, or between the lines of one, and holds
for that instruction.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from pipeline.lean_dataclasses import dataclass
from pipeline.lean_re import lazy_pattern
from pipeline.output.findings.finding import Finding
from pipeline.spec.containerfile import Comment, Containerfile
from pipeline.spec.rules import RULES, finding

_MEANT = lazy_pattern(r"#\s*capas:\s*ignore")
_SHAPE = lazy_pattern(r"#\s*capas:\s*ignore\s*=\s*(CAP\d+(?:\s*,\s*CAP\d+)*)\b(.*)")


@dataclass(frozen=True)
class _Exception:
    """One exception; `holder` is the first line of the instruction it is for, 0 for none."""

    comment: Comment
    rules: tuple[str, ...]
    reason: str
    holder: int


class _Holders:
    """Which instruction a line belongs to, or a comment is meant for."""

    def __init__(self, file: Containerfile) -> None:
        instructions = [*file.global_args, *file.instructions]
        self._ends = {one.start_line: one.end_line for one in instructions}
        self._starts = sorted(self._ends)
        self._below: dict[int, int] = {}
        for comment in reversed(file.comments):
            following = comment.line + 1
            self._below[comment.line] = self._below.get(following, following)

    def of_line(self, line: int) -> int:
        """The first line of the instruction that has `line`, or 0."""
        index = bisect_right(self._starts, line) - 1
        if index < 0 or line > self._ends[self._starts[index]]:
            return 0
        return self._starts[index]

    def of_comment(self, comment: Comment) -> int:
        """The first line of the instruction around a comment or right below it, or 0."""
        below = self._below[comment.line]
        return self.of_line(comment.line) or (below if below in self._ends else 0)


def without_excepted(file: Containerfile, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that no exception takes away, and what is wrong with the exceptions."""
    if not any(_MEANT.match(comment.text) for comment in file.comments):
        return tuple(sorted(findings))
    holders = _Holders(file)
    exceptions, left = _read(file, holders)
    excepted = {(e.holder, rule) for e in exceptions for rule in e.rules if e.holder}
    used: set[tuple[int, str]] = set()
    for one in findings:
        key = (holders.of_line(one.line), one.rule)
        if key in excepted:
            used.add(key)
        else:
            left.append(one)
    for exception in exceptions:
        left += _complaints(file, exception, used)
    return tuple(sorted(left))


def _read(file: Containerfile, holders: _Holders) -> tuple[list[_Exception], list[Finding]]:
    exceptions: list[_Exception] = []
    faults: list[Finding] = []
    for comment in file.comments:
        if not _MEANT.match(comment.text):
            continue
        match = _SHAPE.match(comment.text)
        if match is None:
            hint = "write # capas: ignore=CAP222 and the reason"
            faults.append(_at(file, "CAP231", comment, "an exception without a rule", hint))
            continue
        rules = tuple(rule.strip() for rule in match[1].split(","))
        reason = match[2].strip(" \t:-")
        exceptions.append(_Exception(comment, rules, reason, holders.of_comment(comment)))
    return exceptions, faults


def _complaints(
    file: Containerfile, exception: _Exception, used: set[tuple[int, str]]
) -> list[Finding]:
    found = []
    for rule in exception.rules:
        if rule not in RULES:
            found.append(_at(file, "CAP232", exception.comment, f"there is no rule {rule}"))
        elif (exception.holder, rule) not in used:
            message = f"nothing here breaks {rule}"
            found.append(_at(file, "CAP232", exception.comment, message, "remove the exception"))
    if not exception.reason:
        message = f"an exception from {', '.join(exception.rules)} without a reason"
        found.append(_at(file, "CAP231", exception.comment, message, "write the reason behind it"))
    return found


def _at(file: Containerfile, rule: str, comment: Comment, message: str, hint: str = "") -> Finding:
    return finding(rule, file.path, comment.line, comment.column, message, hint=hint)
