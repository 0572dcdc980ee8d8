from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import HostUnsupported
from pipeline.host import doctor
from pipeline.host.choose import choose
from pipeline.host.doctor import examine, stopping, to_json, unable
from pipeline.host.facts import Basics, Cgroups, Facts, Program, Session, Setting, StorageFacts
from pipeline.output.check import Check
from tests.unit.host.recorded import NAMES, recorded

SUBJECTS = (
    "engine",
    "python",
    "user",
    "namespaces",
    "ids",
    "runtime",
    "storage",
    "space",
    "network",
    "names",
    "ports",
    "build isolation",
    "reproducible builds",
    "limits",
    "pause",
    "stats",
    "logout",
    "healthchecks",
    "runtime folder",
    "pause process",
)
ENGINE = ("podman", "buildah", "conmon", "crun", "runc", "slirp4netns", "pasta", "fuse-overlayfs")
HELPERS = ("netavark", "aardvark-dns", "iptables", "nft", "newuidmap", "newgidmap")

versions = st.tuples(st.integers(0, 7), st.integers(0, 50), st.integers(0, 9)) | st.just(())
folders = st.sampled_from(["/run/user/1001", None])
basics = st.builds(
    Basics,
    kernel=versions,
    programs=st.dictionaries(
        st.sampled_from([*ENGINE, *HELPERS]), st.builds(Program, st.just("/usr/bin/x"), versions)
    ),
    cgroups=st.builds(
        Cgroups,
        st.sampled_from(["v2", "hybrid", "v1", "none"]),
        st.sets(st.sampled_from(["cpu", "memory", "pids", "hugetlb"])).map(tuple),
    ),
    storage=st.builds(
        StorageFacts,
        st.just("/home/ann/.local/share/containers/storage"),
        st.sampled_from(["ext4", "nfs4", "tmpfs", "overlay", ""]),
        st.sets(st.sampled_from(["overlay", "vfs"])).map(tuple),
        st.sampled_from([None, "overlay", "vfs"]),
        st.sampled_from([None, True, False]),
    ),
    session=st.builds(
        Session, st.sampled_from([0, 1001]), folders, folders, st.booleans(), st.booleans()
    ),
    tun=st.booleans(),
    fuse=st.booleans(),
    keyring=st.booleans(),
    subids=st.booleans(),
    chosen=st.dictionaries(
        st.sampled_from(["runtime", "driver", "cgroup_manager", "network_cmd", "isolation"]),
        st.builds(Setting, st.sampled_from(["crun", "vfs", "chroot"]), st.just("/some/file")),
    ),
)
facts = st.builds(
    Facts,
    basics=basics,
    system=st.just("Linux"),
    package_manager=st.sampled_from(["", "apt-get", "dnf", "pacman", "apk"]),
    user=st.just("ann"),
    subuids=st.sampled_from([0, 1000, 65536]),
    subgids=st.sampled_from([0, 1000, 65536]),
    privileged=st.sets(st.sampled_from(["newuidmap", "newgidmap"])).map(tuple),
    user_namespaces=st.booleans(),
    apparmor_confines=st.booleans(),
    apparmor_profile=st.booleans(),
    lingering=st.booleans(),
    free_bytes=st.sampled_from([0, 10**9, 10**11]),
    writable=st.booleans(),
    first_port=st.sampled_from([0, 80, 1024, 2000]),
    python=st.sampled_from([(3, 10, 19), (3, 11, 2), (3, 14, 8)]),
    pause=st.sampled_from(
        ["none", "alive", "outdated", "stale", "recycled", "refused", "orphaned"]
    ),
)


def by_subject(told: Facts) -> dict[str, Check]:
    return {check.subject: check for check in examine(told)}


@given(facts)
def test_the_answer_is_complete(told: Facts) -> None:
    checks = examine(told)
    assert tuple(check.subject for check in checks) == SUBJECTS
    for check in checks:
        assert check.sentence
        assert "\n" not in check.sentence + check.fix + check.ask
        if check.state == "ok":
            assert not check.fix + check.ask, "nothing to do where all is well"
        else:
            assert check.fix or check.ask, f"{check.subject}: somebody can do something"


