"""Where a context comes from, from real git repositories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pipeline.build.release.provenance import (
    Provenance,
    provenance_of,
    source_date_epoch,
    source_url,
)
from pipeline.errors import UsageError

ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}


def _git(folder: Path, *arguments: str, when: int = 1000) -> str:
    stamp = f"@{when} +0000"
    identity = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@example",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example",
        "GIT_AUTHOR_DATE": stamp,
        "GIT_COMMITTER_DATE": stamp,
    }
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**ENVIRONMENT, **identity},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


@pytest.fixture
def context(tmp_path: Path) -> Path:
    made = tmp_path / "context"
    made.mkdir()
    (made / "main.py").write_text("1")
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "one", when=1000)
    return made


def test_only_commits_that_touch_the_context_count(context: Path) -> None:
    revision = _git(context, "rev-parse", "HEAD")
    (context.parent / "elsewhere").write_text("x")
    _git(context.parent, "add", ".")
    _git(context.parent, "commit", "-qm", "two", when=2000)
    assert provenance_of(context, ENVIRONMENT) == Provenance(1000, revision, "")


def test_changes_on_top_make_it_dirty(context: Path) -> None:
    (context / "main.py").write_text("2")
    assert provenance_of(context, ENVIRONMENT).revision.endswith("-dirty")


def test_the_source_has_no_credentials(context: Path) -> None:
    _git(context, "remote", "add", "origin", "https://user:secret@git.example/app.git")
    assert provenance_of(context, ENVIRONMENT).source == "https://git.example/app"


@pytest.mark.parametrize(
    ("remote", "source"),
    [
        ("https://git.example/a/b.git", "https://git.example/a/b"),
        ("https://me:secret@git.example/a/b", "https://git.example/a/b"),
        ("http://git.example:8080/a/b/", "http://git.example:8080/a/b"),
        ("git@git.example:a/b.git", "https://git.example/a/b"),
        ("ssh://git@git.example:2222/a/b.git", "https://git.example/a/b"),
        ("git://git.example/a/b", "https://git.example/a/b"),
        ("/home/me/project", ""),
        ("../project", ""),
        ("file:///home/me/project", ""),
        ("", ""),
    ],
)
def test_every_way_of_cloning_names_one_source(remote: str, source: str) -> None:
    assert source_url(remote) == source


def test_source_date_epoch_wins(context: Path) -> None:
    assert provenance_of(context, {**ENVIRONMENT, "SOURCE_DATE_EPOCH": "7"}).created == 7


def test_without_git_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert provenance_of(tmp_path, ENVIRONMENT) == Provenance()
    assert provenance_of(tmp_path, {"PATH": "/nonexistent"}) == Provenance()


@pytest.mark.parametrize("given", ["-1", "1.5", "now", "٣"])
def test_a_source_date_epoch_that_is_no_number_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        source_date_epoch({"SOURCE_DATE_EPOCH": given})


HOSTILE = {
    "a monitor": ("core.fsmonitor",),
    "a filter": ("filter.evil.clean", "filter.evil.process"),
    "a filter with an odd name": ("filter.a=b.clean",),
    "a pager": ("core.pager", "pager.log", "pager.status"),
    "an external diff": ("diff.external", "diff.evil.command", "diff.evil.textconv"),
    "a signer": ("gpg.program", "gpg.openpgp.program"),
}


@pytest.mark.parametrize("keys", HOSTILE.values(), ids=HOSTILE)
def test_a_repository_runs_no_program(context: Path, keys: tuple[str, ...]) -> None:
    told, program = context.parent / "told", context.parent / "evil"
    program.write_text(f"#!/bin/sh\necho ran >> {told}\ncat\n")
    program.chmod(0o755)
    (context.parent / ".git" / "info").mkdir(exist_ok=True)
    attributes = (
        "* filter=evil diff=evil\n*.py filter=a=b\n"
        if "a=b" in keys[0]
        else "* filter=evil diff=evil\n"
    )
    (context.parent / ".git" / "info" / "attributes").write_text(attributes)
    (context.parent / ".git" / "info" / "exclude").write_text("/told\n/evil\n")
    for key in keys:
        _git(context, "config", key, str(program))
    _git(context, "config", "log.showSignature", "true")
    os.utime(context / "main.py", (5, 5))  # git has to read it to know whether it changed
    told.unlink(missing_ok=True)
    assert provenance_of(context, ENVIRONMENT).created == 1000
    (context / "main.py").write_text("2")
    assert provenance_of(context, ENVIRONMENT).revision.endswith("-dirty")
    assert not told.exists()


def test_a_submodule_is_not_asked(context: Path, tmp_path: Path) -> None:
    told, program = tmp_path / "told", tmp_path / "evil"
    program.write_text(f"#!/bin/sh\necho ran >> {told}\n")
    program.chmod(0o755)
    inner = context / "inner"
    inner.mkdir()
    _git(inner, "init", "-q")
    (inner / "file").touch()
    _git(inner, "add", ".")
    _git(inner, "commit", "-qm", "inner")
    _git(context, "add", "inner")
    _git(context, "commit", "-qm", "outer", when=3000)
    _git(inner, "config", "core.fsmonitor", str(program))
    (inner / "file").write_text("changed")
    told.unlink(missing_ok=True)
    assert provenance_of(context, ENVIRONMENT).created == 3000
    assert not told.exists()


def test_an_object_that_is_missing_is_not_fetched(context: Path) -> None:
    told = context.parent / "told"
    for key, value in {
        "remote.evil.url": f"ext::sh -c 'echo ran >> {told}'",
        "remote.evil.promisor": "true",
        "protocol.ext.allow": "always",
        "protocol.allow": "always",
        "extensions.partialClone": "evil",
        "core.repositoryFormatVersion": "1",
    }.items():
        _git(context, "config", key, value)
    tree = _git(context, "rev-parse", "HEAD:context")
    (context.parent / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    assert provenance_of(context, ENVIRONMENT).source == ""
    assert not told.exists()


@pytest.mark.parametrize("variable", ["GIT_DIR", "GIT_WORK_TREE", "GIT_EXTERNAL_DIFF"])
def test_variables_of_the_caller_do_not_lead_git(context: Path, variable: str) -> None:
    led = {**ENVIRONMENT, variable: "/nonexistent"}
    assert provenance_of(context, led).created == 1000
