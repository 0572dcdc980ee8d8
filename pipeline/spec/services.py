"""From the tables of [services] to `Service`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pipeline.lean_re import lazy_pattern
from pipeline.spec import mounts, probes
from pipeline.spec.accounts import capability, check_user
from pipeline.spec.dotenv import read_dotenv
from pipeline.spec.interpolate import is_text
from pipeline.spec.model import Dependency, Ingress, Port, Resources, SecretMount, Service
from pipeline.spec.problem import BadForm, KeyPath, Problem, near_file
from pipeline.spec.project_folder import WORD, lies_in, outside
from pipeline.spec.quantities import size_in_bytes
from pipeline.spec.read_context import BROKEN, ReadContext, Table, texts_of
from pipeline.spec.short_forms import LOOPBACK, check_address, check_path_text, parse_port
from pipeline.spec.signals import signal_number
from pipeline.spec.textfile import Unreadable, kind_at

_VARIABLE = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_.-]*")

_OUTSIDE_HINT = (
    "move it, or write {{ path = {name}, allow_outside_project = true }} in place of its name"
)
DEFAULT_INGRESS_IMAGE = "proxy"


def read_service(name: str, table: Table, scope: ReadContext) -> Service | None:
    """The service of a table, or None when it has no image that could be read."""
    if "image" not in table:
        return None
    path: KeyPath = ("services", name)
    image, version, built_here = _image(table, path, scope)
    ports = _ports(table, path, scope)
    return Service(
        name=name,
        image=image,
        built_here=built_here,
        version=version,
        replicas=table.get("replicas", 1),
        command=_command(table, path, "command", scope),
        entrypoint=_command(table, path, "entrypoint", scope),
        environment=_environment(table, path, scope),
        ports=ports,
        mounts=mounts.read_mounts(table, path, scope),
        networks=tuple(_entries(table, path, "networks", scope)),
        depends_on=_depends_on(table, path, scope),
        healthcheck=probes.read_healthcheck(table.get("healthcheck"), path, scope),
        resources=_resources(table.get("resources", {}), path, scope),
        restart=table.get("restart", "no"),
        stop_signal=_stop_signal(table, path, scope),
        stop_grace_period=probes.read_duration(table, path, "stop_grace_period", 10.0, scope),
        user=_user(table, path, scope),
        read_only=table.get("read_only", False),
        cap_add=tuple(_capabilities(table, path, scope)),
        secrets=tuple(_secrets(table, path, scope)),
        profiles=tuple(_entries(table, path, "profiles", scope)),
        pull_policy=table.get("pull_policy", "missing"),
        labels=texts_of(table.get("labels")),
        ingress=_ingress(table.get("ingress"), path, ports, scope),
    )


def _entries(table: Table, path: KeyPath, key: str, scope: ReadContext) -> Iterator[Any]:
    """The entries of a list that are whole; what was left out shifts the origins of the rest."""
    kept = 0
    for index, entry in enumerate(table.get(key, ())):
        if entry is BROKEN:
            continue
        if kept != index:
            scope.stands_at((*path, key, kept), (*path, key, index))
        kept += 1
        yield entry


def _image(table: Table, path: KeyPath, scope: ReadContext) -> tuple[str, str | None, bool]:
    """The image, the version pinned, and whether the image is one of this spec's."""
    image, version = table["image"], table.get("version")
    name, _, tag = image.removeprefix("localhost/").partition(":")
    if name not in scope.declared["images"]:
        if version is not None:
            scope.note(
                Problem(
                    "CAP011",
                    (*path, "version"),
                    "`version` chooses among the images of this spec",
                    f"write it into the reference: `{image.partition(':')[0]}:{version}`",
                )
            )
        return image, None, False
    if tag and version and tag != version:
        scope.note(
            Problem(
                "CAP011",
                (*path, "version"),
                f"`image` says version {tag}, `version` says {version}",
                "keep one of them",
            )
        )
        return name, None, True
    if tag and not version:
        scope.stands_at((*path, "version"), (*path, "image"))
    return name, version or tag or None, True


