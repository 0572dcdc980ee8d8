"""A volume lives outside the container."""

from __future__ import annotations

import secrets

from pipeline.verify.experiment import Experiment
from pipeline.verify.lab import Lab

_TARGET = "/capas-volume"
_FILE = f"{_TARGET}/kept"


def outlives_container(lab: Lab) -> None:
    """Write into a volume, remove the container, read from another one."""
    text = secrets.token_hex(16)
    volume = lab.volume()
    lab.do(f"run a container with a volume at {_TARGET} and write {text} into it")
    container = lab.run(mounts=[lab.volume_mount(volume, _TARGET)])
    lab.write(container, _FILE, text)
    lab.do("remove the container")
    lab.api.remove_container(container, force=True)
    lab.see("the container", expected="gone", found=lab.state(container))
    lab.do("run a new container with the same volume")
    successor = lab.run(mounts=[lab.volume_mount(volume, _TARGET)])
    lab.see("the text in it", expected=text, found=lab.read(successor, _FILE))


def outlives_version(lab: Lab) -> None:
    """Let a version write into a volume, delete the version, read with another."""
    text = secrets.token_hex(16)
    volume = lab.volume()
    lab.do("make a throw-away version of the image")
    version = lab.build({"new": "new"})
    lab.do(f"run it with a volume at {_TARGET} and write {text} into it")
    container = lab.run(version, mounts=[lab.volume_mount(volume, _TARGET)])
    lab.write(container, _FILE, text)
    lab.do("remove the container and delete the version")
    lab.api.remove_container(container, force=True)
    lab.api.remove_image(version)
    gone = "gone" if lab.api.image(version) is None else "there"
    lab.see("the version", expected="gone", found=gone)
    other = lab.subject.older[0] if lab.subject.older else lab.subject.image
    lab.do(f"run {other} with the same volume")
    successor = lab.run(other, mounts=[lab.volume_mount(volume, _TARGET)])
    lab.see("the text in it", expected=text, found=lab.read(successor, _FILE))


EXPERIMENTS = (
    Experiment(
        "volume-container",
        "A volume and its container",
        "A volume lives outside the container and survives its removal.",
        outlives_container,
    ),
    Experiment(
        "volume-version",
        "A volume and its version",
        "A volume survives even the version that made it.",
        outlives_version,
    ),
)
