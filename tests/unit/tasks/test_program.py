import os
import subprocess
import sys

import pytest
from invoke.collection import Collection
from invoke.config import Config
from invoke.context import Context
from invoke.exceptions import Exit

from pipeline.tasks.collection import as_task
from pipeline.tasks.command import command
from pipeline.tasks.program import CapasProgram


@as_task
@command()
def validate(replicas: int = 1, spec: str = "", version: str = "") -> None:
    """Check a spec."""


@as_task
@command(positional=["volume"])
def remove(*, volume: str, to: str | None = None) -> None:
    """Remove a volume."""


def _code(*argv: str) -> int:
    group = Collection("group")
    group.add_task(remove)
    whole = Collection(validate, remove)
    whole.add_collection(group)
    with pytest.raises(SystemExit) as raised:
        CapasProgram(whole).run(["capas", *argv])
    code = raised.value.code
    assert isinstance(code, int)
    return code


def test_an_unknown_task_is_bad_usage_with_a_proposal(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert _code("validat") == 2
    assert "did you mean `validate`?" in capfd.readouterr().err


def test_an_unknown_option_is_bad_usage(capfd: pytest.CaptureFixture[str]) -> None:
    assert _code("validate", "--nonsense") == 2
    assert "Traceback" not in capfd.readouterr().err


def test_a_word_like_no_option_gets_no_proposal(capfd: pytest.CaptureFixture[str]) -> None:
    assert _code("validate", "--nope") == 2
    assert "did you mean" not in capfd.readouterr().err


def test_a_value_that_invoke_cannot_read_is_bad_usage(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert _code("validate", "--replicas", "many") == 2
    assert "many" in capfd.readouterr().err


def test_all_tasks_of_one_line_run_and_those_of_a_group_too() -> None:
    done = []

    @as_task
    @command()
    def first(word: str = "") -> None:
        done.append(f"first {word}")

    @as_task
    @command()
    def second() -> None:
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
            ["validate", "x7"],
            ["`validate` does not accept 'x7'", "follow their option"],
        ),
        (["validate", "remov"], ["no task 'remov'", "did you mean `remove`?"]),
        (["remove"], ["`remove` needs VOLUME", "`capas --help remove`"]),
        (["remove", "data", "--to"], ["--to needs a value", "`capas --help remove`"]),
        (["--nonsense"], ["no option --nonsense before a task", "`capas --list`"]),
        (["--dry", "validate"], ["no option --dry before a task", "`capas deploy --dry-run`"]),
        (["-T", "5", "validate"], ["no option --command-timeout before a task", "`timeout 60"]),
        (["group"], ["`group` is a group of tasks", "name one of `group.remove`"]),
        (["grou"], ["no task 'grou'", "did you mean `group`?"]),
        (["validate", "a.toml"], ["did you mean `--spec a.toml`?"]),
        (["validate", "1.1"], ["did you mean `--version 1.1`?"]),
    ],
)
def test_what_was_misread_is_reported_in_our_words(
    typed: list[str], told: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert _code(*typed) == 2
    said = " ".join(capfd.readouterr().err.split())
    assert all(part in said for part in told), said


@pytest.mark.parametrize("line", [["--help", "told"], ["told", "--help"], ["told", "-h"]])
def test_help_of_a_command_explains_each_option(
    line: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    @as_task
    @command(help={"spec": "which file it is"}, positional=["volume"])
    def told(volume: str, spec: str = "") -> None:
        """Tell."""

    with pytest.raises(SystemExit) as raised:
        CapasProgram(Collection(told)).run(["capas", *line])
    assert raised.value.code == 0
    assert "which file it is" in capfd.readouterr().out


@pytest.mark.parametrize("asks", ["--help", "-h"])
@pytest.mark.parametrize("task", ["validate", "remove", "group.remove"])
def test_help_after_a_task_explains_it(
    task: str, asks: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _code(task, asks) == 0
    assert f"[--core-opts] {task} [--options]" in capfd.readouterr().out
    assert _code(task, "--spec" if task == "validate" else "x", asks) == 0


def test_the_help_promises_nothing_that_no_task_does(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert _code("--help") == 0
    said = capfd.readouterr().out
    assert "--list" in said
    assert not [word for word in ("--dry", "--warn-only", "--command-timeout") if word in said]


@pytest.mark.parametrize("run", [{"dry": True}, {"warn": True}])
def test_invokes_own_options_are_not_passed_over(
    run: dict[str, bool], capfd: pytest.CaptureFixture[str]
) -> None:
    context = Context(Config(overrides={"run": run}))
    with pytest.raises(Exit) as raised:
        validate(context)
    assert raised.value.code == 2
    assert "does nothing here" in capfd.readouterr().err


def test_the_module_runs_as_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("capas ")


def test_a_locale_without_our_signs_gets_others() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "validat"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "  > did you mean `validate`?" in done.stderr
