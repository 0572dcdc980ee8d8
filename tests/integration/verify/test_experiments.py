"""Experiments on real containers hold, and each is refuted when its world is tampered with."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine import command, labels
from pipeline.engine.distribution import ImageLocation
from pipeline.engine.inspected import InspectedImage
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.verify.experiment import ExperimentResult
from pipeline.verify.lab import Lab
from pipeline.verify.run import EXPERIMENTS, carry_out, examine, select
from pipeline.verify.subject import ExperimentSubject
from tests.integration.conftest import CHECKOUT
from tests.integration.verify.conftest import left_behind

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class World:
    api: PodmanWriter
    subject: ExperimentSubject
    environment: Mapping[str, str]


@pytest.fixture
def world(api: PodmanWriter, subject: ExperimentSubject, environment: Mapping[str, str]) -> World:
    return World(api, subject, environment)


def test_every_claim_holds_here_and_nothing_stays_behind(
    api: PodmanWriter, subject: ExperimentSubject, environment: Mapping[str, str]
) -> None:
    before = {image.id for image in api.images()}
    told: list[str] = []
    results = carry_out(EXPERIMENTS, api, subject, environment, lambda e: told.append(e.name))
    not_held = {r.experiment.name: (r.verdict, r.reason) for r in results if r.verdict != "held"}
    # Whether a rootless container can be paused depends on the host's cgroups.
    pause = not_held.pop("write-layer-pause", None)
    assert pause is None or (pause[0] == "untried" and re.search("cgroup|control group", pause[1]))
    assert not_held == {}
    assert told == [e.name for e in EXPERIMENTS]
    assert all(any(step.kind == "see" for step in r.steps) for r in results if r.verdict == "held")
    assert left_behind(api) == []
    assert {image.id for image in api.images()} == before


class Forgetful(Lab):
    """Volumes are memory that ends with the container."""

    def volume_mount(self, volume: str, target: str) -> Mapping[str, Any]:
        return {"destination": target, "type": "tmpfs", "source": "tmpfs"}


class Shared(Lab):
    """Every write reaches all containers of the lab."""

    def write(self, container: str, path: str, text: str) -> None:
        for other in self.api.containers([f"{labels.EXPERIMENT}={self.token}"]):
            super().write(other.name, path, text)


class OneForAll(Lab):
    """Whoever asks for a new container gets the first one."""

    def create(self, *arguments: Any, **options: Any) -> str:
        found = self.api.containers([f"{labels.EXPERIMENT}={self.token}"])
        return found[0].name if found else super().create(*arguments, **options)


class Amnesiac(Lab):
    """A container that is started again is a new one."""

    def start(self, name: str) -> None:
        if self.state(name) == "exited":
            self.api.remove_container(name)
            self.create(name=name)
        super().start(name)


class OnTheHost(Lab):
    """Containers share the host's network."""

    def container_body(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        return {**super().container_body(*arguments, **options), "netns": {"nsmode": "host"}}


class Walled(Lab):
    """No port is published."""

    deadline = 3.0

    def container_body(
        self, image: str, name: str, mounts: Sequence[Mapping[str, Any]], published: int | None
    ) -> dict[str, Any]:
        return super().container_body(image, name, mounts, None)


class Unbuilding(Lab):
    """A build changes nothing."""

    def build(self, texts: Mapping[str, str]) -> str:
        return self.subject.image


class Restless(Lab):
    """No build finds what an earlier one made."""

    def build(self, texts: Mapping[str, str]) -> str:
        return super().build({**texts, "one": texts["one"] + secrets.token_hex(8)})


class Unstoppable(Lab):
    """Stopping a container does nothing."""

    def __init__(
        self, api: PodmanWriter, subject: ExperimentSubject, environment: Mapping[str, str]
    ) -> None:
        super().__init__(becoming(Deaf, api), subject, environment)


class Undying(Lab):
    """A removed container is still there when it is made again."""

    def __init__(
        self, api: PodmanWriter, subject: ExperimentSubject, environment: Mapping[str, str]
    ) -> None:
        super().__init__(becoming(Keeping, api), subject, environment)

    def create(self, *arguments: Any, **options: Any) -> str:
        return options.get("name") or super().create(*arguments, **options)


class Scattered(Lab):
    """A layer that two images share lies in two places."""

    def __init__(
        self, api: PodmanWriter, subject: ExperimentSubject, environment: Mapping[str, str]
    ) -> None:
        super().__init__(becoming(Scattering, api), subject, environment)


class Grasping(Lab):
    """Nothing is left at the place, not even the layer that is missing here."""

    def keep_only_the_last_layer(self, place: ImageLocation) -> int:
        count = super().keep_only_the_last_layer(place)
        for path in Path(place.name, "blobs", "sha256").iterdir():
            if path.read_bytes()[:2] == b"\x1f\x8b":
                path.unlink()
        return count


class Deaf(PodmanWriter):
    def stop_container(self, name: str, timeout: float | None = None) -> None:
        pass


class Keeping(PodmanWriter):
    def remove_container(self, name: str, *, force: bool = False) -> None:
        if force:
            super().remove_container(name, force=True)


class Scattering(PodmanWriter):
    def image(self, reference: str) -> InspectedImage | None:
        found = super().image(reference)
        if found and "capas-experiment" in reference:
            lower = found.folders["LowerDir"] + "-elsewhere"
            return replace(found, folders={**found.folders, "LowerDir": lower})
        return found


def becoming(kind: type[PodmanWriter], api: PodmanWriter) -> PodmanWriter:
    """The same connection with another behaviour."""
    other = kind.__new__(kind)
    vars(other).update(vars(api))
    return other


@pytest.mark.parametrize(
    ("name", "tampered", "word"),
    [
        ("immutable", OneForAll, "found changed"),
        ("new-version", Unbuilding, "the same image"),
        ("rebuilt", Restless, "expected 0"),
        ("life-cycle", Unstoppable, "running"),
        ("copy-on-write", Shared, "absent"),
        ("write-layer-stop", Amnesiac, "absent"),
        ("write-layer-removal", Undying, "written"),
        ("stored-once", Scattered, "one and the same folder"),
        ("downloaded-once", Grasping, "no such file"),
        ("volume-container", Forgetful, "absent"),
        ("volume-version", Forgetful, "absent"),
        ("isolation", OnTheHost, "net"),
        ("unpublished-port", OnTheHost, "among them"),
        ("published-port", Walled, "silent"),
        ("replicas", Walled, "silent"),
    ],
)
def test_an_experiment_is_refuted_when_its_world_is_tampered_with(
    name: str, tampered: type[Lab], word: str, world: World
) -> None:
    (experiment,) = select([name])
    subject = world.subject
    if tampered is OnTheHost:  # the host's port 5000 may be somebody else's
        port = free_port()
        subject = replace(subject, port=port, environment={"PORT": str(port)})
    if name == "isolation":  # two containers, which would want one port of the host
        subject = replace(subject, port=None, command=("sleep", "600"))
    if tampered is Scattered:
        subject = replace(subject, older=())
    result = examine(experiment, tampered(world.api, subject, world.environment))
    assert_refuted(result, word)
    assert left_behind(world.api) == []


def test_a_history_that_hides_layers_refutes_the_claim_about_instructions(
    api: PodmanWriter, subject: ExperimentSubject, environment: Mapping[str, str], tmp_path: Path
) -> None:
    reference = "localhost/experiments:relabelled"
    place = ImageLocation(str(tmp_path / "layout"), folder=tmp_path / "layout")
    lab = Lab(api, ExperimentSubject(subject.image), environment)
    lab.copy_out(subject.image, place)
    blame_the_command(tmp_path / "layout" / "blobs" / "sha256", tmp_path / "layout" / "index.json")
    assert lab.copy_in(place, reference) == "there"
    (experiment,) = select(["instructions"])
    result = examine(experiment, Lab(api, ExperimentSubject(reference), environment))
    api.remove_image(reference)
    assert_refuted(result, "instructions that made a layer")


def blame_the_command(blobs: Path, index: Path) -> None:
    """Let the history of an image say that its CMD made the layer of a COPY."""
    listing = json.loads(index.read_text())
    manifest = json.loads((blobs / listing["manifests"][0]["digest"][7:]).read_text())
    config = json.loads((blobs / manifest["config"]["digest"][7:]).read_text())
    history = config["history"]
    (last,) = [one for one in history if "CMD" in one["created_by"]][-1:]
    copied = [one for one in history if "COPY" in one["created_by"]][-1]
    copied["empty_layer"] = True
    last.pop("empty_layer")

    def write(value: Any) -> dict[str, Any]:
        text = json.dumps(value).encode()
        digest = hashlib.sha256(text).hexdigest()
        (blobs / digest).write_bytes(text)
        return {"digest": f"sha256:{digest}", "size": len(text)}

    manifest["config"].update(write(config))
    listing["manifests"][0].update(write(manifest))
    index.write_text(json.dumps(listing))


def test_a_service_that_does_not_start_is_a_failed_experiment(
    api: PodmanWriter, subject: ExperimentSubject, environment: Mapping[str, str]
) -> None:
    (experiment,) = select(["volume-container"])
    broken = replace(subject, command=("python", "-c", "raise SystemExit('no settings')"))
    result = examine(experiment, Lab(api, broken, environment))
    assert result.verdict == "failed"
    assert "no settings" in result.reason
    assert left_behind(api) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_leaves_nothing_that_the_next_does_not_remove(
    number: signal.Signals,
    api: PodmanWriter,
    environment: Mapping[str, str],
    small_base: str,
    tmp_path: Path,
) -> None:
    spec = tmp_path / "specs" / "experiments.toml"
    spec.parent.mkdir()
    shutil.copytree(CHECKOUT / "containers" / "pytweets" / "1.1", tmp_path / "context")
    spec.write_text(
        'name = "experiments"\n'
        '[images.experiments.versions]\n"1.1" = { context = "../context", '
        f'args = {{ BASE = "{small_base}" }} }}\n'
        '[services.web]\nimage = "experiments"\nports = ["8080:5000"]\n'
    )
    variables = {**environment, "PYTHONPATH": str(CHECKOUT)}
    build = [sys.executable, "-m", "pipeline", "build", "--spec", str(spec)]
    command.run(build, environment=variables)  # what another has built is not tried out
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "verify", "--spec", str(spec)],
        cwd=tmp_path,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not api.containers([labels.EXPERIMENT]):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, number)
    said, _ = process.communicate(timeout=60)
    if number != signal.SIGKILL:
        assert process.returncode == 130, said
        assert "Traceback" not in said
        assert left_behind(api) == []
    tried = ExperimentSubject("localhost/experiments:1.1", (), 5000)
    results = carry_out(select(["life-cycle"]), api, tried, environment, lambda e: None)
    assert [result.verdict for result in results] == ["held"]
    assert left_behind(api) == []


def assert_refuted(result: ExperimentResult, word: str) -> None:
    assert result.verdict == "refuted", (result.verdict, result.reason, result.steps)
    assert word in result.reason
    assert result.steps[-1].contradicts


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
