"""Every kind of step of an experiment: what its value says, and which other keys it takes.

This is the one place where a kind is read; `pipeline/verify/acts.py` is the one where it is done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, get_args

from pipeline.lean_dataclasses import dataclass
from pipeline.spec.experiments import (
    SHELL,
    Action,
    BackUp,
    Change,
    Execute,
    ReadFile,
    Request,
    Restore,
    Rollback,
    Scale,
    Upgrade,
    Verb,
    Wait,
    WriteFile,
)
from pipeline.spec.problem import BadForm
from pipeline.spec.quantities import seconds
from pipeline.spec.read_context import BROKEN, Table
from pipeline.spec.short_forms import check_target

Named = Literal["containers", "service", "port", "volume", "version", ""]
"""What has to be described elsewhere in the spec: `containers` by the kind's own value, `service`
and `port` by the step or its experiment."""

_SAID = frozenset({"text", "without", "equals", "json", "capture", "within"})


@dataclass(frozen=True)
class StepKind:
    """One kind of step.

    Attributes:
        read: the action of the kind's value and the step's table; raises BadForm.
        takes: the other keys that mean something to it.
        needs: of these the ones that must be there.
        named: what its value names.
        looks: it looks at the application, so that it can refute a claim by itself.
    """

    read: Callable[[Any, Table], Action]
    takes: frozenset[str]
    needs: frozenset[str] = frozenset()
    named: Named = ""
    looks: bool = False


def _execute(value: Any, _table: Table) -> Action:
    if isinstance(value, str):
        return Execute((*SHELL, value))
    return Execute(tuple(word for word in value if word is not BROKEN))


def _request(value: str, table: Table) -> Action:
    method, _, path = value.partition(" ")
    if odd := [sign for sign in path if not "!" <= sign <= "~"]:
        bytes_of = odd[0].encode("utf-8", "surrogateescape")
        raise BadForm(
            "has a character that no request over HTTP can hold",
            f"write it as its bytes: `{''.join(f'%{byte:02X}' for byte in bytes_of)}` (RFC 3986)",
        )
    body = table.get("body")
    try:
        json.dumps(body, allow_nan=False)
    except (TypeError, ValueError):
        raise BadForm(
            "sends what JSON cannot hold: a date, a time or no number",
            "write it as a text, in quotes",
            key="body",
        ) from None
    headers = dict(table.get("headers", {}))
    for name, text in headers.items():
        if not (name + text).isascii() or not (name + text).isprintable() or ":" in name:
            raise BadForm("has a header that HTTP cannot hold", "plain ASCII only", key="headers")
    return Request(method, path, body, headers, table.get("port"))


def _file(value: str) -> str:
    if "{{" in value:
        return value  # known only when it is done
    return check_target(value)


def _change(verb: Verb, _value: Any, _table: Table) -> Action:
    return Change(verb)


def _rollback(value: bool, _table: Table) -> Action:
    if not value:
        raise BadForm("does nothing when it is false", "write `rollback = true`")
    return Rollback()


def _wait(value: str, _table: Table) -> Action:
    return Wait(seconds(value))


KINDS: Mapping[str, StepKind] = {
    "exec": StepKind(_execute, _SAID | {"service", "exit", "repeat"}, named="service", looks=True),
    "http": StepKind(
        _request,
        _SAID | {"service", "port", "body", "headers", "status", "answers", "repeat"},
        named="port",
        looks=True,
    ),
    "write": StepKind(
        lambda value, table: WriteFile(_file(value), table.get("content", "")),
        frozenset({"service", "content", "repeat"}),
        needs=frozenset({"content"}),
        named="service",
    ),
    "read": StepKind(
        lambda value, _table: ReadFile(_file(value)),
        _SAID | {"service", "absent", "repeat"},
        named="service",
        looks=True,
    ),
    **{
        verb: StepKind(partial(_change, verb), frozenset({"fails", "repeat"}), named="containers")
        for verb in get_args(Verb)
    },
    "upgrade": StepKind(
        lambda value, _table: Upgrade(value), frozenset({"service", "fails"}), named="version"
    ),
    "rollback": StepKind(_rollback, frozenset({"fails"})),
    "scale": StepKind(
        lambda value, _table: Scale(value), frozenset({"service", "fails"}), named="service"
    ),
    "wait": StepKind(_wait, frozenset()),
    "backup": StepKind(lambda value, _table: BackUp(value), frozenset({"repeat"}), named="volume"),
    "restore": StepKind(
        lambda value, _table: Restore(value), frozenset({"repeat"}), named="volume"
    ),
}
