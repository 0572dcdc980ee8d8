from __future__ import annotations

from pathlib import Path

from pipeline.host.fact_cache import FactCache, read


def test_what_is_remembered_is_there_for_the_next_command(tmp_path: Path) -> None:
    path = tmp_path / "new" / "host.json"
    memory = FactCache(path)
    assert memory.recall("version /usr/bin/podman 1", [int]) is None
    memory.remember("version /usr/bin/podman", "version /usr/bin/podman 1", [4, 3, 1])
    memory.save()
    assert FactCache(path).recall("version /usr/bin/podman 1", [int]) == [4, 3, 1]


def test_a_newer_answer_takes_the_place_of_the_older(tmp_path: Path) -> None:
    memory = FactCache(tmp_path / "host.json")
    memory.remember("version /usr/bin/podman", "version /usr/bin/podman 1", [4])
    memory.remember("version /usr/bin/podman-remote", "version /usr/bin/podman-remote 1", [3])
    memory.remember("version /usr/bin/podman", "version /usr/bin/podman 2", [5])
    assert memory.recall("version /usr/bin/podman 1", [int]) is None
    assert memory.recall("version /usr/bin/podman 2", [int]) == [5]
    assert memory.recall("version /usr/bin/podman-remote 1", [int]) == [3]


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    memory = FactCache(blocker / "host.json")
    memory.remember("a", "a 1", 1)
    memory.save()


def test_what_cannot_be_read_is_empty(tmp_path: Path) -> None:
    assert read(tmp_path / "missing") == ""
    assert read(tmp_path) == ""
