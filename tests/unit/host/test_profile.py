from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tomli

from pipeline.errors import HostUnsupported
from pipeline.host import profile
from pipeline.host.facts import Basics, Cgroups
from pipeline.host.profile import effective_profile
from tests.unit.host.samples import DEBIAN_12, FEDORA

HYBRID = Cgroups("hybrid", ("hugetlb",))


def with_session(basics: Basics, **changes: Any) -> Basics:
    return replace(basics, session=replace(basics.session, **changes))


def _made_for(
    basics: Basics, environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> Mapping[str, str]:
    monkeypatch.setattr(profile, "observe_basics", lambda _: basics)
    return effective_profile(environ).environment


def test_an_old_engine_gets_one_file_with_the_users_settings_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "config" / "containers" / "containers.conf"
    own.parent.mkdir(parents=True)
    own.write_text(
        '[containers]\nlog_size_max = 5\n[engine]\nruntime = "crun"\nexit_command_delay = 60\n'
    )
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": str(tmp_path)}
    basics = with_session(replace(DEBIAN_12, cgroups=HYBRID), runtime_dir=str(tmp_path / "run"))
    named = Path(_made_for(basics, environ, monkeypatch)["CONTAINERS_CONF"])
    written = tomli.loads(named.read_text())
    assert written["engine"]["runtime"] == "runc"
    assert written["containers"]["log_size_max"] == 5
    assert written["engine"]["exit_command_delay"] == 60, "what the user has said stays"
    assert named.parent == tmp_path / "run" / "capas"
    before = named.stat()
    assert _made_for(basics, environ, monkeypatch)["CONTAINERS_CONF"] == str(named)
    assert named.stat() == before
    assert own.read_text().startswith("[containers]\nlog_size_max")


def test_a_new_engine_gets_an_override_on_top_of_what_overrode_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "override.conf"
    theirs.write_text("[containers]\nlog_size_max = 7\n")
    environ = {"CONTAINERS_CONF_OVERRIDE": str(theirs), "HOME": str(tmp_path)}
    basics = with_session(FEDORA, bus=False, runtime_dir=None, runtime_dir_given=None)
    environment = _made_for(basics, environ, monkeypatch)
    assert "CONTAINERS_CONF" not in environment
    written = tomli.loads(Path(environment["CONTAINERS_CONF_OVERRIDE"]).read_text())
    engine = {"cgroup_manager": "cgroupfs", "exit_command_delay": 5}
    assert written == {"containers": {"log_size_max": 7}, "engine": engine}
    assert theirs.read_text() == "[containers]\nlog_size_max = 7\n"


def test_where_nothing_else_is_needed_only_monitors_of_probes_are_told_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    basics = with_session(FEDORA, runtime_dir=str(tmp_path / "run"))
    made = dict(_made_for(basics, environ, monkeypatch))
    named = Path(made.pop("CONTAINERS_CONF_OVERRIDE"))
    assert made == environ
    assert tomli.loads(named.read_text()) == {"engine": {"exit_command_delay": 5}}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_the_users_own_word_on_monitors_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "config" / "containers" / "containers.conf"
    own.parent.mkdir(parents=True)
    own.write_text("[engine]\nexit_command_delay = 60\n")
    basics = with_session(FEDORA, runtime_dir=str(tmp_path / "run"))
    home = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    environ = {**home, "XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert _made_for(basics, environ, monkeypatch) == environ
    for name in ("CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE"):
        assert _made_for(basics, {**home, name: str(own)}, monkeypatch) == {**home, name: str(own)}


def test_a_full_folder_does_not_stand_in_the_way_of_a_host_that_needs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").write_text("")
    basics = with_session(FEDORA, runtime_dir=str(tmp_path / "run"))
    environ = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    assert _made_for(basics, environ, monkeypatch) == environ


def test_a_file_that_cannot_be_written_is_the_hosts_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocker = tmp_path / "run"
    blocker.write_text("")
    basics = with_session(FEDORA, bus=False, runtime_dir=str(blocker))
    with pytest.raises(HostUnsupported) as caught:
        _made_for(basics, {"HOME": str(tmp_path)}, monkeypatch)
    assert str(blocker) in caught.value.details
    assert "Not a directory" in caught.value.details


def test_builds_beside_a_named_service_have_the_settings_that_fit_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    basics = with_session(replace(DEBIAN_12, cgroups=HYBRID), runtime_dir=str(tmp_path))
    monkeypatch.setattr(profile, "observe_basics", lambda _: basics)
    alone = effective_profile({"HOME": str(tmp_path)})
    named = effective_profile({"HOME": str(tmp_path), "CONTAINER_HOST": "tcp://127.0.0.1:1"})
    assert "CONTAINERS_CONF" in alone.environment
    assert named.environment == {**alone.environment, "CONTAINER_HOST": "tcp://127.0.0.1:1"}
    assert named.choices[0].value == "tcp://127.0.0.1:1"
    assert named.choices[1:] == alone.choices
