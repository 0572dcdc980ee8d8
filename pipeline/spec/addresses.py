"""Addresses of a host that a port is published at."""

from __future__ import annotations

EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 (compared with, never bound)
"""Those that stand for all of a host's."""


def before_port(address: str) -> str:
    """An address as it is written before `:PORT`: one of IPv6 in brackets (RFC 3986, 3.2.2)."""
    return f"[{address}]" if ":" in address else address
