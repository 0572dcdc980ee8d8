from __future__ import annotations

from pathlib import Path

import pytest
from invoke.collection import Collection

from pipeline.tasks.collection import as_task
from pipeline.tasks.program import CapasProgram
from pipeline.tasks.validate import validate

GOOD = 'name = "good"\n'
WARNED = 'name = "w"\n[services.a]\nimage = "localhost/a:1"\nports = ["80:80"]\n'
BAD = "name = 1\n"


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("good", GOOD), ("warned", WARNED), ("bad", BAD)):
        (tmp_path / f"{name}.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CAPAS_SPEC", raising=False)


def run(*arguments: str) -> int:
    namespace = Collection()
    namespace.add_task(as_task(validate))
    try:
        CapasProgram(namespace).run(["capas", "validate", *arguments])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--spec", "good.toml"], 0),
        (["--spec", "warned.toml"], 0),
        (["--spec", "warned.toml", "--fail-on", "warning"], 2),
        (["--spec", "bad.toml"], 2),
        (["--spec", "good.toml", "bad.toml"], 2),
        (["--spec", "*.toml"], 2),
        (["--spec", "missing.toml"], 2),
        (["--spec", "nothing*.toml"], 2),
        ([], 2),
        (["--format", "unheard-of", "--spec", "good.toml"], 2),
        (["--fail-on", "never", "--spec", "bad.toml"], 2),
    ],
)
def test_the_exit_code(arguments: list[str], code: int) -> None:
    assert run(*arguments) == code


def test_findings_go_to_standard_output_and_the_count_to_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run("--spec", "bad.toml", "warned.toml")

    said = capsys.readouterr()
    assert said.out.splitlines()[0] == (
        "bad.toml:1:8: CAP005: error: `name` must be a text, not a whole number"
    )
    assert "warned.toml:4:10: CAP111: warning: " in said.out
    assert said.err == "1 error and 1 warning in 2 specs\n"
