"""Backup and restore of real volumes: the files of SQLite and PostgreSQL, and kills half way."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pipeline.build.rootfs.rootfs import prepare_rootfs
from pipeline.engine import command
from pipeline.engine.buildah import build_argv
from pipeline.spec.load import load
from pipeline.spec.model import ROOTFS_TAR
from tests.integration.volumes.conftest import CHECKOUT, Make, Project, fill

pytestmark = pytest.mark.integration


def test_data_comes_back_as_it_was_and_nothing_is_replaced_unasked(
    project: Make, small_base: str
) -> None:
    run = project("vol-plain", "")
    fill(run, "vol-plain_data", small_base, "first")
    before = run.content("vol-plain_data")
    assert "vol-plain_data" in run("volume.list").stdout
    path = run("volume.backup", "data", "--output", "b.tar.gz").stdout.strip()
    again = run("volume.backup", "data", "--output", "again.tar.gz").stdout.strip()
    assert Path(path).read_bytes() == Path(again).read_bytes()
    run("volume.backup", "data", "--output", "b.tar.gz", code=2)

    refused = run("volume.restore", "data", path, code=3)
    assert "there is data" in refused.stderr
    fill(run, "vol-plain_data", small_base, "second")
    assert run.content("vol-plain_data") != before
    run("volume.restore", "data", path, "--force")
    assert run.content("vol-plain_data") == before

    assert "--yes" in run("volume.rm", "data", code=3).stderr
    run("volume.rm", "data", "--yes")
    assert json.loads(run("volume.list", "--format", "json").stdout)["volumes"][0]["there"] is False
    run("volume.restore", "data", path)
    assert run.content("vol-plain_data") == before
    mode = run.podman(
        "run", "--rm", "--volume=vol-plain_data:/d", small_base, "stat", "-c%a %u", "/d", "/d/sub"
    )
    assert mode.split() == ["700", "0", "755", "70"]


def test_a_damaged_backup_changes_nothing(project: Make, small_base: str) -> None:
    run = project("vol-damaged", "")
    fill(run, "vol-damaged_data", small_base, "kept")
    path = Path(run("volume.backup", "data", "--output", "b.tar.gz").stdout.strip())
    before = run.content("vol-damaged_data")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "damaged" in run("volume.restore", "data", str(path), "--force", code=1).stderr
    Path(f"{path}.sha256").unlink()
    assert "damaged" in run("volume.restore", "data", str(path), "--force", code=1).stderr
    assert run.content("vol-damaged_data") == before


def test_a_restore_killed_at_any_moment_leaves_the_old_or_the_new_content(
    project: Make, small_base: str
) -> None:
    run = project("vol-killed", "")
    fill(run, "vol-killed_data", small_base, "new", megabytes=10)
    new = run.content("vol-killed_data")
    path = run("volume.backup", "data", "--output", "new.tar.gz").stdout.strip()
    fill(run, "vol-killed_data", small_base, "old", megabytes=10)
    old_path = run("volume.backup", "data", "--output", "old.tar.gz").stdout.strip()
    old = run.content("vol-killed_data")
    began = time.monotonic()
    run("volume.restore", "data", old_path, "--force")
    whole = time.monotonic() - began
    for number in range(4):
        process = run.start("volume.restore", "data", path, "--force")
        time.sleep(whole * (0.3 + 0.7 * random.random()))  # the moment itself is what is tried
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        found = run.content("vol-killed_data")
        assert found in (old, new), number
        run("volume.restore", "data", old_path, "--force")
        assert run.content("vol-killed_data") == old
    folder = Path(
        run.podman("volume", "inspect", "--format={{.Mountpoint}}", "vol-killed_data").strip()
    )
    assert [entry.name for entry in folder.parent.iterdir()] == ["_data"]


def test_a_backup_that_is_killed_leaves_no_half_file(project: Make, small_base: str) -> None:
    run = project("vol-half", "")
    fill(run, "vol-half_data", small_base, "x", megabytes=30)
    process = run.start("volume.backup", "data", "--output", "half.tar.gz")
    deadline = time.monotonic() + 30
    while not list(run.folder.glob(".half.tar.gz.*")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGTERM)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert list(run.folder.glob("*half*")) == []
    assert list(run.folder.glob(".*half*")) == []


def test_what_a_backup_left_that_was_killed_is_swept_by_the_next_one(
    project: Make, small_base: str
) -> None:
    run = project("vol-swept", "")
    fill(run, "vol-swept_data", small_base, "x", megabytes=30)
    process = run.start("volume.backup", "data", "--output", "half.tar.gz")
    deadline = time.monotonic() + 30
    while not (left := list(run.folder.glob(".half.tar.gz.*"))):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    assert left[0].exists()
    run("volume.backup", "data", "--output", "half.tar.gz")
    names = sorted(path.name for path in run.folder.glob("*half*"))
    assert names == ["half.tar.gz", "half.tar.gz.sha256"]
    assert list(run.folder.glob(".half*")) == []


def test_a_backup_of_a_terabyte_of_holes_is_refused_before_anything_is_written(
    project: Make, small_base: str
) -> None:
    run = project("vol-holes", "")
    fill(run, "vol-holes_data", small_base, "kept")
    before = run.content("vol-holes_data")
    with (run.folder / "disk").open("wb") as file:
        file.truncate(1 << 43)
    argv = ["tar", "-czf", "holes.tar.gz", "--format=posix", "--sparse", "disk"]
    subprocess.run(argv, cwd=run.folder, check=True)
    assert (run.folder / "holes.tar.gz").stat().st_size < 10_000
    (run.folder / "disk").unlink()
    began = time.monotonic()
    said = run("volume.restore", "data", "holes.tar.gz", "--force", code=1).stderr
    assert time.monotonic() - began < 30
    assert "does not fit on this disk" in said
    assert "8.80 TB" in said
    assert run.content("vol-holes_data") == before


def test_a_volume_in_use_is_neither_replaced_nor_removed(project: Make, small_base: str) -> None:
    service = f'[services.web]\nimage = "{small_base}"\nvolumes = ["data:/d"]\n'
    run = project("vol-used", service + 'command = ["sleep", "1000"]\nstop_grace_period = "0s"\n')
    run("deploy")
    path = run("volume.backup", "data", "--live", "--output", "b.tar.gz").stdout.strip()
    assert "in use" in run("volume.restore", "data", path, "--force", code=3).stderr
    assert "in use" in run("volume.rm", "data", "--yes", code=3).stderr
    run("volume.backup", "data", "--stop", "--output", "c.tar.gz")
    state = run.podman("inspect", "--format={{.State.Status}}", "vol-used-web-1")
    assert state.strip() == "running"


def test_no_tweet_that_was_accepted_is_lost(
    project: Make, environment: Mapping[str, str], small_base: str
) -> None:
    context = CHECKOUT / "containers" / "pytweets" / "1.2"
    build(environment, context, "localhost/vol-pytweets:1.2", {"BASE": small_base})
    run = project(
        "vol-tweets",
        '[services.web]\nimage = "localhost/vol-pytweets:1.2"\nreplicas = 2\n'
        'ports = ["18840:5000"]\nvolumes = ["data:/data"]\n'
        'healthcheck = { http = ":5000/healthz" }\n',
    )
    run("deploy")
    ports = [
        int(line.split(":")[1].split("-")[0])
        for line in run.podman("ps", "--filter=name=vol-tweets", "--format={{.Ports}}").splitlines()
    ]
    accepted: list[str] = []
    done = threading.Event()

    def post(port: int) -> None:
        number = 0
        while not done.is_set():
            text = f"{port}-{number}"
            number += 1
            try:
                if tweet(port, text):
                    accepted.append(text)
            except (OSError, http.client.HTTPException):
                done.wait(0.05)  # stopped for the backup

    threads = [threading.Thread(target=post, args=(port,)) for port in ports]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(accepted) > 20)
    before = list(accepted)
    path = run("volume.backup", "data", "--stop", "--output", "b.tar.gz").stdout.strip()
    count = len(accepted)
    wait_for(lambda: len(accepted) > count + 5)
    done.set()
    for thread in threads:
        thread.join()
    assert set(accepted) <= set(tweets(ports[0]))

    run("down")
    run("volume.restore", "data", path, "--force")
    run("deploy")
    assert set(before) <= set(tweets(ports[0]))


def test_an_upgrade_is_preceded_by_a_backup_of_the_volume(project: Make, small_base: str) -> None:
    base = f'context = "../context", args = {{ BASE = "{small_base}" }}'
    run = project(
        "vol-upgrade",
        f'[images.app.versions]\n"1" = {{ {base} }}\n"2" = {{ {base}, labels = {{ v = "2" }} }}\n'
        '[services.web]\nimage = "app"\nports = ["18860:5000"]\n'
        'volumes = ["data:/data"]\nhealthcheck = { http = ":5000/healthz" }\n',
    )
    shutil.copytree(CHECKOUT / "containers" / "pytweets" / "1.2", run.folder / "context")
    spec = run.folder / "specs" / "vol-upgrade.toml"
    spec.write_text(spec.read_text() + "backup_before_upgrade = true\n")
    run("build")
    assert "backed up" not in run("deploy", "--version", "1").stderr
    assert tweet(18860, "before the upgrade")
    told = re.search(r"is backed up: (\S+)", run("deploy", "--version", "2").stderr)
    assert told
    assert tweet(18860, "after the upgrade")
    run("down")
    run("volume.restore", "data", told[1], "--force")
    run("deploy")
    assert tweets(18860) == ["before the upgrade"]


def test_postgresql_finds_every_row_after_a_restore(
    project: Make, environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    (version,) = (
        load(CHECKOUT / "containers" / "bases.toml", {}).images["postgres"].versions.values()
    )
    assert version.rootfs is not None
    context = tmp_path_factory.mktemp("postgres")
    shutil.copytree(version.context, context, dirs_exist_ok=True)
    os.link(
        shutil.copyfile(
            prepare_rootfs(version.rootfs, os.environ, tell=lambda _: None), context / "copy"
        ),
        context / ROOTFS_TAR,
    )
    build(environment, context, "localhost/vol-postgres:15", {})
    run = project(
        "vol-rows",
        '[services.db]\nimage = "localhost/vol-postgres:15"\nports = ["18850:5432"]\n'
        'volumes = ["data:/var/lib/postgresql/data"]\n'
        'healthcheck = { test = ["pg_isready", "-q"], retries = 60 }\n',
    )
    run("deploy")
    query = "SELECT count(*), md5(string_agg(t, ',' ORDER BY n)) FROM rows"
    psql(run, "CREATE TABLE rows (n serial, t text)")
    psql(run, "INSERT INTO rows (t) SELECT md5(g::text) FROM generate_series(1, 50000) g")
    before = psql(run, query)
    path = run("volume.backup", "data", "--stop", "--output", "b.tar.gz").stdout.strip()
    wait_for(lambda: psql(run, query, check=False) == before)  # it was started again
    psql(run, "DELETE FROM rows")
    run("down")
    run("volume.restore", "data", path, "--force")
    run("deploy")
    assert psql(run, query) == before


def build(
    environment: Mapping[str, str],
    context: Path,
    reference: str,
    args: Mapping[str, str],
) -> None:
    argv = build_argv(
        context=context,
        containerfile=context / "Containerfile",
        tags=(reference,),
        args=args,
        labels={},
        timestamp=0,
    )
    command.run(argv, environment=environment)


def psql(run: Project, sql: str, *, check: bool = True) -> str:
    argv = ["podman", "exec", "vol-rows-db-1", "psql", "-qtA", "-c", sql]
    return command.run(argv, environment=run.environment, check=check).stdout.strip()


def tweet(port: int, text: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        kind = {"Content-Type": "application/json"}
        connection.request("POST", "/api/tweets", json.dumps({"text": text}), kind)
        return connection.getresponse().status == 201
    finally:
        connection.close()


def tweets(port: int) -> list[str]:
    found: list[str] = []
    before = ""
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", f"/api/tweets?limit=200{before}")
        page = json.load(connection.getresponse())["tweets"]
        connection.close()
        if not page:
            return found
        found += [one["text"] for one in page]
        before = f"&before={page[-1]['id']}"


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.05)
