"""Download sizes: measured, of pulled layers, and from a registry; always those of real blobs."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine import command
from tests.integration.conftest import Capas
from tests.integration.layers.families import copy_in
from tests.integration.layers.test_report import build

pytestmark = pytest.mark.integration

TEXT = "FROM scratch\nCOPY lib /lib\nCOPY app /app\n"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry of our own on the loopback: `host:port`."""
    folder = tmp_path_factory.mktemp("registry")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "config.yml").write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
        f"http: {{addr: 127.0.0.1:{port}}}\n"
    )
    process = subprocess.Popen(
        ["docker-registry", "serve", str(folder / "config.yml")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    pytest.fail("the registry does not listen")


def push(reference: str, target: str, environment: Mapping[str, str]) -> None:
    argv = ["skopeo", "copy", "--quiet", "--dest-tls-verify=false"]
    command.run(
        [*argv, f"containers-storage:{reference}", f"docker://{target}"], environment=environment
    )


def blobs_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [layer["blob"] for layer in json.loads(done.stdout)["layers"]]


def test_measured_blobs_are_those_that_a_push_makes(
    registry: str, environment: Mapping[str, str], capas: Capas, tmp_path: Path
) -> None:
    name = build(environment, tmp_path, "capas-blob:1", TEXT, lib="lib" * 90_000, app="a")
    push(name, f"{registry}/capas-blob:1", environment)
    measured = blobs_of(capas("report", "--images", name, "--format", "json", cwd=tmp_path))
    pushed = blobs_of(
        capas(
            "report",
            "--images",
            name,
            "--registry",
            registry,
            "--no-tls-verify",
            "--format",
            "json",
            cwd=tmp_path,
        )
    )
    assert {blob["source"] for blob in measured} == {"measured"}
    assert {blob["source"] for blob in pushed} == {"registry"}
    assert [(b["digest"], b["size"]) for b in measured] == [
        (b["digest"], b["size"]) for b in pushed
    ]
    assert sum(b["size"] for b in measured) < 270_000


def test_only_layers_that_are_not_known_yet_are_compressed(
    environment: Mapping[str, str], capas: Capas, tmp_path: Path
) -> None:
    names = [
        build(environment, tmp_path, f"capas-known:{n}", TEXT, lib="known" * 9000, app=n)
        for n in ("1", "2")
    ]
    first = blobs_of(capas("report", "--images", names[0], "--format", "json", cwd=tmp_path))
    unmeasured = capas("report", "--images", *names, "--no-measure", cwd=tmp_path).stdout
    assert "not measured" in unmeasured
    both = blobs_of(capas("report", "--images", *names, "--format", "json", cwd=tmp_path))
    assert both[:2] == first
    assert all(blob["source"] == "measured" for blob in both)


def test_a_pulled_layer_has_the_size_of_the_blob_that_was_pulled(
    environment: Mapping[str, str], capas: Capas, tmp_path: Path
) -> None:
    name = build(environment, tmp_path, "capas-pulled:1", TEXT, lib="pulled" * 9000, app="p")
    layout = tmp_path / "layout"
    command.run(
        ["skopeo", "copy", "--quiet", f"containers-storage:{name}", f"oci:{layout}:it"],
        environment=environment,
    )
    command.run(["buildah", "rmi", name], environment=environment)
    copy_in(layout, "it", name, environment)
    done = capas("report", "--images", name, "--no-measure", "--format", "json", cwd=tmp_path)
    blobs = blobs_of(done)
    assert {blob["source"] for blob in blobs} == {"stored"}
    for blob in blobs:
        path = layout.joinpath("blobs", *blob["digest"].split(":"))
        assert path.stat().st_size == blob["size"]


def test_another_image_under_the_name_in_the_registry_is_refused(
    registry: str, environment: Mapping[str, str], capas: Capas, tmp_path: Path
) -> None:
    one = build(environment, tmp_path, "capas-other:1", TEXT, lib="1", app="a")
    two = build(environment, tmp_path, "capas-other:2", TEXT, lib="2", app="a")
    push(one, f"{registry}/capas-other:2", environment)
    done = capas(
        "report",
        "--images",
        two,
        "--registry",
        registry,
        "--no-tls-verify",
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1
    assert "is not the image localhost/capas-other:2" in done.stderr
    assert done.stdout == ""
