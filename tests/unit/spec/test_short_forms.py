from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.spec.model import Mount, Port
from pipeline.spec.problem import BadForm
from pipeline.spec.short_forms import (
    check_target,
    is_full_reference,
    is_reference,
    parse_mount,
    parse_port,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5000", Port(5000)),
        ("8080:5000", Port(5000, 8080)),
        ("8080:5000/udp", Port(5000, 8080, protocol="udp")),
        ("127.0.0.1:8080:5000/tcp", Port(5000, 8080)),
        ("0.0.0.0:8080:5000", Port(5000, 8080, "0.0.0.0")),
        ("localhost:8080:5000", Port(5000, 8080)),
        ("[::1]:8080:5000", Port(5000, 8080, "::1")),
        ("127.0.0.1::5000", Port(5000)),
        ("1:65535", Port(65535, 1)),
    ],
)
def test_ports(text: str, expected: Port) -> None:
    assert parse_port(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "0",
        "65536",
        "5000/",
        "a:b",
        "1-2:3-4",
        "::1:80:80",
        "[::1:80:80",
        "1:2:3:4",
        "²",
    ],
)
def test_what_is_no_port(text: str) -> None:
    with pytest.raises(BadForm):
        parse_port(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (":", "is not a port"),
        ("1-2:3", "is a range of ports"),
        ("80:3-4", "is a range of ports"),
        ("5000/", "has the protocol ``"),
        ("1:2/sctp", "has the protocol `sctp`"),
        (":5000", "has no host port"),
        ("a:5000", "has the port `a`, which is not a number"),
        ("80:\u0661", "has the port `\u0661`, which is not a number"),
        ("0:5000", "has the port 0"),
        ("65536", "has the port 65536"),
        ("1234567890123456", "has the port 123456789012"),
        ("box:80:80", "binds to `box`, which is not an IP address"),
    ],
)
def test_what_is_said_of_what_is_no_port(text: str, said: str) -> None:
    with pytest.raises(BadForm) as raised:
        parse_port(text)
    assert raised.value.message == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/data", "has no name"),
        ("data", "has no path in the container"),
        (":/data", "is not a volume"),
        ("a:/b:ro:ro", "is not a volume"),
        ("a:/b:ro,z", "has the unknown option `z`"),
        ("a:b", "has the container path `b`"),
        ("a:/b/..", "has the container path `/b/..`"),
        ("a:/.", "would cover the whole container"),
    ],
)
def test_what_is_said_of_what_is_no_mount(text: str, said: str) -> None:
    with pytest.raises(BadForm) as raised:
        parse_mount(text)
    assert raised.value.message == said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tweets:/data", Mount("volume", "tweets", "/data")),
        ("tweets:/data:ro", Mount("volume", "tweets", "/data", read_only=True)),
        ("tweets:/data:rw", Mount("volume", "tweets", "/data")),
        ("./site:/srv/", Mount("bind", "./site", "/srv")),
        ("../site:/srv//a/./b", Mount("bind", "../site", "/srv/a/b")),
        ("/etc/hosts:/x", Mount("bind", "/etc/hosts", "/x")),
        ("~/site:/x", Mount("bind", "~/site", "/x")),
        ("a/b:/x", Mount("bind", "a/b", "/x")),
    ],
)
def test_mounts(text: str, expected: Mount) -> None:
    assert parse_mount(text) == expected


@pytest.mark.parametrize("text", ["", "/data", "a", ":/data", "a:b", "a:/b:z", "a:/b:ro:ro", "a:/"])
def test_what_is_no_mount(text: str) -> None:
    with pytest.raises(BadForm):
        parse_mount(text)


@pytest.mark.parametrize("target", ["data", "", "/", "//", "/.", "/a/../b", ".."])
def test_what_is_no_target(target: str) -> None:
    with pytest.raises(BadForm):
        check_target(target)


@pytest.mark.parametrize(
    ("image", "full", "well_formed"),
    [
        ("docker.io/library/redis:7", True, True),
        ("localhost/redis", True, True),
        ("127.0.0.1:5000/a/b:1.0", True, True),
        (f"quay.io/a@sha256:{'0' * 64}", True, True),
        ("redis:7", False, True),
        ("redis.example", False, True),
        ("library/redis", False, True),
        ("docker.io/Redis", True, False),
        ("docker.io/a:", True, False),
        ("docker.io/a b", True, False),
    ],
)
def test_references(image: str, full: bool, well_formed: bool) -> None:
    assert is_full_reference(image) == full
    assert is_reference(image) == well_formed


@given(st.text("0123456789:[]./abtcpudro~ -", max_size=24))
def test_any_text_is_a_port_or_a_bad_form(text: str) -> None:
    with suppress(BadForm):
        assert 1 <= parse_port(text).target <= 65535


@given(st.text("0123456789:[]./abtcpudro~ -", max_size=24))
def test_any_text_is_a_mount_or_a_bad_form(text: str) -> None:
    with suppress(BadForm):
        assert parse_mount(text).target.startswith("/")


def test_a_path_with_a_control_character_is_told() -> None:
    for sign in "\x01\n\r\x1b\x1f\x7f\x85\x9b\x9f":
        with pytest.raises(BadForm, match="control character"):
            check_target(f"/a{sign}b")
    assert check_target("/a b~\xa0:é\u202e") == "/a b~\xa0:é\u202e"
