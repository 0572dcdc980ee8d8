from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from pipeline.build.rootfs.debs import is_wanted, place_of, write_rootfs
from pipeline.errors import EngineError


def make_deb(folder: Path, name: str, files: dict[str, str]) -> Path:
    root = folder / f"{name}-root"
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    control = root / "DEBIAN" / "control"
    control.parent.mkdir(parents=True)
    control.write_text(
        f"Package: {name}\nVersion: 1\nArchitecture: all\n"
        "Maintainer: Nobody <nobody@example.org>\nDescription: a test\n"
    )
    deb = folder / f"{name}_1_all.deb"
    argv = ["dpkg-deb", "--build", "--root-owner-group", str(root), str(deb)]
    subprocess.run(argv, check=True, capture_output=True)
    return deb


def rootfs(folder: Path, debs: list[Path], *exclude: str, name: str = "rootfs.tar") -> Path:
    work = folder / f"work-{name}"
    work.mkdir()
    target = folder / name
    write_rootfs(debs, work, target, exclude)
    return target


def test_everything_belongs_to_root_and_lies_below_usr(tmp_path: Path) -> None:
    files = {"bin/tool": "#!/bin/sh\n", "usr/share/man/man1/t.1": "x", "var/run/tool/pid": ""}
    deb = make_deb(tmp_path, "tool", files)
    with tarfile.open(rootfs(tmp_path, [deb])) as tar:
        members = {m.name: m for m in tar.getmembers()}
    assert members["usr/bin/tool"].size == len("#!/bin/sh\n")
    assert members["bin"].issym()
    assert members["bin"].linkname == "usr/bin"
    assert "usr/share/man/man1/t.1" not in members
    assert members["var/run"].linkname == "../run"
    assert "run/tool/pid" in members
    assert "sbin" not in members
    assert {(m.uid, m.gid, m.mtime) for m in members.values()} == {(0, 0, 0)}
    assert members["tmp"].mode == 0o1777
    assert members["var/lib/dpkg/status.d/tool"].size > 0


def test_the_same_packages_give_the_same_bytes(tmp_path: Path) -> None:
    debs = [make_deb(tmp_path, n, {f"usr/lib/{n}": n, "etc/shared": n}) for n in ("b", "a")]
    first = rootfs(tmp_path, debs, name="1.tar").read_bytes()
    for path in tmp_path.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    assert rootfs(tmp_path, debs, name="2.tar").read_bytes() == first


def test_modes_links_and_set_user_id_bits_arrive(tmp_path: Path) -> None:
    root = tmp_path / "links-root" / "usr" / "bin"
    root.mkdir(parents=True)
    (root / "real").write_text("content")
    (root / "real").chmod(0o4755)
    (root / "alias").symlink_to("real")
    os.link(root / "real", root / "also")
    deb = make_deb(tmp_path, "links", {"usr/share/x": "x"})
    with tarfile.open(rootfs(tmp_path, [deb])) as tar:
        members = {m.name: m for m in tar.getmembers()}
        names = ["usr/bin/also", "usr/bin/real"]
        contents = [tar.extractfile(name) for name in names]
        assert [c.read() for c in contents if c] == [b"content", b"content"]
    assert members["usr/bin/alias"].linkname == "real"
    assert [members[n].mode for n in names if members[n].isreg()] == [0o4755]


def test_base_passwds_masters_become_the_accounts(tmp_path: Path) -> None:
    masters = {f"usr/share/base-passwd/{n}.master": f"{n}:root\n" for n in ("passwd", "group")}
    deb = make_deb(tmp_path, "base-passwd", masters)
    with tarfile.open(rootfs(tmp_path, [deb])) as tar:
        for name in ("passwd", "group"):
            content = tar.extractfile(f"etc/{name}")
            assert content
            assert content.read() == f"{name}:root\n".encode()


def test_licences_stay_and_exclusions_take_whole_folders() -> None:
    assert is_wanted("usr/share/doc/tool/copyright", ())
    assert not is_wanted("usr/share/doc/tool/README", ())
    assert not is_wanted("usr/share/perl5/Debconf/Db.pm", ("usr/share/perl5",))
    assert is_wanted("usr/share/perl5x", ("usr/share/perl5",))
    assert not is_wanted("usr/bin/dpkg-deb", ("usr/bin/dpkg*",))


@pytest.mark.parametrize(
    ("packed", "place"),
    [
        ("./", ""),
        ("./bin/sh", "usr/bin/sh"),
        ("./usr/bin/sh", "usr/bin/sh"),
        ("./lib64/ld.so", "usr/lib64/ld.so"),
        ("./libexec/x", "libexec/x"),
        ("./.hidden", ".hidden"),
        ("./var/run/", "run"),
        ("./var/run/postgresql", "run/postgresql"),
        ("./var/runner", "var/runner"),
    ],
)
def test_a_packed_path_finds_its_place(packed: str, place: str) -> None:
    assert place_of(packed) == place


def test_a_broken_package_is_named(tmp_path: Path) -> None:
    deb = tmp_path / "broken_1_all.deb"
    deb.write_text("no package")
    with pytest.raises(EngineError, match="dpkg-deb failed"):
        rootfs(tmp_path, [deb])
