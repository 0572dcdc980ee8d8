from __future__ import annotations

import pytest

from pipeline.spec.problem import BadForm
from pipeline.spec.signals import signal_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("SIGTERM", 15),
        ("TERM", 15),
        ("sigterm", 15),
        ("Kill", 9),
        ("CLD", 17),
        ("SIGPOLL", 29),
        ("9", 9),
        ("64", 64),
        ("RTMIN", 34),
        ("SIGRTMIN+3", 37),
        ("sigrtmin+15", 49),
        ("SIGRTMAX-14", 50),
        ("RTMAX", 64),
    ],
)
def test_what_podman_takes_has_its_number(text: str, number: int) -> None:
    assert signal_number(text) == number


@pytest.mark.parametrize(
    "text",
    ["SIGFOO", "", "SIG", "0", "65", "1000", "-1", "RTMIN+16", "RTMAX-15", "RTMIN-1", "UNUSED"],
)
def test_what_podman_refuses_is_an_error(text: str) -> None:
    with pytest.raises(BadForm, match="is not a signal"):
        signal_number(text)


def test_a_slip_is_told_with_the_signal_that_was_meant() -> None:
    with pytest.raises(BadForm) as caught:
        signal_number("SIGTREM")
    assert caught.value.hint == "did you mean `TERM`?"
