from __future__ import annotations

from collections.abc import Sequence

import pytest
from invoke.collection import Collection
from invoke.program import Program

from pipeline.tasks.collection import as_task
from pipeline.tasks.command import command
from pipeline.tasks.program import CapasProgram


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["show"], (None, "text")),
        (["show", "--names", "a"], (["a"], "text")),
        (["show", "--names", "a", "b"], (["a", "b"], "text")),
        (["show", "--names", "a", "--names", "b"], (["a", "b"], "text")),
        (["show", "--names=a", "b", "--format", "json"], (["a", "b"], "json")),
        (["show", "--format", "json", "--names", "a", "b"], (["a", "b"], "json")),
    ],
)
def test_an_option_takes_values_until_the_next_option(
    arguments: list[str], expected: tuple[list[str] | None, str]
) -> None:
    seen: list[tuple[list[str] | None, str]] = []

    @as_task
    @command(iterable=["names"])
    def show(names: Sequence[str] | None = None, format: str = "text") -> None:  # noqa: A002
        """Note what was given."""
        seen.append((list(names) if names else None, format))

    namespace = Collection()
    namespace.add_task(show)
    Program(namespace=namespace).run(["program", *arguments], exit=False)
    assert seen == [expected]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "--names"], "--names needs a value"),
        (["show", "--names", "--format", "json"], "--names needs a value"),
        (["show", "--names", "a", "--formt", "json"], "--names got --formt, which looks like"),
        (["show", "a", "--formt"], "--services got --formt, which looks like"),
    ],
)
def test_an_option_is_no_value_of_another(
    arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _ran(*arguments) == (2, [])
    assert message in capfd.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "a", "b", "--help"],
        ["show", "--names", "a", "--help"],
        ["show", "--help", "--names", "a"],
    ],
)
def test_who_asks_for_help_gets_help_and_nothing_runs(
    arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert _ran(*arguments) == (0, [])
    assert "--format" in capfd.readouterr().out


def test_what_stands_after_two_dashes_is_no_question() -> None:
    assert _ran("show", "a", "--", "ls", "--help") == (0, [["a"]])


def _ran(*arguments: str) -> tuple[int, list[list[str]]]:
    """The exit code of capas with a task that takes words, and what the task was given."""
    seen: list[list[str]] = []

    @as_task
    @command(iterable=["names", "services"])
    def show(
        *,
        names: Sequence[str] | None = None,
        services: Sequence[str] | None = None,
        format: str = "text",  # noqa: A002
    ) -> None:
        """Note what was given."""
        seen.append([*(names or ()), *(services or ())])

    try:
        CapasProgram(Collection(show)).run(["capas", *arguments])
    except SystemExit as end:
        return int(end.code or 0), seen
    return 0, seen
