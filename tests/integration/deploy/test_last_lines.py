"""The last lines of a log are those of the whole log, also of lines that came in several writes."""

from __future__ import annotations

import pytest

from tests.integration.deploy.conftest import Project

pytestmark = pytest.mark.integration

PARTS = """
import sys, time
def fail():
    return {}["COLOUR"]
for part in ("alpha ", "beta ", "gamma", "\\n", "é" * 9000, "\\n",
             "x" * 20000, " end\\nsecond ", "line\\n"):
    sys.stdout.write(part)
    sys.stdout.flush()
    time.sleep(0.02)
try:
    fail()
except KeyError:
    import traceback
    traceback.print_exc(file=sys.stdout)
sys.stdout.write("no end")
"""  # fmt: skip
SPEAKS = """
import time
for number in range(60):
    print("line", end=" ", flush=True)
    print(number, flush=True)
    time.sleep(0.05)
"""


def said_by(project: Project, *arguments: str) -> list[str]:
    told = project.run("logs", *arguments).stdout.splitlines()
    return [line.partition("| ")[2] for line in told]


def test_a_tail_is_the_end_of_the_whole(project: Project) -> None:
    stays = f"{PARTS}\nsys.stdout.flush()\ntime.sleep(900)"
    project.write(command=["python3", "-u", "-c", stays], replicas=1,
                  ports=[], healthcheck=None, stop_grace_period="0s")  # fmt: skip
    project.run("deploy")
    whole = project.podman("logs", f"{project.name}-web-1").splitlines()
    assert len(whole) == 9
    assert said_by(project) == whole
    for number in (0, 1, 3, 7, len(whole) - 1, len(whole), 1000):
        assert said_by(project, "--tail", str(number)) == whole[max(0, len(whole) - number) :]
    (last,) = said_by(project, "--tail", "1", "--timestamps")
    assert last.endswith("Z no end") or last[-13:-12] in "+-"
    first = said_by(project, "--timestamps")[0]
    assert first.endswith(" alpha beta gamma")
    assert first.count("T") == 1


def test_a_failure_tells_a_traceback_in_its_order(project: Project) -> None:
    fails = 'import os\ndef main():\n    return os.environ["COLOUR"]\nmain()\n'
    project.write(command=["python3", "-u", "-c", fails], replicas=1,
                  healthcheck={"http": ":5000/", "retries": 2, "interval": "100ms"})  # fmt: skip
    failed = project.run("deploy", check=False)
    assert failed.returncode == 1
    told = [line.strip() for line in failed.stderr.splitlines()]
    begin = told.index("Traceback (most recent call last):")
    assert told[begin + 1] == 'File "<string>", line 4, in <module>'
    assert "KeyError: 'COLOUR'" in told[begin:]


@pytest.mark.parametrize("tail", ["0", "2", "1000"])
def test_what_follows_a_tail_is_told_once(tail: str, project: Project) -> None:
    project.write(command=["python3", "-u", "-c", SPEAKS], replicas=1, ports=[], healthcheck=None)
    project.run("deploy")
    told = said_by(project, "--follow", "--tail", tail)
    whole = [f"line {number}" for number in range(60)]
    assert told
    assert told == whole[len(whole) - len(told) :]
    if tail == "1000":
        assert told == whole
