import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TextIO

import pytest
from invoke.context import Context
from invoke.exceptions import Exit

from pipeline.errors import (
    CapasError,
    EngineError,
    HostUnsupported,
    InvalidSpec,
    Refused,
    UsageError,
)
from pipeline.output.findings.finding import Finding
from pipeline.tasks.collection import as_task
from pipeline.tasks.command import command, one_of, whole_number


def _ending(error: BaseException | None, returned: int | None = None) -> int:
    @as_task
    @command()
    def body() -> int | None:
        """Do nothing but end."""
        if error is not None:
            raise error
        return returned

    try:
        body(Context())
    except Exit as exit_:
        return exit_.code
    return 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CapasError("it failed"), 1),
        (EngineError("podman said no"), 1),
        (UsageError("no such thing"), 2),
        (InvalidSpec([Finding(Path("a.toml"), 1, 2, "CAP001", "wrong")]), 2),
        (Refused("released"), 3),
        (HostUnsupported("no subuids"), 4),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("a defect"), 1),
    ],
)
def test_every_error_ends_with_the_exit_code_of_the_contract(
    error: BaseException, code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _ending(error) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert err != ""
    assert "Traceback" not in err


@pytest.mark.parametrize("returned", [None, 0, 1, 10])
def test_what_a_body_returns_is_the_exit_code(returned: int | None) -> None:
    assert _ending(None, returned) == (returned or 0)


def test_an_error_is_told_in_three_parts(capfd: pytest.CaptureFixture[str]) -> None:
    _ending(EngineError("the build failed", details="line 1\nline 2", resolution="mend it"))
    assert capfd.readouterr().err == ("error: the build failed\n  line 1\n  line 2\n  → mend it\n")


def test_sigterm_ends_a_task_like_ctrl_c(capfd: pytest.CaptureFixture[str]) -> None:
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGHUP)}

    @as_task
    @command()
    def body() -> None:
        """Be told to end."""
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()

    try:
        with pytest.raises(Exit) as raised:
            body(Context())
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert raised.value.code == 130


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "", "0"])
def test_a_wrong_number_is_bad_usage(given: str) -> None:
    with pytest.raises(UsageError):
        whole_number(given, "--replicas", minimum=1)


def test_a_right_number_is_read() -> None:
    assert whole_number("3", "--replicas") == 3


def test_an_unknown_choice_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as raised:
        one_of("xml", "--format", ["text", "json"])
    assert "text, json" in raised.value.resolution


def test_a_missing_option_without_a_default_is_bad_usage(
    capfd: pytest.CaptureFixture[str],
) -> None:
    ran = []

    @as_task
    @command(name="move")
    def body(*, from_: str, limit: str | None = None) -> None:
        """Move."""
        ran.append((from_, limit))

    body(Context(), from_="here", limit=None)
    with pytest.raises(Exit) as raised:
        body(Context(), from_=None, limit=None)
    assert raised.value.code == 2
    assert ran == [("here", None)]
    said = capfd.readouterr().err
    assert "--from is needed" in said
    assert "capas --help move" in said


@pytest.mark.parametrize("length", [10, 100_000])
def test_a_full_disk_is_reported_without_a_trace(length: int) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123 (a device)
        done = _in_a_process(length, full)
    assert done.returncode == 1
    assert done.stderr.startswith("error: the disk is full\n")
    assert "Exception" not in done.stderr


@pytest.mark.parametrize("length", [10, 100_000])
def test_a_reader_that_went_away_is_no_error(length: int) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as pipe:  # noqa: PTH123 (a descriptor)
        done = _in_a_process(length, pipe)
    assert (done.returncode, done.stderr) == (1, "")


def _in_a_process(length: int, output: TextIO) -> subprocess.CompletedProcess[str]:
    """A task that says `length` characters and goes well."""
    code = (
        "import sys; from pipeline.tasks.command import exit_code_of, say; "
        f"sys.exit(exit_code_of(lambda: say('x' * {length})))"
    )
    return subprocess.run(
        [sys.executable, "-c", code], stdout=output, stderr=subprocess.PIPE, text=True, check=False
    )
