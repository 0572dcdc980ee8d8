"""The report on real images."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.engine import command
from pipeline.engine.buildah import build_argv
from tests.integration.conftest import Capas

pytestmark = pytest.mark.integration


def build(environment: Mapping[str, str], folder: Path, tag: str, text: str, **files: str) -> str:
    """One image from a Containerfile and files, with fixed times."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content)
    (folder / "Containerfile").write_text(text)
    reference = f"localhost/{tag}"
    argv = build_argv(
        context=folder,
        containerfile=folder / "Containerfile",
        tags=(reference,),
        args={},
        labels={},
        timestamp=0,
    )
    command.run(argv, environment=environment)
    return reference


@pytest.fixture(scope="module")
def versions(
    environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str]:
    """Two versions: the first file is the same, the second has other content."""
    folder = tmp_path_factory.mktemp("versions")
    text = 'FROM scratch\nCOPY lib /lib\nCOPY app /app/\nCMD ["/app/app"]\n'
    one = build(environment, folder, "capas-report:1", text, lib="lib" * 5000, app="one")
    two = build(environment, folder, "capas-report:2", text, lib="lib" * 5000, app="two!")
    return one, two


def test_two_images_by_name(versions: tuple[str, str], capas: Capas, tmp_path: Path) -> None:
    one, two = versions
    done = capas("report", "--images", one, two, "--format", "json", cwd=tmp_path)
    data = json.loads(done.stdout)
    (comparison,) = data["comparisons"]
    assert (comparison["shared_layers"], comparison["new_layers"]) == (1, 1)
    cause = comparison["new"][0]["cause"]
    assert [(f["path"], f["aspect"]) for f in cause["files"]] == [("/app/app", "content")]
    sha = subprocess.run(["sha256sum"], input="two!", capture_output=True, text=True, check=True)
    assert cause["files"][0]["after"] == f"sha256:{sha.stdout.split()[0]}"
    layers = {layer["id"]: layer for layer in data["layers"]}
    assert comparison["shared_bytes"] == sum(
        layer["size"] for layer in layers.values() if len(layer["versions"]) == 2
    )
    assert {layer["blob"]["source"] for layer in layers.values()} == {"measured"}


def test_an_image_that_came_back_in_another_form_is_read(
    versions: tuple[str, str], environment: Mapping[str, str], capas: Capas, tmp_path: Path
) -> None:
    """Pushed and pulled again it has the same id, and a second manifest: of compressed layers."""
    one, two = versions
    layout, back = f"oci:{tmp_path / 'layout'}:1", "localhost/capas-report-back:1"
    for source, target in (
        (f"containers-storage:{one}", layout),
        (layout, f"containers-storage:{back}"),
    ):
        command.run(["skopeo", "copy", "--quiet", source, target], environment=environment)
    for names in ((one, two), (back, two)):
        done = capas("report", "--images", *names, "--format", "json", cwd=tmp_path)
        assert json.loads(done.stdout)["comparisons"][0]["shared_layers"] == 1


def test_an_image_that_is_not_there(capas: Capas, tmp_path: Path) -> None:
    done = capas("report", "--images", "nobody:1", cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "the image nobody:1 is not in the store" in done.stderr
    done = capas("report", "--images", "nobody:1", "", cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "--images got an empty name" in done.stderr
    assert "there are" not in done.stderr
    assert done.stdout == ""


def test_the_names_that_were_meant(versions: tuple[str, str], capas: Capas, tmp_path: Path) -> None:
    done = capas("report", "--images", "capas-report", cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert f"there are: {', '.join(versions)}\n" in done.stderr


BUDGETS = """name = "budgets"
[images.budget{limit}.versions]
"1" = {{ context = "../v1" }}
"2" = {{ context = "../v2" }}
[x-report]
max_new_bytes = {limit}
"""


@pytest.mark.parametrize(("limit", "code"), [(2_000_000, 0), (1000, 1)])
def test_a_budget_decides_the_exit_code(
    capas: Capas, tmp_path: Path, limit: int, code: int
) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "budgets.toml").write_text(BUDGETS.format(limit=limit))
    for version in ("1", "2"):
        context = tmp_path / f"v{version}"
        context.mkdir()
        (context / "Containerfile").write_text("FROM scratch\nCOPY app /app\n")
        (context / "app").write_text(f"{limit} {version}")
    early = capas("report", cwd=tmp_path, check=False)
    assert (early.returncode, "`capas build` builds them" in early.stderr) == (2, True)
    capas("build", "--version", "1", cwd=tmp_path)
    assert f"not built yet, so not in the report: budget{limit}:2" in (
        capas("report", cwd=tmp_path).stderr
    )
    capas("build", cwd=tmp_path)
    done = capas("report", "--format", "json", cwd=tmp_path, check=False)
    assert done.returncode == code
    (verdict,) = json.loads(done.stdout)["budgets"]
    assert (verdict["rule"], verdict["limit"]) == ("max_new_bytes", limit)
    assert verdict["held"] is (code == 0)
    assert (f"budget{limit}:2 breaks its budget max_new_bytes" in done.stderr) is (code == 1)
