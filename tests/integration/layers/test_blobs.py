"""Download sizes: measured, of pulled layers, and from a registry; always those of real blobs."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine import command
from tests.integration.conftest import Capas
from tests.integration.layers.families import copy_in
from tests.integration.layers.test_report import build
from tests.integration.registry import Registry
from tests.integration.storage import session_store

pytestmark = pytest.mark.integration

TEXT = "FROM scratch\nCOPY lib /lib\nCOPY app /app\n"


def push(registry: Registry, reference: str, environment: Mapping[str, str]) -> None:
    """Push an image of the store under the name that it has there."""
    argv = ["podman", "push", "--quiet", "--tls-verify=false", reference]
    command.run([*argv, there(registry, reference)], environment=environment)


def pull(registry: Registry, reference: str, environment: Mapping[str, str]) -> None:
    argv = ["podman", "pull", "--quiet", "--tls-verify=false", there(registry, reference)]
    command.run(argv, environment=environment)


def there(registry: Registry, reference: str) -> str:
    return f"{registry.address}/{reference.removeprefix('localhost/')}"


def blobs_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [layer["blob"] for layer in json.loads(done.stdout)["layers"]]


def test_measured_blobs_are_those_that_a_push_makes(
    registry: Registry, environment: Mapping[str, str], capas: Capas, tmp_path: Path
) -> None:
    name = build(environment, tmp_path, "capas-blob:1", TEXT, lib="lib" * 90_000, app="a")
    push(registry, name, environment)
    report = ("report", "--images", name, "--format", "json")
    uncached = blobs_of(capas(*report, cwd=tmp_path, XDG_CACHE_HOME="/proc/nowhere"))
    measured = blobs_of(capas(*report, cwd=tmp_path))
    assert uncached == measured
    pushed = blobs_of(
        capas(
            "report",
            "--images",
            name,
            "--registry",
            registry.address,
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
    registry: Registry, environment: Mapping[str, str], capas: Capas, tmp_path: Path
) -> None:
    one = build(environment, tmp_path, "capas-other:1", TEXT, lib="1", app="a")
    two = build(environment, tmp_path, "capas-other:2", TEXT, lib="2", app="a")
    argv = ["podman", "push", "--quiet", "--tls-verify=false"]
    command.run([*argv, one, there(registry, two)], environment=environment)
    done = capas(
        "report",
        "--images",
        two,
        "--registry",
        registry.address,
        "--no-tls-verify",
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1
    assert "is not the image localhost/capas-other:2" in done.stderr
    assert done.stdout == ""


def test_a_base_that_was_pushed_only_as_a_part_is_there(
    registry: Registry, environment: Mapping[str, str], capas: Capas, tmp_path: Path
) -> None:
    base = build(environment, tmp_path, "capas-base:1", "FROM scratch\nCOPY lib /lib\n", lib="b")
    text = f"FROM {base}\nCOPY app /app\n"
    top = build(environment, tmp_path, "capas-top:1", text, app="on a base")
    arguments = ["report", "--registry", registry.address, "--no-tls-verify", "--images", base, top]
    early = capas(*arguments, cwd=tmp_path, check=False)
    assert (early.returncode, early.stdout) == (1, "")
    assert "the registry does not have capas-base:1, capas-top:1" in early.stderr
    push(registry, top, environment)
    assert {
        blob["source"] for blob in blobs_of(capas(*arguments, "--format", "json", cwd=tmp_path))
    } == {"registry"}


def test_a_registry_that_does_not_answer(
    environment: Mapping[str, str], capas: Capas, tmp_path: Path
) -> None:
    name = build(environment, tmp_path, "capas-nowhere:1", "FROM scratch\nCOPY a /a\n", a="n")
    arguments = ["report", "--images", name, "--registry", "127.0.0.1:1"]
    done = capas(*arguments, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "127.0.0.1:1 does not say what it has under capas-nowhere:1" in done.stderr
    assert "connection refused" in done.stderr
    assert "  → is it running" in done.stderr


def test_a_host_with_the_older_version_downloads_what_the_report_said(
    registry: Registry, environment: Mapping[str, str], capas: Capas, tmp_path: Path
) -> None:
    """Of the newer version one layer is shared, one new, and one moved to another place."""
    names = wired(environment, tmp_path)
    arguments = ["report", "--format", "json", "--images", *names]
    said = json.loads(capas(*arguments, cwd=tmp_path).stdout)
    blobs = {layer["blob"]["digest"]: layer["blob"]["size"] for layer in said["layers"]}
    assert {layer["blob"]["source"] for layer in said["layers"]} == {"measured"}
    for name in names:
        push(registry, name, environment)
    received = registry.stored()
    assert blobs.items() <= received.items()
    # What else was received are a configuration and a manifest for each.
    assert len(received) - len(blobs) == 2 * len(names)
    with session_store(os.environ) as other:
        fetched = []
        for name in names:
            start = len(registry.sent())
            pull(registry, name, other.environment)
            fetched.append({d: n for d, n in registry.sent()[start:] if d in blobs})
    first, *later = fetched
    assert sum(first.values()) == said["versions"][0]["transfer_bytes"]
    assert [sum(one.values()) for one in later] == [
        one["download_bytes"] for one in said["comparisons"]
    ]
    moved, squashed = said["comparisons"]
    assert [layer["downloaded"] for layer in moved["new"]] == [True, False]
    assert squashed["shared_layers"] == 0


def wired(environment: Mapping[str, str], folder: Path) -> list[str]:
    """A version, one with another file in the middle, and that one squashed."""
    text = "FROM scratch\nCOPY lib /lib\nCOPY app /app\nCOPY same /same\n"
    files = {"lib": "wire" * 50_000, "same": "moves up " * 2000}
    one = build(environment, folder, "capas-wire:1", text, app="one" * 3000, **files)
    two = build(environment, folder, "capas-wire:2", text, app="two" * 4000, **files)
    three = "localhost/capas-wire:3"
    argv = ["buildah", "build", "--quiet", "--squash", "--timestamp=0", f"--tag={three}"]
    command.run([*argv, str(folder)], environment=environment)
    return [one, two, three]
