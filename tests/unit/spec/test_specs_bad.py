"""Bad specs, and beside each the exact text that a person gets.

After a wanted change, `CAPAS_ACCEPT=1 pytest tests/unit/spec/test_specs_bad.py` writes the texts
anew; read the difference before committing it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pipeline.output.findings.plain_text import findings_text, lines_of_file
from pipeline.output.paint import Paint
from pipeline.spec.load import examine
from pipeline.spec.rules import CROSS_RULES, LANGUAGE_RULES

CORPUS = Path(__file__).parent.parent / "data" / "specs_bad"
SPECS = sorted(CORPUS.glob("*.toml"))
ENVIRONMENT = {"HOME": "/home/student", "APP_VERSION": "1.0"}


def told(spec: str) -> str:
    lines_of_file.cache_clear()
    return findings_text(examine(Path(spec), ENVIRONMENT).findings, lines_of_file, Paint(on=False))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(CORPUS, tmp_path_factory.mktemp("bad") / "project"))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_the_text_is_the_expected_one(
    spec: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    expected = spec.with_suffix(".txt")
    if os.environ.get("CAPAS_ACCEPT"):
        expected.write_text(told(spec.name), encoding="utf-8")

    assert told(spec.name) == expected.read_text(encoding="utf-8")


def test_every_rule_of_the_language_has_a_bad_spec() -> None:
    elsewhere = {"CAP012"}  # a flood, in test_mutated_specs.py
    texts = "".join(path.read_text(encoding="utf-8") for path in CORPUS.glob("*.txt"))

    rules = {rule.id for rule in (*LANGUAGE_RULES, *CROSS_RULES)}
    assert {rule for rule in rules if rule not in texts} == elsewhere
