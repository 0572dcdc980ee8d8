"""Judgements about what can be done with a running container, and how long it lives."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.host.checks.advice import UNIFIED, named_mode
from pipeline.host.choose import Chosen
from pipeline.host.facts import Facts, PauseState
from pipeline.output.check import Check, State

_WANTED = ("cpu", "memory", "pids")
_DELEGATE = f"systemctl edit user@.service, [Service] Delegate={' '.join(_WANTED)}"
_PROCESSES = "`podman top CONTAINER` lists its processes with their share of a processor"
_SESSION = "log in at the console or by ssh, not by su: then a systemd user session is there"


def check_limits(facts: Facts) -> Check:
    """Limits of memory, processors and processes."""
    cgroups = facts.basics.cgroups
    others = "use `resources = { …, optional = true }`: a deploy continues without the limits"
    if facts.basics.session.uid == 0:
        return Check("limits", "ok", "root sets every limit")
    if cgroups.mode != "v2":
        return Check(
            "limits",
            "cannot",
            f"control groups are {named_mode(cgroups.mode)}: a user's limits of memory, processors "
            "and processes are ignored",
            fix=others,
            ask=UNIFIED,
        )
    if not facts.basics.own_group:
        return Check(
            "limits",
            "cannot",
            "no control group is yours: limits of memory, processors and processes are ignored",
            fix=_SESSION if facts.basics.session.systemd else others,
        )
    if missing := _missing_controllers(facts):
        return Check(
            "limits",
            "limited",
            f"not handed down to users: {', '.join(missing)}; such limits fail",
            fix=others,
            ask=_DELEGATE,
        )
    return Check("limits", "ok", "limits of memory, processors and processes hold")


def check_pause(facts: Facts) -> Check:
    """Freezing a container."""
    cgroups = facts.basics.cgroups
    instead = "stop and start instead: only what is in memory is lost"
    if facts.basics.session.uid == 0:
        return Check("pause", "ok", "containers can be paused")
    if cgroups.mode != "v2":
        sentence = f"control groups are {named_mode(cgroups.mode)}: a user cannot pause a container"
        return Check("pause", "cannot", sentence, fix=instead, ask=UNIFIED)
    if not facts.basics.own_group:
        fix = _SESSION if facts.basics.session.systemd else instead
        sentence = "no control group is yours: a container has none that could be frozen"
        return Check("pause", "cannot", sentence, fix=fix)
    return Check("pause", "ok", "containers can be paused")


def check_stats(facts: Facts) -> Check:
    """What a container uses."""
    if facts.basics.session.uid == 0:
        return Check("stats", "ok", "measured by control groups")
    if facts.basics.cgroups.mode != "v2":
        sentence = (
            f"control groups are {named_mode(facts.basics.cgroups.mode)}: Podman has no figures"
        )
        fix = _PROCESSES
        return Check("stats", "limited", sentence, fix=fix, ask=UNIFIED)
    if not facts.basics.own_group:
        sentence = "no control group is yours: Podman's figures are not the container's"
        fix = _PROCESSES
        return Check("stats", "limited", sentence, fix=fix)
    if missing := _missing_controllers(facts):
        sentence = f"no figures from what is not handed down to users: {', '.join(missing)}"
        return Check("stats", "limited", sentence, fix=_PROCESSES, ask=_DELEGATE)
    return Check("stats", "ok", "measured by control groups")


def check_logout(facts: Facts) -> Check:
    """Whether containers outlive the login and the machine's restart."""
    session = facts.basics.session
    if session.uid == 0:
        sentence = "containers outlive the login; a unit starts them after a restart"
        return Check("logout", "ok", sentence)
    if not session.systemd:
        return Check(
            "logout",
            "limited",
            "containers outlive the login, but nothing starts them after the machine's restart",
            fix="run `capas start` after a restart: all comes back in its versions; "
            "`capas deploy` does so too, then updates to what the spec says",
        )
    if facts.lingering:
        sentence = "your systemd outlives the login; `capas export --format quadlet` gives units"
        return Check("logout", "ok", sentence)
    return Check(
        "logout",
        "limited",
        "containers may end when you log out, and do not start with the machine",
        fix="loginctl enable-linger",
        ask=f"loginctl enable-linger {facts.user}",
    )


def check_health(facts: Facts) -> Check:
    """Who runs healthchecks."""
    if facts.basics.session.systemd and (facts.basics.session.bus or not facts.basics.session.uid):
        return Check("healthchecks", "ok", "run by systemd timers, and by deploy while it waits")
    return Check(
        "healthchecks",
        "limited",
        "without a systemd session Podman never runs them: its own status stays `starting`",
        fix="`capas deploy` asks the containers itself before it continues",
    )


def check_runtime_folder(facts: Facts, chosen: Chosen) -> Check:
    """Where sockets and states of running containers are kept."""
    choice = chosen.choice("runtime folder")
    if facts.basics.session.uid == 0:
        return Check("runtime folder", "ok", "/run: you are root", choice="/run")
    if facts.basics.session.runtime_dir is None:
        return Check(
            "runtime folder",
            "limited",
            f"{choice.cause}; Podman takes a folder below /tmp",
            choice=choice.value,
            fix=_SESSION if facts.basics.session.systemd else "keep /tmp/podman-run-* as it is",
        )
    return Check("runtime folder", "ok", f"{choice.value}: {choice.cause}", choice=choice.value)


_PAUSE: Mapping[PauseState, tuple[str, str]] = {
    "orphaned": (
        "it and the monitors of containers that still live were killed: Podman refuses everything",
        "when those containers may be stopped: podman system migrate",
    ),
    "refused": (
        "all processes of this account were killed while containers ran: Podman refuses everything",
        "`capas deploy` repairs it and starts what ran; by hand: podman system migrate",
    ),
    "recycled": (
        "its pid file names another process of yours: some versions of Podman refuse every command",
        "the next command of capas removes it; by hand: rm $XDG_RUNTIME_DIR/libpod/tmp/pause.pid",
    ),
    "stale": ("its pid file names a process that is gone", "podman system migrate"),
    "outdated": (
        "it holds a namespace without the subordinate ids that you have now",
        "stop your containers, then `podman system migrate`",
    ),
}
"""What is wrong with it, and what the user can do."""


def check_pause_process(facts: Facts) -> Check:
    """The process that keeps the user's namespaces open between commands."""
    subject = "pause process"
    if found := _PAUSE.get(facts.pause):
        stops = facts.pause == "orphaned"
        sentence, fix = found
        state: State = "cannot" if stops else "limited"
        return Check(subject, state, sentence, fix=fix, essential=stops)
    if facts.pause == "alive":
        return Check(subject, "ok", "holds your namespaces")
    return Check(subject, "ok", "begins with the first command")


def _missing_controllers(facts: Facts) -> list[str]:
    return [name for name in _WANTED if name not in facts.basics.cgroups.controllers]
