"""How an end is told."""

from __future__ import annotations

import pytest

from pipeline.deploy.model.exit_status import describe_exit
from pipeline.engine.inspected import InspectedContainer


@pytest.mark.parametrize(
    ("code", "oom", "memory", "said"),
    [
        (0, False, 0, "it ended with exit code 0"),
        (3, False, 64 << 20, "it ended with exit code 3"),
        (137, True, 64 << 20, "exit code 137: it needed more than its memory limit of 67.1 MB"),
        (137, False, 64 << 20, "killed, most likely over its memory limit of 67.1 MB"),
        (137, False, 0, "it ended with exit code 137: SIGKILL"),
        (143, False, 0, "it ended with exit code 143: SIGTERM"),
        (255, False, 0, "it ended with exit code 255"),
    ],
)
def test_an_end_is_told_in_plain_words(code: int, oom: bool, memory: int, said: str) -> None:
    found = InspectedContainer("c", "exited", exit_code=code, out_of_memory=oom, memory=memory)
    assert said in describe_exit(found)
