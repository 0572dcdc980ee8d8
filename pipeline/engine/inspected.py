"""What Podman says of containers, images, volumes, networks and secrets, as values.

Its words are read here and nowhere else, from answers whose form `api_answers.py` has seen to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.lean_dataclasses import dataclass, field

Json = Mapping[str, Any]

_EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 (compared with, never bound)
"""Host addresses of a port that is published on all of them."""
_ONLY_STORED = "storage"
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class PublishedPort:
    """A container's port, and where the host has it.

    Attributes:
        address: of the host; "" is all of them.
        host: the port there; 0 when the engine has not told it.
    """

    target: int
    host: int
    address: str = ""
    protocol: str = "tcp"


@dataclass(frozen=True)
class InspectedContainer:
    """One container, looked at by itself.

    Attributes:
        status: Podman's word: created, running, paused, exited, stopped, …
        exit_code: of its last process.
        pid: of its first process, on its machine; 0 when none runs.
        monitor: process id of its conmon; 0 when there is none.
        out_of_memory: the kernel killed a process of it for want of memory.
        stop_seconds: between its stop signal and SIGKILL.
        restart_policy: Podman's word; "" and `no` are none.
        memory: its limit in bytes; 0 is none.
        cpu_quota: microseconds of the processor in each period; 0 is no limit.
        pids: how many processes it may have; 0 is no limit.
        pid_file: where the engine notes `pid`.
        addresses: its address in each of its networks, "" before it has one.
        published: as `NetworkSettings` tells them, in the engine's order.
        written: bytes of its own layer; 0 unless they were asked for.
    """

    id: str = ""
    status: str = ""
    exit_code: int = 0
    pid: int = 0
    monitor: int = 0
    out_of_memory: bool = False
    stop_seconds: int = 0
    restart_policy: str = ""
    memory: int = 0
    cpu_quota: int = 0
    pids: int = 0
    pid_file: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)
    published: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    written: int = 0

    @property
    def address(self) -> str:
        """Its address in the first network that has given it one, or ""."""
        return next((one for one in self.addresses.values() if one), "")

    def published_at(self, port: int) -> list[tuple[str, int]]:
        """Where this machine reaches a TCP port of it: address and port."""
        found = self.published.get(f"{port}/tcp", ())
        return [(_LOOPBACK if at in _EVERYWHERE else at, number) for at, number in found]


@dataclass(frozen=True)
class ListedContainer:
    """One line of a listing of containers.

    Attributes:
        names: at least one; the id of a container without one.
        created: when, as the engine writes it: a time, or seconds since the epoch.
        command: what it runs.
    """

    id: str
    names: tuple[str, ...]
    status: str
    labels: Mapping[str, str] = field(default_factory=dict)
    image_id: str = ""
    exit_code: int = 0
    pid: int = 0
    created: str | int = 0
    command: tuple[str, ...] = ()
    ports: tuple[PublishedPort, ...] = ()

    @property
    def name(self) -> str:
        """Its name."""
        return self.names[0]

    @property
    def only_stored(self) -> bool:
        """Whether only the store knows it: another program's, or one that was never finished."""
        return self.status == _ONLY_STORED


@dataclass(frozen=True)
class HistoryEntry:
    """What an image's history says of one instruction.

    Attributes:
        created_by: the instruction, as the builder writes it; "" when it wrote none.
        empty: it made no layer.
    """

    created_by: str = ""
    empty: bool = False


@dataclass(frozen=True)
class InspectedImage:
    """One image, looked at by itself.

    Attributes:
        layers: diff_ids, the lowest first.
        driver: what keeps its layers.
        folders: where they lie, by the driver's own words.
    """

    id: str
    labels: Mapping[str, str] = field(default_factory=dict)
    history: tuple[HistoryEntry, ...] = ()
    layers: tuple[str, ...] = ()
    driver: str = ""
    folders: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ListedImage:
    """One line of a listing of images; `names` is empty for one that has none any more."""

    id: str
    names: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ListedVolume:
    """A volume.

    Attributes:
        options: of its driver; empty for a plain folder.
        mountpoint: where its files lie, on its machine; "" when the driver does not tell.
        unsettled: what Podman still means to do at its next mount: `chown`, `copy`.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    driver: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    mountpoint: str = ""
    unsettled: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Subnet:
    """Addresses of a network, and the one of the host in it; "" when there is none."""

    subnet: str = ""
    gateway: str = ""


@dataclass(frozen=True)
class ListedNetwork:
    """A network; `interface` is its bridge on the host."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    interface: str = ""
    subnets: tuple[Subnet, ...] = ()


