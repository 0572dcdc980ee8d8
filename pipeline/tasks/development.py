"""The project's own tests, checks and measurements; they live in a checkout, not in a wheel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UsageError
from pipeline.tasks.command import command, say

if TYPE_CHECKING:
    from pipeline.tasks.tests_summary import Counts

_LINTERS = (
    ("ruff", "format", "--check"),
    ("ruff", "check"),
    ("mypy",),
    ("lint-imports",),
    ("vulture",),
)


@command(
    name="test",
    help={
        "part": "unit, integration, browser or accounts; default: all of them",
        "on": "debian12, debian13, forky or podman6: another release of Debian with its Podman and "
        "Buildah (root makes it); all: this machine and each of them",
    },
)
def run_tests(part: str = "", on: str = "") -> int:
    """Run the project's own tests; the last line counts them all."""
    import os

    from pipeline.tasks.engines import choose_engines
    from pipeline.tasks.tests_summary import PARTS, Counts, closing_line, parts_here

    checkout = _checkout()
    if part and part not in PARTS:
        raise UsageError(f"there is no part {part!r}", resolution=f"use one of {', '.join(PARTS)}")
    choice = choose_engines(on, part, os.environ)
    counts, failed = Counts(), False
    if choice.machine and choice.servers:
        _describe_here(checkout)
    parts = ([part] if part else parts_here(os.environ)) if choice.machine else []
    for name in parts:
        code, counted = _test_here(name, checkout)
        counts, failed = counts + counted, failed or code != 0
    for name, server in choice.servers.items():
        code, counted = _test_there(name, server, part, checkout)
        counts, failed = counts + counted, failed or code != 0
    say(closing_line(counts))
    return int(failed or counts.passed == 0)


def _test_here(part: str, checkout: Path) -> tuple[int, Counts]:
    """Run a part of the tests on this machine; the exit code, and what was counted."""
    import sys

    from pipeline.engine.command import attend
    from pipeline.tasks.tests_summary import Counts, pytest_argv

    report = checkout / "reports" / "tests" / f"{part}.xml"
    report.unlink(missing_ok=True)
    code = attend([sys.executable, "-m", *pytest_argv(part, report)], cwd=checkout)
    return code, Counts.read(report)


def _describe_here(checkout: Path) -> None:
    """Write down what this machine has, beside what the engines of the others have."""
    import sys

    from pipeline.bootstrap.engines import here
    from pipeline.bootstrap.machine import os_release
    from pipeline.engine.command import attend

    if name := here(os_release()):
        path = f"reports/engines/{name}/host.json"
        attend([sys.executable, "-m", "tests.engines.host", path], cwd=checkout)


def _test_there(
    name: str, server: Mapping[str, str], part: str, checkout: Path
) -> tuple[int, Counts]:
    """Run the tests on another engine; one that cannot be had is a failure with its reason."""
    import sys

    from pipeline.tasks.engines import run_there
    from pipeline.tasks.tests_summary import Counts

    sys.stderr.write(f"capas: the tests on {name}\n")
    if error := server.get("error"):
        sys.stderr.write(f"error: {error}\n")
        return 1, Counts(errors=1)
    return run_there(name, server["server"], part, checkout)


@command()
def lint() -> int:
    """Check format, style, types, imports between packages, and that nothing is unused."""
    import sys

    from pipeline.engine.command import attend

    checkout = _checkout()
    tools = Path(sys.executable).parent
    codes = [attend([str(tools / tool), *rest], cwd=checkout) for tool, *rest in _LINTERS]
    return int(any(codes))


@command(
    help={
        "only": "the name of one script, without its ending",
        "on": "debian13, forky or podman6: another release of Debian with its Podman and Buildah "
        "(root makes it); all: this machine and each of them",
    }
)
def bench(only: str = "", on: str = "") -> int:
    """Measure capas against its peers: every script in bench/ prints its table."""
    import os
    import sys

    from pipeline.engine.command import attend
    from pipeline.tasks.engines import choose_engines, measure_there

    checkout = _checkout()
    scripts = sorted((checkout / "bench").glob(f"bench_{only or '*'}.py"))
    if not scripts:
        raise UsageError(f"there is no bench/bench_{only or '*'}.py")
    choice = choose_engines(on, "", os.environ)
    modules = [f"bench.{script.stem}" for script in scripts]
    here = modules if choice.machine else []
    codes = [attend([sys.executable, "-m", module], cwd=checkout) for module in here]
    for name, server in choice.servers.items():
        say(f"\n## {name}\n")
        sys.stdout.flush()  # what runs there writes to our streams itself
        if error := server.get("error"):
            sys.stderr.write(f"error: {error}\n")
        codes.append(1 if error else measure_there(server["server"], modules, checkout))
    return int(any(codes))


def _checkout() -> Path:
    import pipeline

    folder = Path(pipeline.__file__).parents[1]
    if not (folder / "tests").is_dir():
        raise UsageError(
            "this capas is an installed one: its tests are not here",
            resolution="run this command in a checkout of the project",
        )
    return folder
