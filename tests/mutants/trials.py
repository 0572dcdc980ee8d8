"""The unit tests, collected once, against one change of a function after another.

A change is made in memory, in a process of its own that is forked for it: the checkout stays as it
is. Only tests that call the function are run, the quickest first. A test that calls it in a program
that it starts is not counted: there the function is as it was.
"""

from __future__ import annotations

import ast
import gc
import importlib
import json
import os
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import _lru_cache_wrapper, partial
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from tests.mutants.operators import Mutant, first_line, mutated

_SEEN = "_functions_that_were_called"
_BYTES = 4 * 1024**3
"""For one change: a changed loop may eat all memory."""


class Trials:
    """Takes the place of pytest's loop over the tests.

    Args:
        mutants: with the path of their module.
        jobs: how many are tried side by side.

    Attributes:
        killers: by the mutant's place in the list: the test that minds, or "".
        red: the first test that fails without any change.
    """

    def __init__(self, mutants: Sequence[tuple[str, Mutant]], jobs: int) -> None:
        self._mutants = mutants
        self._jobs = jobs
        self._failed = ""
        self.killers: dict[int, str] = {}
        self.red = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the first test that fails."""
        self._failed = self._failed or (report.nodeid if report.failed else "")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """See who calls what, then try every mutant."""
        self.red, callers = started(lambda: self._callers(session.items))()
        if self.red:
            return True
        numbers = range(len(self._mutants))

        def part(first: int) -> dict[str, str]:
            mine = numbers[first :: self._jobs]
            return {str(n): self._try(session.items, callers, *self._mutants[n]) for n in mine}

        running = [started(partial(part, first)) for first in range(self._jobs)]
        for each in running:
            self.killers |= {int(number): killer for number, killer in each().items()}
        return True

    def _try(
        self, items: Sequence[pytest.Item], callers: dict[str, list[int]], path: str, mutant: Mutant
    ) -> str:
        tests = [items[i] for i in callers.get(f"{path}:{mutant.function}", ())]

        def trial() -> str:
            silence()
            exchange(path, mutated(Path(path).read_text(), mutant.number))
            return self._run(tests)

        try:
            killer = str(started(trial)())
        except ValueError:
            return "the tests do not come to an end of their own"
        if not killer:
            os.write(1, mutant.at(path).encode())
        return killer

    def _run(self, tests: Sequence[pytest.Item]) -> str:
        # Where no test calls the function there is none: the change lives on.
        for item, after in zip(tests, [*tests[1:], None], strict=False):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=after)
            if self._failed:
                break
        return self._failed

    def _callers(self, items: Sequence[pytest.Item]) -> tuple[str, dict[str, list[int]]]:
        """By function, as file and line: the tests that call it, the quickest first."""
        silence()
        seen: set[str] = set()
        for path in {path for path, _mutant in self._mutants}:
            exchange(path, noted(Path(path).read_text(), path))
            vars(_module(path))[_SEEN] = seen
        callers: dict[str, list[tuple[float, int]]] = defaultdict(list)
        caches = _caches()
        for number, (item, after) in enumerate(zip(items, [*items[1:], None], strict=True)):
            for cache in caches:
                cache.cache_clear()
            seen.clear()
            began = time.monotonic()
            item.ihook.pytest_runtest_protocol(item=item, nextitem=after)
            for function in list(seen):  # a thread may still add to it
                callers[function].append((time.monotonic() - began, number))
        return self._failed, {key: [n for _, n in sorted(found)] for key, found in callers.items()}


def started(work: Callable[[], Any]) -> Callable[[], Any]:
    """Begin work in a process of its own; what is returned waits for its result, as JSON has it.

    Raises:
        ValueError: (when waited for) the process ended without a result.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
            said = json.dumps(work()).encode()
            while said:
                said = said[os.write(writing, said) :]
        finally:
            os._exit(0)
    os.close(writing)

    def result() -> Any:
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        os.waitpid(child, 0)
        return json.loads(said)

    return result


def silence() -> None:
    """Let nothing be said any more by this process."""
    for output in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), output)


def noted(source: str, path: str) -> ast.Module:
    """The module with functions that note when they are called."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            note = ast.parse(f"{_SEEN}.add({f'{path}:{first_line(node)}'!r})").body
            node.body[:0] = note
    return tree


def exchange(path: str, tree: ast.Module) -> None:
    """Give the functions of a module other code, wherever they are known already."""
    file = str(_module(path).__file__)
    new = {_place(code): code for code in _codes(compile(tree, file, "exec", dont_inherit=True))}
    for found in gc.get_objects():
        if isinstance(found, FunctionType) and _place(found.__code__) in new:
            found.__code__ = new[_place(found.__code__)]
    for cache in _caches():
        cache.cache_clear()


def _caches() -> list[Any]:
    """All that keep results of functions."""
    return [found for found in gc.get_objects() if isinstance(found, _lru_cache_wrapper)]


def _module(path: str) -> ModuleType:
    return importlib.import_module(path.removesuffix(".py").replace("/", "."))


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A module's code and all that is in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _place(code: CodeType) -> tuple[str, int, str]:
    return code.co_filename, code.co_firstlineno, code.co_name
