"""How each kind of step is done, and what it shows: the one place where a kind is carried out."""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

from pipeline.deploy.observe.snapshot import Container
from pipeline.deploy.plan.lifecycle import Change as PlannedChange
from pipeline.errors import CapasError, HostUnsupported
from pipeline.host.doctor import require
from pipeline.lean_dataclasses import dataclass, field
from pipeline.spec.experiments import (
    SHELL,
    BackUp,
    Change,
    Execute,
    ReadFile,
    Request,
    Restore,
    Scale,
    Step,
    Upgrade,
    Verb,
    Wait,
    WriteFile,
)
from pipeline.verify.captured import filled, filled_text, shown
from pipeline.verify.judge import Sight
from pipeline.verify.throw_away import service_of
from pipeline.verify.world import MissingImage, NoHttpAnswer, NothingRuns, World

_PATIENCE = 10.0
"""Seconds that one request may take; `within` of its step gives it more."""
_NO_PATIENCE = 2.0
"""The same where nothing shall answer."""


@dataclass
class Acting:
    """One experiment while it is carried out.

    Attributes:
        end: when all must be done, by the monotonic clock.
        captured: values by name.
        backups: the last backup of each volume.
    """

    world: World
    end: float
    captured: dict[str, Any] = field(default_factory=dict)
    backups: dict[str, Path] = field(default_factory=dict)

    def left(self, most: float = math.inf) -> float:
        """Seconds that one act may take, at least one."""
        return max(1.0, min(most, self.end - time.monotonic()))

    def text(self, text: str) -> str:
        """A text of a step with captured values in it."""
        return filled_text(text, self.captured)


def do(step: Step, acting: Acting) -> Sight:
    """Carry out a step, and tell what was seen.

    Raises:
        HostUnsupported: this host cannot do it.
        EngineError: the engine failed, and not the application.
    """
    return _ACTS[step.kind](step.action, step, acting)


def told(step: Step, acting: Acting) -> str:
    """A step in words, for the report."""
    where = f"{step.service}-{step.replica}" if step.replica else step.service
    return f"{_TOLD[step.kind](step.action, where, acting)}"


def _execute(action: Execute, step: Step, acting: Acting) -> Sight:
    try:
        one = _running(step, acting)
    except NothingRuns as error:
        return Sight(said=error.sentence, silent=True)
    argv = [acting.text(word) for word in action.argv]
    done = acting.world.api.execute(one, argv, timeout=acting.left())
    return Sight(said=done.output, exit_code=done.exit_code)


def _request(action: Request, step: Step, acting: Acting) -> Sight:
    world = acting.world
    try:
        address = world.address(service_of(world.pipeline, step), step.replica, action.port)
    except NothingRuns as error:
        return Sight(said=error.sentence, silent=True)
    body, headers = _body(filled(action.body, acting.captured))
    headers |= {name: acting.text(text) for name, text in action.headers.items()}
    path = acting.text(action.path)
    patience = max(_PATIENCE, step.within or 0) if step.expected.answers else _NO_PATIENCE
    try:
        answer = world.ask(
            address, action.method, path, body=body, headers=headers, timeout=acting.left(patience)
        )
    except NoHttpAnswer as silence:
        return Sight(said=str(silence), silent=True)
    return Sight(said=answer.text, status=answer.status)


def _body(body: Any) -> tuple[bytes | None, dict[str, str]]:
    if body is None:
        return None, {}
    kind = "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
    return shown(body).encode(), {"Content-Type": kind}


def _write(action: WriteFile, step: Step, acting: Acting) -> Sight:
    acting.world.api.write_file(
        _running(step, acting), acting.text(action.path), acting.text(action.content)
    )
    return Sight()


def _read(action: ReadFile, step: Step, acting: Acting) -> Sight:
    try:
        one = _running(step, acting)
    except NothingRuns as error:
        return Sight(said=error.sentence, silent=True)
    text = acting.world.api.file_text(one, acting.text(action.path))
    return Sight(said=text or "", missing=text is None)


def _start(_action: Change, _step: Step, acting: Acting) -> Sight:
    return _tried(acting, acting.world.deploy)


def _kill(_action: Change, step: Step, acting: Acting) -> Sight:
    found = _meant(step, acting)
    return _tried(acting, lambda: acting.world.kill(found))


def _remove(_action: Change, step: Step, acting: Acting) -> Sight:
    found = _meant(step, acting)
    return _tried(acting, lambda: acting.world.remove(found))


def _recreate(_action: Change, step: Step, acting: Acting) -> Sight:
    acting.world.remove(_meant(step, acting))
    return _tried(acting, acting.world.deploy)


