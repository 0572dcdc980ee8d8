"""Advice on real builds: what is printed was built, and what did not hold is not printed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine import command
from tests.integration.conftest import Capas

pytestmark = pytest.mark.integration

PROJECT = """name = "advice"
[images.advice.versions]
"1" = { context = "../v1" }
"2" = { context = "../v2" }
"""


def project(folder: Path, text: str) -> Path:
    """Two versions that differ in one small file; a big one is the same in both."""
    (folder / "specs").mkdir()
    (folder / "specs" / "advice.toml").write_text(PROJECT)
    for version in ("1", "2"):
        context = folder / f"v{version}"
        (context / "lib").mkdir(parents=True)
        (context / "lib" / "big").write_text("b" * 200_000)
        (context / "main").write_text(version)
        (context / "Containerfile").write_text(text)
    return folder


def images(environment: Mapping[str, str]) -> list[tuple[str, Any]]:
    """All images with their names, intermediate ones too."""
    argv = ["podman", "images", "--all", "--format=json"]
    found: list[dict[str, Any]] = json.loads(command.run(argv, environment=environment).stdout)
    return sorted((str(one["Id"]), one.get("Names")) for one in found)


def test_a_split_is_proposed_and_proved_and_leaves_nothing_behind(
    environment: Mapping[str, str], capas: Capas, tmp_path: Path
) -> None:
    folder = project(tmp_path, 'FROM scratch\nCOPY . /app\nCMD ["/app/main"]\n')
    capas("build", cwd=folder)
    before = images(environment)
    done = capas("report", "--prove", "--format", "json", cwd=folder)
    (advice,) = json.loads(done.stdout)["advice"]
    assert advice["proved"] is True
    assert "+COPY lib /app/lib\n" in advice["diff"]
    assert advice["new_bytes_after"] < 10_000
    assert advice["new_bytes_before"] > 200_000
    assert images(environment) == before


def test_what_a_build_refutes_is_not_printed(small_base: str, capas: Capas, tmp_path: Path) -> None:
    """The command needs the copied file, and nothing in its text says so."""
    run = 'RUN ["sh", "-c", "test -d /applic* && head -c 90000 /dev/zero > /made"]'
    folder = project(tmp_path, f"FROM {small_base}\nCOPY main /application/main\n{run}\n")
    capas("build", cwd=folder)
    unproved = capas("report", "--advise", cwd=folder).stdout
    assert "whether it needs them only a build can tell" in " ".join(unproved.split())
    proved = capas("report", "--prove", cwd=folder)
    assert "Tried and dropped: " in proved.stdout
    assert "+COPY" not in proved.stdout
    assert "+RUN" not in proved.stdout


def test_without_a_better_order_the_report_says_so(capas: Capas, tmp_path: Path) -> None:
    folder = project(tmp_path, "FROM scratch\nCOPY lib /app/lib\nCOPY main /app/main\n")
    capas("build", cwd=folder)
    done = capas("report", "--advise", cwd=folder)
    assert "No other order or split of instructions would have shared more." in done.stdout

    for version in ("1", "2"):
        file = folder / f"v{version}" / "Containerfile"
        file.write_text(f"{file.read_text()}ENV LATER=1\n")
    told = " ".join(capas("report", "--advise", cwd=folder).stdout.split())
    assert "No other order" not in told
    assert "advice was not looked at: its Containerfiles are not those of its built" in told


def test_stages_that_the_image_goes_on_from_are_part_of_it(capas: Capas, tmp_path: Path) -> None:
    text = (
        "ARG WHICH=1\nFROM scratch AS app\nARG WHICH\nCOPY main /app/main\n"
        "FROM scratch AS other\nCOPY main /other\n"
        'FROM app\nCOPY lib /app/lib\nENV WHICH=$WHICH\nCMD ["/app/main"]\n'
    )
    lower = text.replace("COPY main /app/main\n", "COPY main /app/main\nCOPY lib /lib\n")
    folder = project(tmp_path, lower)
    capas("build", cwd=folder)
    done = capas("report", "--prove", "--format", "json", cwd=folder)
    (advice,) = json.loads(done.stdout)["advice"]
    assert advice["proved"] is True
    assert "+COPY lib /lib\n COPY main /app/main\n" in advice["diff"]
    assert "/app/lib" not in "".join(x for x in advice["diff"].splitlines() if x[:1] in "+-")


def test_what_comes_from_another_stage_is_split_too(capas: Capas, tmp_path: Path) -> None:
    text = "FROM scratch AS made\nCOPY . /out\nFROM scratch\nCOPY --from=made /out /app\n"
    folder = project(tmp_path, text)
    capas("build", cwd=folder)
    told = capas("report", "--prove", cwd=folder).stdout
    assert "Built and compared" in told
    assert "+COPY --from=made /out/lib /app/lib\n" in told
    assert "Stages that advice only copies from stay as they are" in " ".join(told.split())


ROOTFS = ', rootfs = { suite = "bookworm", packages = ["base-passwd", "busybox-static"] } }'


def test_the_root_file_system_of_an_image_made_of_packages_stays_below(
    capas: Capas, tmp_path: Path
) -> None:
    folder = project(tmp_path, "FROM scratch\nADD rootfs.tar /\nCOPY main /m\nCOPY lib /app/lib\n")
    spec = folder / "specs" / "advice.toml"
    spec.write_text(spec.read_text().replace(" }", ROOTFS))
    # Packages come from the cache of the user who runs the tests, so that sessions share them.
    cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    capas("build", cwd=folder, XDG_CACHE_HOME=cache)
    done = capas("report", "--prove", "--format", "json", cwd=folder, XDG_CACHE_HOME=cache)
    (advice,) = json.loads(done.stdout)["advice"]
    assert advice["proved"] is True
    assert " ADD rootfs.tar /\n+COPY lib /app/lib\n COPY main /m\n" in advice["diff"]
