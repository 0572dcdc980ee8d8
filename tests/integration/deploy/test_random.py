"""Random sequences of deploys, kills and reboots on real Podman; the rules are those of the model.

Ten of eight steps by hand: `CAPAS_DEPLOY_RUNS=10 CAPAS_DEPLOY_STEPS=8`, from `CAPAS_DEPLOY_SEED`.
"""

from __future__ import annotations

import os
from contextlib import nullcontext
from random import Random

import pytest

from tests.integration.deploy.conftest import Project
from tests.integration.deploy.killing import deploy_and_kill
from tests.integration.deploy.load import steady_load

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]

RUNS = int(os.environ.get("CAPAS_DEPLOY_RUNS", "1"))
STEPS = int(os.environ.get("CAPAS_DEPLOY_STEPS", "4"))
SEED = os.environ.get("CAPAS_DEPLOY_SEED", "1")
SICK = "1.2"
APP = """
import http.server, signal, threading
VERSION = open("/site/version").read().encode()
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(503 if VERSION == b"1.2" else 200)
        self.send_header("Content-Length", str(len(VERSION)))
        self.end_headers()
        self.wfile.write(VERSION)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("", 5000), Handler)
server.daemon_threads = True
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
"""
WORKER = """
[services.worker]
image = "{app}"
command = ["python3", "/site/app.py"]
stop_grace_period = "1s"
healthcheck = {{ test = ["grep", "-v", "1.2", "/site/version"], interval = "100ms", retries = 4 }}
"""


class Shop:
    """Two services of one image in three versions, the last of them sick."""

    def __init__(self, project: Project, service: str, random: Random, *, proxy: str) -> None:
        self._project = project
        self._service = service
        self._random = random
        self._clean = True
        self._ingress_runs = True
        self._behind = bool(proxy)
        app = f"{project.name}-app"
        for version in ("1.0", "1.1", SICK):
            context = project.folder / version
            context.mkdir()
            (context / "version").write_text(version)
            (context / "app.py").write_text(APP)
            made = f"FROM {project.image}\nCOPY version app.py /site/\n"
            (context / "Containerfile").write_text(made)
        versions = "\n".join(
            f'[images.{app}.versions."{v}"]\ncontext = "../{v}"' for v in ("1.0", "1.1", SICK)
        )
        project.image = app
        ingress = {"port": project.port, "target": 5000, "image": proxy}
        project.write(
            versions + WORKER.format(app=app),
            command=["python3", "/site/app.py"],
            healthcheck={"http": ":5000/", "interval": "500ms", "retries": 4},
            stop_grace_period="2s",
            ports=None if proxy else [f"{project.port}:5000"],
            ingress=ingress if proxy else None,
        )
        project.run("build", "--all")
        self.must_end_well(["deploy", "--version", "1.0"])

    def must_end_well(self, command: list[str]) -> None:
        done = self._project.run(*command, check=False)
        assert done.returncode == 0, done.stderr
        self._must_be_whole(command)

    def _must_be_whole(self, command: list[str]) -> None:
        containers = self._project.status()
        assert not [name for name in containers if ".next" in name]
        assert {c["health"] for c in containers.values()} == {"healthy"}
        assert len({c["version"] for c in containers.values() if not c["ingress"]}) == 1
        if command[0] == "deploy":
            assert "nothing to do" in self._project.run(*command).stderr
        self._clean = True

    @property
    def up(self) -> bool:
        """Whether an ingress lets requests through now, and must go on to do so."""
        return self._behind and self._ingress_runs

    def step(self) -> str:
        """One command, perhaps disturbed; what it was."""
        what = self._random.choice(["deploy", "deploy", "deploy", "kill", "kill", "rollback",
                                    "reboot"])  # fmt: skip
        if what == "reboot":
            self._ingress_runs = False
            if running := self._running():
                self._project.podman("stop", "-t", "1", *running)
            return what
        command = ["deploy", "--version", self._random.choice(["1.0", "1.1", SICK])]
        command += ["--replicas", f"web={self._random.choice([1, 2])}"]
        if what == "rollback":
            command = ["rollback"]
        if what == "kill":
            self._kill(command)
            return f"kill {command}"
        before = self._running()
        self._ingress_runs = True
        done = self._project.run(*command, check=False)
        if done.returncode == 0:
            self._must_be_whole(command)
        elif self._clean and before and "no version to go back to" not in done.stderr:
            assert done.returncode == 1, done.stderr
            assert self._running() == before, done.stderr
        return f"{command} → {done.returncode}"

    def _kill(self, command: list[str]) -> None:
        deploy_and_kill(self._project, self._service, self._random.randrange(1, 16), *command)
        self._clean = False

    def _running(self) -> list[str]:
        label = f"label=io.github.capas.pipeline={self._project.name}"
        return sorted(self._project.podman("ps", "-q", "--filter", label).split())


@pytest.mark.parametrize("run", range(RUNS))
@pytest.mark.parametrize("behind", [False, True])
def test_a_random_sequence_keeps_what_serves(
    project: Project, service: str, proxy: str, behind: bool, run: int
) -> None:
    random = Random(f"{SEED}-{behind}-{run}")
    shop = Shop(project, service, random, proxy=proxy if behind else "")
    steps: list[str] = []
    try:
        for _ in range(STEPS):
            with steady_load(project.port, clients=2) if shop.up else nullcontext() as count:
                steps.append(shop.step())
            if count is not None and shop.up:
                assert count.failures == []
        shop.must_end_well(["deploy", "--version", "1.1"])
    except AssertionError as error:
        raise AssertionError(
            "\n".join([f"seed {SEED}-{behind}-{run}", *steps, str(error)])
        ) from error
