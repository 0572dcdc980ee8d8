"""Invoke without what no task of ours uses: half of its import, at the start of every command.

`import invoke` brings `unittest.mock` with asyncio for its `MockContext`, `importlib.metadata` for
its `__version__`, and a YAML parser (with PyYAML's beside it) for files called `invoke.yaml`
(docs/decisions/0017). Here each of the three is read when it is first used, and works as before.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from pipeline.lean_imports import Later


def _mock(*args: Any, **kwargs: Any) -> Any:
    from unittest.mock import Mock

    return Mock(*args, **kwargs)


def _missing_in_invoke(name: str) -> Any:
    """What Invoke's package has not itself: its version, which was left out."""
    if name == "__version__":
        from importlib.metadata import version

        return version("invoke")
    raise AttributeError(f"module 'invoke' has no attribute {name!r}")


def import_invoke() -> None:
    """Import Invoke, unless it is there already."""
    if "invoke" in sys.modules:
        return
    mock, metadata, yaml = map(Later, ("unittest.mock", "importlib.metadata", "invoke.vendor.yaml"))
    vars(mock)["Mock"] = _mock
    vars(metadata)["version"] = str
    stand_ins = [later for later in (mock, metadata, yaml) if later.__name__ not in sys.modules]
    sys.modules.update((later.__name__, later) for later in stand_ins)
    try:
        invoke = import_module("invoke")
    finally:
        for later in stand_ins:
            if sys.modules.get(later.__name__) is later:
                del sys.modules[later.__name__]
    if metadata in stand_ins:
        del vars(invoke)["__version__"]
        vars(invoke)["__getattr__"] = _missing_in_invoke
