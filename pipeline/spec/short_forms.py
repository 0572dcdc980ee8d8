"""The short forms of ports and volumes, and references to images."""

from __future__ import annotations

import ipaddress
import re
from typing import Literal, cast

from pipeline.lean_re import lazy_pattern
from pipeline.spec.model import Mount, Port
from pipeline.spec.problem import BadForm

PORT_FORMS = 'the forms are `"8080:5000"`, `"127.0.0.1:8080:5000/tcp"` and `"5000"`'
MOUNT_FORMS = 'the forms are `"name:/path"`, `"./folder:/path"` and either with `:ro`'

LOOPBACK = "127.0.0.1"
"""Where ports are bound unless the spec says otherwise: neighbours share the host."""

_PORT = lazy_pattern(
    r"(?:(?:(?P<address>\[[^\]]*\]|[^:\[\]]*):)?(?P<published>[^:]*):)?(?P<target>[^:/]+)(?:/(?P<protocol>.*))?"
)
_REGISTRY = lazy_pattern(r"localhost|.*[.:].*")
_REFERENCE = lazy_pattern(
    r"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)


def parse_port(text: str) -> Port:
    """A port's short form.

    Raises:
        BadForm: it is none.
    """
    match = _PORT.fullmatch(text.strip())
    if match is None:
        raise BadForm("is not a port", PORT_FORMS)
    for part in (match["published"], match["target"]):
        if part and re.fullmatch(r"[0-9]+-[0-9]+", part):
            raise BadForm(
                "is a range of ports",
                "name the first; replicas take the next ones by themselves, and other ports "
                "of a container get an entry each",
            )
    protocol = "tcp" if match["protocol"] is None else match["protocol"]
    if protocol not in {"tcp", "udp"}:
        raise BadForm(f"has the protocol `{protocol}`", "it is `tcp` or `udp`")
    published = match["published"]
    if published == "" and not match["address"]:
        raise BadForm("has no host port", 'write `"5000"` alone for any free host port')
    return Port(
        target=_port_number(match["target"]),
        published=_port_number(published) if published else None,
        address=check_address(match["address"] or LOOPBACK),
        protocol=cast("Literal['tcp', 'udp']", protocol),
    )


def check_address(text: str, *, key: str | None = None) -> str:
    """A host address to bind, without the brackets of IPv6.

    Args:
        text: the address.
        key: where it stands, when it stands in a table.

    Raises:
        BadForm: it is none.
    """
    address = text.removeprefix("[").removesuffix("]")
    if address == "localhost":
        return LOOPBACK
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        raise BadForm(
            f"binds to `{address}`, which is not an IP address",
            "write 127.0.0.1 or 0.0.0.0",
            key=key,
        ) from None


def parse_mount(text: str) -> Mount:
    """A volume's short form; a host path stays as it is written.

    Raises:
        BadForm: it is none.
    """
    parts = text.split(":")
    if len(parts) == 1:
        raise BadForm(
            "has no name" if text.startswith("/") else "has no path in the container",
            "an unnamed volume would be lost with its container; " + MOUNT_FORMS,
        )
    if len(parts) > 3 or not parts[0]:
        raise BadForm("is not a volume", MOUNT_FORMS)
    source, target, *options = parts
    flags = options[0].split(",") if options else []
    if unknown := [flag for flag in flags if flag not in {"ro", "rw"}]:
        raise BadForm(f"has the unknown option `{unknown[0]}`", "the options are `ro` and `rw`")
    return Mount(
        kind="bind" if is_host_path(source) else "volume",
        source=source,
        target=check_target(target),
        read_only="ro" in flags,
    )


def is_host_path(source: str) -> bool:
    """Whether the source of a short form is a path of the host (Compose's rule)."""
    return source.startswith((".", "/", "~")) or "/" in source


def check_path_text(path: str, *, key: str | None = None) -> str:
    """A path that every engine and every file format can hold.

    Args:
        path: the path.
        key: where it stands, when it stands in a table.

    Raises:
        BadForm: it has a line break or another control character.
    """
    if any(character < " " or "\x7f" <= character <= "\x9f" for character in path):
        message = "has a control character in a path"
        raise BadForm(message, "no unit of systemd can hold a line break there", key=key)
    return path


def check_target(target: str) -> str:
    """An absolute path in a container, without a slash at its end.

    Raises:
        BadForm: it is not absolute, or the root, or has a control character.
    """
    check_path_text(target)
    if not target.startswith("/"):
        raise BadForm(f"has the container path `{target}`", "it must be absolute")
    if ".." in target.split("/"):
        raise BadForm(f"has the container path `{target}`", "write it without `..`")
    clean = "/" + "/".join(part for part in target.split("/") if part not in {"", "."})
    if clean == "/":
        raise BadForm("would cover the whole container", "mount it at a folder")
    return clean


def is_full_reference(image: str) -> bool:
    """Whether an image's name says its registry (`docker.io/library/redis:7`)."""
    registry, slash, _ = image.partition("/")
    return bool(slash) and _REGISTRY.fullmatch(registry) is not None


def is_reference(image: str) -> bool:
    """Whether an image's name has the form of a reference (OCI Distribution Specification)."""
    return _REFERENCE.fullmatch(image) is not None


def _port_number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise BadForm(f"has the port `{text}`, which is not a number", PORT_FORMS)
    if len(text) > 5 or not 1 <= int(text) <= 65535:
        raise BadForm(f"has the port {text[:12]}", "ports go from 1 to 65535")
    return int(text)