def _command(table: Table, path: KeyPath, key: str, scope: ReadContext) -> tuple[str, ...] | None:
    value = table.get(key)
    if not isinstance(value, str):
        return None if value is None else tuple(_entries(table, path, key, scope))

    def split() -> tuple[str, ...] | None:
        try:
            return tuple(shlex.split(value))
        except ValueError as error:
            raise BadForm(f"cannot be split into words: {error}", "write it as a list") from None

    return scope.tried("CAP006", (*path, key), value, split)


def _environment(table: Table, path: KeyPath, scope: ReadContext) -> dict[str, str]:
    variables: dict[str, str] = {}
    given = _given_environment(table, path, scope)
    files = table.get("env_file", ())
    alone = not isinstance(files, list | tuple)
    for index, entry in enumerate([files] if alone else files):
        if entry is BROKEN:
            continue
        where = (*path, "env_file") if alone else (*path, "env_file", index)
        # What Compose 2.40 looks references up in: the project, `environment`, earlier files.
        variables |= _env_file(entry, where, scope, {**variables, **given, **scope.environ})
    return variables | given


def _given_environment(table: Table, path: KeyPath, scope: ReadContext) -> dict[str, str]:
    """The variables of `environment`; a bare name in a list has the caller's value, if any."""
    given = table.get("environment", {})
    if not isinstance(given, list):
        return texts_of(given)
    variables: dict[str, str] = {}
    for index, entry in enumerate(given):
        if entry is BROKEN:
            continue
        name, assigned, value = entry.partition("=")
        if assigned:
            variables[name] = value
        elif name in scope.environ:
            variables[name] = scope.environ[name]
            if not is_text(variables[name]):
                message = f"the variable {name} holds bytes that are not UTF-8"
                where = (*path, "environment", index)
                scope.note(Problem("CAP008", where, message, "no engine takes them"))
    return variables


def _env_file(
    entry: str | Table, path: KeyPath, scope: ReadContext, environ: Mapping[str, str]
) -> dict[str, str]:
    name, allowed = entry if isinstance(entry, str) else entry.get("path", ""), False
    if not isinstance(entry, str):
        if not name:
            return {}  # its path has a problem already
        path, allowed = (*path, "path"), entry.get(WORD, False)
    file = scope.absolute(name)
    if scope.root is not None and not allowed and not lies_in(scope.root, file):
        hint = "" if path[-1] == "path" else _OUTSIDE_HINT.format(name=json.dumps(name))
        scope.note(outside("env file", file, path, hint))
        return {}  # and so none of it is read
    try:
        return read_dotenv(file, environ)
    except BadForm as error:
        message, hint = f"`{name}` cannot be read: {error.message}", error.hint
    except Unreadable as error:
        message = f"`{name}` cannot be read: {error.message}"
        hint = "" if kind_at(file) else near_file(file)
    scope.note(Problem("CAP124", path, message, hint))
    return {}


def _ports(table: Table, path: KeyPath, scope: ReadContext) -> tuple[Port, ...]:
    ports: list[Port] = []
    for index, entry in enumerate(table.get("ports", ())):
        if entry is BROKEN:
            continue
        where = (*path, "ports", index)
        port = scope.tried("CAP009", where, entry, partial(_port, entry))
        if port is not None:
            scope.stands_at((*path, "ports", len(ports)), where)
            ports.append(port)
    return tuple(ports)


def _port(entry: int | str | Table) -> Port | None:
    if isinstance(entry, int):
        return Port(target=entry)
    if isinstance(entry, str):
        return parse_port(entry)
    if "target" not in entry:
        return None
    return Port(
        target=entry["target"],
        published=entry.get("published"),
        address=check_address(entry.get("host_ip", LOOPBACK), key="host_ip"),
        protocol=entry.get("protocol", "tcp"),
        strict=entry.get("strict", False),
    )


