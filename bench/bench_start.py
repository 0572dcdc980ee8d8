"""What commands cost that find nothing to do: processor time of whole processes, medians.

python -m bench.bench_start [ROUNDS]

The runs take turns, and an engine's own service is not counted: it is another process.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.bench_deploy import IMAGE, SERVER, service
from bench.timing import as_installed
from pipeline.engine import command
from tests.integration.conftest import made_of_debian
from tests.integration.storage import session_store

ROOT = Path(__file__).parents[1]
SPEC = f"""
name = "bench-start"
[images.app.versions]
"1.0" = {{ context = "app" }}
[services.web]
image = "{IMAGE}"
command = {SERVER}
replicas = 20
"""
PYTHON = [sys.executable, "-P"] if sys.version_info >= (3, 11) else [sys.executable]
CAPAS = [*PYTHON, "-m", "pipeline"]
COMMANDS = {
    "python -c pass": [*PYTHON, "-c", "pass"],
    "python -c 'import invoke'": [*PYTHON, "-c", "import invoke"],
    "capas --version (with Invoke)": [*CAPAS, "--version"],
    "capas --help (with Invoke)": [*CAPAS, "--help"],
    "completion of a word": [*CAPAS, "--complete", "--", "capas", "deploy", "--dr"],
    "validate": [*CAPAS, "validate"],
    "build, nothing to do": [*CAPAS, "build"],
    "status of 20": [*CAPAS, "status"],
    "deploy of 20, nothing to do": [*CAPAS, "deploy"],
}


def milliseconds(argv: Sequence[str], environment: Mapping[str, str], folder: Path) -> float:
    """The processor time of a process and of what it waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command.run(list(argv), environment=environment, cwd=folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main(rounds: int = 15) -> None:
    with session_store(os.environ) as store, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = as_installed(store.environment)
        made_of_debian(
            ROOT / "specs" / "pytweets.toml", "python-base", IMAGE, folder / "image", environment
        )
        (folder / "app").mkdir()
        (folder / "app" / "Containerfile").write_text("FROM scratch\nENV A=b\n")
        (folder / "specs").mkdir()
        (folder / "specs" / "start.toml").write_text(SPEC.replace('"app"', '"../app"'))
        with service(environment):
            times: dict[str, list[float]] = {what: [] for what in COMMANDS}
            for argv in (COMMANDS["build, nothing to do"], COMMANDS["deploy of 20, nothing to do"]):
                milliseconds(argv, environment, folder)
            for _ in range(rounds):
                for what, argv in COMMANDS.items():
                    times[what].append(milliseconds(argv, environment, folder))
            command.run(["podman", "rm", "-af", "-t", "0"], environment=environment)
    print("| processor time, medians | ms |\n|---|---|")
    for what, found in times.items():
        print(f"| {what} | {statistics.median(found):.0f} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
