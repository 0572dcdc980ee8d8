"""The context that Buildah is shown: links, bind mounts, and what a build may do to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import Inputs, read_inputs
from pipeline.build.context.scratch import scratch_folder
from pipeline.build.context.staging import stage_context
from pipeline.build.release.identity import content_of
from pipeline.errors import CapasError
from pipeline.spec.model import Version


class Context:
    """A context with a Containerfile beside it, and where it is staged."""

    def __init__(self, root: Path) -> None:
        self.folder, self.staged = root / "context", root / "staged"
        self._containerfile = root / "Containerfile"
        self.folder.mkdir()

    def write(self, name: str, text: str = "x", mode: int = 0o644) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def link(self, name: str, goal: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).symlink_to(goal)

    def inputs(self, *lines: str, keep_modes: bool = False) -> Inputs:
        self._containerfile.write_text("\n".join(["FROM scratch", *lines, ""]))
        version = Version("i", "1", self.folder, self._containerfile, keep_modes=keep_modes)
        return read_inputs(version, Digests(None))

    def stage(self, *lines: str, keep_modes: bool = False) -> dict[str, str]:
        """What is staged: the text of a file, `-> target` of a link; folders are left out."""
        self.staged.mkdir()
        stage_context(self.inputs(*lines, keep_modes=keep_modes), self.staged)
        return {
            str(path.relative_to(self.staged)): (
                f"-> {path.readlink()}" if path.is_symlink() else path.read_text()
            )
            for path in self.staged.rglob("*")
            if (path.is_symlink() or path.is_file()) and path.parent.name != "etc"
        }

    def files(self, *lines: str) -> list[str]:
        return sorted(content_of(self.inputs(*lines)).files)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(tmp_path)


def test_a_path_through_a_link_is_the_link_and_the_real_file(context: Context) -> None:
    context.write("v1/main", "m")
    context.write("v1/lib/util", "u")
    context.link("app", "v1")
    found = context.stage("COPY app/main /", "COPY app /app/")
    assert found == {"app": "-> v1", "v1/main": "m", "v1/lib/util": "u"}


def test_two_stages_may_read_a_link_and_what_is_behind_it(context: Context) -> None:
    context.write("v1/x")
    context.write("v1/y")
    context.link("a/cur", "../v1")
    found = context.stage("COPY a/cur/x /z", "FROM scratch", "COPY --from=0 /z /", "COPY a/cur /c/")
    assert found == {"a/cur": "-> ../v1", "v1/x": "x", "v1/y": "x"}


def test_an_absolute_link_stays_inside_the_context(context: Context, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of the host")
    context.write(f"{tmp_path}/secret".lstrip("/"), "of the context")
    context.link("cfg", str(tmp_path))
    found = context.stage("COPY cfg/secret /")
    assert found[f"{tmp_path}/secret".lstrip("/")] == "of the context"
    assert found["cfg"] == f"-> {tmp_path}"
    digest = context.inputs("COPY cfg/secret /").files[0].digest
    assert digest == context.inputs(f"COPY {tmp_path}/secret /").files[0].digest


def test_a_pattern_through_a_link_and_a_link_to_a_link(context: Context) -> None:
    context.write("v1/a.py")
    context.link("one", "two")
    context.link("two", "v1")
    found = context.stage("COPY one/*.py /", "COPY one /all/")
    assert found == {"one": "-> two", "two": "-> v1", "v1/a.py": "x"}


def test_a_loop_of_links_is_told(context: Context) -> None:
    context.link("a", "b")
    context.link("b", "a")
    with pytest.raises(CapasError):
        context.inputs("COPY a/x /")


RUN = "RUN --mount=type=bind,{}target=/m cp /m /o"


def test_a_bind_mount_reads_what_it_names(context: Context) -> None:
    for name in ("r.txt", "run/app.log", "src/a", "src/b"):
        context.write(name)
    assert context.files(RUN.format("source=r.txt,")) == ["r.txt"]
    assert context.files(RUN.format("src=src,")) == ["src/a", "src/b"]
    everything = ["r.txt", "run", "run/app.log", "src", "src/a", "src/b"]
    assert context.files(RUN.format("")) == everything
    assert context.files(RUN.format("source=$WHAT,")) == everything
    assert context.files(RUN.format("from=other,source=src,")) == []


def test_a_bind_mount_honours_the_ignore_file_below_what_it_names(context: Context) -> None:
    for name in ("r.txt", "run/app.log", "src/a", "src/cache/b"):
        context.write(name)
    os.mkfifo(context.folder / "run" / "pipe")
    (context.folder / "run" / "closed").mkdir(mode=0)
    context.write(".dockerignore", "run\nsrc/cache\nr.txt\n.dockerignore\n")
    assert context.files(RUN.format("")) == ["src", "src/a"]
    assert context.files(RUN.format("source=src,")) == ["src/a"]
    assert context.files(RUN.format("source=r.txt,")) == ["r.txt"], "it is named"
    assert context.files("COPY $UNKNOWN /x") == ["src", "src/a"]
    with pytest.raises(CapasError, match="cannot be built") as caught:
        context.inputs(RUN.format("source=../x,"))
    assert "lies outside the context" in caught.value.details


def test_a_bind_mount_through_a_link_shows_what_is_behind_it(context: Context) -> None:
    context.write("deep/v1/x")
    context.link("deep/cur", "/deep/v1")
    found = context.stage(RUN.format("source=deep/cur,"))
    assert found == {"deep/v1/x": "x", "deep/cur": "-> v1"}
    assert (context.staged / "deep" / "cur" / "x").read_text() == "x"


def test_what_a_run_is_shown_is_a_copy(context: Context) -> None:
    shown, copied = context.write("src/a"), context.write("b")
    context.stage("COPY b /b", RUN.format("source=src,"))
    assert not (context.staged / "src" / "a").samefile(shown)
    assert (context.staged / "b").samefile(copied)


def test_the_staged_context_has_a_mode_of_its_own(context: Context) -> None:
    context.write("a")
    context.folder.chmod(0o711)
    old = os.umask(0o077)
    try:
        context.stage("COPY a /")
    finally:
        os.umask(old)
    assert context.staged.stat().st_mode & 0o777 == 0o755


def test_removing_it_changes_no_mode_in_the_checkout(context: Context, tmp_path: Path) -> None:
    key = context.write("ro/sub/key", mode=0o600)
    run = context.write("ro/run", mode=0o755)
    for folder in (key.parent, run.parent):
        folder.chmod(0o555)
    with scratch_folder(tmp_path, {}) as scratch:
        context.staged = scratch / "context"
        context.stage("COPY . /c/", keep_modes=True)
        assert (context.staged / "ro" / "run").samefile(run), "else this proves nothing"
    assert not scratch.exists()
    assert (key.stat().st_mode & 0o777, run.stat().st_mode & 0o777) == (0o600, 0o755)