@given(facts)
def test_the_answer_does_not_contradict_itself(told: Facts) -> None:
    checks = by_subject(told)
    chosen = choose(told.basics)
    for subject, what in {
        "runtime": "runtime",
        "storage": "driver",
        "network": "network helper",
        "names": "firewall",
        "build isolation": "build isolation",
    }.items():
        if choice := checks[subject].choice:
            assert choice == chosen.choice(what).value, "the doctor tells what the profile does"
    if checks["limits"].state == "ok":
        assert checks["pause"].state == "ok", "both need a control group"
    if checks["stats"].state == "ok":
        assert checks["pause"].state == "ok"
    if checks["engine"].state == "ok":
        assert checks["reproducible builds"].state in ("ok", "limited")
    if "podman" not in told.basics.programs:
        assert any(check.subject == "engine" for check in stopping(examine(told)))
    assert to_json(told, examine(told))["able"] is not bool(stopping(examine(told)))


@given(facts)
def test_the_answer_is_json(told: Facts) -> None:
    content = json.loads(json.dumps(to_json(told, examine(told))))
    assert [check["subject"] for check in content["checks"]] == list(SUBJECTS)


@pytest.mark.parametrize("name", NAMES)
def test_recorded_hosts_are_judged_as_they_were(name: str) -> None:
    told, said = recorded(name)
    checks = examine(told)
    assert {check.subject: check.state for check in checks} == said["states"]
    assert (not stopping(checks)) is said["able"]


@pytest.mark.parametrize(
    ("name", "subject", "state", "words"),
    [
        ("debian-12-hybrid-cgroups", "runtime", "ok", "crun refuses hybrid"),
        ("debian-12-hybrid-cgroups", "pause", "cannot", "hybrid"),
        ("debian-12-cgroup2-delegated", "pause", "cannot", "no control group"),
        ("debian-13-user-session", "pause", "ok", ""),
        ("debian-13-user-session", "names", "ok", "by name"),
        ("debian-12-hybrid-cgroups", "names", "ok", "this Podman alone loses names"),
        ("debian-12-no-subids", "ids", "limited", "no subordinate ids"),
        ("debian-12-new-subids", "pause process", "limited", "ids that you have now"),
        ("debian-12-no-tun", "network", "cannot", "/dev/net/tun"),
        ("debian-12-no-tun", "build isolation", "limited", "chroot"),
        ("debian-12-after-su", "runtime folder", "limited", "/tmp"),
        ("debian-13-no-session", "limits", "cannot", "ignored"),
        ("debian-13-user-session", "logout", "ok", "quadlet"),
        ("debian-13-user-session", "limits", "limited", "pids"),
        ("debian-13-root", "user", "limited", "root"),
        ("debian-12-hybrid-cgroups", "reproducible builds", "limited", "user.overlay.*"),
        ("debian-13-user-session", "reproducible builds", "ok", "same input, same image"),
        ("debian-14-podman6", "runtime", "ok", "crun"),
        ("debian-14-podman6", "names", "ok", ""),
        ("debian-14-podman6-hybrid-cgroups", "runtime", "cannot", "control groups version 2 alone"),
        ("debian-14-podman6-no-nft", "names", "cannot", "nft missing"),
        ("debian-13-bare", "engine", "cannot", "podman, buildah and conmon are not installed"),
    ],
)
def test_recorded_hosts_and_their_oddity(name: str, subject: str, state: str, words: str) -> None:
    check = by_subject(recorded(name)[0])[subject]
    assert check.state == state
    assert words in check.sentence


def test_a_network_home_stops_with_the_way_out() -> None:
    told, _ = recorded("debian-12-hybrid-cgroups")
    storage = dataclasses.replace(told.basics.storage, filesystem="nfs4", native_overlay=None)
    on_nfs = dataclasses.replace(told, basics=dataclasses.replace(told.basics, storage=storage))
    (check,) = stopping(examine(on_nfs))
    assert check.subject == "storage"
    assert "graphroot" in check.fix


