"""Databases keep what they acknowledged, and whatever does not keep it is found out.

`CAPAS_VERIFY_ROUNDS=200` is the long form.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.podman_writer import PodmanWriter
from pipeline.spec.load import load
from pipeline.verify import survival
from pipeline.verify.databases import DATABASES, Database
from pipeline.verify.experiment import ExperimentResult
from pipeline.verify.survival import ROUNDS, carry_out_databases
from pipeline.verify.world import World
from tests.integration.conftest import CHECKOUT, Capas, made_of_debian
from tests.integration.verify.conftest import nothing_left

pytestmark = pytest.mark.integration

BASES = CHECKOUT / "containers" / "bases.toml"
BY_NAME = {one.name: one for one in DATABASES}
SQLITE = BY_NAME["sqlite"]


@dataclass(frozen=True)
class Databases:
    """References of images with each kind of database."""

    postgresql: str
    redis: str
    sqlite: str

    def server(
        self, folder: str = 'volumes = ["pg:/var/lib/postgresql/data"]', run: str = ""
    ) -> str:
        return (
            f'[services.db]\nimage = "{self.postgresql}"\n{folder}\n{run}\n'
            '[services.db.healthcheck]\ntest = ["pg_isready", "-q"]\ninterval = "100ms"\n'
            "retries = 200\n[volumes.pg]\n"
        )

    def memory(self, folder: str = 'volumes = ["kept:/data"]', run: str = "") -> str:
        return (
            f'[services.cache]\nimage = "{self.redis}"\n{folder}\n{run}\n'
            '[services.cache.healthcheck]\ntcp = 6379\ninterval = "100ms"\nretries = 100\n'
            "[volumes.kept]\n"
        )

    def file(self, folder: str = 'volumes = ["data:/data"]') -> str:
        program = (
            "import sqlite3, time; file = sqlite3.connect('/data/kept');"
            " file.execute('PRAGMA journal_mode = WAL'); file.execute('PRAGMA user_version = 1');"
            " time.sleep(1000)"
        )
        command = json.dumps(["python3", "-c", program])
        return (
            f'[services.web]\nimage = "{self.sqlite}"\ncommand = {command}\n{folder}\n'
            'healthcheck = { test = ["test", "-s", "/data/kept"], interval = "50ms" }\n'
            "[volumes.data]\n"
        )


@pytest.fixture(scope="module")
def databases(
    tmp_path_factory: pytest.TempPathFactory, environment: Mapping[str, str], small_base: str
) -> Databases:
    def made(image: str) -> str:
        context = tmp_path_factory.mktemp(image)
        return made_of_debian(BASES, image, f"localhost/verify-{image}:1", context, environment)

    return Databases(made("postgres"), made("redis"), small_base)


def written(folder: Path, *parts: str) -> Path:
    (folder / "specs").mkdir()
    path = folder / "specs" / "kept.toml"
    path.write_text('name = "kept"\n' + "\n".join(parts))
    return path


def seen(one: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(step["text"], step["found"]) for step in one["steps"] if step["kind"] == "see"]


def test_every_acknowledged_commit_is_kept_by_the_volume_and_only_by_it(
    databases: Databases,
    capas: Capas,
    api: PodmanWriter,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    rounds = int(os.environ.get("CAPAS_VERIFY_ROUNDS", ROUNDS))
    written(tmp_path, databases.server(), databases.memory(run=ALWAYS), databases.file())
    only = [word for name in BY_NAME for word in ("--only", name)]
    asked = ("verify", *only, "--rounds", str(rounds), "--format", "json")
    done = capas(*asked, cwd=tmp_path, check=False)
    assert done.stdout, done.stderr
    results = {one["name"]: one for one in json.loads(done.stdout)["experiments"]}
    assert {
        name: (one["verdict"], one["reason"]) for name, one in results.items()
    } == dict.fromkeys(BY_NAME, ("held", ""))
    for one in results.values():
        *_, acknowledged, twice, intact, without = seen(one)
        assert acknowledged[0] == "acknowledged commits that are there"
        assert int(acknowledged[1]) >= 30 * rounds
        assert (twice[1], intact[1], without[1]) == ("0", "ok", "0")
        assert without[0].startswith(f"acknowledged commits of {acknowledged[1]} ")
        record_property(one["name"], f"{acknowledged[1]} commits in {one['seconds']} s")
    nothing_left(api)


class Meddling(World):
    """Something happens to the data of SQLite between two containers."""

    script = ""

    def deploy(self, back_to: int = 0) -> None:
        super().deploy(back_to)
        opened = "import sqlite3; file = sqlite3.connect('/data/kept', isolation_level=None);"
        argv = ["python3", "-c", f"{opened} file.executescript({self.script!r})"]
        self.api.execute(self.running("web").name, argv)


class Losing(Meddling):
    script = "DELETE FROM capas_experiment WHERE n = (SELECT max(n) - 7 FROM capas_experiment)"


class Doubling(Meddling):
    script = "INSERT INTO capas_experiment SELECT max(n) - 7 FROM capas_experiment"


class Damaging(Meddling):
    script = (
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, '(n)',"
        " '(n DESC)') WHERE name = 'capas_experiment_n'"
    )


class Hoarding(World):
    """A volume is never removed."""

    def remove_volumes(self, service: str) -> None:
        self.remove(self.containers())


class Clinging(World):
    """No container is removed."""

    def remove(self, containers: Any) -> None:
        pass


LIES = replace(SQLITE, write=(*SQLITE.write[:2], SQLITE.write[2].replace("'COMMIT'", "'ROLLBACK'")))
MEMORY = 'volumes = [{ type = "tmpfs", target = "/data" }]'
ALWAYS = (
    'command = ["redis-server", "--dir", "/data", "--appendonly", "yes", "--appendfsync", "always"]'
)
FORGETS = 'command = ["redis-server", "--dir", "/data", "--save", ""]'
UNSAFE = (
    'command = ["sh", "-c", "sed \'s/^exec postgres/& -c fsync=off/\' /usr/local/bin/start >'
    ' /tmp/start; exec sh /tmp/start"]'
)


def tried(
    spec: Path, uri: str, environment: Mapping[str, str], database: Database, make: type[World]
) -> ExperimentResult:
    (result,) = carry_out_databases(
        [database],
        uri,
        load(spec, {}),
        environment,
        versions={},
        rounds=1,
        asked=True,
        tell=lambda _: None,
        make=make,
    )
    return result


@pytest.mark.parametrize(
    ("database", "make", "found"),
    [
        (LIES, World, "acknowledged commits that are there: expected"),
        (SQLITE, Losing, "acknowledged commits that are there: expected"),
        (SQLITE, Doubling, "commits that are there twice: expected 0, found 1 ("),
        (SQLITE, Damaging, "its integrity check: expected ok, found"),
        (SQLITE, Clinging, "the container that runs now: expected a new one, found the old one"),
        (SQLITE, Hoarding, "that are there without the volume: expected 0, found"),
    ],
)
def test_a_file_that_is_not_kept_is_found_out(
    database: Database,
    make: type[World],
    found: str,
    *,
    databases: Databases,
    service: str,
    environment: Mapping[str, str],
    api: PodmanWriter,
    tmp_path: Path,
) -> None:
    spec = written(tmp_path, databases.file())
    result = tried(spec, service, environment, database, make)
    assert (result.verdict, found in result.reason) == ("refuted", True), result.reason
    nothing_left(api)


def test_what_is_no_volume_keeps_nothing(
    databases: Databases,
    service: str,
    environment: Mapping[str, str],
    api: PodmanWriter,
    tmp_path: Path,
) -> None:
    spec = written(tmp_path, databases.file(MEMORY))
    result = tried(spec, service, environment, SQLITE, World)
    assert result.verdict == "refuted"
    assert "found 0 (lost: 1000000, " in result.reason
    assert "web has no volume, only a tmpfs in memory" in result.reason
    nothing_left(api)


def test_redis_without_an_append_only_file_is_told_what_to_set(
    databases: Databases, service: str, environment: Mapping[str, str], tmp_path: Path
) -> None:
    spec = written(tmp_path, databases.memory(run=FORGETS))
    result = tried(spec, service, environment, BY_NAME["redis"], World)
    assert result.verdict == "refuted"
    assert "found 0 (lost: 1000000, " in result.reason
    assert "appendonly = no; set `--appendonly yes`" in result.reason
    assert "appendfsync = everysec; set `--appendfsync always`" in result.reason
    assert "note appendfsync = everysec: the last writes may be lost" in str(result.steps)


def test_redis_that_is_a_cache_is_no_failure(
    databases: Databases, service: str, environment: Mapping[str, str], tmp_path: Path
) -> None:
    spec = written(tmp_path, databases.memory("", FORGETS))
    result = tried(spec, service, environment, BY_NAME["redis"], World)
    assert (result.verdict, "cache is a cache" in result.reason) == ("untried", True)


def test_a_switch_that_only_a_power_cut_shows_is_found_out(
    databases: Databases, service: str, environment: Mapping[str, str], tmp_path: Path
) -> None:
    spec = written(tmp_path, databases.server(run=UNSAFE))
    result = tried(spec, service, environment, BY_NAME["postgresql"], World)
    assert result.verdict == "refuted", result.reason
    assert "fsync: expected not off, found off" in result.reason
    kept = [s for s in result.steps if s.text == "acknowledged commits that are there"]
    assert [step.contradicts for step in kept] == [False]


def test_a_database_that_was_not_killed_proves_nothing(
    databases: Databases,
    service: str,
    environment: Mapping[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(survival, "_ENDS", 1.0)  # a deadline; all that it waits for is real
    spec = written(tmp_path, databases.memory())
    spared = replace(BY_NAME["redis"], end=("/bin/sh", "-c", ":"))
    result = tried(spec, service, environment, spared, World)
    assert (result.verdict, "still writes" in result.reason) == ("failed", True), result.reason
