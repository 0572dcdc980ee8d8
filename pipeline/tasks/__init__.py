"""One thin task per command: load, one action, render, exit code.

Modules of this package import the other packages inside their functions: `invoke --list` and the
like read all of them, and a command pays only for what it uses.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from pipeline.tasks.command import Command

COMMANDS = {
    "init": "init",
    "demo": "demo",
    "validate": "validate",
    "plan": "plan",
    "build": "build",
    "release": "release",
    "prune": "prune",
    "push": "transfer",
    "pull": "transfer",
    "deploy": "deploy",
    "scale": "deploy",
    "rollback": "deploy",
    "down": "deploy",
    "stop": "lifecycle",
    "start": "lifecycle",
    "restart": "lifecycle",
    "pause": "lifecycle",
    "unpause": "lifecycle",
    "status": "status",
    "logs": "containers",
    "exec": "containers",
    "stats": "containers",
    "events": "containers",
    "report": "report",
    "verify": "verify",
    "export": "export",
    "doctor": "doctor",
    "test": "development",
    "lint": "development",
    "bench": "development",
    "volume.list": "volume",
    "volume.backup": "volume",
    "volume.restore": "volume",
    "volume.rm": "volume",
}
"""The module of each command, so that a command imports no other's."""

_UNLIKE = {
    "exec": "execute",
    "test": "run_tests",
    "volume.list": "list_volumes",
    "volume.rm": "remove",
}
"""Where the function has another name than the command."""


def command_named(name: str) -> Command:
    """One command of `COMMANDS`."""
    module = import_module(f"{__name__}.{COMMANDS[name]}")
    found: Command = getattr(module, _UNLIKE.get(name) or name.rpartition(".")[2])
    return found


if TYPE_CHECKING:
    from pipeline.tasks.collection import namespace as namespace
else:

    def __getattr__(name: str) -> Any:
        """`namespace`, the collection that `tasks.py` names: made when it is asked for."""
        if name == "namespace":
            from pipeline.tasks.collection import namespace

            return namespace
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
