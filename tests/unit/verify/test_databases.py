"""How databases are recognised, and how what is there is compared with what was acknowledged."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.spec.model import Image, Mount, Pipeline, Service, Version
from pipeline.verify.databases import (
    DATABASES,
    FINE,
    SQLITE_FILES,
    Tally,
    broken_promises,
    compared,
    numbers,
    server_of,
    settings_of,
    weak_promises,
)
from pipeline.verify.recognised import may_have_one
from pipeline.verify.run import select_all
from pipeline.verify.subject import versions_built

BY_NAME = {one.name: one for one in DATABASES}


@pytest.mark.parametrize(
    ("acknowledged", "there", "tally"),
    [
        ([1, 2, 3], [3, 1, 2], Tally(3, 3)),
        ([1, 2, 3], [1, 3], Tally(3, 2, lost=(2,))),
        ([1, 2], [1, 2, 2, 1, 1], Tally(2, 2, twice=(1, 2))),
        ([1, 2], [1, 2, 3], Tally(2, 2, unanswered=1)),
        ([1, 2], [3, 3], Tally(2, 0, lost=(1, 2), twice=(3,), unanswered=1)),
        ([1, 2], [], Tally(2, 0, lost=(1, 2))),
        ([], [], Tally(0, 0)),
    ],
)
def test_what_was_acknowledged_is_compared_with_what_is_there(
    acknowledged: Sequence[int], there: Sequence[int], tally: Tally
) -> None:
    assert compared(acknowledged, there) == tally


def test_only_numbers_that_stand_alone_are_read() -> None:
    assert numbers("12\n\n 7 \r\nWARNING: x1\n-3\n") == [12, 7]


@pytest.mark.parametrize(
    ("commands", "name"),
    [
        (["postgres -D /var/lib/postgresql/data", "postgres: checkpointer"], "postgresql"),
        (["/sbin/init", "/usr/lib/postgresql/15/bin/postgres -D /d"], "postgresql"),
        (["postgres: walwriter "], "postgresql"),
        (["redis-server 0.0.0.0:6379"], "redis"),
        (["/usr/bin/redis-server *:6379"], "redis"),
        (["python3 /main.py redis-server"], None),
        (["psql -c postgres", "redis-cli"], None),
        (["", "sh"], None),
    ],
)
def test_a_server_is_known_by_its_process(commands: Sequence[str], name: str | None) -> None:
    found = server_of(commands, DATABASES)
    assert (found.name if found else None) == name


def test_settings_on_which_the_promise_depends_are_told() -> None:
    values = settings_of("fsync=off\nfull_page_writes=on\r\nsynchronous_commit=off\nNOTICE\n")
    assert values == {"fsync": "off", "full_page_writes": "on", "synchronous_commit": "off"}
    broken = [one.name for one in broken_promises(BY_NAME["postgresql"], values)]
    assert broken == ["fsync", "synchronous_commit"]
    redis = {"appendonly": "yes", "appendfsync": "everysec", "save": ""}
    assert list(broken_promises(BY_NAME["redis"], redis)) == []
    assert [one.name for one in weak_promises(BY_NAME["redis"], redis)] == ["appendfsync"]
    assert [one.name for one in broken_promises(BY_NAME["redis"], {"appendonly": "no"})] == [
        "appendonly"
    ]
    assert list(weak_promises(BY_NAME["redis"], {**redis, "appendfsync": "always"})) == []


def test_experiments_with_databases_are_chosen_by_name() -> None:
    assert select_all((), ()).databases == DATABASES
    meant = select_all(["sqlite", "replicas"], ())
    assert [e.name for e in (*meant.built_in, *meant.databases)] == ["replicas", "sqlite"]
    assert select_all(["immutable"], ()).databases == ()


def spec(*services: Service) -> Pipeline:
    folder = Path("/project")
    versions = {v: Version("web", v, folder, folder / "Containerfile") for v in ("1", "2", "3")}
    return Pipeline(
        "shop",
        folder / "shop.toml",
        folder,
        images={"web": Image("web", versions)},
        services={one.name: one for one in services},
    )


def test_a_copy_is_made_only_where_there_may_be_a_database() -> None:
    web = Service("web", "web", built_here=True)
    assert not may_have_one(spec(web))
    bind = Service("web", "web", built_here=True, mounts=(Mount("bind", "/project", "/p"),))
    assert not may_have_one(spec(bind))
    kept = Service("web", "web", built_here=True, mounts=(Mount("volume", "data", "/data"),))
    assert may_have_one(spec(web, kept))
    assert may_have_one(spec(Service("db", "docker.io/library/postgres:16", built_here=False)))
    batch = Service("b", "redis:7", built_here=False, profiles=("batch",))
    assert not may_have_one(spec(batch))


def test_a_copy_runs_the_version_that_is_asked_for_or_the_newest_that_is_built() -> None:
    plain = Service("plain", "web", built_here=True)
    pinned = Service("pinned", "web", built_here=True, version="3")
    other = Service("other", "redis:7", built_here=False)
    pipeline = spec(plain, pinned, other)
    built = {"localhost/web:1", "localhost/web:2"}
    assert versions_built(pipeline, built, None) == {"plain": "2"}
    assert versions_built(pipeline, built, "1") == {"plain": "1", "pinned": "1"}
    assert versions_built(pipeline, set(), "9") == {}


@pytest.mark.parametrize("name", BY_NAME)
def test_every_script_is_one(name: str) -> None:
    one = BY_NAME[name]
    for argv in (one.ready, one.write, one.found, one.intact, one.told, one.end, SQLITE_FILES):
        if argv[0] == "/bin/sh":
            shell = ["/bin/sh", "-n", "-c", argv[2]]
            done = subprocess.run(shell, capture_output=True, text=True, check=True)
            assert done.stderr == ""
        else:
            compile(argv[2], name, "exec")


def test_the_commands_for_sqlite_write_find_and_check(tmp_path: Path) -> None:
    sqlite = BY_NAME["sqlite"]
    path = str(tmp_path / "a b.db")

    def run(argv: Sequence[str], *more: str) -> str:
        done = subprocess.run([*argv, path, *more], capture_output=True, text=True, check=True)
        return done.stdout

    assert (run(sqlite.ready), run(sqlite.ready)) == ("", "")
    with subprocess.Popen(
        [*sqlite.write, path, "100"], stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdout is not None
        process = client.stdout.readline().strip()
        printed = [int(client.stdout.readline()) for _ in range(5)]
        run(sqlite.end, process)
        printed += [int(line) for line in client.stdout.read().splitlines()]
        assert client.wait(10) == -signal.SIGKILL
    assert int(process) == client.pid
    assert printed == list(range(100, 100 + len(printed)))
    assert compared(printed, numbers(run(sqlite.found))).lost == ()
    assert run(sqlite.intact).splitlines()[-1] == FINE
    assert settings_of(run(sqlite.told)) == {"journal_mode": "delete"}
    with sqlite3.connect(path) as file:
        file.execute("INSERT INTO capas_experiment VALUES (100)")
    file.close()
    assert compared(printed, numbers(run(sqlite.found))).twice == (100,)


def test_sqlite_files_are_known_by_how_they_begin(tmp_path: Path) -> None:
    deep = tmp_path / "deep" / "in"
    deep.mkdir(parents=True)
    for path in (deep / "tweets", tmp_path / "a b.db"):
        file = sqlite3.connect(path)
        file.execute("CREATE TABLE t (n)")
        file.close()
    (tmp_path / "other.db").write_bytes(b"")
    (tmp_path / "text.sqlite").write_bytes(b"SQLite format \0 3")
    shutil.copy(tmp_path / "a b.db", tmp_path / "closed.db")
    os.mkfifo(tmp_path / "pipe.db")
    argv = [*SQLITE_FILES, str(tmp_path), "/nonexistent"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    found = sorted(done.stdout.splitlines())
    assert found == [str(tmp_path / name) for name in ("a b.db", "closed.db", "deep/in/tweets")]
    assert done.stderr == ""
