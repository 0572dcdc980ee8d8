"""Env files and files of secrets stay inside the project, or the spec says the word."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.spec.load import examine

SPEC = """
name = "shop"
[services.web]
image = "docker.io/library/redis:7"
{service}
[secrets.key]
{secret}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "specs").mkdir(parents=True)
    (folder / "in.env").write_text("COLOUR=blue\n")
    (tmp_path / "out.env").write_text("COLOUR=secret\n")
    (folder / "link.env").symlink_to("../out.env")
    (folder / "inner.env").symlink_to("in.env")
    (folder / "elsewhere").symlink_to("..")
    (folder / "loop.env").symlink_to("loop.env")
    return folder


def read(project: Path, service: str = "", secret: str = 'file = "../in.env"') -> tuple[str, str]:
    """The rules that answer, and what the service's variable is."""
    spec = project / "specs" / "shop.toml"
    spec.write_text(SPEC.format(service=service, secret=secret))
    found = examine(spec, {"HOME": str(project.parent)})
    rules = " ".join(finding.rule for finding in found.findings)
    said = " ".join(finding.message for finding in found.findings)
    assert "blue" not in said
    assert "COLOUR" not in said
    value = found.pipeline.services["web"].environment.get("COLOUR", "") if found.pipeline else ""
    return rules, value


@pytest.mark.parametrize("path", ["../in.env", "../inner.env", "../specs/../in.env"])
def test_what_lies_inside_is_read(project: Path, path: str) -> None:
    assert read(project, f'env_file = "{path}"', f'file = "{path}"') == ("", "blue")


@pytest.mark.parametrize(
    "path", ["../../out.env", "../link.env", "../elsewhere/out.env", "~/out.env", "../loop.env"]
)
def test_what_leaves_the_project_needs_the_word_and_is_not_read(project: Path, path: str) -> None:
    assert read(project, f'env_file = "{path}"') == ("CAP121", "")
    assert read(project, f'env_file = ["../in.env", "{path}"]') == ("CAP121", "")
    assert read(project, secret=f'file = "{path}"') == ("CAP121", "")
    if "loop" not in path:
        word = "allow_outside_project = true"
        assert read(project, f'env_file = {{ path = "{path}", {word} }}') == ("", "secret")
        assert read(project, secret=f'file = "{path}"\n{word}') == ("", "")


def test_a_path_from_a_variable_needs_the_word_like_any_other(project: Path) -> None:
    assert read(project, 'env_file = "${HOME}/out.env"') == ("CAP121", "")


def test_a_dotenv_that_leads_elsewhere_is_not_read(project: Path) -> None:
    (project / ".env").symlink_to("../out.env")
    rules, value = read(project, 'environment = { COLOUR = "${COLOUR:-none}" }')
    assert (rules, value) == ("CAP121", "")
    (project / ".env").unlink()
    (project / ".env").symlink_to("in.env")
    assert read(project, 'environment = { COLOUR = "${COLOUR:-none}" }') == ("", "blue")
