"""One operation, carried out: which call of the API each verb is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from pipeline.deploy.apply.health import HealthVerdict, await_healthy, unhealthy
from pipeline.deploy.apply.network_names import keep_reached, with_gateways
from pipeline.deploy.model.exit_status import ENDED, describe_exit
from pipeline.deploy.model.operation import FOR_GOOD, RELEASE_SECONDS, Operation
from pipeline.deploy.model.ports import lost_ports
from pipeline.deploy.model.secret import secret_value
from pipeline.deploy.observe.snapshot import MARK_FILE, containers_of
from pipeline.deploy.plan import ingress
from pipeline.deploy.plan.limits import lost_limits
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.errors import EngineError
from pipeline.lean_re import lazy_pattern

_RELOAD_DEADLINE = 15.0
_LOOP_SECONDS = 1.0
"""Within this the engine starts a container of a crash loop again."""
_POLL = 0.05
_NOTHING = b"-"
"""What a record holds: its labels say everything, and a secret must not be empty."""
_CLEARED = lazy_pattern(
    r"conmon exited prematurely"  # its monitor was killed: the state is `exited` from now on
    r"|device or resource busy"  # a killed engine's mount, which the first try has let go
    r"|netavark: setns: "  # the network namespace went with the pause process: it is made anew
)
Pause = Callable[[float], None]


def carry_out(operation: Operation, writer: PodmanWriter, pause: Pause = time.sleep) -> None:
    """Do it.

    Args:
        pause: sleeps, and raises when the user wants to stop.

    Raises:
        EngineError: Podman refused, or a container did not become healthy.
    """
    _ACTIONS[operation.verb, operation.kind](operation, writer, pause)


def _create_network(operation: Operation, writer: PodmanWriter, _pause: Pause) -> None:
    writer.create_network(operation.body)


def _create_volume(operation: Operation, writer: PodmanWriter, _pause: Pause) -> None:
    writer.create_volume(operation.body)


def _create_secret(operation: Operation, writer: PodmanWriter, _pause: Pause) -> None:
    if operation.secret is not None:
        writer.create_secret(operation.name, secret_value(operation.secret), operation.labels)


def _create_container(operation: Operation, writer: PodmanWriter, _pause: Pause) -> None:
    answer = writer.create_container(with_gateways(operation.body, writer))
    limits = operation.body.get("resource_limits")
    if limits and (lost := lost_limits(limits, writer.container(operation.name))):
        writer.remove_container(operation.name, force=True)
        raise EngineError(
            f"Podman would run {operation.name} without its limits of {', '.join(lost)}",
            details="\n".join(answer.get("Warnings") or ()),
            resolution="`resources.optional = true` runs without them; `capas doctor` says more",
        )


def _start(operation: Operation, writer: PodmanWriter, pause: Pause) -> None:
    _once_free(lambda: writer.start_container(operation.name), operation.patience, pause)
    keep_reached(operation.name, writer)


def _restart(operation: Operation, writer: PodmanWriter, pause: Pause) -> None:
    _once_free(
        lambda: writer.restart_container(operation.name, operation.grace), RELEASE_SECONDS, pause
    )
    keep_reached(operation.name, writer)


def _twice(call: Callable[[], None]) -> None:
    """Make a call again when Podman met what a killed process had left: it has cleared it then."""
    try:
        call()
    except EngineError as error:
        if not _CLEARED.search(error.details):
            raise
        call()


def _once_free(call: Callable[[], None], patience: float, pause: Pause) -> None:
    """Make a call again while a port is held, for so many seconds."""
    end = time.monotonic() + patience
    while (error := _held_port(lambda: _twice(call))) is not None:
        if time.monotonic() >= end:
            raise error
        pause(_POLL)


def _held_port(call: Callable[[], None]) -> EngineError | None:
    """The error of a call that found its port held."""
    try:
        call()
    except EngineError as error:
        if lost_ports(error.details):
            return error
        raise
    return None


def _stop(operation: Operation, writer: PodmanWriter, pause: Pause) -> None:
    _twice(lambda: writer.stop_container(operation.name, operation.grace))
    if operation.detail != FOR_GOOD:
        return
    # Between two lives of a crash loop there was nothing to stop, and the engine starts it again.
    end = time.monotonic() + _LOOP_SECONDS
    while time.monotonic() < end:
        pause(_POLL)
        found = writer.container(operation.name)
        if found is not None and found.status not in ENDED:
            writer.stop_container(operation.name, operation.grace)
            return


def _pause_container(operation: Operation, writer: PodmanWriter, _pause: Pause) -> None:
    writer.pause_container(operation.name)


def _unpause(operation: Operation, writer: PodmanWriter, _pause: Pause) -> None:
    writer.unpause_container(operation.name)


def _remove_container(operation: Operation, writer: PodmanWriter, _pause: Pause) -> None:
    _twice(lambda: writer.end_container(operation.name, operation.grace))


def _rename(operation: Operation, writer: PodmanWriter, _pause: Pause) -> None:
    writer.rename_container(operation.name, operation.new_name)


def _wait_for(operation: Operation, writer: PodmanWriter, pause: Pause) -> None:
    verdict = await_healthy(writer, operation.name, operation.check, sleep=pause)
    if not verdict.healthy:
        raise unhealthy(writer, operation.name, verdict)


def _wait_for_end(operation: Operation, writer: PodmanWriter, pause: Pause) -> None:
    while True:
        found = writer.container(operation.name)
        state = found.status if found else "gone"
        if state not in ("running", "created", "initialized", "stopping"):
            break
        pause(_POLL)
    code = found.exit_code if found else -1
    if code != 0:
        said = describe_exit(found) if found else "the container does not exist"
        raise unhealthy(writer, operation.name, HealthVerdict(False, state, said))


def _write(operation: Operation, writer: PodmanWriter, _pause: Pause) -> None:
    addresses = {}
    pipeline, service = operation.serves
    for container in containers_of(writer, pipeline):
        is_meant = container.service == service and container.running
        if is_meant and not container.fault:
            found = writer.container(container.id)
            addresses[container.alias] = found.address if found else ""
    text = ingress.with_addresses(operation.text, addresses)
    # Killed before the next `confirm`, nobody can tell which configuration is in effect.
    writer.write_file(operation.name, MARK_FILE, "")
    writer.write_file(operation.name, ingress.CONFIG_FILE, text)


def _confirm(operation: Operation, writer: PodmanWriter, _pause: Pause) -> None:
    writer.write_file(operation.name, MARK_FILE, operation.digest)


def _reload(operation: Operation, writer: PodmanWriter, pause: Pause) -> None:
    before = ingress.workers(writer.processes(operation.name))
    writer.kill_container(operation.name, "SIGUSR2")
    end = time.monotonic() + _RELOAD_DEADLINE
    while not ingress.workers(writer.processes(operation.name)) - before:
        if time.monotonic() > end:
            said = "it did not take its new configuration; the old one is still in effect"
            raise unhealthy(writer, operation.name, HealthVerdict(False, "running", said))
        pause(_POLL)


def _drain(operation: Operation, writer: PodmanWriter, pause: Pause) -> None:
    end = time.monotonic() + operation.deadline
    while len(ingress.workers(writer.processes(operation.name))) > 1 and time.monotonic() < end:
        pause(_POLL)


def _record(operation: Operation, writer: PodmanWriter, _pause: Pause) -> None:
    writer.create_secret(operation.record, _NOTHING, operation.labels, driver="file")


def _forget(operation: Operation, writer: PodmanWriter, _pause: Pause) -> None:
    writer.remove_secret(operation.record)


def _remove_network(operation: Operation, writer: PodmanWriter, _pause: Pause) -> None:
    writer.remove_network(operation.name)


def _remove_secret(operation: Operation, writer: PodmanWriter, _pause: Pause) -> None:
    writer.remove_secret(operation.name)


_ACTIONS: Mapping[tuple[str, str], Callable[[Operation, PodmanWriter, Pause], None]] = {
    ("record", "deploy"): _record,
    ("remove", "deploy"): _forget,
    ("create", "network"): _create_network,
    ("create", "volume"): _create_volume,
    ("create", "secret"): _create_secret,
    ("create", "container"): _create_container,
    ("create", "ingress"): _create_container,
    ("start", "container"): _start,
    ("start", "ingress"): _start,
    ("restart", "container"): _restart,
    ("stop", "container"): _stop,
    ("pause", "container"): _pause_container,
    ("unpause", "container"): _unpause,
    ("remove", "container"): _remove_container,
    ("rename", "container"): _rename,
    ("wait for", "container"): _wait_for,
    ("wait for", "ingress"): _wait_for,
    ("wait for the end of", "container"): _wait_for_end,
    ("write", "ingress"): _write,
    ("reload", "ingress"): _reload,
    ("drain", "ingress"): _drain,
    ("confirm", "ingress"): _confirm,
    ("remove", "network"): _remove_network,
    ("remove", "secret"): _remove_secret,
}
