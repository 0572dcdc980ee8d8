"""Containers are isolated, and only a published port opens a way in.

The container's own address is never asked: on some networks such packets leave the host and
something else answers. What is looked at is the kernel's table of listening sockets inside and
outside, and the host's loopback.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pipeline.engine.sockets import listening, namespaces
from pipeline.errors import CapasError
from pipeline.verify.experiment import Experiment
from pipeline.verify.lab import Lab, answers, asked
from pipeline.verify.notebook import Inconclusive

_KINDS = ("ipc", "mnt", "net", "pid", "uts")
_FILE = "/capas-private"


def isolated(lab: Lab) -> None:
    """Compare the worlds of two containers and of the host."""
    lab.do("run two containers of one image")
    one, other = lab.run(), lab.run()
    pids = {"the first": _local(lab, one), "the second": _local(lab, other)}
    outside = namespaces_of_host()
    inside = {name: namespaces(pid, _KINDS) for name, pid in pids.items()}
    for name, own in inside.items():
        found = [kind for kind in _KINDS if own[kind] == outside[kind]]
        lab.see(f"namespaces that {name} shares with the host", expected="none", found=_list(found))
    shared = [kind for kind in _KINDS if len({own[kind] for own in inside.values()}) == 1]
    lab.see("namespaces that the two share", expected="none", found=_list(shared))
    lab.do(f"write {_FILE} in the first")
    lab.write(one, _FILE, "private")
    lab.see("the file in the second", expected="absent", found=lab.read(other, _FILE))


def unreachable(lab: Lab) -> None:
    """Look for a way to the port of a container that publishes none."""
    port = lab.port()
    lab.do(f"run a container that listens on {port} and publishes nothing")
    container = lab.run()
    inside = listening(_local(lab, container))
    lab.see(f"port {port} inside", expected="listening", found=_is_on(port in inside))
    host = frozenset[str]().union(*listening().values())
    found = "among them" if inside[port] & host else "not among them"
    lab.see("its socket among the host's listening sockets", expected="not among them", found=found)


def published(lab: Lab) -> None:
    """Publish the port, and see that this is what lets a request in."""
    port = lab.port()
    host_port = lab.free_ports(1)
    lab.see(f"127.0.0.1:{host_port} before", expected="silent", found=_voice(host_port))
    lab.do(f"run a container with {host_port}:{port} published")
    container = lab.run(published=host_port)
    found = _eventual_voice(lab, host_port)
    lab.see(f"127.0.0.1:{host_port} now", expected="answers", found=found)
    lab.do("stop it")
    lab.api.stop_container(container)
    lab.see(f"127.0.0.1:{host_port} after", expected="silent", found=_voice(host_port))


def replicas(lab: Lab) -> None:
    """Run two replicas next to each other, and take the first away."""
    port = lab.port()
    first = lab.free_ports(2)
    lab.do(f"run two containers, both on {port}, published on {first} and {first + 1}")
    containers = [lab.run(published=first + number) for number in range(2)]
    for number, container in enumerate(containers):
        inside = listening(_local(lab, container))
        found = _is_on(port in inside)
        lab.see(f"port {port} inside replica {number + 1}", expected="listening", found=found)
        found = _eventual_voice(lab, first + number)
        lab.see(f"127.0.0.1:{first + number}", expected="answers", found=found)
    lab.do("stop the first")
    lab.api.stop_container(containers[0])
    lab.see(f"127.0.0.1:{first}", expected="silent", found=_voice(first))
    lab.see(f"127.0.0.1:{first + 1}", expected="answers", found=_voice(first + 1))


def namespaces_of_host() -> dict[str, str]:
    """The namespaces that this program lives in."""
    return {kind: str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in _KINDS}


def _local(lab: Lab, container: str) -> int:
    """A container's process, which must be on this machine.

    Raises:
        CapasError: the container has ended.
        Untriable: it runs on another machine.
    """
    pid = lab.pid(container)
    if not pid:
        raise CapasError(f"a container of {lab.subject.image} ended before it was looked at")
    if not Path("/proc", str(pid)).exists():
        raise Inconclusive("the containers run on another machine (CONTAINER_HOST)")
    return pid


def _voice(port: int) -> str:
    return "answers" if answers(port) and asked(port) else "silent"


def _eventual_voice(lab: Lab, port: int) -> str:
    return "answers" if lab.comes_true(partial(asked, port)) else "silent"


def _is_on(listens: bool) -> str:
    return "listening" if listens else "not listening"


def _list(names: list[str]) -> str:
    return ", ".join(names) or "none"


EXPERIMENTS = (
    Experiment(
        "isolation",
        "Worlds of their own",
        "Containers are isolated.",
        isolated,
    ),
    Experiment(
        "unpublished-port",
        "A port that is not published",
        "Without a published port there is no way in.",
        unreachable,
    ),
    Experiment(
        "published-port",
        "A published port",
        "Only a published port opens a way in.",
        published,
    ),
    Experiment(
        "replicas",
        "Replicas",
        "Replicas all listen on the same container port; on the host the first takes a port, "
        "the next the one after.",
        replicas,
    ),
)
