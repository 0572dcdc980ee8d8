import os
import subprocess
import sys

import pytest
from invoke.collection import Collection
from invoke.context import Context

from pipeline.tasks.command import command
from pipeline.tasks.program import CapasProgram


@command()
def validate(_context: Context, replicas: int = 1) -> None:
    """Check a spec."""


@command(positional=["volume"])
def remove(_context: Context, *, volume: str, to: str | None = None) -> None:
    """Remove a volume."""


def _code(*argv: str) -> int:
    with pytest.raises(SystemExit) as raised:
        CapasProgram(Collection(validate, remove)).run(["capas", *argv])
    code = raised.value.code
    assert isinstance(code, int)
    return code


def test_an_unknown_task_must_be_bad_usage_with_a_proposal(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert _code("validat") == 2
    assert "did you mean `validate`?" in capfd.readouterr().err


def test_an_unknown_option_must_be_bad_usage(capfd: pytest.CaptureFixture[str]) -> None:
    assert _code("validate", "--nonsense") == 2
    assert "Traceback" not in capfd.readouterr().err


def test_a_value_that_invoke_cannot_read_must_be_bad_usage(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert _code("validate", "--replicas", "many") == 2
    assert "many" in capfd.readouterr().err


def test_tasks_of_one_line_must_all_run_those_of_a_group_too() -> None:
    done = []

    @command()
    def first(_context: Context, word: str = "") -> None:
        done.append(f"first {word}")

    @command()
    def second(_context: Context) -> None:
        done.append("second")

    group = Collection("group")
    group.add_task(second)
    namespace = Collection(first, second, validate)
    namespace.add_collection(group)
    CapasProgram(namespace).run(["capas", "first", "--word", "x", "second"], exit=False)
    CapasProgram(namespace).run(["capas", "first", "group.second"], exit=False)
    assert done == ["first x", "second", "first ", "second"]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["validate", "--replica", "2"], ["`validate` has no option --replica", "`--replicas`?"]),
        (
            ["validate", "7"],
            ["`validate` does not know what to do with '7'", "follow their option"],
        ),
        (["validate", "remov"], ["no task 'remov'", "did you mean `remove`?"]),
        (["remove"], ["`remove` needs VOLUME", "`capas --help remove`"]),
        (["remove", "data", "--to"], ["--to needs a value", "`capas --help remove`"]),
        (["--nonsense"], ["no option --nonsense before a task", "`capas --list`"]),
    ],
)
def test_what_was_misread_must_be_told_in_our_words(
    typed: list[str], told: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert _code(*typed) == 2
    said = " ".join(capfd.readouterr().err.split())
    assert all(part in said for part in told), said


def test_the_module_must_run_as_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("capas ")


def test_a_locale_without_our_signs_must_get_others() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "validat"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "  > did you mean `validate`?" in done.stderr
