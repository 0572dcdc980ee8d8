"""Modules of the standard library that are read when they are first used, not when imported.

Each is imported somewhere on the way of most commands, and used by few. What they cost, in
milliseconds with what they import, Python 3.11 and 3.14 (docs/decisions/0017):

    logging     2.9   14    concurrent.futures imports it, for errors that nobody takes
    shutil      1.5   3.6   bz2, lzma and zstd
    tempfile    1.1   1.0   random
    subprocess  1.1   2.4   selectors, locale
    ssl         3.0   2.9   http.client imports it; what we speak is not encrypted
    tarfile     1.1   0.9
    ipaddress   0.9   1.0   urllib.parse imports it, for addresses in brackets
    difflib     0.7   0.7

Python 3.15 can say this beside each import (PEP 810).
"""

from __future__ import annotations

import sys
from _thread import allocate_lock
from importlib import import_module
from types import ModuleType
from typing import Any

_NAMES = ("logging", "shutil", "tempfile", "subprocess", "ssl", "tarfile", "ipaddress", "difflib")
_LOCK = allocate_lock()


class Later(ModuleType):
    """Stands for a module until one of its names is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked for by the import itself
            raise AttributeError(name)
        return getattr(_real(self.__name__), name)


def _real(name: str) -> ModuleType:
    with _LOCK:  # of two threads the second would take the real one away
        if isinstance(sys.modules.get(name), Later):
            del sys.modules[name]
    return import_module(name)


class _Logger:
    """A logger until something is logged."""

    def __init__(self, name: str | None = None) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(_real("logging").getLogger(self._name), name)


def import_later() -> None:
    """Let these modules be read when they are used, but for those that are there already."""
    for name in _NAMES:
        if name not in sys.modules:
            sys.modules[name] = later = Later(name)
            if name == "logging":
                vars(later)["getLogger"] = _Logger
