"""Host ports: each goes to one replica, and must be one that a rootless user can bind."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.lean_dataclasses import dataclass
from pipeline.spec.addresses import EVERYWHERE
from pipeline.spec.model import Pipeline, Service
from pipeline.spec.problem import KeyPath, Problem
from pipeline.spec.read_context import ReadContext

FIRST_FREE_PORT = 1024
"""Below it only root may bind, unless the administrator says otherwise (ip_sysctl)."""


@dataclass(frozen=True)
class Claim:
    """The host ports that one entry of a spec takes, `first` to `last`."""

    service: str
    first: int
    last: int
    address: str
    protocol: str
    path: KeyPath
    profiles: frozenset[str] = frozenset()

    def covers(self, other: Claim) -> bool:
        """Whether whatever meets the other, a claim that meets this one, meets this one too."""
        return (
            self.last >= other.last
            and self.address == other.address
            and self.profiles == other.profiles
        )

    def meets(self, other: Claim) -> bool:
        """Whether both want the same port of the same address, and may run side by side."""
        if self.profiles and other.profiles and not self.profiles & other.profiles:
            return False  # made to take each other's place
        same_address = self.address == other.address or bool(
            {self.address, other.address} & EVERYWHERE
        )
        return (
            same_address
            and self.protocol == other.protocol
            and self.first <= other.last
            and other.first <= self.last
        )


def port_problems(pipeline: Pipeline, scope: ReadContext) -> Iterator[Problem]:
    """Ports that are too high, too low, or wanted twice."""
    claims = [c for service in pipeline.services.values() for c in _claims(service, scope)]
    for claim in claims:
        yield from _out_of_range(claim)
    yield from _clashes(claims)


def _claims(service: Service, scope: ReadContext) -> Iterator[Claim]:
    replicas = max(service.replicas, 1)
    profiles = frozenset(service.profiles)
    for index, port in enumerate(service.ports):
        first, last = port.published, port.of_replica(replicas)
        if first is not None and last is not None:
            path = scope.place(("services", service.name, "ports", index))
            yield Claim(service.name, first, last, port.address, port.protocol, path, profiles)
    if service.ingress is not None:
        ingress, path = service.ingress, ("services", service.name, "ingress", "port")
        yield Claim(
            service.name, ingress.port, ingress.port, ingress.address, "tcp", path, profiles
        )


def _out_of_range(claim: Claim) -> Iterator[Problem]:
    if claim.last > 65535:
        count = claim.last - claim.first + 1
        message = (
            f"{count} replicas need the ports {claim.first} to {claim.last}; the last is 65535"
        )
        yield Problem("CAP112", claim.path, message, f"start at {65536 - count} or lower")
    if claim.first < FIRST_FREE_PORT:
        message = (
            f"the host port {claim.first} is below {FIRST_FREE_PORT}: rootless users cannot bind it"
        )
        hint = f"publish {claim.first + 8000}; only an administrator can open lower ports"
        yield Problem("CAP111", claim.path, message, hint)


def _clashes(claims: list[Claim]) -> Iterator[Problem]:
    """One problem for each claim that meets an earlier one, found in one sweep over the ports."""
    told: set[int] = set()
    active: list[tuple[int, Claim]] = []
    for number, claim in sorted(enumerate(claims), key=lambda pair: (pair[1].first, pair[0])):
        active = [pair for pair in active if pair[1].last >= claim.first]
        covered = False
        for other_number, other in active:
            if not claim.meets(other):
                continue
            later, earlier = (claim, other) if number > other_number else (other, claim)
            if max(number, other_number) not in told:
                told.add(max(number, other_number))
                yield _clash(later, earlier)
            covered = covered or (number > other_number and other.covers(claim))
        if not covered:  # what is met by it would be met by the earlier one too
            active.append((number, claim))


def _clash(later: Claim, earlier: Claim) -> Problem:
    port = max(later.first, earlier.first)
    whose = "this service" if later.service == earlier.service else f"service `{earlier.service}`"
    taken = str(earlier.first)
    if earlier.last > earlier.first:
        taken = f"{earlier.first} to {earlier.last}"
    message = f"the host port {port} is already used by {whose} ({taken}, one for each replica)"
    if earlier.last == earlier.first:
        message = f"the host port {port} is already used by {whose}"
    return Problem("CAP110", later.path, message, f"{earlier.last + 1} is the next one after it")
