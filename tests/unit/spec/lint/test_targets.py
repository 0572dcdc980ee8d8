from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.spec.load import examine

SPEC = """name = "a"
[images.a.versions]
"1" = {{ context = "ctx", target = "{target}" }}
"""


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("Build", None),
        ("0", None),
        ("1", None),
        ("build", "did you mean `Build`?"),
        ("buidl", "did you mean `Build`?"),
        ("2", "there is `1`, `Build`"),
        ("none", "there is `1`, `Build`"),
    ],
)
def test_a_target_that_is_no_stage_is_an_error(
    target: str, hint: str | None, tmp_path: Path
) -> None:
    context = tmp_path / "ctx"
    context.mkdir()
    (context / "Containerfile").write_text("FROM scratch AS Build\nRUN x\nFROM scratch\nRUN y\n")
    spec = tmp_path / "a.toml"
    spec.write_text(SPEC.format(target=target))
    found = [f for f in examine(spec, {}, containerfiles=True).findings if f.severity == "error"]
    if hint is None:
        assert found == []
    else:
        (one,) = found
        assert (one.rule, one.line, one.column, one.hint) == ("CAP240", 3, 35, hint)


def test_what_a_build_refuses_is_not_told_twice(tmp_path: Path) -> None:
    spec = tmp_path / "a.toml"
    spec.write_text(SPEC.format(target="x"))
    rules = {finding.rule for finding in examine(spec, {}, containerfiles=True).findings}
    assert "CAP240" not in rules
