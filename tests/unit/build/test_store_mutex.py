"""Builds on one store wait for each other; builds on another do not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.build.run import store_mutex
from pipeline.engine.images import StoredImage
from pipeline.engine.store_paths import StorePlace


def test_a_second_build_on_a_store_waits_and_says_for_whom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def place(environment: dict[str, str]) -> StorePlace:
        return StorePlace("overlay", (Path(environment["STORE"]),))

    class Enough(Exception):
        pass

    def waiting(line: str) -> None:
        raise Enough(line)

    monkeypatch.setattr(store_mutex, "find_store", place)
    one = {"XDG_RUNTIME_DIR": str(tmp_path), "STORE": "/one"}
    with store_mutex.turn(one, waiting):
        with store_mutex.turn({**one, "STORE": "/other"}, waiting):
            pass
        with (
            pytest.raises(Enough, match=f"waiting for another build: process {os.getpid()}"),
            store_mutex.turn(one, waiting),
        ):
            pass
    with store_mutex.turn(one, waiting):
        pass


def test_a_name_of_a_moment_is_no_name() -> None:
    names = (f"docker.io/library/{'0a' * 32}-tmp:latest", "localhost/base:1")
    assert StoredImage("id", names).lasting_names == ("localhost/base:1",)