@dataclass(frozen=True)
class ListedSecret:
    """A secret, without its value."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EngineInfo:
    """What the engine says of itself and its machine.

    Attributes:
        controllers: of control groups that it may use.
        network_backend: `netavark` or `cni`; "" when it does not tell.
        storage: the folder of its store; `driver` is what keeps layers in it.
    """

    hostname: str
    storage: str
    driver: str
    controllers: tuple[str, ...] = ()
    network_backend: str = ""


@dataclass(frozen=True)
class ContainerEvent:
    """What happened to a container.

    Attributes:
        action: Podman's word.
        time: seconds since the epoch.
        attributes: the container's labels, and what the engine adds to them.
    """

    action: str
    time: int
    attributes: Mapping[str, str]


def read_container(found: Json) -> InspectedContainer:
    """An answer to `/containers/NAME/json`."""
    state, limits, network = found["State"], found["HostConfig"], found["NetworkSettings"]
    return InspectedContainer(
        id=found["Id"],
        status=state["Status"],
        exit_code=state["ExitCode"],
        pid=state["Pid"],
        monitor=state["ConmonPid"],
        out_of_memory=state["OOMKilled"],
        stop_seconds=found["Config"]["StopTimeout"],
        restart_policy=limits["RestartPolicy"]["Name"],
        memory=limits["Memory"],
        cpu_quota=limits["CpuQuota"],
        pids=limits["PidsLimit"],
        pid_file=found["PidFile"],
        addresses={name: one["IPAddress"] for name, one in network["Networks"].items()},
        published={
            port: tuple((one["HostIp"], int(one["HostPort"])) for one in bindings)
            for port, bindings in network["Ports"].items()
        },
        written=found["SizeRw"],
    )


def read_listed(row: Json) -> ListedContainer:
    """One of `/containers/json`."""
    return ListedContainer(
        id=row["Id"],
        # The engine takes the id of a container without a name for it.
        names=tuple(row["Names"]) or (row["Id"],),
        status=row["State"],
        labels=row["Labels"],
        image_id=row["ImageID"],
        exit_code=row["ExitCode"],
        pid=row["Pid"],
        created=row["Created"],
        command=tuple(row["Command"]),
        ports=tuple(
            PublishedPort(
                target=port["container_port"] + offset,
                host=port["host_port"] + offset,
                address=port["host_ip"],
                protocol=port["protocol"],
            )
            for port in row["Ports"]
            for offset in range(port["range"] or 1)
        ),
    )


def read_image(found: Json) -> InspectedImage:
    """An answer to `/images/NAME/json`."""
    return InspectedImage(
        id=found["Id"],
        labels=found["Labels"],
        history=tuple(HistoryEntry(h["created_by"], h["empty_layer"]) for h in found["History"]),
        layers=tuple(found["RootFS"]["Layers"]),
        driver=found["GraphDriver"]["Name"],
        folders=found["GraphDriver"]["Data"],
    )


def read_listed_image(row: Json) -> ListedImage:
    """One of `/images/json`."""
    return ListedImage(row["Id"], tuple(row["Names"] or row["RepoTags"]), row["Labels"])


def read_volume(row: Json) -> ListedVolume:
    """One of `/volumes/json`."""
    marks = {"chown": row["NeedsChown"], "copy": row["NeedsCopyUp"]}
    return ListedVolume(
        name=row["Name"],
        labels=row["Labels"],
        driver=row["Driver"],
        options=row["Options"],
        mountpoint=row["Mountpoint"],
        unsettled=frozenset(mark for mark, is_set in marks.items() if is_set),
    )


def read_network(row: Json) -> ListedNetwork:
    """One of `/networks/json`."""
    subnets = tuple(Subnet(one["subnet"], one["gateway"]) for one in row["subnets"])
    return ListedNetwork(row["name"], row["labels"], row["network_interface"], subnets)


def read_secret(row: Json) -> ListedSecret:
    """One of `/secrets/json`, or an answer to `/secrets/NAME/json`."""
    return ListedSecret(row["Spec"]["Name"], row["Spec"]["Labels"])


def read_info(found: Json) -> EngineInfo:
    """An answer to `/info`."""
    host, store = found["host"], found["store"]
    return EngineInfo(
        hostname=host["hostname"],
        storage=store["graphRoot"],
        driver=store["graphDriverName"],
        controllers=tuple(host["cgroupControllers"]),
        network_backend=host["networkBackend"],
    )


def read_event(found: Json) -> ContainerEvent:
    """One line of `/events`."""
    return ContainerEvent(found["Action"], found["time"], found["Actor"]["Attributes"])
