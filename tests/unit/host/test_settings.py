from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engine import conf_files
from pipeline.host import settings
from pipeline.host.facts import Setting

USER = 1001
OLD = (4, 3)
values = st.recursive(
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('ab." \\', max_size=3), inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), values))
def test_written_toml_reads_back(content: dict[str, Any]) -> None:
    assert tomli.loads(settings.to_toml(content)) == content


def test_a_merge_keeps_what_the_top_does_not_name() -> None:
    below = {"engine": {"runtime": "crun", "runtimes": {"kata": ["/k"]}}, "network": {"a": 1}}
    top = {"engine": {"runtime": "runc"}, "containers": {"b": 2}}
    assert settings.merge(below, top) == {
        "engine": {"runtime": "runc", "runtimes": {"kata": ["/k"]}},
        "network": {"a": 1},
        "containers": {"b": 2},
    }


def test_users_files_count_more_and_a_variable_counts_alone(tmp_path: Path) -> None:
    folder = tmp_path / "containers"
    (folder / "containers.conf.d").mkdir(parents=True)
    own = [folder / "containers.conf", folder / "containers.conf.d" / "10-a.conf"]
    for path in own:
        path.write_text("")
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "HOME": "/nowhere"}
    assert settings.containers_conf_files(environ, USER, OLD)[-2:] == own
    assert not set(own) & set(settings.containers_conf_files(environ, 0, OLD))
    named = {**environ, "CONTAINERS_CONF": "/some/file"}
    assert settings.containers_conf_files(named, USER, OLD) == [Path("/some/file")]
    both = {**named, "CONTAINERS_CONF_OVERRIDE": "/over"}
    assert settings.containers_conf_files(both, USER, OLD) == [Path("/some/file"), Path("/over")]


def test_the_users_storage_conf_hides_the_administrators(tmp_path: Path) -> None:
    path = tmp_path / "containers" / "storage.conf"
    path.parent.mkdir()
    path.write_text("")
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert settings.storage_conf_file(environ, USER) == path
    assert settings.storage_conf_file(environ, 0) != path
    named = {**environ, "CONTAINERS_STORAGE_CONF": "/some/file"}
    assert settings.storage_conf_file(named, USER) == Path("/some/file")


HOME = {"HOME": "/home/ann", "USER": "ann"}
OWN = Path("/home/ann/.config/containers/storage.conf")
ADMIN = Path("/etc/containers/storage.conf")
BOTH = {"storage": {"graphroot": "/g", "rootless_storage_path": "/srv/$USER/$UID$HOME"}}


@pytest.mark.parametrize(
    ("conf", "more", "uid", "folder"),
    [
        (None, {}, USER, "/home/ann/.local/share/containers/storage"),
        (None, {"XDG_DATA_HOME": "/d"}, USER, "/d/containers/storage"),
        (None, {}, 0, "/var/lib/containers/storage"),
        ((OWN, BOTH), {}, USER, "/g"),
        ((ADMIN, BOTH), {}, USER, "/srv/ann/1001/home/ann"),
        ((OWN, BOTH), {"CONTAINERS_STORAGE_CONF": str(OWN)}, USER, "/srv/ann/1001/home/ann"),
        ((ADMIN, BOTH), {}, 0, "/g"),
        ((OWN, {"storage": "nonsense"}), {}, USER, "/home/ann/.local/share/containers/storage"),
    ],
)
def test_the_graph_root(
    conf: tuple[Path, settings.Toml] | None, more: dict[str, str], uid: int, folder: str
) -> None:
    assert settings.graphroot({**HOME, **more}, uid, conf) == folder


def test_what_somebody_chose_and_where() -> None:
    containers: list[tuple[Path, settings.Toml]] = [
        (Path("/etc/c"), {"engine": {"runtime": "crun", "cgroup_manager": "cgroupfs"}}),
        (Path("/home/c"), {"engine": {"runtime": "runc"}, "network": "nonsense"}),
    ]
    storage: tuple[Path, settings.Toml] = (Path("/home/s"), {"storage": {"driver": "vfs"}})
    assert settings.chosen({"BUILDAH_ISOLATION": "chroot"}, containers, [storage]) == {
        "runtime": Setting("runc", "/home/c"),
        "cgroup_manager": Setting("cgroupfs", "/etc/c"),
        "driver": Setting("vfs", "/home/s"),
        "isolation": Setting("chroot", "BUILDAH_ISOLATION"),
    }
    assert settings.chosen({"STORAGE_DRIVER": "overlay"}, [], [storage]) == {
        "driver": Setting("overlay", "STORAGE_DRIVER")
    }


