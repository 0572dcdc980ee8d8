"""Numbers of the kernel's process table."""

from __future__ import annotations

from pathlib import Path

from pipeline.deploy.observe.snapshot import Container
from pipeline.deploy.show.events import event_line
from pipeline.deploy.show.usage import measure_usage, ticks_of
from pipeline.engine.inspected import ContainerEvent
from pipeline.engine.remote_host import HERE

STAT = "42 (a ) b) S 1 42 42 0 -1 4194560 100 0 0 0 7 5 0 0 20 0 1 0 100 0 0"


def test_a_name_with_brackets_does_not_shift_the_fields() -> None:
    assert ticks_of(STAT) == 12


def test_a_process_that_is_gone_counts_nothing(tmp_path: Path) -> None:
    class OneProcess:
        machine = HERE

        def host_processes(self, _name: str) -> list[int]:
            return [42, 43]

    (tmp_path / "42").mkdir()
    (tmp_path / "42" / "stat").write_text(STAT)
    (tmp_path / "42" / "status").write_text("Name:\ta\nVmHWM:\t 2000 kB\nVmRSS:\t 1000 kB\n")
    running = Container("id", "p-web-1", "web", 1, "running")
    stopped = Container("id2", "p-web-2", "web", 2, "exited")

    (usage,) = measure_usage(
        OneProcess(),  # type: ignore[arg-type]
        [running, stopped],
        sleep=lambda _seconds: None,
        proc=tmp_path,
    )
    assert usage.memory == 1000 * 1024
    assert (usage.cpu, usage.processes) == (0.0, 2)


def test_an_end_says_its_exit_code() -> None:
    event = ContainerEvent("died", 0, {"name": "p-web-1", "containerExitCode": "137"})
    assert event_line(event).endswith("p-web-1  ended with 137")