def _depends_on(table: Table, path: KeyPath, scope: ReadContext) -> tuple[Dependency, ...]:
    given = table.get("depends_on", ())
    if isinstance(given, list):
        found = list(_entries(table, path, "depends_on", scope))
        return tuple(Dependency(name) for name in found)
    dependencies = []
    for index, (name, entry) in enumerate(dict(given).items()):
        scope.stands_at((*path, "depends_on", index), (*path, "depends_on", name))
        dependencies.append(Dependency(name, entry.get("condition", "service_started")))
    return tuple(dependencies)


def _resources(table: Table, path: KeyPath, scope: ReadContext) -> Resources:
    memory = None
    if "memory" in table:
        where = (*path, "resources", "memory")
        memory = scope.tried(
            "CAP006", where, table["memory"], partial(size_in_bytes, table["memory"])
        )
    return Resources(
        memory=memory,
        cpus=float(table["cpus"]) if "cpus" in table else None,
        pids=table.get("pids"),
        optional=table.get("optional", False),
    )


def _stop_signal(table: Table, path: KeyPath, scope: ReadContext) -> str | None:
    given = table.get("stop_signal")
    if given is not None:
        scope.tried("CAP006", (*path, "stop_signal"), given, partial(signal_number, given))
    return given


def _user(table: Table, path: KeyPath, scope: ReadContext) -> str | None:
    if table.get("user") is None:
        return None
    user = str(table["user"])
    return scope.tried("CAP006", (*path, "user"), user, partial(check_user, user))


def _capabilities(table: Table, path: KeyPath, scope: ReadContext) -> Iterator[str]:
    """The capabilities with their prefix, each once."""
    seen: set[str] = set()
    for index, entry in enumerate(table.get("cap_add", ())):
        if entry is BROKEN:
            continue
        where = (*path, "cap_add", index)
        name = scope.tried("CAP006", where, entry, partial(capability, entry))
        if name is not None and name not in seen:
            seen.add(name)
            yield name


def _secrets(table: Table, path: KeyPath, scope: ReadContext) -> Iterator[SecretMount]:
    for index, entry in enumerate(_entries(table, path, "secrets", scope)):
        if isinstance(entry, str):
            yield SecretMount(entry, entry)
        elif "source" in entry:
            source = entry["source"]
            target, kind = entry.get("target", source), entry.get("type", "mount")
            where = (*scope.place((*path, "secrets", index)), "target")
            scope.tried("CAP006", where, target, partial(_secret_target, target, kind))
            yield SecretMount(source, target, kind, visible=entry.get("visible", False))


def _secret_target(target: str, kind: str) -> None:
    """Refuse what is not a variable name, or no path.

    Raises:
        BadForm: it is none.
    """
    if kind == "mount":
        check_path_text(target)
    elif not _VARIABLE.fullmatch(target):
        raise BadForm("is not a variable name", "letters, digits and `_`; no `=`")


def _ingress(
    table: Table | None, path: KeyPath, ports: tuple[Port, ...], scope: ReadContext
) -> Ingress | None:
    if table is None or "port" not in table:
        return None
    targets = {port.target for port in ports if port.protocol == "tcp"}
    target = table.get("target") or (targets.pop() if len(targets) == 1 else None)
    if target is None and (*path, "ports") not in scope.damaged:
        scope.note(
            Problem(
                "CAP004",
                (*path, "ingress"),
                "`ingress` needs the key `target`",
                "it publishes no single TCP port: name the port that the replicas listen on",
                on_key=True,
            )
        )
    if target is None:
        return None
    given = table.get("host_ip", LOOPBACK)
    where = (*path, "ingress", "host_ip")
    address = scope.tried("CAP009", where, given, partial(check_address, given)) or LOOPBACK
    return Ingress(table["port"], target, table.get("image", DEFAULT_INGRESS_IMAGE), address)
