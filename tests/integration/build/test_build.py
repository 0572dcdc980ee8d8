"""Builds with real Buildah: skipped when nothing changed, the same everywhere, labelled."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipeline.engine import command, labels
from pipeline.engine.build_cache import CacheImage
from pipeline.engine.buildah import build_argv
from pipeline.engine.generation import plain
from pipeline.engine.images import inspect_image, list_images
from pipeline.engine.storage import observe_storage
from tests.integration.build.project import make_project
from tests.integration.conftest import Capas, capas_on
from tests.integration.storage import session_store

pytestmark = pytest.mark.integration


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path, "built")


def _events(done: subprocess.CompletedProcess[str]) -> list[dict[str, str]]:
    return [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]


def _images(environment: Mapping[str, str]) -> dict[str, str]:
    store = list_images(environment)
    return {name: image.id for image in store.images for name in image.names}


def test_bases_come_first_and_nothing_is_done_twice(
    capas: Capas, environment: Mapping[str, str], project: Path
) -> None:
    first = capas("build", "--version", "1.1", "--progress", "json", cwd=project)
    begun = [one["task"] for one in _events(first) if one["event"] == "begin"]
    assert begun == ["base:1", "app:1.1"]
    capas("build", cwd=project)
    before = _images(environment)
    again = capas("build", "--all", "--progress", "json", cwd=project)
    assert _events(again) == [], "Buildah was called although nothing changed"
    assert [line.split()[1] for line in again.stdout.splitlines()] == ["kept"] * 3
    assert _images(environment) == before


def test_a_changed_file_builds_what_reads_it_and_nothing_else(
    capas: Capas, environment: Mapping[str, str], project: Path
) -> None:
    capas("build", cwd=project)
    before = _images(environment)
    (project / "app" / "1.1" / "more.py").write_text("print(3)")
    (project / "app" / "1.0" / "README").write_text("nothing reads this")
    done = capas("build", "--progress", "json", cwd=project)
    assert {one["task"] for one in _events(done)} == {"app:1.1"}
    assert "its inputs changed, from COPY more.py /app/ on" in done.stdout
    after = _images(environment)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"localhost/app:1.1"}
    kept = observe_storage(environment).images
    assert before["localhost/app:1.1"] in kept, "the old image stays until it is pruned"


def test_versions_with_the_same_files_have_their_own_labels(
    capas: Capas, environment: Mapping[str, str], project: Path
) -> None:
    twin = project / "app" / "1.1"
    for name in ("Containerfile", "main.py"):
        (twin / name).write_text((project / "app" / "1.0" / name).read_text())
    capas("build", cwd=project)
    images = [inspect_image(environment, f"localhost/app:{name}") for name in ("1.0", "1.1")]
    assert images[0].diff_ids == images[1].diff_ids
    for image, name in zip(images, ("1.0", "1.1"), strict=True):
        assert image.labels[labels.OCI_VERSION] == image.labels[labels.VERSION] == name
        assert image.labels[labels.OCI_TITLE] == "app"
        assert image.labels[labels.OCI_BASE_NAME] == "localhost/base:1"
        assert image.labels[labels.OCI_BASE_DIGEST].startswith("sha256:")
        assert image.labels[labels.OCI_CREATED] == "1970-01-01T00:00:00Z"
        assert image.labels[labels.PIPELINE] == "built"


def test_a_value_of_an_argument_reaches_the_image_through_a_stage(
    capas: Capas, environment: Mapping[str, str], project: Path
) -> None:
    """Buildah caches `ENV X=$C` under any value of C, and a stage hands the old one on."""
    containerfile = project / "app" / "1.0" / "Containerfile"
    containerfile.write_text("FROM localhost/base:1 AS one\nARG C\nENV X=$C\nFROM one\nENV Y=1\n")
    spec = project / "specs" / "built.toml"
    text = spec.read_text()
    for value in ("red", "blue"):
        version = f'context = "../app/1.0", args = {{ C = "{value}" }}'
        spec.write_text(text.replace('context = "../app/1.0"', version))
        capas("build", "--version", "1.0", cwd=project)
        assert f"X={value}" in inspect_image(environment, "localhost/app:1.0").config["Env"]


def test_layers_of_a_build_without_our_times_are_not_taken(
    capas: Capas, environment: Mapping[str, str], project: Path, tmp_path: Path
) -> None:
    # The words must be new to the store: what is there with our times would win.
    (project / "base" / "etc" / "motd").write_text("someone built this by hand first")
    (project / "base").chmod(0o755)
    (project / "base" / "etc").chmod(0o755)
    (project / "base" / "etc" / "motd").chmod(0o644)
    argv = build_argv(
        context=project / "base",
        containerfile=project / "base" / "Containerfile",
        tags=("localhost/by-hand:1",),
        args={},
        labels={},
        timestamp=None,
    )
    command.run(argv, environment=environment)
    by_hand = inspect_image(environment, "localhost/by-hand:1")
    capas("build", "--version", "base:1", cwd=project)
    ours = inspect_image(environment, "localhost/base:1")
    one, other = (plain(image.history[0].by) for image in (ours, by_hand))
    assert one == other, "the same files give the same cache key, the time aside"
    assert ours.history[0].created == "1970-01-01T00:00:00Z"
    assert ours.diff_ids != by_hand.diff_ids


def test_a_failing_instruction_leaves_the_old_image_and_names_the_log(
    capas: Capas, environment: Mapping[str, str], project: Path
) -> None:
    capas("build", cwd=project)
    before = _images(environment)
    containerfile = project / "app" / "1.0" / "Containerfile"
    good = containerfile.read_text()
    containerfile.write_text(good + 'RUN ["/no/such/program"]\n')
    failed = capas("build", "--version", "1.0", "--progress", "quiet", cwd=project, check=False)
    assert failed.returncode == 1
    assert 'failed at step 3/4: RUN ["/no/such/program"]' in failed.stderr
    assert "no such file" in failed.stderr.lower(), "what the instruction said"
    assert "COPY main.py" not in failed.stderr, "what others did before it is in the log"
    log = Path(failed.stderr.rsplit("the whole log: ", 1)[1].strip())
    assert "STEP 3/4" in log.read_text()
    assert _images(environment) == before
    assert _working_containers(environment) == []
    containerfile.write_text(good)
    assert "kept" in capas("build", "--version", "1.0", cwd=project).stdout


def _working_containers(environment: Mapping[str, str]) -> list[str]:
    listed = command.run(["buildah", "containers", "--json"], environment=environment).stdout
    return [one["id"] for one in json.loads(listed or "[]") or []]


def test_a_lost_base_is_planned_and_built_again_and_what_stands_on_it_stays(
    capas: Capas, environment: Mapping[str, str], project: Path
) -> None:
    capas("build", cwd=project)
    before = _images(environment)
    command.run(["podman", "rmi", "--force", "localhost/base:1"], environment=environment)
    plan = json.loads(capas("plan", "--format", "json", cwd=project).stdout)
    planned = {one["name"]: one["action"] for one in plan["versions"]}
    assert planned == {"base:1": "build", "app:1.0": "keep", "app:1.1": "keep"}
    done = capas("build", "--progress", "json", cwd=project)
    assert {one["task"] for one in _events(done) if one.get("outcome") == "built"} == {"base:1"}
    assert _images(environment) == before


def test_layers_carry_marks_of_the_kernels_overlay_where_plan_and_doctor_say_so(
    capas: Capas, environment: Mapping[str, str], project: Path, tmp_path: Path
) -> None:
    """COPY into a folder of the base: overlay copies the folder up, and may mark it."""
    containerfile = project / "app" / "1.0" / "Containerfile"
    containerfile.write_text("FROM localhost/base:1\nCOPY main.py /etc/\n")
    plan = json.loads(capas("plan", "--format", "json", cwd=project).stdout)
    doctor = json.loads(capas("doctor", "--format", "json", cwd=project, check=False).stdout)
    (check,) = (one for one in doctor["checks"] if one["subject"] == "reproducible builds")
    capas("build", cwd=project)
    saved = tmp_path / "saved"
    argv = ["podman", "save", "--format=oci-dir", f"--output={saved}", "localhost/app:1.0"]
    command.run(argv, environment=environment)
    marked = any(map(_is_marked, (saved / "blobs" / "sha256").iterdir()))
    assert marked == any("user.overlay." in note for note in plan["notes"])
    assert marked == (check["state"] == "limited")


def test_a_file_that_another_user_keeps_to_itself_is_read_for_the_plan(
    capas: Capas, project: Path
) -> None:
    containerfile = project / "app" / "1.0" / "Containerfile"
    containerfile.write_text(
        "FROM localhost/base:1 AS made\nCOPY --chmod=600 --chown=7:8 main.py /\n"
        "FROM localhost/base:1\nCOPY --from=made /main.py /\nCMD one\n"
    )
    capas("build", cwd=project)
    containerfile.write_text(containerfile.read_text().replace("CMD one", "CMD two"))
    plan = json.loads(capas("plan", "--version", "1.0", "--format", "json", cwd=project).stdout)
    (version,) = (one for one in plan["versions"] if one["name"] == "app:1.0")
    assert [one["state"] for one in version["instructions"] if one["stage"] == 2] == [
        *("reuse", "reuse"),
        *("rebuild", "rebuild"),
    ]


@pytest.fixture
def own_store() -> Iterator[Mapping[str, str]]:
    """A store in which a test may remove everything."""
    with session_store(os.environ) as made:
        yield made.environment


def test_what_else_a_store_has_built_leaves_no_trace_in_an_image(
    own_store: Mapping[str, str], project: Path
) -> None:
    capas, environment = capas_on(own_store), own_store
    context = project / "app" / "1.0"
    (context / "Containerfile").write_text(
        "FROM localhost/base:1\nARG COLOUR=red\nENV C=$COLOUR\nCOPY main.py /\n"
    )
    spec = project / "specs" / "built.toml"
    with spec.open("a") as file:
        file.write('"blue" = { context = "../app/1.0", args = { COLOUR = "blue" } }\n')

    def blue() -> CacheImage:
        return inspect_image(environment, "localhost/app:blue")

    def forget() -> None:
        command.run(["podman", "rmi", "--all", "--force"], environment=environment)

    forget()
    capas("build", "--version", "blue", cwd=project)
    alone = blue()
    forget()
    capas("build", cwd=project)  # the red one first
    assert blue() == alone
    assert "C=blue" in alone.config["Env"]
    forget()
    capas("build", "--version", "base:1", cwd=project)
    by_hand = ["buildah", "build", "--layers", "--timestamp=0", "--tag=localhost/by-hand:1"]
    command.run([*by_hand, str(context)], environment=environment)
    capas("build", "--version", "blue", cwd=project)
    assert blue() == alone


def _is_marked(blob: Path) -> bool:
    """Whether a blob is a layer with attributes of the kernel's overlay."""
    if not tarfile.is_tarfile(blob):
        return False
    with tarfile.open(blob) as layer:
        return any("user.overlay." in name for member in layer for name in member.pax_headers)


