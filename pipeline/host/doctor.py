"""The doctor: what this host can and cannot do, judged from facts alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from pipeline.errors import HostUnsupported
from pipeline.host.checks import engine, network, session
from pipeline.host.choose import choose
from pipeline.host.facts import Facts
from pipeline.host.observe import observe
from pipeline.output.check import Check


def examine(facts: Facts) -> tuple[Check, ...]:
    """Every check, in the order in which things depend on each other."""
    chosen = choose(facts.basics)
    return (
        engine.check_engine(facts),
        engine.check_python(facts),
        engine.check_user(facts),
        engine.check_namespaces(facts),
        engine.check_ids(facts),
        engine.check_runtime(facts, chosen),
        engine.check_storage(facts, chosen),
        engine.check_space(facts),
        network.check_network(facts, chosen),
        network.check_names(facts, chosen),
        network.check_ports(facts),
        engine.check_isolation(facts, chosen),
        engine.check_reproducible(facts, chosen),
        session.check_limits(facts),
        session.check_pause(facts),
        session.check_stats(facts),
        session.check_logout(facts),
        session.check_health(facts),
        session.check_runtime_folder(facts, chosen),
        session.check_pause_process(facts),
    )


def stopping(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """Those that keep this host from building and running containers at all."""
    return tuple(check for check in checks if check.stops)


def require(subject: str, environ: Mapping[str, str]) -> None:
    """Go on only if this host can do what a check is about.

    Args:
        subject: of a check, such as `pause`.
        environ: the environment that the host is looked at with; the host of a service elsewhere
            (CONTAINER_HOST) is not examined.

    Raises:
        HostUnable: it cannot; with the doctor's sentence and advice.
        KeyError: there is no such check.
    """
    if not environ.get("CONTAINER_HOST", "unix:").startswith("unix:"):
        return
    checks = {check.subject: check for check in examine(observe(environ))}
    if (check := checks[subject]).state == "cannot":
        raise unable(check)


def unable(check: Check) -> HostUnsupported:
    """The error for a check that says `cannot`."""
    ask = f"ask the administrator: {check.ask}" if check.ask else ""
    return HostUnsupported(check.sentence, details=ask, resolution=check.fix)


def to_json(facts: Facts, checks: tuple[Check, ...]) -> dict[str, Any]:
    """The stable form for programs: `able`, the checks, and the facts that they come from."""
    return {
        "able": not stopping(checks),
        "checks": [dataclasses.asdict(check) for check in checks],
        "facts": dataclasses.asdict(facts),
    }
