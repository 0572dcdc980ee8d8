"""Builds that go wrong: a clear error, the old image untouched, and the next build works."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.engine import command
from pipeline.engine.images import list_images
from pipeline.engine.storage import find_image, observe_storage
from pipeline.engine.tar_split import read_file_list
from tests.integration.build.project import make_project
from tests.integration.conftest import CHECKOUT, Capas

pytestmark = pytest.mark.integration

DEADLINE = 60.0
BUSYBOX = Path("/bin/busybox")
SLEEP = f"sleep {600 + os.getpid()}"
"""By its words nobody else's on this machine."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose version 1.0 has a shell."""
    made = make_project(tmp_path, "faulty")
    tools = made / "app" / "1.0" / "bin"
    tools.mkdir()
    (tools / "sh").write_bytes(BUSYBOX.read_bytes())
    (tools / "sh").chmod(0o755)
    (tools / "sleep").symlink_to("sh")
    return made


@pytest.fixture
def untouched(environment: Mapping[str, str]) -> Iterator[Callable[[], None]]:
    """Asserts that no image of the version changed and that no working container is left."""
    before: dict[str, str | None] = {}

    def check() -> None:
        image = list_images(environment).named("localhost/app:1.0")
        seen = image.id if image else None
        assert before.setdefault("id", seen) == seen
        listed = command.run(["buildah", "containers", "--json"], environment=environment).stdout
        assert not json.loads(listed or "[]")

    yield check
    check()


def _add(project: Path, text: str) -> Callable[[], None]:
    """Add instructions to 1.0; the answer takes them away again."""
    path = project / "app" / "1.0" / "Containerfile"
    good = path.read_text()
    path.write_text(f"{good}{text}\n")

    def mend() -> None:
        path.write_text(good)

    return mend


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"no {what} within {DEADLINE:g} s"
        time.sleep(0.02)


@contextmanager
def _at_work(project: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """`capas build` of 1.0 in a session of its own, at work on a RUN that does not end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "build", "--version", "1.0", "--progress", "plain"],
        cwd=project,
        env={**environment, "PYTHONPATH": str(CHECKOUT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if f"RUN {SLEEP}" in line:
                    break
            _until(lambda: bool(_running(SLEEP)), "RUN")
            yield process
        finally:
            process.kill()
            for pid in _running(SLEEP):
                os.kill(pid, signal.SIGKILL)


def _running(words: str) -> list[int]:
    """Processes of ours whose command line has these words."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.stat().st_uid == 0 and os.getuid() != 0:
                continue
            text = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if words in text:
            found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize(
    "numbers",
    [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT] * 3],
    ids=["INT", "TERM", "thrice"],
)
def test_an_interruption_stops_buildah_and_leaves_nothing(
    capas: Capas,
    environment: Mapping[str, str],
    project: Path,
    untouched: Callable[[], None],
    numbers: list[signal.Signals],
) -> None:
    capas("build", cwd=project)
    untouched()
    mend = _add(project, f"COPY bin /bin\nRUN {SLEEP}")
    with _at_work(project, environment) as process:
        for number in numbers:
            process.send_signal(number)
            time.sleep(0.05)  # a person presses again while it is being cleaned up
        _, said = process.communicate(timeout=DEADLINE)
        assert process.returncode == 130
        assert "interrupted" in said
        # What was killed may take a moment to go on a busy machine; what was forgotten stays.
        _until(lambda: not _running(SLEEP), "the end of the RUN")
    untouched()
    mend()
    assert "kept" in capas("build", "--version", "1.0", cwd=project).stdout


def test_a_killed_buildah_is_told_and_cleaned_up_after(
    capas: Capas,
    environment: Mapping[str, str],
    project: Path,
    untouched: Callable[[], None],
) -> None:
    capas("build", cwd=project)
    untouched()
    mend = _add(project, f"COPY bin /bin\nRUN {SLEEP}")
    with _at_work(project, environment) as process:
        builders = _running(f"--secret=id=capas-{process.pid}-")
        assert builders
        for pid in builders:
            os.kill(pid, signal.SIGKILL)
        _, said = process.communicate(timeout=DEADLINE)
        assert process.returncode == 1
        assert "app:1.0 was not built" in said
        assert "signal 9" in said
        assert not _running(SLEEP), "what RUN began is killed, too"
    untouched()
    mend()
    assert "kept" in capas("build", "--version", "1.0", cwd=project).stdout


