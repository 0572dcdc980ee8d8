"""The project's own tests, checks and measurements; they live in a checkout, not in a wheel."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from pipeline.errors import UsageError
from pipeline.tasks.command import command, say

_LINTERS = (
    ("ruff", "format", "--check"),
    ("ruff", "check"),
    ("mypy",),
    ("lint-imports",),
)


@command(name="test", help={"part": "unit, integration, browser or accounts; default: all of them"})
def run_tests(context: Context, part: str = "") -> int:
    """Run the project's own tests; the last line counts them all."""
    import os
    import sys

    from pipeline.engine.command import attend
    from pipeline.tasks.counting import PARTS, Counts, closing_line, parts_here, pytest_argv

    checkout = _checkout()
    if part and part not in PARTS:
        raise UsageError(f"there is no part {part!r}", resolution=f"say one of {', '.join(PARTS)}")
    reports = checkout / "reports" / "tests"
    counts, failed = Counts(), False
    for name in [part] if part else parts_here(os.environ):
        report = reports / f"{name}.xml"
        report.unlink(missing_ok=True)
        code = attend([sys.executable, "-m", *pytest_argv(name, report)], cwd=checkout)
        counts += Counts.read(report)
        failed |= code != 0
    say(closing_line(counts))
    return int(failed or counts.passed == 0)


@command()
def lint(context: Context) -> int:
    """Check the format, the style, the types and the floors of the code."""
    import sys

    from pipeline.engine.command import attend

    checkout = _checkout()
    tools = Path(sys.executable).parent
    codes = [attend([str(tools / tool), *rest], cwd=checkout) for tool, *rest in _LINTERS]
    return int(any(codes))


@command(help={"only": "the name of one script, without its ending"})
def bench(context: Context, only: str = "") -> int:
    """Measure capas against its peers on this machine: every script in bench/ prints its table."""
    import sys

    from pipeline.engine.command import attend

    checkout = _checkout()
    scripts = sorted((checkout / "bench").glob(f"bench_{only or '*'}.py"))
    if not scripts:
        raise UsageError(f"there is no bench/bench_{only or '*'}.py")
    modules = [f"bench.{script.stem}" for script in scripts]
    codes = [attend([sys.executable, "-m", module], cwd=checkout) for module in modules]
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
