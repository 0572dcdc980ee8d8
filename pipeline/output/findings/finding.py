"""A finding: one thing that is wrong at one place, with what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pipeline.lean_dataclasses import dataclass

Severity = Literal["error", "warning", "note"]

_WEIGHT: dict[Severity, int] = {"error": 2, "warning": 1, "note": 0}


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong, where, and what to do.

    Findings sort by place, then by rule, so that a list of them reads like the file.

    Attributes:
        path: the file, as the user named it.
        line: 1-based; 0 when the finding is about the file as a whole.
        column: 1-based, in characters; 0 when the finding is about the line as a whole.
        rule: a stable id such as `CAP012`.
        message: one sentence that names what is wrong.
        severity: `error`, `warning` or `note`.
        hint: what to do now; empty when the message says it already.
        end_column: one past the last character of the place, on the same line; 0 when unknown.
    """

    path: Path
    line: int
    column: int
    rule: str
    message: str
    severity: Severity = "error"
    hint: str = ""
    end_column: int = 0

    def at_least(self, threshold: Severity) -> bool:
        """Whether this finding weighs as much as `threshold` or more."""
        return _WEIGHT[self.severity] >= _WEIGHT[threshold]

    @property
    def place(self) -> str:
        """`file:line:col`, without the parts that are unknown."""
        parts = [str(self.path)]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.place}: {self.rule}: {self.message}{hint}"