def test_an_unreadable_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "broken.conf"
    path.write_text("[engine\n")
    assert settings.read_toml(path) == {}
    assert settings.read_toml(tmp_path / "missing.conf") == {}


@pytest.mark.parametrize(
    "options",
    [{"mount_program": "/a"}, {"overlay": {"mount_program": "/a"}}],
)
def test_what_mounts_overlay_in_the_kernels_place(options: dict[str, object]) -> None:
    storage: tuple[Path, settings.Toml] = (Path("/home/s"), {"storage": {"options": options}})
    assert settings.chosen({}, [], [storage]) == {"mount_program": Setting("/a", "/home/s")}
    told = {"STORAGE_OPTS": "overlay.mount_program=/b"}
    assert settings.chosen(told, [], [storage]) == {"mount_program": Setting("/b", "STORAGE_OPTS")}


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which /usr/share/containers, /etc/containers and the user's folder are."""
    for name in ("VENDOR", "ADMIN"):
        monkeypatch.setattr(conf_files, name, tmp_path / name.lower())
    return tmp_path


def lay(places: Path, *names: str) -> None:
    for name in names:
        path = places / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


ALL = (
    *("vendor/containers.conf", "admin/containers.conf", "user/containers/containers.conf"),
    *("vendor/containers.conf.d/10-a.conf", "vendor/containers.conf.d/99-z.conf"),
    *("admin/containers.conf.d/10-a.conf", "admin/containers.rootless.conf.d/20-b.conf"),
    *("admin/containers.rootless.conf.d/1001/30-c.conf", "admin/containers.rootful.conf.d/40.conf"),
    *("user/containers/containers.conf.d/10-a.conf", "admin/containers.rootless.conf"),
    "admin/containers.conf.d/no-settings.txt",
)


@pytest.mark.parametrize(
    ("podman", "uid", "expected"),
    [
        (
            (6, 1),
            USER,
            [
                *("user/containers/containers.conf", "user/containers/containers.conf.d/10-a.conf"),
                "admin/containers.rootless.conf.d/20-b.conf",
                "admin/containers.rootless.conf.d/1001/30-c.conf",
                "vendor/containers.conf.d/99-z.conf",
            ],
        ),
        (
            (6, 0),
            0,
            [
                *("user/containers/containers.conf", "user/containers/containers.conf.d/10-a.conf"),
                *("admin/containers.rootful.conf.d/40.conf", "vendor/containers.conf.d/99-z.conf"),
            ],
        ),
        (
            (5, 8),
            USER,
            [
                *("vendor/containers.conf", "admin/containers.conf"),
                *("admin/containers.conf.d/10-a.conf", "admin/containers.rootless.conf"),
                "admin/containers.rootless.conf.d/20-b.conf",
                "admin/containers.rootless.conf.d/1001/30-c.conf",
                *("user/containers/containers.conf", "user/containers/containers.conf.d/10-a.conf"),
            ],
        ),
        (
            (5, 4),
            USER,
            [
                *("vendor/containers.conf", "admin/containers.conf"),
                "admin/containers.conf.d/10-a.conf",
                *("user/containers/containers.conf", "user/containers/containers.conf.d/10-a.conf"),
            ],
        ),
    ],
)
def test_the_files_of_each_generation(
    places: Path, podman: tuple[int, int], uid: int, expected: list[str]
) -> None:
    lay(places, *ALL)
    environ = {"XDG_CONFIG_HOME": str(places / "user")}
    files = settings.containers_conf_files(environ, uid, podman)
    assert [str(path.relative_to(places)) for path in files] == expected


def test_a_link_is_no_drop_in_of_podman_6(places: Path) -> None:
    lay(places, "admin/storage.conf.d/10.conf", "elsewhere")
    (places / "admin/storage.conf.d/20.conf").symlink_to(places / "elsewhere")
    environ = {"XDG_CONFIG_HOME": str(places / "user")}
    files = conf_files.unified_files("storage", environ, USER)
    assert files == [places / "admin/storage.conf.d/10.conf"]


def test_a_variable_counts_alone_but_for_its_override(places: Path) -> None:
    lay(places, *ALL)
    environ = {"CONTAINERS_STORAGE_CONF": "/named", "CONTAINERS_STORAGE_CONF_OVERRIDE": "/over"}
    assert conf_files.unified_files("storage", environ, USER) == [Path("/named"), Path("/over")]