def test_vfs_is_mended_by_another_folder_or_by_beginning_anew() -> None:
    told, _ = recorded("debian-12-no-subids")
    for native, words in ((False, "graphroot"), (True, "podman system reset")):
        storage = dataclasses.replace(told.basics.storage, stored=("vfs",), native_overlay=native)
        basics = dataclasses.replace(told.basics, storage=storage)
        check = by_subject(dataclasses.replace(told, basics=basics))["storage"]
        assert check.state == "limited"
        assert words in check.fix


def test_a_confining_apparmor_stops_unless_podman_has_a_profile() -> None:
    told, _ = recorded("debian-13-user-session")
    confined = dataclasses.replace(told, apparmor_confines=True)
    assert by_subject(confined)["namespaces"].state == "cannot"
    allowed = dataclasses.replace(confined, apparmor_profile=True)
    assert by_subject(allowed)["namespaces"].state == "ok"


@pytest.mark.parametrize(
    ("manager", "line"),
    [
        ("apt-get", "apt-get install --yes --no-install-recommends uidmap"),
        ("dnf", "dnf install --assumeyes --setopt=install_weak_deps=False shadow-utils"),
        ("apk", "apk add shadow-subids"),
        ("", "install shadow"),
    ],
)
def test_packages_are_named_as_this_distribution_does(manager: str, line: str) -> None:
    told, _ = recorded("debian-13-bare")
    assert by_subject(dataclasses.replace(told, package_manager=manager))["ids"].ask == line


def test_the_runtime_to_install_is_one_that_works_here() -> None:
    told, _ = recorded("debian-13-bare")
    assert "crun" in by_subject(told)["runtime"].ask
    hybrid = dataclasses.replace(told.basics, cgroups=Cgroups("hybrid", ("hugetlb",)))
    asked = by_subject(dataclasses.replace(told, basics=hybrid))
    assert "runc" in asked["runtime"].ask
    assert "crun" not in asked["runtime"].ask + asked["engine"].ask


def test_what_is_required_and_cannot_be_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "observe", lambda _: recorded("debian-12-hybrid-cgroups")[0])
    doctor.require("storage", {})
    doctor.require("stats", {})
    with pytest.raises(HostUnsupported) as caught:
        doctor.require("pause", {})
    doctor.require("pause", {"CONTAINER_HOST": "ssh://far/podman.sock"})
    assert "cannot pause" in caught.value.brief
    assert caught.value.details.startswith("ask the administrator: ")
    assert caught.value.resolution
    with pytest.raises(KeyError):
        doctor.require("nonsense", {})


def test_an_error_without_an_administrators_part_has_no_details() -> None:
    error = unable(Check("x", "cannot", "it cannot", fix="do that"))
    assert (error.brief, error.details, error.resolution) == ("it cannot", "", "do that")


def test_podman_6_without_v2_is_not_told_to_get_another_runtime() -> None:
    told, _ = recorded("debian-14-podman6-hybrid-cgroups")
    check = by_subject(told)["runtime"]
    assert check.stops
    assert "runc" not in check.ask + check.fix + check.sentence
    assert "systemd.unified_cgroup_hierarchy=1" in check.ask


def test_podman_6_without_nft_is_told_to_get_nftables() -> None:
    told, _ = recorded("debian-14-podman6-no-nft")
    assert by_subject(told)["names"].ask.endswith("nftables")
    assert "iptables" not in by_subject(told)["names"].ask


def test_a_firewall_that_netavark_2_does_not_know_is_reported() -> None:
    told, _ = recorded("debian-14-podman6")
    said = {"firewall": Setting("iptables", "/home/ann/.config/containers/containers.conf")}
    told = dataclasses.replace(told, basics=dataclasses.replace(told.basics, chosen=said))
    check = by_subject(told)["names"]
    assert check.state == "cannot"
    assert "firewall_driver" in check.fix


@pytest.mark.parametrize(("python", "state"), [((3, 10, 19), "limited"), ((3, 11, 0), "ok")])
def test_the_end_of_python_3_10_is_reported(python: tuple[int, ...], state: str) -> None:
    told, _ = recorded("debian-13-no-session")
    check = by_subject(dataclasses.replace(told, python=python))["python"]
    assert check.state == state
    assert ("no security updates since October 2026" in check.sentence) is (state == "limited")
