from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.spec.containerfile import parse
from pipeline.spec.containerfile.build import Build
from pipeline.spec.lint import lint_containerfile


def told(text: str) -> list[str]:
    found = lint_containerfile(parse(text, Path("Containerfile")), Build())
    return [f"{f.line}:{f.column} {f.rule} {f.message}" for f in found]


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("# capas: ignore=CAP222 the newest on purpose\nFROM debian\n", []),
        ("# capas: ignore=CAP222: why\n# more\nFROM debian\n", []),
        ("FROM a:1\nRUN apt-get update \\\n  # capas: ignore=CAP226 why\n  && true\n", []),
        ("# capas: ignore=CAP222, CAP230 why\nFROM A\n# capas: ignore=CAP222 w\nFROM a\n", [
            "1:1 CAP232 nothing here breaks CAP222",
        ]),
        ("# capas: ignore=CAP222\nFROM debian\n", [
            "1:1 CAP231 an exception from CAP222 without a reason",
        ]),
        ("# capas: ignore=CAP222 why\nFROM a:1\nFROM debian\n", [
            "1:1 CAP232 nothing here breaks CAP222",
            "3:6 CAP222 debian has no tag, which means latest: it changes over time",
        ]),
        ("# capas: ignore=CAP999 why\nFROM a:1\n", ["1:1 CAP232 there is no rule CAP999"]),
        ("# capas: ignore\nFROM a:1\n", ["1:1 CAP231 an exception without a rule"]),
        ("FROM a:1\n# capas: ignore=CAP222 why\n", ["2:1 CAP232 nothing here breaks CAP222"]),
        ("# capas: ignore=CAP222 why\n\nFROM debian\n", [
            "1:1 CAP232 nothing here breaks CAP222",
            "3:6 CAP222 debian has no tag, which means latest: it changes over time",
        ]),
    ],
)  # fmt: skip
def test_exceptions(text: str, findings: list[str]) -> None:
    assert told(text) == findings


def test_the_example_of_the_page() -> None:
    page = (Path(__file__).parents[4] / "docs" / "containerfiles.md").read_text()
    example = page.split("```dockerfile\n")[1].split("```")[0]
    assert told(example) == []
    assert len(told(example.replace("capas:", ""))) == 2
