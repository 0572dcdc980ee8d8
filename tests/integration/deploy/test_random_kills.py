"""Killed at random: after each kill one `deploy` ends healthy, and no acknowledged write is lost.

A few rounds that are known to hurt run always. `CAPAS_KILL_ROUNDS=200` runs so many at random
(`CAPAS_KILL_SEED` repeats a run), half of them behind an ingress. "Everything" is everything of
this test's own store: it has a run root of its own, so that the tests themselves live on.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.integration.conftest import CHECKOUT, Capas, capas_on, made_of_debian
from tests.integration.deploy.conftest import Project, fetch
from tests.integration.deploy.havoc import Ledger, Session, Whom, strike, writing
from tests.integration.storage import Store, session_store

ROUNDS = int(os.environ.get("CAPAS_KILL_ROUNDS", "0"))
SEED = os.environ.get("CAPAS_KILL_SEED", "")
pytestmark = [pytest.mark.integration, pytest.mark.timeout(300 + 300 * ROUNDS)]

KILL, TERM, STOP = signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP
_ACTIONS = ("deploy", "deploy", "scale", "rollback", "restart", "stop", "down", "nothing")
_WHOM: tuple[Whom, ...] = (
    "capas", "group", "everything", "all but monitors", "monitor", "monitors", "forwarder",
    "forwarders", "service", "replica",
)  # fmt: skip
_ENDS = 90.0
"""Seconds that a struck command has to end in, and a deploy on a busy machine."""
_A_PERSON = "`podman system migrate` repairs it and stops those containers"


@dataclass(frozen=True)
class Round:
    """What is begun, and what happens to whom meanwhile.

    Attributes:
        after: seconds from the beginning to the blow.
        freeze: seconds until what was stopped goes on.
    """

    action: str
    whom: Whom
    number: signal.Signals = KILL
    after: float = 0.0
    freeze: float = 2.0

    def __str__(self) -> str:
        frozen = f" for {self.freeze:.1f} s" if self.number == STOP else ""
        return f"{self.action}: {self.number.name} to {self.whom}{frozen} at {self.after:.2f} s"


@dataclass
class Victim:
    """A pipeline that is killed again and again, and what became of it."""

    project: Project
    store: Store
    ingress_image: str = ""
    rng: random.Random = field(default_factory=random.Random)
    version: int = 0
    by_a_person: int = 0

    @property
    def session(self) -> Session:
        return Session(self.store)

    def write(self) -> None:
        """The spec in its present version."""
        ingress = {"port": self.project.port, "target": 5000, "image": self.ingress_image}
        self.project.write(
            "[volumes.data]",
            command=["python3", "/app/ledger.py"],
            environment={"APP_VERSION": f"v{self.version}"},
            volumes=["../app:/app:ro", "data:/data"],
            ports=None if self.ingress_image else [f"{self.project.port}:5000"],
            ingress=ingress if self.ingress_image else None,
            healthcheck={"http": ":5000/", "interval": "200ms", "retries": 50},
            stop_grace_period="3s",
        )

    def begin(self, action: str) -> subprocess.Popen[str]:
        words = {"scale": ["scale", f"web={self.rng.choice((1, 3))}"]}.get(action, [action])
        if action == "deploy":
            self.version += 1
            self.write()
        argv = [sys.executable, "-m", "pipeline", *words]
        if action == "nothing":
            argv = ["sleep", "0.1"]
        return subprocess.Popen(
            argv,
            cwd=self.project.folder,
            env={**self.project.environment, "PYTHONPATH": str(CHECKOUT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        )

    def suffer(self, one: Round) -> str:
        """Begin, strike, wait for the end; what it said."""
        process = self.begin(one.action)
        try:
            with suppress(subprocess.TimeoutExpired):
                process.wait(one.after)
            victims = self.session.victims(one.whom, process.pid, self.rng)
            strike(victims, one.number, one.freeze)
            said, _ = process.communicate(timeout=_ENDS)
        except subprocess.TimeoutExpired:
            process.kill()
            pytest.fail(f"{one}: it does not end\n{process.communicate()[0]}")
        assert "Traceback" not in said, f"{one}\n{said}"
        assert "capas itself failed" not in said, f"{one}\n{said}"
        return said

    def must_heal(self, one: Round, said: str) -> None:
        """One deploy ends healthy, or says in words what only a person can do."""
        done = self.project.run("deploy", check=False)
        if done.returncode and _A_PERSON in done.stderr:
            self.by_a_person += 1
            self.project.podman("system", "migrate", check=False)
            done = self.project.run("deploy", check=False)
        told = f"{one}\n--- it said\n{said}\n--- deploy\n{done.stdout}{done.stderr}"
        assert done.returncode == 0, told
        rows = self.project.status().values()
        states = {row["container"]: (row["state"], row["health"], row["fault"]) for row in rows}
        assert set(states.values()) == {("running", "healthy", None)}, f"{states}\n{told}"
        assert len(states) == (3 if self.ingress_image else 2), f"{states}\n{told}"
        for url in (url for row in rows for url in row["urls"]):
            assert fetch(url) == f"v{self.version}", told

    def must_be_kept(self, ledger: Ledger) -> None:
        """Every acknowledged write is on the volume."""
        told = set(ledger.kept)  # it goes on being written
        assert told
        text = self.project.podman("exec", f"{self.project.name}-web-1", "cat", "/data/ledger")
        lost = told - {int(line) for line in text.split()}
        assert not lost, f"{len(lost)} of {len(told)} acknowledged writes are lost"

    def must_leave_nothing(self, eventually: Callable[..., None]) -> None:
        """After `down`: no container, network, secret, socket or process."""
        self.project.run("down")
        podman = self.project.podman
        assert podman("ps", "-aq", "--external") == ""
        assert podman("secret", "ls", "-q") == ""
        assert podman("network", "ls", "--format={{.Name}}").split() == ["podman"]
        assert list(self.store.runtime.glob("capas-*.sock")) == []
        with suppress(AssertionError):
            eventually(lambda: self.left() == [], 20)
        assert self.left() == []

    def left(self) -> list[str]:
        """Processes but those that hold the user's namespaces."""
        there = self.session.processes().values()
        return [
            p.words.replace(b"\0", b" ").decode(errors="replace")
            for p in there
            if p.name not in ("catatonit", "podman pause")
        ]


