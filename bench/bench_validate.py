"""`validate` as a whole process: against a bare import of its libraries, and as specs grow.

python -m bench.bench_validate [ROUNDS]
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.timing import as_installed, interleaved, process

ROOT = Path(__file__).parents[1]
BARE = "import invoke, tomli, jsonschema"
SIZES = ((125, 50), (250, 100), (500, 200), (1000, 400))
"""Versions and services; the third is the one that is held to."""


def large_project(folder: Path, versions: int, services: int) -> Path:
    """A project with as many versions and services, each version with a context of its own."""
    lines = ['name = "large"', "", "[images.app.versions]"]
    for number in range(versions):
        context = folder / "app" / str(number)
        context.mkdir(parents=True)
        (context / "main.py").write_text(f"print({number})\n")
        (context / "Containerfile").write_text(
            "FROM docker.io/library/python:3.12-slim\nUSER 1000\nCOPY main.py /app/\n"
            'CMD ["python", "/app/main.py"]\n'
        )
        lines.append(f'"1.{number}" = {{ context = "app/{number}", args = {{ N = {number} }} }}')
    for number in range(services):
        lines += [
            "",
            f"[services.s{number}]",
            f'image = "app:1.{number}"',
            f'ports = ["{2000 + 2 * number}:5000"]',
            "replicas = 2",
            f'volumes = ["data{number}:/data", {{ type = "tmpfs", target = "/tmp" }}]',
            'environment = { MODE = "bench", LEVEL = 3 }',
            'healthcheck = { http = ":5000/healthz", interval = "1s" }',
            'resources = { memory = "64m" }',
            f'depends_on = ["s{number - 1}"]' if number else "",
            f"[volumes.data{number}]",
        ]
    spec = folder / "large.toml"
    spec.write_text("\n".join(lines) + "\n")
    return spec


def main(rounds: int) -> None:
    environment = as_installed(os.environ)
    pytweets = ROOT / "specs" / "pytweets.toml"
    with tempfile.TemporaryDirectory() as folder:
        seen = {**environment, "XDG_CACHE_HOME": folder}
        unseen = {**environment, "XDG_CACHE_HOME": "/dev/null"}  # nothing can be remembered there
        actions = {
            "bare": process([sys.executable, "-c", BARE], environment=environment, cwd=ROOT),
            "first": _validate(pytweets, unseen),
            "again": _validate(pytweets, seen),
        }
        actions["again"]()
        for versions, services in SIZES:
            spec = large_project(Path(folder, str(versions)), versions, services)
            actions[f"{versions}"] = _validate(spec, unseen)
        times = interleaved(actions, rounds)
    bare, first, half = times["bare"], times["first"], 0.0
    rows = [
        (f"python -c '{BARE}'", bare, bare, "itself"),
        ("validate pytweets.toml for the first time", first, bare, "the import; at most 2"),
        ("validate pytweets.toml again", times["again"], bare, "the import; at most 2"),
    ]
    for versions, services in SIZES:
        own = times[f"{versions}"] - first
        name = f"{versions} versions and {services} services, without the start"
        rows.append((name, own, half or own, "half of it; 2 is linear"))
        half = own
    print("| whole process | seconds | ratio | to |\n|---|---|---|---|")
    for name, seconds, other, meaning in rows:
        print(f"| {name} | {seconds:.3f} | {seconds / other:.2f} | {meaning} |")


def _validate(spec: Path, environment: dict[str, str]) -> Callable[[], object]:
    argv = [sys.executable, "-m", "pipeline", "validate", "--spec", str(spec)]
    return process(argv, environment=environment, cwd=ROOT)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
