"""Podman's pause process: its words, its pid file, and whose containers live."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from pipeline.engine import pause_process
from pipeline.errors import EngineError

SHARED = 'level=warning msg="\\"/\\" is not a shared mount"'
STATUS = 'invalid internal status, try resetting the pause process with "podman system migrate": '
REFUSALS = [
    f"{STATUS}could not find any running process: no such process",
    f"{STATUS}cannot re-exec process to join the existing user namespace",
    "cannot set user namespace",
]


@pytest.mark.parametrize("words", REFUSALS)
def test_podman_s_words_are_known(words: str) -> None:
    assert pause_process.is_refusal(f"{SHARED}\n{words}")
    assert not pause_process.is_refusal(SHARED)
    assert not pause_process.is_refusal("Error: database is locked")


def test_a_process_of_ours_is_no_pause_process_by_its_number_alone() -> None:
    assert not pause_process.is_pause_process(str(os.getpid()))
    assert not pause_process.is_pause_process("")
    assert not pause_process.is_pause_process("0/../1")
    assert not pause_process.is_pause_process("99999999")


def pid_file(run_root: Path, name: str, pid: int | str) -> Path:
    folder = run_root / "overlay-containers" / name / "userdata"
    folder.mkdir(parents=True)
    (folder / "pidfile").write_text(str(pid))
    return folder / "pidfile"


def test_only_the_process_that_a_pid_file_was_written_for_keeps_a_container_alive(
    tmp_path: Path,
) -> None:
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        pid_file(tmp_path, "lives", sleeper.pid)
        recycled = pid_file(tmp_path, "recycled", sleeper.pid)
        long_ago = time.time() - 3600
        os.utime(recycled, (long_ago, long_ago))
        pid_file(tmp_path, "gone", 99999999)
        pid_file(tmp_path, "nonsense", "no number")
        assert pause_process.living_below(tmp_path) == ("lives",)
        sleeper.kill()
        time.sleep(0.1)  # it waits to be buried
        assert pause_process.living_below(tmp_path) == ()


def fake_podman(folder: Path, body: str) -> dict[str, str]:
    program = folder / "podman"
    program.write_text(f"#!/bin/sh\n{body}")
    program.chmod(0o755)
    buildah = folder / "buildah"
    buildah.write_text(f'#!/bin/sh\necho \'{{"store": {{"RunRoot": "{folder}/run"}}}}\'\n')
    buildah.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "XDG_RUNTIME_DIR": str(folder)}


STUCK = """
echo "$*" >> "$0.log"
left=$(cat "$0.left" 2>/dev/null || echo 3)
if [ "$1" = ps ]; then
  [ "$left" -gt 0 ] || exit 0
  echo 'invalid internal status, try resetting the pause process' >&2; exit 125
fi
[ "$left" -gt 0 ] || exit 0
echo "stopped c$left"; echo $((left - 1)) > "$0.left"; exit 2
"""


def test_it_is_mended_by_migrating_as_often_as_it_gets_on(tmp_path: Path) -> None:
    """Podman 5.4 ends in a panic after each container that it has forgotten."""
    environment = fake_podman(tmp_path, STUCK)
    served = tmp_path / "run" / "networks" / "aardvark-dns" / "shop_default"
    served.parent.mkdir(parents=True)
    served.write_text("10.89.0.1\n")
    assert "podman system migrate" in pause_process.mend(environment, tmp_path)
    asked = (tmp_path / "podman.log").read_text().splitlines()
    cleaned = "container cleanup --all"
    assert asked == ["ps --quiet", *["system migrate"] * 4, cleaned, "ps --quiet"]
    assert not served.exists(), "names of containers that are dead"
    assert pause_process.mend(environment, tmp_path) == "", "nothing is left to do"


def test_a_container_that_lives_is_never_stopped_by_it(tmp_path: Path) -> None:
    environment = fake_podman(tmp_path, STUCK)
    pid_file(tmp_path / "run", "abcdef0123456789", os.getpid())
    with pytest.raises(EngineError) as caught:
        pause_process.mend(environment, tmp_path)
    assert "abcdef012345" in caught.value.details
    assert "podman system migrate" in caught.value.resolution
    assert "migrate" not in (tmp_path / "podman.log").read_text()


def test_a_recycled_number_is_forgotten_and_its_process_left_alone(tmp_path: Path) -> None:
    """`podman system migrate` would kill it."""
    body = 'if [ -e "$XDG_RUNTIME_DIR/libpod/tmp/pause.pid" ]; then\n'
    body += "echo 'cannot set user namespace' >&2; exit 1; fi; exit 0\n"
    environment = fake_podman(tmp_path, body)
    path = pause_process.pid_file(str(tmp_path))
    path.parent.mkdir(parents=True)
    path.write_text(str(os.getpid()))
    assert "forgotten" in pause_process.mend(environment, tmp_path)
    assert not path.exists()


def test_what_does_not_help_is_told(tmp_path: Path) -> None:
    environment = fake_podman(tmp_path, "echo 'invalid internal status' >&2; exit 125\n")
    with pytest.raises(EngineError) as caught:
        pause_process.mend(environment, tmp_path)
    assert "invalid internal status" in caught.value.details
    assert caught.value.resolution
