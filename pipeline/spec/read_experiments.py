"""From the tables of `[[verify]]` to experiments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pipeline.spec.experiments import REFERENCE, Action, Expected, OwnExperiment, Step
from pipeline.spec.probes import read_duration
from pipeline.spec.problem import BadForm, KeyPath, Problem
from pipeline.spec.quantities import seconds
from pipeline.spec.read_context import BROKEN, ReadContext, Table
from pipeline.spec.step_kinds import KINDS

_TIMEOUT = 300.0


def read_experiments(tables: list[Any], scope: ReadContext) -> Iterator[OwnExperiment]:
    """The experiments of a spec; what is wrong goes to `scope`."""
    for index, table in enumerate(tables):
        if table is not BROKEN and "name" in table and "steps" in table:
            yield _experiment(index, table, scope)


def _experiment(index: int, table: Table, scope: ReadContext) -> OwnExperiment:
    path: KeyPath = ("verify", index)
    return OwnExperiment(
        index=index,
        name=table["name"],
        claim=table.get("claim", ""),
        steps=tuple(_steps(table, path, scope)),
        version=table.get("version"),
        repeat=table.get("repeat", 1),
        timeout=read_duration(table, path, "timeout", _TIMEOUT, scope, positive=True),
    )


def _steps(table: Table, above: KeyPath, scope: ReadContext) -> Iterator[Step]:
    for index, entry in enumerate(table["steps"]):
        if entry is not BROKEN:
            path = (*above, "steps", index)
            step = _step(index, entry, path, str(table.get("service", "")), scope)
            if step is not None:
                yield step


def _step(index: int, table: Table, path: KeyPath, usual: str, scope: ReadContext) -> Step | None:
    given = [key for key in KINDS if key in table]
    if len(given) != 1:
        scope.note(_not_one(given, path))
        return None
    kind = KINDS[given[0]]
    for key in table.keys() - kind.takes - {given[0]}:
        if not key.startswith("x-"):
            message = f"`{given[0]}` takes no `{key}`"
            takes = ", ".join(f"`{word}`" for word in sorted(kind.takes)) or "no other key"
            scope.note(Problem("CAP011", (*path, key), message, f"it takes {takes}", on_key=True))
    for key in kind.needs - table.keys():
        scope.note(Problem("CAP004", path, f"`{given[0]}` needs the key `{key}`"))
    value = table[given[0]]
    action = scope.tried("CAP006", path, value, partial(_action, given[0], value, table))
    if action is None:
        return None
    words = value if kind.named == "containers" else table.get("service", usual)
    service, replica = _containers(words, scope)
    return Step(
        index=index,
        kind=given[0],
        action=action,
        service=service,
        replica=replica,
        expected=_expected(table),
        captures=_captures(table.get("capture", {})),
        within=_within(table, path, scope),
        repeat=table.get("repeat", 1),
        given=frozenset(table),
        references=tuple(dict.fromkeys(_references(table))),
    )


def _action(name: str, value: Any, table: Table) -> Action:
    """The action of a step.

    Raises:
        BadForm: its value, or a key beside it, has a wrong form.
    """
    try:
        return KINDS[name].read(value, table)
    except BadForm as error:
        raise BadForm(error.message, error.hint, key=error.key or name) from None


def _references(table: Table) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if not key.startswith("x-"):
            for text in _texts(value):
                yield from ((key, name) for name in REFERENCE.findall(text))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _not_one(given: list[str], path: KeyPath) -> Problem:
    if given:
        names = " and ".join(f"`{kind}`" for kind in given)
        return Problem("CAP011", path, f"a step has only one of {names}", "write a step for each")
    kinds = ", ".join(f"`{kind}`" for kind in KINDS)
    return Problem("CAP011", path, "the step does nothing", f"give it one of {kinds}")


def _containers(words: str, scope: ReadContext) -> tuple[str, int]:
    """A service and a replica's number, 0 for all; `web-2` may be the name of a service, too."""
    name, dash, number = words.rpartition("-")
    if words not in scope.declared["services"] and dash and number.isdecimal() and number != "0":
        return name, int(number[:9])
    return words, 0


def _expected(table: Table) -> Expected:
    usual = Expected()
    return Expected(
        status=table.get("status"),
        exit_code=table.get("exit", usual.exit_code),
        text=table.get("text"),
        without=table.get("without"),
        equals=table.get("equals"),
        json=dict(table.get("json", {})),
        absent=table.get("absent", False),
        answers=table.get("answers", True),
        fails=table.get("fails", False),
    )


def _captures(given: str | Table) -> Mapping[str, str]:
    return {given: ""} if isinstance(given, str) else dict(given)


def _within(table: Table, path: KeyPath, scope: ReadContext) -> float | None:
    if "within" not in table:
        return None
    where = (*path, "within")
    return scope.tried("CAP006", where, table["within"], partial(seconds, table["within"]))
