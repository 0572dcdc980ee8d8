"""What a container or a RUN writes does nothing to a terminal or a log of CI; `exec` is exact.

A job that is done is told as that, and no port as a URL that is none.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.integration.conftest import CHECKOUT
from tests.integration.deploy.conftest import Project

pytestmark = pytest.mark.integration

NASTY = [
    "::error::from inside",
    "    ::set-output name=a::b",
    "x ##[add-mask]b",
    "\x1b]0;title\x07 \x1b[2J \x9b31m \x85 \u202e \u2066 \u200f \u2028 \x7f end",
]
SAY = f"import sys; sys.stdout.buffer.write({chr(10).join(NASTY)!r}.encode() + b'\\n')"
_ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def carried_out(text: str) -> list[str]:
    """Lines that GitHub's runner takes for commands."""
    return [line for line in text.split("\n") if line.lstrip().startswith("::") or "##[" in line]


def expect_harmless(text: str) -> None:
    assert "title" in text
    assert carried_out(text) == []
    assert _ACTS.findall(text) == []


def on_a_terminal(arguments: list[str], project: Project, environment: Mapping[str, str]) -> str:
    """What a person sees: our own sequences, and what others wrote."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline", *arguments],
        cwd=project.folder,
        env={**environment, "PYTHONPATH": str(CHECKOUT), "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
    ):
        os.close(slave)
        said = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # EIO: nobody holds the other end
                break
            if not piece:
                break
            said += piece
    os.close(master)
    return said.decode(errors="surrogateescape")


def test_the_last_lines_of_a_failed_container_do_nothing(project: Project) -> None:
    project.write(command=["python3", "-c", SAY], replicas=1,
                  healthcheck={"http": ":5000/", "retries": 2, "interval": "100ms"})  # fmt: skip
    failed = project.run("deploy", check=False, GITHUB_ACTIONS="true")
    assert failed.returncode == 1
    expect_harmless(failed.stderr + failed.stdout)


def test_logs_are_exact_in_a_pipe_and_harmless_for_people_and_exec_is_exact(
    project: Project, environment: Mapping[str, str]
) -> None:
    stay = f"{SAY}; import time; sys.stdout.flush(); time.sleep(900)"
    project.write(command=["python3", "-c", stay], replicas=1,
                  ports=[], healthcheck=None, stop_grace_period="0s")  # fmt: skip
    project.run("deploy")
    piped = project.run("logs").stdout
    assert [line.partition("| ")[2] for line in piped.split("\n") if line] == NASTY
    expect_harmless(project.run("logs", GITHUB_ACTIONS="true").stdout)

    seen = on_a_terminal(["logs"], project, environment).replace("\r\n", "\n")
    assert "\\x1b]0;title\\x07 \\x1b[2J \\u009b31m \\u0085 \\u202e" in seen
    assert _ACTS.findall(re.sub("\x1b\\[[0-9;]*m", "", seen)) == []  # but for our own colours

    raw = bytes(range(256))
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "exec", "web", "--", "python3", "-c",
         "import sys; sys.stdout.buffer.write(bytes(range(256)))"],
        cwd=project.folder,
        env={**environment, "PYTHONPATH": str(CHECKOUT), "GITHUB_ACTIONS": "true"},
        capture_output=True,
        check=True,
    )  # fmt: skip
    assert done.stdout == raw


def test_what_a_run_writes_does_nothing(project: Project, environment: Mapping[str, str]) -> None:
    context = project.folder / "ctx"
    context.mkdir()
    (context / "say.py").write_text(SAY, encoding="utf-8")
    (context / "Containerfile").write_text(
        f"FROM {project.image}\nCOPY say.py /\nRUN python3 /say.py\nRUN python3 /say.py; exit 3\n"
    )
    specs = project.folder / "specs"
    specs.mkdir(exist_ok=True)
    (specs / "said.toml").write_text(
        'name = "said"\n[images.said.versions]\n"1" = { context = "../ctx" }\n'
    )
    failed = project.run(
        "build", "--spec", "specs/said.toml", "--progress", "plain", check=False, CI="1",
        GITHUB_ACTIONS="true",
    )  # fmt: skip
    assert failed.returncode == 1
    expect_harmless(failed.stderr + failed.stdout)
    seen = on_a_terminal(["build", "--spec", "specs/said.toml"], project, environment)
    assert "\x1b]0;" not in seen
    assert "\u202e" not in seen


def test_a_done_job_is_none_that_is_missing_and_udp_is_no_url(project: Project) -> None:
    project.write(
        f'[services.job]\nimage = "{project.image}"\ncommand = ["true"]\n',
        ports=[f"{project.port}:5000", f"{project.port + 3}:5300/udp"],
        depends_on={"job": {"condition": "service_completed_successfully"}},
        replicas=1,
    )
    said = project.run("deploy").stdout
    assert "1 of 1 containers run; 1 job is done." in said
    assert f"127.0.0.1:{project.port + 3}/udp" in said
    assert f"http://127.0.0.1:{project.port + 3}" not in said
    there = project.status()
    assert (there["job-1"]["state"], there["job-1"]["health"]) == ("exited", "done")
    assert there["web-1"]["urls"] == [f"http://127.0.0.1:{project.port}"]
    assert {p["protocol"] for p in there["web-1"]["ports"]} == {"tcp", "udp"}
