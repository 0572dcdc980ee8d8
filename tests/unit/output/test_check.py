from __future__ import annotations

import pytest

from pipeline.output.check import Check, print_verdict, render_checks


def test_a_check_says_what_and_who_can_mend_it(capsys: pytest.CaptureFixture[str]) -> None:
    render_checks(
        [
            Check("a", "ok", "all is well", choice="runc"),
            Check("longer", "cannot", "[it] cannot", fix="do this", ask="that"),
        ]
    )
    assert capsys.readouterr().out.splitlines() == [
        "ok       a       all is well  [runc]",
        "cannot   longer  [it] cannot",
        "                 you can: do this",
        "                 ask the administrator: that",
    ]


def test_only_an_essential_check_stops() -> None:
    assert Check("a", "cannot", "no", essential=True).stops
    assert not Check("a", "limited", "so so", essential=True).stops
    assert not Check("a", "cannot", "no").stops


def test_the_verdict_goes_to_the_messages(capsys: pytest.CaptureFixture[str]) -> None:
    print_verdict([])
    print_verdict(["no podman", "no room"])
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "This host can build and run containers.",
        "This host cannot do it: no podman; no room",
    ]
