from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.host.facts import (
    CgroupMode,
    Cgroups,
    cgroup_mode,
    filesystem_at,
    parse_mountinfo,
    parse_own_cgroup,
    parse_subids,
    parse_version,
)
from tests.unit.host.samples import FEDORA

HYBRID = parse_mountinfo("""\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
23 22 0:22 / /sys rw,relatime - sysfs sysfs rw
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
""")
UNIFIED = parse_mountinfo("""\
22 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw
31 23 0:28 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw
50 22 0:50 / /home rw,relatime shared:9 - nfs4 server:/home rw,vers=4.2
51 50 0:51 / /home/a\\040b rw,relatime - xfs /dev/vdb rw
52 22 0:52 / /scratch rw - ext4 /dev/vdc rw
53 22 0:53 / /scratch rw - tmpfs none rw
""")


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("podman version 4.3.1", (4, 3, 1)),
        ("podman version 5.0.0-rc1", (5, 0, 0)),
        ("buildah version 1.28.2 (image-spec 1.1.0-rc2, runtime-spec 1.0.2-dev)", (1, 28, 2)),
        ("crun version 1.8.1\ncommit: f8a096be060b22ccd3d5f3ebe44108517fbf6c30", (1, 8, 1)),
        ("6.18.44-fc-v595", (6, 18, 44)),
        ("segmentation fault", ()),
    ],
)
def test_versions(said: str, version: tuple[int, ...]) -> None:
    assert parse_version(said) == version


@pytest.mark.parametrize(
    ("path", "filesystem"),
    [
        ("/", "ext4"),
        ("/home", "nfs4"),
        ("/home/student", "nfs4"),
        ("/home/a b/c", "xfs"),
        ("/homes", "ext4"),
        ("/scratch/x", "tmpfs"),
    ],
)
def test_the_mount_that_holds_a_path_is_the_nearest_and_newest(path: str, filesystem: str) -> None:
    assert filesystem_at(UNIFIED, path) == filesystem


def test_cgroup_modes() -> None:
    assert cgroup_mode(HYBRID) == "hybrid"
    assert cgroup_mode(UNIFIED) == "v2"
    assert cgroup_mode(HYBRID[:-1]) == "v1"
    assert cgroup_mode(HYBRID[:2]) == "none"


def test_lines_that_are_no_mounts_are_passed_over() -> None:
    assert parse_mountinfo("\n22 1\nnonsense - ext4\n") == ()


def test_the_own_group_in_the_unified_tree() -> None:
    assert parse_own_cgroup("4:memory:/x\n0::/user.slice/u.scope\n") == "/user.slice/u.scope"
    assert parse_own_cgroup("4:memory:/x\n") == "/"


def test_subordinate_ranges_stand_under_the_name_or_the_number() -> None:
    text = (
        "ann:100000:65536\n1001:165536:65536\nanna:1:1\nann:nonsense:2\n# ann:5:5\nann:300000:10\n"
    )
    assert parse_subids(text, ("ann", "1001")) == (
        (100000, 65536),
        (165536, 65536),
        (300000, 10),
    )
    assert parse_subids(text, ("bob", "1002")) == ()


@pytest.mark.parametrize(
    ("mode", "uid", "bus", "can"),
    [
        ("v2", 1001, True, True),
        ("v2", 1001, False, False),  # nobody gives containers a group of their own
        ("hybrid", 1001, True, False),
        ("hybrid", 0, False, True),
    ],
)
def test_pausing_needs_a_control_group_or_root(
    mode: CgroupMode, uid: int, bus: bool, can: bool
) -> None:
    session = replace(FEDORA.session, uid=uid, bus=bus)
    host = replace(FEDORA, session=session, cgroups=Cgroups(mode, FEDORA.cgroups.controllers))
    assert host.can_pause is can