@pytest.fixture(scope="module")
def apart() -> Iterator[Store]:
    """A store whose processes may all be killed."""
    with session_store(os.environ) as made:
        yield made


@pytest.fixture(scope="module")
def images(apart: Store, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """A base with Python, and an ingress, on that store."""
    found = {}
    for name, spec in (("python-base", "specs/pytweets.toml"), ("proxy", "containers/bases.toml")):
        context = tmp_path_factory.mktemp(name)
        reference = f"localhost/capas-test-{name}:1"
        found[name] = made_of_debian(CHECKOUT / spec, name, reference, context, apart.environment)
    return found


@pytest.fixture
def victim_of(
    request: pytest.FixtureRequest,
    *,
    tmp_path: Path,
    apart: Store,
    images: Mapping[str, str],
    free_port: int,
) -> Callable[[bool], Victim]:
    """Makes a pipeline that is up, with ports or behind an ingress."""

    def make(behind: bool) -> Victim:
        capas: Capas = capas_on(apart.environment)
        name = f"k{abs(hash(request.node.nodeid)) % 10**8}"
        base = images["python-base"]
        project = Project(name, tmp_path, capas, apart.environment, base, free_port)
        (tmp_path / "app").mkdir()
        source = Path(__file__).parent / "app" / "ledger.py"
        (tmp_path / "app" / "ledger.py").write_text(source.read_text())
        made = Victim(project, apart, images["proxy"] if behind else "")
        made.write()
        project.run("deploy")
        return made

    return make


HURT: Mapping[bool, tuple[Round, ...]] = {
    False: (
        Round("nothing", "everything"),
        Round("nothing", "forwarders"),
        Round("deploy", "everything", after=2.0),
        Round("nothing", "monitors"),
    ),
    True: (
        Round("nothing", "monitors"),
        Round("restart", "everything", after=1.0),
        Round("deploy", "service", STOP, after=1.0),
    ),
}
"""What ended in a command that failed for ever, or in "nothing to do" over what was not reached."""


@pytest.mark.parametrize("behind", [False, True], ids=["ports", "ingress"])
def test_what_is_known_to_hurt_is_healed_by_one_deploy(
    victim_of: Callable[[bool], Victim], eventually: Callable[..., None], behind: bool
) -> None:
    victim = victim_of(behind)
    with writing(range(victim.project.port, victim.project.port + 10)) as ledger:
        for one in HURT[behind]:
            victim.must_heal(one, victim.suffer(one))
        victim.must_be_kept(ledger)
    assert victim.by_a_person == 0
    victim.must_leave_nothing(eventually)


@pytest.mark.parametrize("behind", [False, True], ids=["ports", "ingress"])
def test_whatever_is_killed_at_random_one_deploy_heals(
    victim_of: Callable[[bool], Victim], eventually: Callable[..., None], behind: bool
) -> None:
    victim = victim_of(behind)
    seed = SEED or str(time.time_ns())
    victim.rng.seed(f"{seed} {behind}")
    log = sys.__stderr__
    with writing(range(victim.project.port, victim.project.port + 10)) as ledger:
        for number in range(1, ROUNDS // 2 + 1):
            one = Round(
                victim.rng.choice(_ACTIONS),
                victim.rng.choice(_WHOM),
                victim.rng.choice((KILL, KILL, KILL, TERM, STOP)),
                after=victim.rng.uniform(0, 4),
                freeze=victim.rng.uniform(0.5, 5),
            )
            begin = time.monotonic()
            victim.must_heal(one, victim.suffer(one))
            if log is not None:
                told = f"seed {seed} round {number}: {one}: {time.monotonic() - begin:.1f} s"
                print(told, file=log, flush=True)
            if number % 5 == 0:
                victim.must_be_kept(ledger)
                assert "nothing to do" in victim.project.run("deploy").stderr
        victim.must_be_kept(ledger) if ROUNDS else None
    if log is not None and ROUNDS:
        numbers = json.dumps({"kept": len(ledger.kept), "failed": ledger.failed})
        print(f"seed {seed}: {numbers}, by a person {victim.by_a_person}", file=log, flush=True)
    victim.must_leave_nothing(eventually)
