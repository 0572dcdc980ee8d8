"""`python -m tests.mutants [--seed N…] [--count N]`: do the unit tests mind small changes?

Some changes of the modules that only compute are chosen by each seed, and the unit tests run on
each change (`trials.py`); the checkout stays as it is. What no test minds is printed; a change that
is known to mean the same (`equivalent.py`) is only counted. Ends with 1 when less than 95 % of the
others were noticed. It takes some minutes.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.mutants.equivalent import EQUIVALENT, NEARLY_PURE
from tests.mutants.operators import Mutant, mutants_of
from tests.mutants.trials import Trials

ROOT = Path(__file__).parents[2]
_ENOUGH = 0.95
_PYTEST = ["-x", "-q", "-s", "--timeout=120", "-p", "no:cacheprovider"]
"""A changed loop may never end."""
Found = tuple[str, Mutant]


def main(words: Sequence[str]) -> int:
    """Try, print what lived on, and the share."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--count", type=int, default=100, help="changes for each seed")
    parser.add_argument("--jobs", type=int, default=2, help="changes tried side by side")
    parser.add_argument("--only", default="", help="in modules with this in their path")
    parser.add_argument("--tests", nargs="+", default=["tests/unit"])
    asked = parser.parse_args(words)
    began = time.monotonic()
    os.chdir(ROOT)
    every = [(p, m) for p in pure_modules() if asked.only in p for m in mutants_of(_source(p))]
    chosen = {seed: _chosen(every, seed, asked.count) for seed in asked.seed}
    wanted = dict.fromkeys(one for each in chosen.values() for one in each)
    tried = [one for one in wanted if name(*one) not in EQUIVALENT]
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = place
        killers = _killers(tried, asked.tests, asked.jobs)
    shares = [_told(seed, found, killers) for seed, found in chosen.items()]
    sys.stdout.write(f"of {len(every)}; {time.monotonic() - began:.0f} s\n")
    return 0 if min(shares) >= _ENOUGH else 1


def pure_modules() -> list[str]:
    """Modules that only compute, and say so in their first lines; and some that nearly do."""
    found = (p.relative_to(ROOT).as_posix() for p in (ROOT / "pipeline").rglob("*.py"))
    return sorted(p for p in found if "(pure)" in _source(p)[:300] or p in NEARLY_PURE)


def name(path: str, mutant: Mutant) -> str:
    """What a mutant is known by, wherever its line moves."""
    return f"{path}: {mutant.scope}: {mutant.change}"


def _chosen(every: list[Found], seed: int, count: int) -> list[Found]:
    return random.Random(seed).sample(every, min(count, len(every)))


def _killers(mutants: list[Found], tests: list[str], jobs: int) -> dict[Found, str]:
    """The test that minds each, or ""."""
    inside = [one for one in mutants if one[1].function]
    trials = Trials(inside, jobs)
    pytest.main([*_PYTEST, "--no-header", "--no-summary", *tests], plugins=[trials])
    if trials.red or len(trials.killers) < len(inside):
        raise SystemExit(f"the tests are red without a change: {trials.red}")
    at_import = {one: _at_import(*one) for one in mutants if not one[1].function}
    return {one: trials.killers[n] for n, one in enumerate(inside)} | at_import


def _at_import(path: str, mutant: Mutant) -> str:
    """The same for what runs when the module is imported: by the tests that name it or its room."""
    module = path.removesuffix(".py").replace("/", ".")
    files = sorted(p.as_posix() for p in Path("tests/unit").rglob("test_*.py"))
    named = [file for file in files if module in _source(file)]
    near = [file for file in files if file.split("/")[2] == path.split("/")[1]]
    tests = dict.fromkeys([*named, *near])
    argv = [sys.executable, "-m", "pytest", *_PYTEST, "-p", "tests.mutants.imported", *tests]
    environment = {**os.environ, "CAPAS_MUTANT": f"{path}:{mutant.number}"}
    done = subprocess.run(argv, env=environment, capture_output=True, check=False)
    if done.returncode == 0:
        sys.stdout.write(mutant.at(path))
    return "a test" if done.returncode else ""


def _told(seed: int, found: list[Found], killers: dict[Found, str]) -> float:
    """Say what became of a seed's mutants; the share that was killed."""
    tried = [one for one in found if one in killers]
    killed = sum(bool(killers[one]) for one in tried)
    share = killed / max(1, len(tried))
    sys.stdout.write(
        f"seed {seed}: {len(found)} mutants, {len(found) - len(tried)} mean the same, "
        f"{killed} killed, {len(tried) - killed} lived on: {share:.1%}\n"
    )
    return share


def _source(path: str) -> str:
    return (ROOT / path).read_text()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
