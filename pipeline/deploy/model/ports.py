"""Which host port each replica gets: replica i takes base+i-1, held ones are skipped (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pipeline.errors import CapasError, HostUnsupported
from pipeline.lean_dataclasses import dataclass, field, replace
from pipeline.lean_re import lazy_pattern
from pipeline.spec.addresses import EVERYWHERE, before_port
from pipeline.spec.model import Port

_LAST_PORT = 65535
_LOST = lazy_pattern(
    r"listen (?:tcp|udp)\d? \S*?:(\d+): bind: address already in use"  # rootlessport
    r"|Failed to bind port (\d+) \(Address already in use\)"  # pasta
)


@dataclass(frozen=True)
class Binding:
    """A container's port on the host.

    Attributes:
        host: the port on the host; 0 lets the engine take any free one.
    """

    target: int
    host: int
    address: str
    protocol: str = "tcp"

    @property
    def has_url(self) -> bool:
        """Whether a browser can be sent there: none speaks UDP or SCTP to a port."""
        return self.protocol == "tcp"

    @property
    def url(self) -> str:
        """Where a browser on the same machine finds it."""
        return self.url_at("127.0.0.1")

    def url_at(self, machine: str) -> str:
        """Where a browser finds it, if it `has_url`.

        Args:
            machine: the name or address by which its machine is reached.
        """
        return f"http://{self._place_at(machine)}"

    def shown_at(self, machine: str) -> str:
        """A URL, or as Podman and Compose write a port without one: `127.0.0.1:53/udp`."""
        if self.has_url:
            return self.url_at(machine)
        return f"{self._place_at(machine)}/{self.protocol}"

    def _place_at(self, machine: str) -> str:
        shown = machine if self.address in EVERYWHERE else self.address
        return f"{before_port(shown)}:{self.host}"

    def meets(self, address: str) -> bool:
        """Whether a socket that is bound at `address` is in its way, or is its own."""
        return address == self.address or bool(EVERYWHERE & {address, self.address})

    @property
    def on_loopback(self) -> bool:
        """Whether only its own machine reaches it."""
        return self.address.startswith("127.") or self.address in ("::1", "localhost")


@dataclass(frozen=True)
class Held:
    """Ports of this host that cannot be had.

    Attributes:
        ports: (protocol, address, port), and who has each.
        first: those below are root's alone.
    """

    ports: Mapping[tuple[str, str, int], str] = field(default_factory=dict)
    first: int = 0

    def holder(self, protocol: str, address: str, port: int) -> str | None:
        """Who keeps `port` from being bound at `address`, or None when it is free."""
        for (its_protocol, its_address, its_port), who in self.ports.items():
            meets = address == its_address or EVERYWHERE & {address, its_address}
            if (its_protocol, its_port) == (protocol, port) and meets:
                return who
        return None

    def without(self, bindings: Collection[Binding]) -> Held:
        """The same without the sockets of our own replicas."""
        own = {(b.protocol, b.host) for b in bindings}
        return replace(self, ports={k: v for k, v in self.ports.items() if (k[0], k[2]) not in own})


def assign(
    ports: Sequence[Port],
    replicas: Sequence[int],
    kept: Mapping[int, Sequence[Binding]],
    held: Held,
    also_taken: Sequence[Binding] = (),
) -> tuple[dict[int, tuple[Binding, ...]], tuple[str, ...]]:
    """The bindings of each replica, and a note for each port that was skipped.

    Args:
        ports: the service's ports.
        replicas: numbers of the replicas, from 1.
        kept: bindings that replicas have and keep, by replica.
        held: what somebody else holds.
        also_taken: what other services of this pipeline hold or will hold.

    Raises:
        CapasError: a port is held and the spec says `strict`, or there is none left.
    """
    all_kept = [binding for bindings in kept.values() for binding in bindings]
    taken = {(b.protocol, b.host) for b in [*all_kept, *also_taken]}
    result: dict[int, tuple[Binding, ...]] = {}
    skips: dict[str, _Skips] = {}
    for number in sorted(replicas):
        if number in kept:
            result[number] = tuple(kept[number])
            continue
        bindings = []
        for port in ports:
            binding, skipped = _next_free(port, number, taken, held)
            taken.add((binding.protocol, binding.host))  # 0, any free port, is never asked for
            bindings.append(binding)
            for other, who in skipped:
                skips.setdefault(who, _Skips()).add(other, binding.host)
        result[number] = tuple(bindings)
    return result, tuple(one.note(who) for who, one in skips.items())


@dataclass
class _Skips:
    """Ports that one holder has, and those that were taken instead."""

    held: set[int] = field(default_factory=set)
    instead: dict[int, None] = field(default_factory=dict)

    def add(self, held: int, instead: int) -> None:
        self.held.add(held)
        self.instead[instead] = None

    def note(self, who: str) -> str:
        ports = "port" if len(self.held) == 1 else "ports"
        verb = "is" if len(self.held) == 1 else "are"
        instead = ", ".join(map(str, self.instead))
        return f"{ports} {_ranges(self.held)} {verb} already in use by {who}: {instead} instead"


def _ranges(ports: Collection[int]) -> str:
    """`8080, 8083-8085`."""
    runs: list[list[int]] = []
    for port in sorted(ports):
        if runs and port == runs[-1][-1] + 1:
            runs[-1].append(port)
        else:
            runs.append([port])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def lost_ports(message: str) -> tuple[int, ...]:
    """Ports that the engine could not bind, from its own words; empty when that was not it."""
    return tuple(int(a or b) for a, b in _LOST.findall(message))


def _next_free(
    port: Port, number: int, taken: Collection[tuple[str, int]], held: Held
) -> tuple[Binding, list[tuple[int, str]]]:
    first = port.of_replica(number)
    if first is None:
        return Binding(port.target, 0, port.address, port.protocol), []
    if first < held.first:
        raise HostUnsupported(
            f"port {first} is privileged: unprivileged users can bind {held.first} and above",
            details=f"the spec publishes {port.published}:{port.target}",
            resolution=f"publish a port from {held.first} on; `capas doctor` says what an "
            "administrator can do",
        )
    skipped: list[tuple[int, str]] = []
    for candidate in range(first, _LAST_PORT + 1):
        ours = (port.protocol, candidate) in taken
        if ours and not port.strict:
            continue
        who = "this pipeline" if ours else held.holder(port.protocol, port.address, candidate)
        if who is None:
            return Binding(port.target, candidate, port.address, port.protocol), skipped
        if port.strict:
            raise CapasError(
                f"port {candidate} is already in use by {who}",
                details=f"{port.published}:{port.target} is strict: no other port will do",
                resolution="free the port, publish another one, or remove `strict`",
            )
        skipped.append((candidate, who))
    raise CapasError(f"no free port from {first} on", resolution="publish a lower port")
