"""Judgements about how containers reach the world and each other."""

from __future__ import annotations

from pipeline.host.checks.advice import install
from pipeline.host.choose import Chosen, nftables_alone
from pipeline.host.facts import Facts
from pipeline.output.check import Check

_WEB = 80
_ROOTS_PORTS = 1024
_KEEPS_NAMES = (5, 0)
"""From this Podman on netavark keeps a bridge at its hardware address."""


def check_network(facts: Facts, chosen: Chosen) -> Check:
    """The helper that carries packets for a user, and the device it needs."""
    choice = chosen.choice("network helper")
    if facts.basics.session.uid == 0:
        return Check("network", "ok", "bridges: root needs no helper", essential=True)
    if choice.value == "none":
        return Check(
            "network",
            "cannot",
            f"{choice.cause}: containers have no network and no ports",
            ask=install(facts, "slirp4netns", "pasta"),
            essential=True,
        )
    if not facts.basics.tun:
        return Check(
            "network",
            "cannot",
            "/dev/net/tun is closed to you: no container has a network of its own, or ports",
            choice=choice.value,
            fix="network `none` and `host` do work",
            ask="chmod 666 /dev/net/tun",
            essential=True,
        )
    sentence = f"{choice.value}: {choice.cause}"
    return Check("network", "ok", sentence, choice=choice.value, essential=True)


def check_names(facts: Facts, chosen: Chosen) -> Check:
    """Named networks, on which containers find each other by name."""
    choice = chosen.choice("firewall")
    programs = facts.basics.programs
    missing = [name for name in ("netavark", "aardvark-dns") if name not in programs]
    firewall = "nft" if nftables_alone(facts.basics) else "iptables"
    if choice.value == "none":
        missing.append(firewall)
    if missing:
        return Check(
            "names",
            "cannot",
            f"{' and '.join(missing)} missing: no named networks, so services do not find each "
            "other by name",
            fix="let services meet on published ports",
            ask=install(facts, "netavark", "aardvark-dns", firewall),
        )
    if nftables_alone(facts.basics) and choice.value == "iptables":
        return Check(
            "names",
            "cannot",
            f"{choice.cause}: firewall_driver is iptables, which this netavark does not know: no "
            "container with a network starts",
            choice=choice.value,
            fix="under [network] remove firewall_driver, or set it to nftables",
        )
    sentence = "containers of one network find each other by name"
    if (0,) < facts.basics.version("podman") < _KEEPS_NAMES:
        sentence += (
            "; those that capas starts also while others join and leave, when this Podman alone "
            "loses names for up to a minute"
        )
    return Check("names", "ok", sentence, choice=choice.value)


def check_ports(facts: Facts) -> Check:
    """The lowest port that may be published."""
    if facts.basics.session.uid == 0 or facts.first_port <= _WEB:
        return Check("ports", "ok", f"ports from {_lowest(facts)} can be published")
    return Check(
        "ports",
        "limited",
        f"ports below {facts.first_port} are privileged",
        fix=f"publish a port from {max(facts.first_port, _ROOTS_PORTS)} on, such as 8080",
        ask="sysctl -w net.ipv4.ip_unprivileged_port_start=80",
    )


def _lowest(facts: Facts) -> int:
    return 1 if facts.basics.session.uid == 0 else max(1, facts.first_port)
