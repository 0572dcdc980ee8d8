"""Whether a container serves: asked by ourselves, since Podman's health checks need systemd.

A published HTTP port is asked where a user finds it, on the host. Everything else is asked from
inside the container's own network: never at the container's address from the host (what answers
there may be somebody else), and never a published TCP port (the port forwarder accepts
connections before the service does).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.deploy.model.exit_status import ENDED, describe_exit
from pipeline.deploy.observe import probe, remote_probe
from pipeline.deploy.observe.logs import last_lines
from pipeline.deploy.observe.probe import ProbeAnswer
from pipeline.engine import command
from pipeline.engine.sockets import listening, parent
from pipeline.errors import EngineError
from pipeline.lean_dataclasses import dataclass, replace
from pipeline.spec.model import Healthcheck

if TYPE_CHECKING:
    from pipeline.engine.inspected import InspectedContainer
    from pipeline.engine.podman_writer import PodmanWriter
    from pipeline.engine.remote_host import ContainerHost

SETTLE_SECONDS = 0.5
"""How long a container without a health check that listens on nothing must keep running."""
_LOOK_SECONDS = 0.02
_FIRST_PAUSE = 0.05
_LOG_LINES = 15


@dataclass(frozen=True)
class HealthVerdict:
    """What became of waiting for a container.

    Attributes:
        state: Podman's word for its state.
        said: the last probe's answer.
    """

    healthy: bool
    state: str
    said: str


def await_healthy(
    writer: PodmanWriter,
    name: str,
    check: Healthcheck | None,
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> HealthVerdict:
    """Probe until it is healthy, or has failed as often as its check allows.

    At first the probes come faster than `interval`, so that a quick service costs no second; only
    one failure per interval counts, and none within `start_period`.
    """
    if check is None:
        return _await_settled(writer, name, now, sleep)
    begin = last_counted = now()
    failures = 0
    pause = min(_FIRST_PAUSE, check.interval)
    while True:
        found = writer.container(name)
        verdict = examine_container(writer, found, check)
        if verdict.healthy or _is_over(found):
            return verdict
        moment = now()
        if moment - begin >= check.start_period and moment - last_counted >= check.interval:
            failures += 1
            last_counted = moment
            if failures >= check.retries:
                return verdict
        sleep(pause)
        pause = min(pause * 1.5, check.interval)


def examine_container(
    writer: PodmanWriter, found: InspectedContainer | None, check: Healthcheck | None
) -> HealthVerdict:
    """Probe a container once."""
    if found is None:
        return HealthVerdict(False, "gone", "the container does not exist")
    state = found.status
    if state != "running":
        said = describe_exit(found) if state in ENDED else f"it is {state}"
        return HealthVerdict(False, state, said)
    if check is None:
        return HealthVerdict(True, state, "it runs")
    answer = _ask(writer, found, check)
    return HealthVerdict(answer.healthy, state, answer.said)


def unhealthy(writer: PodmanWriter, name: str, verdict: HealthVerdict) -> EngineError:
    """The error for a container that did not become healthy: state, answer, last lines."""
    try:
        wrote = last_lines(writer, name, _LOG_LINES)
    except EngineError:
        wrote = []
    lines = ["its last lines:", *(f"  {line}" for line in wrote)] if wrote else ["it wrote nothing"]
    return EngineError(
        f"{name} is not healthy",
        details="\n".join([f"state: {verdict.state}", f"probe: {verdict.said}", *lines]),
    )


def _await_settled(
    writer: PodmanWriter, name: str, now: Callable[[], float], sleep: Callable[[float], None]
) -> HealthVerdict:
    """Without a check it is up as soon as it listens, or when it has kept running for a time.

    Podman starts a container again in a few milliseconds where its restart policy says so: a look
    finds it running, as another process.
    """
    end = now() + SETTLE_SECONDS
    first: int | None = None
    while True:
        found = writer.container(name)
        verdict = examine_container(writer, found, None)
        if found is None or not verdict.healthy:
            return verdict
        first = first or found.pid
        if found.pid != first:
            said = "its program ended, and its restart policy started it again"
            return replace(verdict, healthy=False, said=said)
        if now() >= end:
            return verdict
        if _comes_to_listen(writer.machine, found, end, now, sleep):
            return verdict


def _comes_to_listen(
    machine: ContainerHost,
    found: InspectedContainer,
    end: float,
    now: Callable[[], float],
    sleep: Callable[[float], None],
) -> bool:
    """Whether a container's process listens before `end`.

    The kernel is asked, which costs the engine nothing. No, when the process ended or is out of
    our reach; what has its number here is then no child of the container's monitor.
    """
    while now() < end:
        try:
            its_parent = parent(found.pid, machine)
            if its_parent == found.monitor and listening(found.pid, machine):
                return True
        except FileNotFoundError:
            sleep(_LOOK_SECONDS)
            return False
        except EngineError:
            sleep(max(0.0, end - now()))
            return False
        sleep(min(_LOOK_SECONDS, max(0.0, end - now())))
    return False


def _is_over(found: InspectedContainer | None) -> bool:
    """Whether nothing will change by waiting: it ended, and nobody starts it again."""
    if found is None:
        return True
    return found.status in ENDED and found.restart_policy in ("", "no")


def _ask(writer: PodmanWriter, found: InspectedContainer, check: Healthcheck) -> ProbeAnswer:
    if check.test is not None:
        return _execute(writer, found.id, check)
    if not writer.machine.here:
        return _ask_far(writer.machine, found, check)
    if check.tcp is not None:
        return _inside(found, ["tcp", str(check.tcp)], check.timeout)
    port, path = probe.split_http(check.http or "")
    for address, host_port in found.published_at(port):
        return probe.probe_http(address, host_port, path, check.timeout)
    return _inside(found, ["http", str(port), path], check.timeout)


def _ask_far(machine: ContainerHost, found: InspectedContainer, check: Healthcheck) -> ProbeAnswer:
    """The same as here, by programs that are there."""
    process = found.pid
    if check.tcp is not None:
        return remote_probe.ask_tcp(machine, process, check.tcp, check.timeout)
    port, path = probe.split_http(check.http or "")
    for address, host_port in found.published_at(port):
        return remote_probe.ask_http(machine, None, (address, host_port), path, check.timeout)
    return remote_probe.ask_http(machine, process, ("127.0.0.1", port), path, check.timeout)


def _execute(writer: PodmanWriter, name: str, check: Healthcheck) -> ProbeAnswer:
    test = check.test or ()
    try:
        done = writer.execute(name, test, timeout=check.timeout)
    except EngineError as error:
        return ProbeAnswer(False, f"{' '.join(test)}: {error.details}")
    said = (done.output.strip().splitlines() or [""])[-1]
    return ProbeAnswer(done.exit_code == 0, f"{' '.join(test)}: exit code {done.exit_code} {said}")


def _inside(found: InspectedContainer, arguments: list[str], timeout: float) -> ProbeAnswer:
    """Probe from inside the container's network: nothing is needed in its image."""
    argv = [
        "nsenter",
        "--preserve-credentials",
        "--user",
        "--net",
        f"--target={found.pid}",
    ]
    argv += [sys.executable, "-I", "-S", str(Path(probe.__file__)), *arguments, str(timeout)]
    try:
        done = command.run(argv, check=False, timeout=timeout + 5)
    except EngineError as error:
        return ProbeAnswer(False, error.details)
    said = (done.stdout.strip() or done.stderr.strip()).splitlines()
    return ProbeAnswer(done.returncode == 0, said[-1] if said else f"exit code {done.returncode}")
