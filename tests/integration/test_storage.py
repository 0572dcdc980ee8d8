"""The tests' own store: apart from the user's, usable, and gone without a trace."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.engine import command
from tests.integration.storage import Store, _held, _new_folder, session_store

pytestmark = pytest.mark.integration


def _podman(environment: Mapping[str, str], *arguments: str) -> str:
    return command.run(["podman", *arguments], environment=environment).stdout


def test_the_store_is_apart_and_uses_the_profiles_driver(store: Store) -> None:
    told = json.loads(_podman(store.environment, "info", "--format=json"))["store"]
    assert told["graphRoot"] == str(store.graph)
    assert told["runRoot"] == str(store.runtime / "containers")
    assert told["graphDriverName"] == "overlay"


def test_a_container_runs_on_the_small_base(
    environment: Mapping[str, str], small_base: str
) -> None:
    said = _podman(environment, "run", "--rm", small_base, "python3", "-c", "print(6 * 7)")
    assert said == "42\n"
    assert "root" in _podman(environment, "run", "--rm", small_base, "sh", "-c", "id -un")


def test_what_a_session_made_is_gone_afterwards() -> None:
    with session_store(os.environ) as made:
        _podman(made.environment, "volume", "create", "something")
        assert made.graph.is_dir()
    assert not made.folder.exists()
    assert not made.runtime.exists()


def test_sessions_that_begin_together_do_not_take_each_others_folder(tmp_path: Path) -> None:
    """Each sweeps what looks left behind, and a folder is nobody's before it is locked."""
    stop = threading.Event()

    def sweeps() -> None:
        while not stop.is_set():
            for folder in tmp_path.iterdir():
                with suppress(BlockingIOError, FileNotFoundError), _held(folder):
                    shutil.rmtree(folder)

    with ThreadPoolExecutor(2) as pool:
        work = [pool.submit(sweeps) for _ in range(2)]
        try:
            for _ in range(300):
                with _new_folder(tmp_path) as folder:
                    assert (folder / "lock").is_file()
        finally:
            stop.set()
    assert [one.result() for one in work] == [None, None]
