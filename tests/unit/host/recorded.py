"""Facts of real hosts, as `capas doctor --format json` told them there."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.host import facts as facts_module
from pipeline.host.facts import Facts

FOLDER = Path(__file__).parents[1] / "data" / "hosts"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def recorded(name: str) -> tuple[Facts, Mapping[str, Any]]:
    """The facts of a host, and what the doctor said there."""
    content = json.loads((FOLDER / f"{name}.json").read_text())
    made = _made(Facts, content["facts"])
    assert isinstance(made, Facts)
    return made, content["recorded"]


def _made(kind: Any, value: Any) -> Any:
    """The value of a type that a JSON value stands for."""
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind, vars(facts_module))
        assert hints.keys() == value.keys(), f"{kind} changed: record the hosts anew"
        return kind(**{name: _made(hints[name], value[name]) for name in hints})  # type: ignore[operator]
    arguments = typing.get_args(kind)
    origin = typing.get_origin(kind)
    if origin is tuple:
        return tuple(_made(arguments[0], item) for item in value)
    if origin in (types.UnionType, typing.Union):
        return value
    if isinstance(value, dict):
        return {name: _made(arguments[1], item) for name, item in value.items()}
    return value
