"""Where `./capas test --on` runs the tests."""

from __future__ import annotations

import json

import pytest

from pipeline.errors import HostUnsupported, UsageError
from pipeline.tasks import engines
from pipeline.tasks.engines import SERVERS, EngineChoice, choose_engines

SERVER = {"forky": {"server": "/run/socket"}}
ENTERED = {SERVERS: json.dumps(SERVER)}


@pytest.fixture(autouse=True)
def debian12(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "os_release", lambda: {"ID": "debian", "VERSION_ID": "12"})


@pytest.mark.parametrize(
    ("on", "part", "expected"),
    [
        ("", "", EngineChoice(True, {})),
        ("debian12", "", EngineChoice(True, {})),
        ("forky", "", EngineChoice(False, SERVER)),
        ("forky", "unit", EngineChoice(False, SERVER)),
        ("all", "", EngineChoice(True, SERVER)),
        ("all", "browser", EngineChoice(True, {})),
    ],
)
def test_the_machine_and_the_servers(on: str, part: str, expected: EngineChoice) -> None:
    assert choose_engines(on, part, ENTERED) == expected


def test_only_root_starts_servers() -> None:
    with pytest.raises(HostUnsupported, match="--on forky needs the root file system"):
        choose_engines("forky", "", {})


def test_what_there_is_not_is_bad_usage() -> None:
    with pytest.raises(UsageError, match="no engine 'sid'") as raised:
        choose_engines("sid", "", ENTERED)
    assert "debian12, debian13, forky, podman6, all" in raised.value.resolution
    with pytest.raises(UsageError, match="this machine only"):
        choose_engines("forky", "browser", ENTERED)