def test_what_a_run_keeps_in_a_cache_mount_is_this_accounts_alone(
    capas: Capas, tmp_path: Path
) -> None:
    """By its own habit Buildah keeps it where other accounts may have put something before."""
    project = make_project(tmp_path / "project", "kept")
    folder = tmp_path / "temporary"
    folder.mkdir()
    folder.chmod(0o1777)
    app = project / "app" / "1.0"
    (app / "sh").write_bytes(Path("/bin/busybox").read_bytes())
    (app / "sh").chmod(0o755)
    theirs = [folder / name / "kept" for name in ("buildah-cache", f"buildah-cache-{os.getuid()}")]
    for path in theirs:
        path.mkdir(parents=True)
        (path / "poison").write_text("a stranger's")
    for number, expected in enumerate(("0\n", "0\n1\n")):
        (app / "Containerfile").write_text(
            "FROM localhost/base:1\nCOPY sh /bin/sh\nUSER 70\n"
            "RUN --mount=type=cache,target=/kept,uid=70 "
            f"[ ! -e /kept/poison ] && echo {number} >>/kept/seen && cat /kept/seen\n"
        )
        capas("build", "--version", "1.0", cwd=project, TMPDIR=str(folder))
        (seen,) = (folder / f"capas-{os.getuid()}").rglob("seen")
        assert seen.read_text() == expected
