"""What an export leaves out or says in another way: one sentence each, for every format (pure).

Each key of a service is carried by a format or named here; a test goes through all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.spec.model import DEFAULT_NETWORK, Healthcheck, Pipeline, SecretMount, Service
from pipeline.spec.quantities import decimal, whole_seconds


def common_notes(pipeline: Pipeline) -> Iterator[str]:
    """What no format carries over."""
    for service in pipeline.services.values():
        name = service.name
        if service.ingress is not None:
            yield f"{name}: `ingress` is capas' own and is left out"
        if service.secrets:
            told = ", ".join(_secret(secret) for secret in service.secrets)
            yield f"{name}: make the secrets there by hand: {told}"
        if service.resources.optional and _limited(service):
            yield f"{name}: its limits are demanded there: `optional` is left out"
    if any(
        port.published is not None and not port.strict
        for service in pipeline.services.values()
        for port in service.ports
    ):
        yield "a port of the host that is taken is an error there: no other one is chosen"
    for volume in pipeline.volumes.values():
        if volume.backup_before_upgrade:
            yield f"{volume.name}: nothing backs the volume up before an upgrade there"
        if volume.external and volume.labels:
            yield f"{volume.name}: its `labels` are left out: an external volume is used as it is"


def command_probe(service: Service) -> Iterator[str]:
    """What the image must have where a check is a command, when the spec named none."""
    check = service.healthcheck
    if check is None or check.test is not None:
        return
    program = "wget" if check.http is not None else "nc"
    yield f"{service.name}: its check runs inside the container there, so its image needs {program}"
    if check.http is not None and "#" in check.http:
        yield f"{service.name}: the `#` in its check's path is asked as `%23` there"


def quadlet_notes(pipeline: Pipeline, service: Service) -> Iterator[str]:
    """What systemd says in another way."""
    name = service.name
    yield from command_probe(service)
    if service.profiles:
        yield f"{name}: it starts with the rest, systemd knows no `profiles`"
    if service.replicas == 0:
        yield f"{name}: it has no replicas, so no unit is made of it"
    if service.restart == "unless-stopped":
        yield f"{name}: `unless-stopped` is `always` there: it starts again at the next boot"
    if service.command == ():
        yield f"{name}: an empty `command` cannot be said there, the image's own runs"
    if whole_seconds(service.stop_grace_period) != service.stop_grace_period:
        told = f"{whole_seconds(service.stop_grace_period)} s"
        yield f"{name}: its grace period is {told} there, which knows whole seconds only"
    conditions = {d.condition for s in pipeline.services.values() for d in s.depends_on
                  if d.service == name}  # fmt: skip
    if "service_completed_successfully" in conditions:
        yield f"{name}: others wait for its end, so it runs once at each boot there"
        if service.restart in ("always", "unless-stopped"):
            yield f"{name}: systemd starts a job again only on failure, whatever `restart` says"
        if "service_healthy" in conditions:
            yield f"{name}: others wait for its end there, also those that wait for its health"
    elif "service_healthy" in conditions and service.healthcheck is None:
        yield f"{name}: it has no health check, so others wait there only until it has started"


def compose_notes(service: Service) -> Iterator[str]:
    """What Compose says in another way."""
    yield from command_probe(service)


def kubernetes_notes(pipeline: Pipeline, service: Service) -> Iterator[str]:
    """What Kubernetes alone cannot say."""
    name = service.name
    for key, why in _lost_in_kubernetes(service).items():
        yield f"{name}: `{key}` is left out: {why}"
    if service.depends_on:
        told = ", ".join(f"{d.service} ({d.condition})" for d in service.depends_on)
        yield f"{name}: Kubernetes starts it without waiting for its `depends_on`: {told}"
    if service.replicas > 1 and any(mount.kind == "volume" for mount in service.mounts):
        yield (f"{name}: its replicas share a ReadWriteOnce volume, so they must run on one node")
    networks = service.networks or tuple(pipeline.networks.keys() & {DEFAULT_NETWORK})
    if networks:
        told = ", ".join(_network(pipeline, network) for network in networks)
        yield f"{name}: `networks` ({told}) is left out: there every pod reaches every other"
    if len(pipeline.services) > 1:
        yield f"{name}: {_found_as(pipeline, service)}"
    yield from _bound_to_hosts(service)
    yield from _rounded(service)
    if service.command == () or service.entrypoint == ():
        yield f"{name}: an empty `command` or `entrypoint` cannot be said there, the image's runs"
    for mount in service.mounts:
        if mount.kind == "bind":
            yield f"{name}: {mount.source} is read from the node it runs on"
    if (check := service.healthcheck) and "#" in (check.http or ""):
        yield f"{name}: the `#` in its check's path is asked as `%23` there"


def _bound_to_hosts(service: Service) -> Iterator[str]:
    first: dict[tuple[int, str], int] = {}
    for port in service.ports:
        outside = port.published or port.target
        other = first.setdefault((outside, port.protocol), port.target)
        if other != port.target:
            yield (
                f"{service.name}: the container's port {port.target} is left out: port {outside} "
                f"of its Service leads to {other}"
            )
        if port.published is not None or port.address != "127.0.0.1":
            yield (
                f"{service.name}: nothing binds {port.address}:{port.published or 'any'} of a host "
                "there: a Service is reached inside the cluster"
            )


def _lost_in_kubernetes(service: Service) -> dict[str, str]:
    lost = {
        "user": "Kubernetes knows users by number only, the image's own runs"
        if service.user and not user_ids(service)
        else "",
        "stop_signal": "the image's own is sent" if service.stop_signal else "",
        "pids": f"the node limits them, not to {service.resources.pids}"
        if service.resources.pids is not None
        else "",
        "restart": f"a Deployment always restarts, never `{service.restart}`"
        if service.restart in ("no", "on-failure")
        else "",
        "profiles": "it starts with the rest" if service.profiles else "",
        "labels": "Kubernetes' have other rules" if service.labels else "",
    }
    return {key: why for key, why in lost.items() if why}


def user_ids(service: Service) -> list[int]:
    """User and perhaps group by number, the only way Kubernetes knows them."""
    words = (service.user or "").split(":")
    known = len(words) <= 2 and all(word.isascii() and word.isdecimal() for word in words)
    return [int(word) for word in words] if known else []


def _network(pipeline: Pipeline, name: str) -> str:
    network = pipeline.networks.get(name)
    if network is None:
        return name
    told = [network.engine_name, "internal" if network.internal else "", *network.labels]
    return " ".join(word for word in told if word)


def _found_as(pipeline: Pipeline, service: Service) -> str:
    if not service.ports:
        return "it has no ports, so it gets no Service, and others do not find it by its name"
    ports = ", ".join(dict.fromkeys(str(port.published or port.target) for port in service.ports))
    return f"others find it as {pipeline.name}-{service.name}, port {ports}, not by its own name"


def _rounded(service: Service) -> Iterator[str]:
    check = service.healthcheck or Healthcheck()
    times = {
        "stop_grace_period": service.stop_grace_period,
        "interval": check.interval,
        "timeout": check.timeout,
        "start_period": check.start_period,
    }
    for key, seconds in times.items():
        if seconds != whole_seconds(seconds):
            yield (
                f"{service.name}: `{key}` is {whole_seconds(seconds)} s there instead of "
                f"{decimal(seconds)} s: Kubernetes counts whole seconds"
            )


def _secret(secret: SecretMount) -> str:
    if secret.kind == "env":
        return f"{secret.source} (the variable {secret.target})"
    target = secret.target if secret.target.startswith("/") else f"/run/secrets/{secret.target}"
    return f"{secret.source} (the file {target})"


def _limited(service: Service) -> bool:
    limits = service.resources
    return any(limit is not None for limit in (limits.memory, limits.cpus, limits.pids))
