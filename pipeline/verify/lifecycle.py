"""A container is a process with a thin write layer: what that layer survives, and what not."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import EngineError
from pipeline.host.doctor import require
from pipeline.verify.experiment import Experiment
from pipeline.verify.lab import Lab
from pipeline.verify.notebook import Inconclusive

_FILE = "/capas-experiment"
_TEXT = "written by an experiment"
_MANY = 64 * 1024
"""Bytes of the file whose room in the write layer is measured."""
_THIN = 4 * _MANY
"""Bytes that the write layer may have with that file; an image is many times bigger."""


def life_cycle(lab: Lab) -> None:
    """Walk through a container's states."""
    lab.do("create a container")
    container = lab.create()
    lab.see("its state after create", expected="created", found=lab.state(container))
    lab.see("its process", expected="none", found=_process(lab, container))
    lab.do("start it")
    lab.start(container)
    lab.see("its state after start", expected="running", found=lab.state(container))
    lab.see("its process", expected="runs", found=_process(lab, container))
    lab.do("stop it")
    lab.api.stop_container(container)
    lab.see("its state after stop", expected="exited", found=lab.state(container))
    lab.see("its process", expected="none", found=_process(lab, container))
    lab.do("start it again, stop it and remove it")
    lab.start(container)
    lab.api.stop_container(container)
    lab.api.remove_container(container)
    lab.see("its state after remove", expected="gone", found=lab.state(container))


def copy_on_write(lab: Lab) -> None:
    """Measure the write layer while files are added and changed."""
    lab.do("create two containers of one image")
    one, other = lab.create(), lab.create()
    lab.see("what the new container changes", expected="nothing", found=_changes(lab, one))
    lab.do(f"write {_MANY} bytes to {_FILE} in the first")
    lab.write(one, _FILE, "x" * _MANY)
    lab.see("what it changes now", expected=f"added {_FILE}", found=_changes(lab, one))
    size = lab.api.container_size(one)
    found = "the file and little more" if _MANY <= size <= _THIN else f"{size} bytes"
    lab.see("what its write layer holds", expected="the file and little more", found=found)
    there = lab.read(other, _FILE)
    lab.see("the file in the second container", expected="absent", found=there)
    lab.see("what the second changes", expected="nothing", found=_changes(lab, other))


def survives_stop(lab: Lab) -> None:
    """Write, stop, start, read."""
    container = _written(lab)
    lab.do("stop it and start it again")
    lab.api.stop_container(container)
    lab.start(container)
    lab.see("the file after the stop", expected=_TEXT, found=lab.read(container, _FILE))


def survives_pause(lab: Lab) -> None:
    """Write, pause, continue, read."""
    container = _written(lab)
    process = lab.pid(container)
    lab.do("pause it")
    try:
        lab.api.pause_container(container)
    except EngineError as error:
        if "cgroup" in error.details.lower():
            raise Inconclusive(f"this host cannot pause a container: {error.details}") from None
        require("pause", lab.environment)  # Podman 5 gives no reason: the doctor may have one
        raise
    lab.see("its state", expected="paused", found=lab.state(container))
    lab.do("let it go on")
    lab.api.unpause_container(container)
    lab.see("its state", expected="running", found=lab.state(container))
    same = "the same" if lab.pid(container) == process else "another"
    lab.see("its process", expected="the same", found=same)
    lab.see("the file after the pause", expected=_TEXT, found=lab.read(container, _FILE))


def lost_at_removal(lab: Lab) -> None:
    """Write, remove, make the same container again, read."""
    container = _written(lab)
    lab.do("remove it and make a container with the same name of the same image")
    lab.api.stop_container(container)
    lab.api.remove_container(container)
    lab.create(name=container)
    lab.start(container)
    lab.see("the file", expected="absent", found=lab.read(container, _FILE))


def _written(lab: Lab) -> str:
    lab.do(f"run a container and write {_FILE} in it")
    container = lab.run()
    lab.write(container, _FILE, _TEXT)
    lab.see("the file", expected=_TEXT, found=lab.read(container, _FILE))
    return container


def _process(lab: Lab, container: str) -> str:
    number = lab.pid(container)
    return "runs" if number and Path("/proc", str(number)).exists() else "none"


def _changes(lab: Lab, container: str) -> str:
    found = lab.api.changes(container)
    return ", ".join(f"{kind} {path}" for path, kind in sorted(found.items())) or "nothing"


EXPERIMENTS = (
    Experiment(
        "life-cycle",
        "The life of a container",
        "create → run → (pause) → stop → remove.",
        life_cycle,
    ),
    Experiment(
        "copy-on-write",
        "The write layer",
        "A container is a process with a thin write layer on top of an image.",
        copy_on_write,
    ),
    Experiment(
        "write-layer-stop",
        "The write layer and stop",
        "The write layer survives stop.",
        survives_stop,
    ),
    Experiment(
        "write-layer-pause",
        "The write layer and pause",
        "The write layer survives pause.",
        survives_pause,
    ),
    Experiment(
        "write-layer-removal",
        "The write layer and removal",
        "Removing the container loses the write layer.",
        lost_at_removal,
    ),
)
