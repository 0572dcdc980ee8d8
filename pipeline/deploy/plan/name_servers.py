"""What containers are told of name servers, for engines that lose names for a while (pure).

`apply.network_names` and docs/decisions/0027 say what is lost, and when.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.deploy.observe.features import Features

_PATIENCE = ("timeout:1", "attempts:5")
"""resolv.conf(5): seconds after which a resolver asks again, and how often."""
_SEARCH = "dns.podman"
"""The domain of Podman's name server, which Podman names only beside servers of its own choice."""
GATEWAY = "the gateway of "
"""Stands, with a network's name, for an address that is known when the network is there."""


def resolver(networks: Sequence[str], able: Features) -> dict[str, Any]:
    """What a container on these networks is told of its name servers, for the API (pure)."""
    if not networks or not able.deaf_moments:
        return {}
    options: dict[str, Any] = {"dns_option": list(_PATIENCE)}
    if not able.two_servers:
        return options
    servers = [f"{GATEWAY}{name}" for name in networks]
    return {**options, "dns_server": servers, "dns_search": [_SEARCH]}
