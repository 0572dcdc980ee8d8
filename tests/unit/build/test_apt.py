from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.build.rootfs.apt import (
    Apt,
    AptSource,
    Package,
    configuration,
    host_sources,
    parse_deb822_sources,
    parse_one_line_sources,
    parse_uris,
    read_os_release,
    sources_for,
)
from pipeline.errors import HostUnsupported

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
BOOKWORM = {"ID": "debian", "VERSION_CODENAME": "bookworm"}
NOBLE = {"ID": "ubuntu", "VERSION_CODENAME": "noble"}

DEB822 = f"""\
Types: deb deb-src
# a snapshot
URIs: http://mirror.example/debian http://second.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: {KEYRING}

Types: deb-src
URIs: http://mirror.example/source
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://inline.example/debian
Suites: bookworm
Components:
 main
 contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----
"""


def test_deb822_stanzas_become_one_source_for_each_archive_and_suite() -> None:
    found = parse_deb822_sources(DEB822)
    assert [(s.uri, s.suite) for s in found] == [
        ("http://mirror.example/debian", "bookworm"),
        ("http://mirror.example/debian", "bookworm-updates"),
        ("http://second.example/debian", "bookworm"),
        ("http://second.example/debian", "bookworm-updates"),
        ("http://inline.example/debian", "bookworm"),
    ]
    assert found[0].keyring == KEYRING
    assert found[-1] == AptSource(
        "http://inline.example/debian", "bookworm", ("main", "contrib"), keyring=""
    )


def test_one_line_sources_with_and_without_options() -> None:
    text = (
        "# deb http://commented.example/debian bookworm main\n"
        "deb-src http://source.example/debian bookworm main\n"
        "deb http://plain.example/debian bookworm main contrib # why\n"
        f"deb [arch=amd64 signed-by={KEYRING}] http://signed.example/debian bookworm main\n"
    )
    assert parse_one_line_sources(text) == [
        AptSource("http://plain.example/debian", "bookworm", ("main", "contrib")),
        AptSource("http://signed.example/debian", "bookworm", ("main",), KEYRING),
    ]


def test_the_hosts_own_mirrors_serve_another_suite_of_its_distribution() -> None:
    host = [
        AptSource("http://mirror.example/debian", "bookworm", ("main",), KEYRING),
        AptSource("http://mirror.example/security", "bookworm-security", ("main",), KEYRING),
        AptSource("http://vendor.example/apt", "stable", ("main",)),
    ]
    assert [str(s) for s in sources_for("trixie", BOOKWORM, host)] == [
        f"deb [signed-by={KEYRING}] http://mirror.example/debian trixie main",
        f"deb [signed-by={KEYRING}] http://mirror.example/security trixie-security main",
    ]


def test_debian_on_another_distribution_comes_from_debian_with_security_updates() -> None:
    host = [AptSource("http://archive.ubuntu.com/ubuntu", "noble", ("main",))]
    found = sources_for("bookworm", NOBLE, host)
    assert {s.suite for s in found} == {"bookworm", "bookworm-updates", "bookworm-security"}
    assert all(s.keyring == KEYRING and "debian.org" in s.uri for s in found)


def test_another_distributions_own_suite_comes_from_the_hosts_mirrors() -> None:
    host = [AptSource("http://archive.ubuntu.com/ubuntu", "noble", ("main",))]
    assert sources_for("jammy", NOBLE, host) == (
        AptSource("http://archive.ubuntu.com/ubuntu", "jammy", ("main",)),
    )


def test_sources_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_bytes(b"\xff\xfe")
    (tmp_path / "sources.list.d" / "a.list").write_text("deb http://a.example/ bookworm main\n")
    (tmp_path / "sources.list.d" / "b.save").write_text("deb http://b.example/ bookworm main\n")
    assert [s.uri for s in host_sources(tmp_path)] == ["http://a.example/"]


def test_our_apt_takes_the_hosts_network_settings_and_nothing_else(tmp_path: Path) -> None:
    text = configuration(
        tmp_path,
        [
            'Acquire::http::Proxy "http://proxy.example:3128";',
            'Acquire::IndexTargets::deb::DEP-11 "yes";',
            'APT::Update::Post-Invoke:: "rm -rf /";',
        ],
    )
    assert "proxy.example" in text
    assert "DEP-11" not in text
    assert "Post-Invoke" not in text
    assert f'Dir::State::status "{tmp_path}/status";' in text
    assert 'Dir::Etc::parts "/dev/null";' in text
    told = configuration(tmp_path, ['Acquire::http::Timeout "90";']).splitlines()
    assert told.index('Acquire::http::Timeout "20";') < told.index('Acquire::http::Timeout "90";')


def test_uris_are_read_and_sorted_by_file() -> None:
    said = (
        "Reading package lists...\n"
        "'http://deb.example/z.deb' zlib1g_1%3a1.2_amd64.deb 86732 SHA256:bb\n"
        "'http://deb.example/a.deb' libacl1_2.3_amd64.deb 31234 \n"
    )
    assert parse_uris(said.splitlines()) == (
        Package("http://deb.example/a.deb", "libacl1_2.3_amd64.deb", 31234, ""),
        Package("http://deb.example/z.deb", "zlib1g_1%3a1.2_amd64.deb", 86732, "SHA256:bb"),
    )


def test_os_release_with_quotes_comments_and_without_a_file(tmp_path: Path) -> None:
    path = tmp_path / "os-release"
    assert read_os_release(path) == {}
    path.write_text("# a comment\nID=debian\nNAME=\"Debian GNU/Linux\"\nX='y'\n")
    assert read_os_release(path) == {"ID": "debian", "NAME": "Debian GNU/Linux", "X": "y"}


def test_a_host_without_apt_is_told_the_registrys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HostUnsupported) as caught:
        Apt(tmp_path, "bookworm")
    assert "docker.io/library/python" in caught.value.resolution
