from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.spec.discover import discover, discover_all


def specs(folder: Path, *names: str) -> Path:
    (folder / "specs").mkdir(parents=True)
    for name in names:
        (folder / "specs" / name).write_text("")
    return folder


def test_the_option_wins_over_the_variable_and_the_variable_over_the_folder(tmp_path: Path) -> None:
    specs(tmp_path, "only.toml")

    assert discover("given.toml", tmp_path, {"CAPAS_SPEC": "set.toml"}) == Path("given.toml")
    assert discover(None, tmp_path, {"CAPAS_SPEC": "set.toml"}) == Path("set.toml")
    assert discover(None, tmp_path, {}) == Path("specs/only.toml")


def test_the_reference_is_never_chosen_by_itself(tmp_path: Path) -> None:
    specs(tmp_path, "only.toml", "reference.toml")

    assert discover(None, tmp_path, {}) == Path("specs/only.toml")


def test_a_folder_inside_the_project_finds_the_spec_above_it(tmp_path: Path) -> None:
    specs(tmp_path, "only.toml")
    (tmp_path / "containers" / "app").mkdir(parents=True)

    found = discover(None, tmp_path / "containers" / "app", {})

    assert found == tmp_path / "specs" / "only.toml"


def test_nothing_above_the_project_folder_is_looked_at(tmp_path: Path) -> None:
    specs(tmp_path, "other.toml")
    (tmp_path / "project" / ".git").mkdir(parents=True)

    with pytest.raises(UsageError, match="there is no spec here"):
        discover(None, tmp_path / "project", {})


def test_of_several_the_user_has_to_choose(tmp_path: Path) -> None:
    specs(tmp_path, "a.toml", "b.toml")

    with pytest.raises(UsageError) as caught:
        discover(None, tmp_path, {})

    assert caught.value.details == "--spec specs/a.toml\n--spec specs/b.toml"


def test_globs_and_names_give_each_spec_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(specs(tmp_path, "a.toml", "b.toml"))

    found = discover_all(["specs/b.toml", "specs/*.toml", "missing.toml"], tmp_path, {})

    assert found == [Path("specs/b.toml"), Path("specs/a.toml"), Path("missing.toml")]
    with pytest.raises(UsageError, match="no file matches"):
        discover_all(["nothing/*.toml"], tmp_path, {})