def test_a_disk_that_takes_no_more_is_told(
    capas: Capas, environment: Mapping[str, str], project: Path, untouched: Callable[[], None]
) -> None:
    capas("build", cwd=project)
    untouched()
    tools = project / "tools"
    tools.mkdir()
    real = next(
        found
        for folder in environment["PATH"].split(":")
        if (found := Path(folder, "buildah")).exists()
    )
    # Buildah itself, on a disk where no file grows beyond 512 KiB: the layer breaks off half way.
    (tools / "buildah").write_text(f'#!/bin/sh\nulimit -f 1024\nexec {real} "$@"\n')
    (tools / "buildah").chmod(0o755)
    mend = _add(project, "COPY bin /bin")
    path = f"{tools}:{environment['PATH']}"
    failed = capas("build", "--version", "1.0", cwd=project, check=False, PATH=path)
    assert failed.returncode == 1
    assert "app:1.0 was not built" in failed.stderr
    assert "COPY bin /bin" in failed.stderr
    untouched()
    mend()
    assert "kept" in capas("build", "--version", "1.0", cwd=project).stdout


def test_a_base_that_cannot_be_pulled_is_told_before_anything_is_built(
    capas: Capas, project: Path, untouched: Callable[[], None]
) -> None:
    capas("build", cwd=project)
    untouched()
    containerfile = project / "app" / "1.0" / "Containerfile"
    containerfile.write_text("FROM 127.0.0.1:1/nobody/listens:1\nCOPY main.py /\n")
    failed = capas("build", cwd=project, check=False)
    assert failed.returncode == 1
    assert "127.0.0.1:1/nobody/listens:1 cannot be pulled" in failed.stderr
    assert "connection refused" in failed.stderr


def test_what_depends_on_a_failure_is_not_begun_and_the_rest_is_kept(
    capas: Capas, project: Path
) -> None:
    (project / "base" / "etc" / "motd").write_text("a base that fails")
    containerfile = project / "base" / "Containerfile"
    containerfile.write_text(containerfile.read_text() + 'RUN ["/nothing"]\n')
    failed = capas("build", cwd=project, check=False)
    assert failed.returncode == 1
    assert failed.stdout.splitlines() == [
        "app:1.0  skipped: another version failed",
        "app:1.1  skipped: another version failed",
    ]


def test_without_buildah_the_host_is_to_blame(capas: Capas, project: Path, tmp_path: Path) -> None:
    capas("build", cwd=project)
    (project / "app" / "1.0" / "main.py").write_text("print('without buildah')")
    tools = tmp_path / "only-podman"
    tools.mkdir()
    (tools / "podman").symlink_to("/usr/bin/podman")
    failed = capas("build", cwd=project, check=False, PATH=str(tools))
    assert failed.returncode == 4
    assert "buildah is not installed" in failed.stderr


def test_odd_contexts(
    capas: Capas, environment: Mapping[str, str], project: Path, untouched: Callable[[], None]
) -> None:
    capas("build", cwd=project)
    untouched()
    context = project / "app" / "1.0"
    mend = _add(project, "COPY odd /odd")
    odd = context / "odd"
    odd.mkdir()
    names = [b"new\nline", b"\xff\xfe", "ünï".encode(), b" blank ", b"$dollar", b"*"]
    for name in names:
        (odd / os.fsdecode(name)).write_text("x")
    os.mkfifo(odd / "fifo")
    refused = capas("build", "--version", "1.0", cwd=project, check=False)
    assert refused.returncode == 1
    assert "'odd/fifo' is a FIFO or a device" in refused.stderr
    (odd / "fifo").unlink()
    (odd / "secret").write_text("x")
    (odd / "secret").chmod(0)
    refused = capas("build", "--version", "1.0", cwd=project, check=False)
    assert refused.returncode == 1
    assert "'odd/secret': Permission denied" in refused.stderr
    untouched()
    (odd / "secret").unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(odd / "s"))
        done = capas("build", "--version", "1.0", cwd=project)
    assert "app:1.0  built" in done.stdout
    image = find_image(observe_storage(environment), "localhost/app:1.0")
    copied = {os.fsencode(file.path) for file in read_file_list(image.layers[-1])}
    assert copied == {b"odd", *(b"odd/" + name for name in names)}
    mend()
    capas("build", "--version", "1.0", cwd=project)
