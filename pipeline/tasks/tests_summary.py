"""The parts of the project's tests, and one closing line for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from pipeline.lean_dataclasses import dataclass

PARTS = ("unit", "integration", "browser", "accounts")


def parts_here(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The parts that can run: two accounts are there only when root began it; in CI it must be."""
    whole = environ.get("CAPAS_SECOND_ACCOUNT") or environ.get("CI")
    return PARTS if whole else tuple(part for part in PARTS if part != "accounts")


@dataclass(frozen=True)
class Counts:
    """How many tests came to which end."""

    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.errors + other.errors,
            self.skipped + other.skipped,
        )

    @classmethod
    def read(cls, report: Path) -> Counts:
        """The counts of a JUnit report; a run that left none is one error."""
        try:
            root = ElementTree.parse(report).getroot()  # noqa: S314 (written by our own pytest)
        except (FileNotFoundError, ElementTree.ParseError):
            return cls(errors=1)
        total = cls()
        for suite in root.iter("testsuite"):
            failed, errors, skipped = (
                int(suite.get(key, "0")) for key in ("failures", "errors", "skipped")
            )
            passed = int(suite.get("tests", "0")) - failed - errors - skipped
            total += cls(passed, failed, errors, skipped)
        return total


def pytest_argv(part: str, report: Path) -> list[str]:
    """`pytest` on one part of the tests; unit tests share the processors."""
    argv = ["pytest", f"tests/{part}", f"--junit-xml={report}", "-p", "no:cacheprovider"]
    return [*argv, "--numprocesses=auto"] if part == "unit" else argv


def closing_line(counts: Counts) -> str:
    """The sum of all parts, in the words of pytest's own closing line."""
    words = [f"{counts.passed} passed", f"{counts.failed + counts.errors} failed"]
    if counts.skipped:
        words.append(f"{counts.skipped} skipped")
    return ", ".join(words)
