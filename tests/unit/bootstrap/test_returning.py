"""What returns from the account's copy: what the table names, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pipeline.bootstrap.returning import TABLE, asked_for, row_for
from pipeline.scaffold.project import plan_files

CHECKOUT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "path",
    [
        "reports/pytweets.html",
        "reports/tests/unit.xml",
        "specs/pytweets.lock",
        "specs/shop.toml",
        "specs/pipeline.schema.json",
        "containers/shop/1.0/Containerfile",
        "containers/shop/1.0/main.py",
        "backups/data-2026.tar.gz",
    ],
)
def test_what_tasks_make_returns(path: str) -> None:
    assert row_for(path) is not None


@pytest.mark.parametrize(
    "path",
    [
        *("capas", "pipeline/bootstrap/main.py", ".ci/run", ".git/hooks/x", ".git/config"),
        *("tests/accounts/limiting/enter-host", "tests/conftest.py", "bench/timing.py"),
        *("tasks.py", "invoke.py", "invoke.yaml", "invoke.json", "pyproject.toml", "action.yml"),
        *(".env", ".envrc", ".gitignore", ".vscode/tasks.json", ".pre-commit-hooks.yaml"),
        *("Makefile", "setup.py", "conftest.py", "sitecustomize.py", "json.py", "run.sh", "run"),
        *("compose.yaml", "docs/security.md", "poetry.lock", "specs/deep/a.lock", "specs/x.py"),
        *("reports/run.sh", "reports/x.py", "reports/.htaccess", "containers/.envrc"),
        *("specs/.lock", "reports/a\x1b[2Jb.html", "reports/\u202etxt.html", "reports/index.yaml"),
    ],
)
def test_what_runs_or_leads_a_program_never_returns(path: str) -> None:
    assert row_for(path) is None


def test_no_file_of_the_checkout_is_replaced_but_locks_and_reports() -> None:
    listed = ["git", "-C", str(CHECKOUT), "ls-files"]
    done = subprocess.run(listed, capture_output=True, text=True, check=False)
    replaced = {path for path in done.stdout.split("\n") if (row := row_for(path)) and row.replaces}
    assert {path.rpartition(".")[2] for path in replaced} <= {"lock"}


def test_a_result_returns_where_root_asked_for_it() -> None:
    asked = ("units", "images", "page.html")
    assert row_for("page.html", asked)
    assert row_for("units/web.container", asked)
    assert row_for("units/deep/compose.yaml", asked)
    assert row_for("images/oci-layout", asked)
    assert row_for(f"images/blobs/sha256/{'0a' * 32}", asked)
    for path in ("units/run.sh", "units/tasks.py", "units/invoke.yaml", "units/.envrc", "unit.yaml",
                 "images/blobs/sha256/evil", "page.html.py"):  # fmt: skip
        assert row_for(path, asked) is None, path


@pytest.mark.parametrize(
    ("words", "place", "found"),
    [
        (["export", "--output", "units"], "", ("units",)),
        (["export", "--output=./units/"], "deep", ("deep/units",)),
        (["push", "--to", "../images"], "deep", ("images",)),
        (["push", "--to", "../../images"], "deep", ()),
        (["export", "--output", "/etc"], "", ()),
        (["export", "--output", "."], "", ()),
        (["export", "--output"], "", ()),
        (["validate"], "", ()),
    ],
)
def test_paths_that_a_command_line_names(
    words: list[str], place: str, found: tuple[str, ...]
) -> None:
    assert asked_for(words, place) == found


def test_of_a_new_project_all_returns_that_leads_no_program_of_roots() -> None:
    stays = [str(path) for path in plan_files("shop", None) if row_for(str(path)) is None]
    assert sorted(stays) == [".gitignore", "tasks.py"]


def test_the_page_names_every_row() -> None:
    page = (CHECKOUT / "docs" / "security.md").read_text()
    for row in TABLE:
        assert f"`{'/'.join(row.folders)}" in page
