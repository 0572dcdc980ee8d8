"""Replicas of one image: capas against what a user would take instead, whole processes, one run.

python -m bench.bench_deploy [ROUNDS [REPLICAS…]]

Peers: a loop of `podman run`; podman-compose and docker-compose on Podman's socket, when they are
installed (DOCKER_COMPOSE names another binary). In brackets: how much of docker-compose's time,
the middle one of each round's own ratio. Each does the same: everything from nothing, the same
again, one replica more, what runs, is the file valid, everything away. The peers wait for nothing;
capas holds every new container to keep running or to listen. All containers have an init, so
that none takes its grace period to end. One API service listens at the user's usual socket all the
time, as systemd keeps it, and serves capas and docker-compose.

The loop is no deploy: it has nothing to find out, and nobody to tell. A single `podman run` is
faster than the start of Python with Invoke; `floor` says what that start costs alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.peers import docker_compose, measured_with, podman_compose
from bench.timing import as_installed, best, process, seconds
from pipeline.engine import command
from pipeline.engine.service import answers, usual_socket
from tests.integration.conftest import made_of_debian
from tests.integration.storage import session_store

ROOT = Path(__file__).parents[1]
IMAGE = "localhost/capas-bench:1"
SERVER = ["python3", "-m", "http.server", "5000"]
STAGES = ("from nothing", "again", "one more", "status", "check", "down")
YARDSTICK = "docker-compose"


@dataclass(frozen=True)
class Case:
    """How many replicas, and whether each has a port."""

    replicas: int
    ports: bool

    @property
    def name(self) -> str:
        """As the table shows it."""
        return f"{self.replicas}{' with ports' if self.ports else ''}"


@dataclass(frozen=True)
class Peer:
    """One way to do it: an action per stage; None where it has no answer."""

    name: str
    actions: Mapping[str, Callable[[], object] | None]


def port(number: int) -> str:
    return f"127.0.0.1:{22000 + number}:5000"


def capas(case: Case, folder: Path, environment: Mapping[str, str]) -> Peer:
    lines = ['name = "bench"', "[services.web]", f'image = "{IMAGE}"']
    lines += [f"command = {json.dumps(SERVER)}", f"replicas = {case.replicas}"]
    lines += ['ports = ["22000:5000"]'] if case.ports else []
    spec = folder / "capas.toml"
    spec.write_text("\n".join(lines) + "\n")

    def run(*words: str) -> Callable[[], object]:
        argv = [sys.executable, "-m", "pipeline", *words, f"--spec={spec}"]
        return process(argv, environment=environment, cwd=folder)

    up, more = run("deploy"), run("deploy", f"--replicas={case.replicas + 1}")
    actions = (up, up, more, run("status"), run("validate"), run("down"))
    return Peer("capas", dict(zip(STAGES, actions, strict=True)))


def loop(case: Case, folder: Path, environment: Mapping[str, str]) -> Peer:
    def run(number: int) -> str:
        publish = f"-p {port(number)}" if case.ports else ""
        return f"podman run -d --init --name loop-{number} {publish} {IMAGE} {' '.join(SERVER)}"

    def script(text: str) -> Callable[[], object]:
        return process(["sh", "-ec", text], environment=environment, cwd=folder)

    up = script("\n".join(run(number) for number in range(case.replicas)))
    names = " ".join(f"loop-{number}" for number in range(case.replicas + 1))
    one, away = script(run(case.replicas)), script(f"podman rm -f {names}")
    actions = (up, None, one, script("podman ps --all"), None, away)
    return Peer("podman run, loop", dict(zip(STAGES, actions, strict=True)))


def compose(
    name: str, argv: list[str], case: Case, folder: Path, environment: Mapping[str, str]
) -> Peer:
    def written(replicas: int) -> Path:
        services = {
            f"web{number}": {
                "image": IMAGE,
                "command": SERVER,
                "init": True,
                **({"ports": [port(number)]} if case.ports else {}),
            }
            for number in range(replicas)
        }
        path = folder / f"compose-{replicas}.json"
        path.write_text(json.dumps({"name": "bench", "services": services}))
        return path

    first, more = written(case.replicas), written(case.replicas + 1)

    def run(path: Path, *words: str) -> Callable[[], object]:
        return process([*argv, "-f", str(path), *words], environment=environment, cwd=folder)

    up = run(first, "up", "-d")
    shown, checked = run(more, "ps"), run(more, "config")
    actions = (up, up, run(more, "up", "-d"), shown, checked, run(more, "down"))
    return Peer(name, dict(zip(STAGES, actions, strict=True)))


@contextmanager
def service(environment: Mapping[str, str]) -> Iterator[str]:
    """The user's own API service at its usual place."""
    path = usual_socket(environment)
    assert path is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    argv = ["podman", "system", "service", "--time=0", f"unix://{path}"]
    with subprocess.Popen(argv, env=dict(environment), stderr=subprocess.DEVNULL) as running:
        try:
            while not answers(path):
                time.sleep(0.01)  # a socket has no event for "now listening"
            yield f"unix://{path}"
        finally:
            running.terminate()


CASES = (Case(20, ports=True), Case(20, ports=False), Case(100, ports=False))


def main(rounds: int = 3, *sizes: int) -> None:
    cases = [case for case in CASES if not sizes or case.replicas in sizes]
    with session_store(os.environ) as store, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = as_installed(store.environment)
        spec = ROOT / "specs" / "pytweets.toml"
        made_of_debian(spec, "python-base", IMAGE, folder / "image", environment)
        with service(environment) as uri:
            invoke = process(
                [sys.executable, "-c", "import invoke"], environment=environment, cwd=folder
            )
            print(f"{measured_with()}\nfloor, `import invoke` alone: {best(invoke):.2f} s\n")
            print("| replicas | what | " + " | ".join(STAGES) + " |")
            print("|---" * (len(STAGES) + 2) + "|")
            for case in cases:
                peers = [capas(case, folder, environment), loop(case, folder, environment)]
                if program := podman_compose():
                    peers.append(compose("podman-compose", [program], case, folder, environment))
                if program := docker_compose():
                    hosted = {**environment, "DOCKER_HOST": uri}
                    peers.append(compose(YARDSTICK, [program], case, folder, hosted))
                times = measured(peers, rounds if case.replicas < 50 else 1)
                for peer in times:
                    cells = (_cell(times, peer, stage) for stage in STAGES)
                    print(f"| {case.name} | {peer} | {' | '.join(cells)} |", flush=True)
        command.run(["podman", "rm", "-af", "-t", "0"], environment=environment)


Times = Mapping[str, Mapping[str, list[float]]]
"""Of each peer, of each stage, the seconds of each round."""


def measured(peers: list[Peer], rounds: int) -> Times:
    """Every round of every peer; the peers take turns, and every other round goes backwards."""
    found: dict[str, dict[str, list[float]]] = {p.name: {s: [] for s in STAGES} for p in peers}
    for number in range(rounds):
        for peer in peers[:: 1 - 2 * (number % 2)]:
            for stage, action in peer.actions.items():
                if action is not None:
                    found[peer.name][stage].append(seconds(action))
    return found


def _cell(times: Times, peer: str, stage: str) -> str:
    """The best time, and of all rounds the middle part of docker-compose's time."""
    ours, yardstick = times[peer][stage], times.get(YARDSTICK, {}).get(stage, [])
    if not ours:
        return "-"
    parts = [one / other for one, other in zip(ours, yardstick, strict=False)]
    part = f" ({median(parts):.2f})" if parts and peer != YARDSTICK else ""
    return f"{min(ours):.2f} s{part}"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