def _freeze(action: Change, step: Step, acting: Acting) -> Sight:
    require("pause", acting.world.environment)
    return _as_planned(action, step, acting)


def _as_planned(action: Change, step: Step, acting: Acting) -> Sight:
    verb = _PLANNED[action.verb]
    found = _meant(step, acting)
    return _tried(acting, lambda: acting.world.change(verb, found))


def _meant(step: Step, acting: Acting) -> tuple[Container, ...]:
    """The containers that a step is about.

    Raises:
        CapasError: there is none.
    """
    found = acting.world.containers(step.service, step.replica)
    if not found:
        raise CapasError(f"{step.kind}: {step.service} has no container here")
    return found


def _upgrade(action: Upgrade, step: Step, acting: Acting) -> Sight:
    return _tried(acting, lambda: acting.world.upgrade(action.version, step.service))


def _roll_back(_action: object, _step: Step, acting: Acting) -> Sight:
    return _tried(acting, acting.world.roll_back)


def _scale(action: Scale, step: Step, acting: Acting) -> Sight:
    world = acting.world
    world.replicas[service_of(world.pipeline, step)] = action.replicas
    return _tried(acting, world.deploy)


def _wait(action: Wait, _step: Step, acting: Acting) -> Sight:
    acting.world.pause(action.seconds)
    return Sight()


def _back_up(action: BackUp, _step: Step, acting: Acting) -> Sight:
    acting.backups[action.volume] = acting.world.back_up(action.volume)
    return Sight()


def _restore(action: Restore, _step: Step, acting: Acting) -> Sight:
    acting.world.restore(action.volume, acting.backups[action.volume])
    return Sight()


def _running(step: Step, acting: Acting) -> str:
    return acting.world.running(service_of(acting.world.pipeline, step), step.replica).name


def _tried(acting: Acting, act: Callable[[], None]) -> Sight:
    """What became of a change; what the engine or the host cannot do at all is no answer."""
    try:
        act()
    except (HostUnsupported, MissingImage):
        raise
    except CapasError as error:
        acting.world.look()  # an engine that is gone says so here
        return Sight(failure=str(error))
    return Sight()


def _of(where: str) -> str:
    return f" in {where}" if where else ""


_PLANNED: Mapping[str, PlannedChange] = {
    "stop": "stop",
    "restart": "restart",
    "pause": "pause",
    "unpause": "unpause",
}
"""What is done as the command of this name does it."""

_ACTS: Mapping[str, Callable[[Any, Step, Acting], Sight]] = {
    "exec": _execute,
    "http": _request,
    "write": _write,
    "read": _read,
    "start": _start,
    "stop": _as_planned,
    "restart": _as_planned,
    "kill": _kill,
    "remove": _remove,
    "recreate": _recreate,
    "pause": _freeze,
    "unpause": _freeze,
    "upgrade": _upgrade,
    "rollback": _roll_back,
    "scale": _scale,
    "wait": _wait,
    "backup": _back_up,
    "restore": _restore,
}


def _told_request(action: Request, where: str, acting: Acting) -> str:
    body = "" if action.body is None else f" with {shown(filled(action.body, acting.captured))}"
    return f"{action.method} {acting.text(action.path)}{_of(where)}{body}"


def _told_command(action: Execute, where: str, acting: Acting) -> str:
    """A command as the spec has it: the text that the shell is given, or words."""
    words = [acting.text(word) for word in action.argv]
    shell = len(words) == len(SHELL) + 1 and words[: len(SHELL)] == [*SHELL]
    return f"run {words[-1] if shell else shlex.join(words)}{_of(where)}"


_TOLD: Mapping[str, Callable[[Any, str, Acting], str]] = {
    "exec": _told_command,
    "http": _told_request,
    "write": lambda a, where, acting: f"write {acting.text(a.path)}{_of(where)}",
    "read": lambda a, where, acting: f"read {acting.text(a.path)}{_of(where)}",
    **dict.fromkeys(
        get_args(Verb),
        lambda a, where, _acting: f"{a.verb} {where}",
    ),
    "upgrade": lambda a, where, _acting: f"upgrade {where or 'all'} to {a.version}",
    "rollback": lambda _a, _where, _acting: "go back to the deploy before",
    "scale": lambda a, where, _acting: f"scale {where or 'the service'} to {a.replicas}",
    "wait": lambda a, _where, _acting: f"wait {a.seconds:g} s",
    "backup": lambda a, _where, _acting: f"back up the volume {a.volume}",
    "restore": lambda a, _where, _acting: f"restore the volume {a.volume}",
}
