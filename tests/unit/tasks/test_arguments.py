from __future__ import annotations

from collections.abc import Sequence

import pytest
from invoke.collection import Collection
from invoke.context import Context
from invoke.program import Program

from pipeline.tasks.command import command


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

    @command(iterable=["names"])
    def show(_context: Context, names: Sequence[str] | None = None, format: str = "text") -> None:  # noqa: A002
        """Note what was given."""
        seen.append((list(names) if names else None, format))

    namespace = Collection()
    namespace.add_task(show)
    Program(namespace=namespace).run(["program", *arguments], exit=False)
    assert seen == [expected]
