"""Messages are plain English: no literal of the package has one of the known tells.

A tell is a word or a turn by which a text reads as translated. Beside each stands what to write
instead. Docstrings and comments are not messages.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "pipeline"

TELLS = {
    r"(is|are) there already|already there\b": "already exists",
    r"\b(is|are) not there\b|\bnot there\b": "does not exist, is missing",
    r"(?<!there )(?<!or )\b(is|are) no (?!longer\b|way\b)[a-z]": "is not a …",
    r"\bis none of\b": "is not one of",
    r"\btakes? (?:\S+ ){1,4}away\b|\btaken away\b": "remove",
    r"\btold\b|\btells\b": "reported, shown, said to",
    r"\banew\b": "again, rebuilt",
    r"\bmade again\b": "rebuilt, recreated",
    r"\b(is|was) meant\b": "is intended",
    r"\bbegins? at\b": "start at, from",
    r"\bbegin anew\b": "start again",
    r"\bfor ever\b": "without end, permanently",
    r"\belsewhere\b": "in another place: name it",
    r"\bgive the (same )?command again\b": "run the command again",
    r"\bmake room\b|\bmakes room\b": "free some space",
    r"\bmends?\b|\bmended\b|\bmending\b": "repair, fix",
    r"\bsay (one|which|its|so|`)": "use, name, write",
    r"\bgoes on\b(?! neither)|\bgo on (with|from)\b": "continues",
    r"\bnot ours\b": "not created by capas",
    r"\bwas left as it is\b|\bleft as it is\b": "not changed",
    r"\bany more\b": "no longer",
    r"\bsee to\b": "check",
    r"\blet root\b": "run it as root",
    r"\bdoors?\b": "ingress, server",
    r"\bknows more\b": "says more",
    r"\bhas its place\b": "replaced by",
    r"\bput on top of\b": "added on top of",
    r"\bas it runs\b": "as it is now",
    r"\bin silence\b": "silently",
    r"\bdoes without\b": "does not need",
    r"\bput it back\b": "restore it",
}
"""By expression: what to write instead."""

ALLOWED = {
    "{…}.door": "a label that running containers carry (decision 0029)",
    "{…}-door": "a name that running containers have (decision 0029)",
}
"""Texts that have a tell for a reason, by their beginning."""


def literals(path: Path) -> Iterator[tuple[int, str]]:
    """The texts of a file with their lines; the parts of an f-string joined by `{…}`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped.update(id(value) for value in node.values)
            parts = (v.value if isinstance(v, ast.Constant) else "{…}" for v in node.values)
            yield node.lineno, "".join(map(str, parts))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if id(node) not in skipped and " " in node.value:
            yield node.lineno, node.value


def described(value: object) -> Iterator[str]:
    """The texts of a JSON Schema that people read."""
    if isinstance(value, dict):
        for key, below in value.items():
            if key in ("description", "x-expected") and isinstance(below, str):
                yield below
            else:
                yield from described(below)
    elif isinstance(value, list):
        for below in value:
            yield from described(below)


def tells(text: str) -> list[str]:
    """What is wrong with a text, as `found: write instead`."""
    if any(text.startswith(begin) for begin in ALLOWED):
        return []
    found = ((re.search(tell, text), instead) for tell, instead in TELLS.items())
    return [f"{match[0]!r}: write {instead}" for match, instead in found if match]


@pytest.mark.parametrize("part", sorted(p.name for p in PACKAGE.iterdir() if p.name[:2] != "__"))
def test_messages_are_plain_english(part: str) -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)}:{line}: {text!r}: {'; '.join(found)}"
        for path in sorted([*(PACKAGE / part).rglob("*.py"), *PACKAGE.glob(part)])
        if path.suffix == ".py"
        for line, text in literals(path)
        if (found := tells(text))
    ]
    assert not wrong, "\n".join(wrong)


def test_what_the_schema_says_is_plain_english() -> None:
    schema = json.loads((PACKAGE / "spec" / "pipeline.schema.json").read_text(encoding="utf-8"))
    wrong = [
        f"{text!r}: {'; '.join(found)}" for text in described(schema) if (found := tells(text))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "the file is there already",
        "'x' is no number of replicas",
        "free the port, or take `strict` away",
        "the image is made again",
        "a user's ports begin at 1024",
        "make room, and give the command again",
    ],
)
def test_the_messages_that_the_review_found_are_refused(text: str) -> None:
    assert tells(text)
