import os
import time
from pathlib import Path

import pytest

from pipeline.engine.command import run, stream
from pipeline.errors import EngineError, HostUnsupported


def test_what_a_program_said_comes_back() -> None:
    done = run(["sh", "-c", "cat; echo bad >&2; exit 3"], check=False, text="in")
    assert (done.stdout, done.stderr, done.returncode) == ("in", "bad\n", 3)


def test_a_failure_carries_the_programs_last_words() -> None:
    with pytest.raises(EngineError) as raised:
        run(["sh", "-c", "seq 100 >&2; exit 7"])
    assert "exit code 7" in raised.value.brief
    assert raised.value.details.splitlines()[-1] == "100"
    assert len(raised.value.details.splitlines()) < 20


def test_values_never_meet_a_shell() -> None:
    hostile = "; touch /tmp/x $(id) `id` 'a' \"b\" *"
    assert run(["printf", "%s", hostile]).stdout == hostile


def test_a_missing_program_is_the_hosts_inability() -> None:
    with pytest.raises(HostUnsupported, match="no-such-program is not installed"):
        run(["no-such-program"])
    with pytest.raises(HostUnsupported):
        stream(["no-such-program"], lambda _line: None)


def test_a_missing_folder_is_not_taken_for_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="does not exist"):
        run(["true"], cwd=tmp_path / "gone")


def test_a_program_that_hangs_is_ended() -> None:
    with pytest.raises(EngineError, match=r"within 0\.2 seconds"):
        run(["sleep", "60"], timeout=0.2)


def test_output_that_is_not_utf8_does_not_break_us() -> None:
    assert run(["printf", r"\377"]).stdout == "�"


def test_lines_arrive_while_the_program_runs(tmp_path: Path) -> None:
    lines: list[str] = []
    gate = tmp_path / "gate"
    os.mkfifo(gate)

    def on_line(line: str) -> None:
        lines.append(line)
        if line == "one":  # the program waits for this answer before it goes on
            gate.write_text("go\n")

    assert stream(["sh", "-c", f"echo one; read x < {gate}; echo two $x; exit 4"], on_line) == 4
    assert lines == ["one", "two go"]


def test_an_interruption_ends_the_whole_group(tmp_path: Path) -> None:
    def interrupted(_line: str) -> None:
        raise KeyboardInterrupt

    pid_file = tmp_path / "pid"
    script = f"sleep 600 & echo $! > {pid_file}; echo started; wait"
    with pytest.raises(KeyboardInterrupt):
        stream(["sh", "-c", script], interrupted)
    _eventually_gone(int(pid_file.read_text()))


def _eventually_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        time.sleep(0.01)
    pytest.fail(f"process {pid} lives on")
