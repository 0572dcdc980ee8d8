"""What reading a spec needs to know, and where it notes what is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pipeline.lean_dataclasses import dataclass, field
from pipeline.spec.problem import BadForm, KeyPath, Problem

Table = Mapping[str, Any]
T = TypeVar("T")

BROKEN = object()
"""Stands in a list where an entry was that has a problem already."""


@dataclass
class ReadContext:
    """The surroundings of one spec while it is read.

    Attributes:
        pipeline: the spec's name.
        folder: where relative paths start.
        root: the project folder; None where nothing is read but the document.
        environ: the caller's environment, over what the project's `.env` says.
        dotenv: the `.env`, and the variables that stand only there.
        declared: the names that the document declares, by kind (`images`, `versions` as
            `image:version`, `services`, …), also those whose tables have problems.
        problems: what is wrong, so far.
        damaged: the ways to tables and lists from which something wrong was taken out.
        origins: where a part of the model stands in the document, if not at its own path.
    """

    pipeline: str
    folder: Path
    environ: Mapping[str, str]
    dotenv: tuple[Path, frozenset[str]] | None = None
    declared: Mapping[str, frozenset[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    damaged: frozenset[KeyPath] = frozenset()
    origins: dict[KeyPath, KeyPath] = field(default_factory=dict)
    root: Path | None = None

    def absolute(self, path: str) -> Path:
        """A path of the spec as an absolute one, without `..`; `~/` is the caller's home."""
        home = self.environ.get("HOME")
        if home and (path == "~" or path.startswith("~/")):
            path = home + path[1:]
        return Path(os.path.normpath(self.folder / path))

    def engine_name(self, table: Table, name: str) -> str:
        """The name in Podman of a volume, network or secret."""
        return str(table.get("name") or f"{self.pipeline}_{name}")

    def dotenv_of(self, variable: str | None) -> Path | None:
        """The project's `.env`, when a variable stands there and not in the environment."""
        return self.dotenv[0] if self.dotenv and variable in self.dotenv[1] else None

    def note(self, problem: Problem) -> None:
        """Note a problem, unless it only follows from what was taken out of its place."""
        if problem.path not in self.damaged:
            self.problems.append(problem)

    def stands_at(self, part: KeyPath, place: KeyPath) -> None:
        """Note that a part of the model stands at another place in the document."""
        if part != place:
            self.origins[part] = place

    def place(self, part: KeyPath) -> KeyPath:
        """Where a part of the model stands in the document."""
        return self.origins.get(part, part)

    def tried(self, rule: str, path: KeyPath, value: object, parse: Callable[[], T]) -> T | None:
        """What `parse` makes of `value`; a wrong form is noted at `path` and gives None."""
        try:
            return parse()
        except BadForm as error:
            named = isinstance(path[-1], str)
            what = value if isinstance(value, str) else path[-1] if named else "this entry"
            subject = f"`{what}`" if named or isinstance(value, str) else what
            where = path if error.key is None else (*path, error.key)
            if path not in self.damaged:
                problem = Problem(rule, where, f"{subject} {error.message}", error.hint)
                self.problems.append(problem)
            return None


def text_of(value: object) -> str:
    """A value of a table of texts, as the container sees it: `true`, `1`, `0.5`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def texts_of(value: Table | list[Any] | None) -> dict[str, str]:
    """A table of texts in either form: a table, or a list of `NAME=VALUE`."""
    if isinstance(value, Mapping):
        return {name: text_of(item) for name, item in value.items()}
    pairs = (item.partition("=") for item in value or () if item is not BROKEN)
    return {name: text for name, _, text in pairs}
