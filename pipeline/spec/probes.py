"""From a service's healthcheck table to `Healthcheck`; durations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from pipeline.spec.model import Healthcheck
from pipeline.spec.problem import BadForm, KeyPath, Problem
from pipeline.spec.quantities import seconds
from pipeline.spec.read_context import BROKEN, ReadContext, Table

_KINDS = ("http", "tcp", "test")


def read_healthcheck(
    table: Table | None, service: KeyPath, scope: ReadContext
) -> Healthcheck | None:
    """The healthcheck of a service's table, or None without one."""
    if table is None:
        return None
    path = (*service, "healthcheck")
    given = [kind for kind in _KINDS if kind in table]
    if len(given) != 1:
        names = " and ".join(f"`{kind}`" for kind in given)
        message = (
            f"a healthcheck has only one of {names}" if given else "the healthcheck asks nothing"
        )
        hint = "" if given else "give it one of `http`, `tcp` and `test`"
        scope.note(Problem("CAP011", path, message, hint, on_key=True))
        return None
    http = table.get("http")
    if http is not None and not 1 <= int(http[1:].partition("/")[0] or 0) <= 65535:
        message = f"`{http}` asks a port that does not exist"
        scope.note(Problem("CAP006", (*path, "http"), message, "ports go from 1 to 65535"))
    elif http is not None and (odd := [sign for sign in http if not "!" <= sign <= "~"]):
        message = f"the path of `{http}` has a character that no request over HTTP can hold"
        bytes_of = odd[0].encode("utf-8", "surrogateescape")
        hint = f"write it as its bytes: `{''.join(f'%{byte:02X}' for byte in bytes_of)}` (RFC 3986)"
        scope.note(Problem("CAP006", (*path, "http"), message, hint))
    test = table.get("test")
    return Healthcheck(
        http=http,
        tcp=table.get("tcp"),
        test=None
        if test is None
        else scope.tried("CAP006", (*path, "test"), None, partial(_test, test)),
        interval=read_duration(table, path, "interval", 1.0, scope, positive=True),
        timeout=read_duration(table, path, "timeout", 3.0, scope, positive=True),
        start_period=read_duration(table, path, "start_period", 0.0, scope),
        retries=table.get("retries", 10),
    )


def read_duration(
    table: Table,
    path: KeyPath,
    key: str,
    default: float,
    scope: ReadContext,
    *,
    positive: bool = False,
) -> float:
    """Seconds of the duration under `key`."""
    if key not in table:
        return default

    def parse() -> float:
        value = seconds(table[key])
        if positive and value <= 0:
            raise BadForm("must be more than zero", "write `1s`")
        return value

    value = scope.tried("CAP006", (*path, key), table[key], parse)
    return default if value is None else value


def _test(test: str | Sequence[object]) -> tuple[str, ...]:
    """The argv of a probe: Compose's CMD and CMD-SHELL, a text for the shell, a plain list."""
    if isinstance(test, str):
        return ("/bin/sh", "-c", test)
    words = tuple(str(word) for word in test if word is not BROKEN)
    if not words or words[0] == "NONE" or words in {("CMD",), ("CMD-SHELL",)}:
        raise BadForm("names no command", "leave the healthcheck out to have none")
    if words[0] == "CMD-SHELL":
        return ("/bin/sh", "-c", " ".join(words[1:]))
    return words[1:] if words[0] == "CMD" else words
