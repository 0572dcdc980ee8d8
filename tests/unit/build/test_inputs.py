"""What a version is made of."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import Inputs, PreparedRootfs, read_inputs
from pipeline.build.context.staging import stage_context
from pipeline.build.release.identity import Content, content_of, identity_of
from pipeline.errors import CapasError, InvalidSpec
from pipeline.spec.model import Rootfs, Version


def _version(context: Path, text: str, **more: object) -> Version:
    (context / "Containerfile").write_text(text)
    made = Version("web", "1", context, context / "Containerfile")
    return replace(made, **more)  # type: ignore[arg-type]


def _read(version: Version) -> Inputs:
    return read_inputs(version, Digests(None))


def _content(version: Version) -> Content:
    return content_of(_read(version))


def test_only_what_an_instruction_reads_counts(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("1")
    (tmp_path / "README").write_text("not copied")
    version = _version(tmp_path, "FROM scratch\nCOPY main.py /app/\n")
    assert [file.path for file in _read(version).files] == ["main.py"]


def test_comments_times_and_unread_files_do_not_change_the_content(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("1")
    before = _content(_version(tmp_path, "FROM scratch\nCOPY main.py /app/\n"))
    (tmp_path / "README").write_text("new")
    os.utime(tmp_path / "main.py", (1, 1))
    (tmp_path / "main.py").chmod(0o600)  # a checkout with umask 077
    assert _content(_version(tmp_path, "# why\nFROM scratch\n\nCOPY main.py /app/\n")) == before


def test_what_decides_the_image_changes_the_content(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("1")
    text = "FROM scratch\nARG A\nCOPY main.py /app/\n"
    version = _version(tmp_path, text)
    seen = [_content(version), _content(replace(version, args={"A": "1"}))]
    seen.append(_content(replace(version, labels={"a": "1"})))
    (tmp_path / "main.py").chmod(0o755)
    seen.append(_content(version))
    (tmp_path / "main.py").write_text("2")
    seen.append(_content(version))
    seen.append(_content(_version(tmp_path, text + "CMD x\n")))
    assert all(one not in seen[:place] for place, one in enumerate(seen))


def test_the_identity_holds_bases_timestamp_and_names(tmp_path: Path) -> None:
    version = _version(tmp_path, "FROM scratch\n")
    content = _content(version)
    found = {
        identity_of(version, content, {}, 0, "demo"),
        identity_of(version, content, {"a": "1"}, 0, "demo"),
        identity_of(version, content, {}, 1, "demo"),
        identity_of(version, content, {}, 0, "other"),
        identity_of(replace(version, name="2"), content, {}, 0, "demo"),
    }
    assert len(found) == 5


def test_only_the_stages_that_lead_to_the_target_count(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text(name)
    text = (
        "FROM scratch AS one\nCOPY a /\n"
        "FROM localhost/other:1 AS unused\nCOPY b /\n"
        "FROM localhost/base:1 AS two\nCOPY --from=one a /\nCOPY c /\n"
        "FROM two\nCMD x\n"
    )
    inputs = _read(_version(tmp_path, text))
    assert [file.path for file in inputs.files] == ["a", "c"]
    assert inputs.references == ("localhost/base:1",)
    assert (inputs.base, inputs.chain) == ("localhost/base:1", frozenset({2, 3}))
    target = _read(_version(tmp_path, text, target="one"))
    assert [file.path for file in target.files] == ["a"]
    assert (target.base, target.chain) == (None, frozenset({0}))


def test_arguments_choose_bases_and_sources(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("b")
    text = "ARG BASE=localhost/base:1\nFROM ${BASE}\nARG WHICH=a\nCOPY $WHICH.txt /\n"
    inputs = _read(_version(tmp_path, text, args={"BASE": "localhost/base:2", "WHICH": "b"}))
    assert inputs.references == ("localhost/base:2",)
    assert [file.path for file in inputs.files] == ["b.txt"]


def test_a_prepared_root_file_system_is_part_of_the_context(tmp_path: Path) -> None:
    version = _version(
        tmp_path, "FROM scratch\nADD rootfs.tar /\n", rootfs=Rootfs("bookworm", ("busybox",))
    )
    tar = tmp_path / "elsewhere.tar"
    tar.write_text("tar")
    inputs = read_inputs(version, Digests(None), PreparedRootfs(tar, "d1"))
    assert [(file.path, file.digest) for file in inputs.files] == [("rootfs.tar", "d1")]
    folder = tmp_path / "staged"
    folder.mkdir()
    stage_context(inputs, folder)
    assert (folder / "rootfs.tar").read_text() == "tar"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM scratch\nCOPY gone /\n", "Containerfile:2: 'gone' is not in the context"),
        ("FROM scratch\nCOPY ../x /\n", "lies outside the context"),
        ("FROM scratch\nCOPY fifo /\n", "'fifo' is a FIFO or a device"),
        ("FROM scratch\nCOPY secret /\n", "'secret': Permission denied"),
    ],
)
def test_what_cannot_be_copied_is_told_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "secret").write_text("x")

    def refuse(_self: Digests, path: Path) -> str:  # root reads everything: it has to be played
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Digests, "of", refuse)
    with pytest.raises(CapasError) as caught:
        _read(_version(tmp_path, text))
    assert said in caught.value.details


def test_a_containerfile_that_buildah_does_not_understand_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSpec):
        _read(_version(tmp_path, "COPY a /\n"))


def test_the_staged_context_has_gits_modes_whatever_the_checkout_has(tmp_path: Path) -> None:
    context, folder = tmp_path / "context", tmp_path / "staged"
    (context / "src" / "deep").mkdir(parents=True)
    folder.mkdir()
    (context / "src").chmod(0o700)
    (context / "src" / "run").write_text("x")
    (context / "src" / "run").chmod(0o700)
    (context / "src" / "deep" / "data").write_text("y")
    (context / "src" / "deep" / "data").chmod(0o600)
    (context / "src" / "link").symlink_to("run")
    (context / "top").symlink_to("src/deep")
    version = _version(context, "FROM scratch\nCOPY src /src\nCOPY top /top\n")
    stage_context(_read(version), folder)
    modes = {
        str(path.relative_to(folder)): oct(path.lstat().st_mode & 0o777)
        for path in folder.rglob("*")
        if not path.is_symlink()
    }
    assert modes == {
        "src": "0o755",
        "src/deep": "0o755",
        "src/run": "0o755",
        "src/deep/data": "0o644",
        "etc": "0o755",
        "etc/passwd": "0o644",
        "etc/group": "0o644",  # see test_owners
    }
    assert (folder / "src" / "link").readlink() == Path("run")
    assert (folder / "top").readlink() == Path("src/deep")


def test_a_file_that_is_right_already_is_not_copied(tmp_path: Path) -> None:
    context, folder = tmp_path / "context", tmp_path / "staged"
    context.mkdir()
    folder.mkdir()
    (context / "a").write_text("x")
    (context / "a").chmod(0o644)
    (context / "b").hardlink_to(context / "a")
    stage_context(_read(_version(context, "FROM scratch\nCOPY a b /\n")), folder)
    assert (folder / "a").samefile(context / "a")
    assert not (folder / "b").samefile(context / "a"), "Buildah digests two hard links as one"


def test_kept_modes_are_staged_those_of_folders_too(tmp_path: Path) -> None:
    context, folder = tmp_path / "context", tmp_path / "staged"
    (context / "closed" / "deeper").mkdir(parents=True)
    folder.mkdir()
    (context / "a").write_text("x")
    (context / "a").chmod(0o640)
    (context / "closed" / "deeper" / "b").write_text("x")
    for name, mode in (("closed/deeper/b", 0o711), ("closed/deeper", 0o500), ("closed", 0o550)):
        (context / name).chmod(mode)
    version = _version(context, "FROM scratch\nCOPY . /\n", keep_modes=True)
    stage_context(_read(version), folder)
    for name in ("a", "closed", "closed/deeper", "closed/deeper/b"):
        staged = (folder / name).stat().st_mode
        assert oct(staged) == oct((context / name).stat().st_mode), name


def test_names_that_are_no_text_are_carried_through(tmp_path: Path) -> None:
    context, folder = tmp_path / "context", tmp_path / "staged"
    context.mkdir()
    folder.mkdir()
    for name in (b"new\nline", b"\xff\xfe", "ü".encode()):
        (context / os.fsdecode(name)).write_text("x")
    version = _version(context, "FROM scratch\nCOPY . /\n")
    stage_context(_read(version), folder)
    assert {os.fsencode(p.name) for p in folder.iterdir()} >= {b"new\nline", b"\xff\xfe"}
    assert len(identity_of(version, _content(version), {}, 0, "demo")) == 64


@pytest.mark.timeout(20)
def test_a_fifo_in_place_of_the_ignore_file_is_reported_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    os.mkfifo(tmp_path / ".containerignore")
    with pytest.raises(CapasError, match="ignore file cannot be read"):
        _read(_version(tmp_path, "FROM scratch\nCOPY a /a\n"))
