import ast
from pathlib import Path

import pytest

from pipeline.errors import Refused, UsageError
from pipeline.scaffold.project import apply_files, plan_files, proposed_name
from pipeline.spec.load import examine, load


@pytest.mark.parametrize("base", [None, "docker.io/library/python:3.12-slim"])
def test_a_new_project_is_valid(tmp_path: Path, base: str | None) -> None:
    folder = tmp_path / "a project"
    apply_files(folder, plan_files("shop", base))
    pipeline = load(folder / "specs" / "shop.toml", {})
    assert pipeline.root == folder
    assert ("shop-python" in pipeline.images) == (base is None)
    assert pipeline.services["web"].replicas == 2
    ast.parse((folder / "containers/shop/1.0/main.py").read_text())


def test_a_file_that_is_there_refuses_the_whole_project(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text("mine")
    with pytest.raises(Refused) as raised:
        apply_files(tmp_path, plan_files("shop", None))
    assert raised.value.details == "tasks.py"
    assert [path.name for path in tmp_path.iterdir()] == ["tasks.py"]
    assert (tmp_path / "tasks.py").read_text() == "mine"


def test_a_dangling_link_counts_as_there(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").symlink_to(tmp_path / "nowhere")
    with pytest.raises(Refused):
        apply_files(tmp_path, plan_files("shop", None))


@pytest.mark.parametrize(
    ("name", "proposal"), [("My Shop", "my-shop"), ("shop_", "shop"), ("Ärger", "arger")]
)
def test_a_name_that_oci_refuses_comes_with_the_fix(name: str, proposal: str) -> None:
    with pytest.raises(UsageError) as raised:
        plan_files(name, None)
    assert raised.value.resolution == f"--name {proposal}"


@pytest.mark.parametrize("base", [None, "docker.io/library/python:3.12-slim"])
def test_a_new_project_has_no_findings(tmp_path: Path, base: str | None) -> None:
    apply_files(tmp_path, plan_files("shop", base))
    assert examine(tmp_path / "specs" / "shop.toml", {}, containerfiles=True).findings == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [("Mi Práctica 1", "mi-practica-1"), ("Übung", "ubung"), ("a__b", "a-b"), ("日本", "")],
)
def test_a_folders_name_keeps_its_letters(text: str, name: str) -> None:
    assert proposed_name(text) == name
