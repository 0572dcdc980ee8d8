"""A restored volume is the backup, its own folder too, whatever the image has at that place.

Podman gives a volume that no container has used yet the files, the owner and the mode of the
image's folder, and so it did with what a restore had brought.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.integration.volumes.conftest import Make, Project

pytestmark = pytest.mark.integration

OWN = "700 70:71 1000000000"
FILL = "chown 70:71 /d && chmod 700 /d && touch -d @1000000000 /d"


def service(project: Make, name: str, base: str) -> Project:
    """On it: an image whose folder has another owner, another mode and a file."""
    run = project(
        name,
        f'[images.{name}.versions]\n"1" = {{ context = "../context" }}\n'
        f'[services.db]\nimage = "{name}"\nuser = "33"\nvolumes = ["data:/data"]\n'
        'command = ["sleep", "1000"]\nstop_grace_period = "0s"\n',
    )
    (run.folder / "context").mkdir()
    (run.folder / "context" / "Containerfile").write_text(
        f"FROM {base}\nRUN mkdir /data && touch /data/seed && chown -R 33:33 /data\n"
    )
    run("build")
    return run


def backed_up(run: Project, volume: str, base: str, fill: str) -> str:
    """A backup of the pipeline's volume, which is gone then."""
    run.podman("run", "--rm", f"--volume={volume}:/d", base, "sh", "-c", f"{fill}{FILL}")
    run("volume.backup", "data", "--output", "b.tar.gz")
    run("volume.rm", "data", "--yes")
    return "b.tar.gz"


def found(run: Project, container: str) -> tuple[str, list[str]]:
    """Mode, owner and time of the folder in a container, and the names in it."""
    said = run.podman("exec", "--user=70:71", container, "stat", "-c%a %u:%g %Y", "/data").strip()
    return said, run.podman("exec", "--user=70:71", container, "ls", "-A", "/data").split()


@pytest.mark.parametrize(("fill", "names"), [("touch /d/row && ", ["row"]), ("", [])])
def test_a_new_volume_keeps_what_it_was_given(
    project: Make, small_base: str, fill: str, names: list[str]
) -> None:
    name = "vol-fresh-full" if fill else "vol-fresh-empty"
    run = service(project, name, small_base)
    file = backed_up(run, f"{name}_data", small_base, fill)
    run("volume.restore", "data", file)
    run("deploy")
    assert found(run, f"{name}-db-1") == (OWN, names)
    run("down")
    run("deploy")
    assert found(run, f"{name}-db-1") == (OWN, names)
    assert "settles" not in run.podman("ps", "--all", "--format={{.Names}}")


@pytest.mark.parametrize("before", ["", "touch there && "])
@pytest.mark.parametrize(("fill", "names"), [("touch /d/row && ", ["row"]), ("", [])])
def test_a_volume_made_by_hand_keeps_what_it_was_given(
    project: Make, small_base: str, fill: str, names: list[str], before: str
) -> None:
    name = f"vol-hand-{len(fill)}-{len(before)}"
    run = service(project, name, small_base)
    file = backed_up(run, f"{name}_data", small_base, fill)
    run.podman("volume", "create", f"{name}_data")
    folder = run.podman("volume", "inspect", "--format={{.Mountpoint}}", f"{name}_data").strip()
    run.podman("unshare", "sh", "-c", f"cd {folder} && {before}chown 5:6 . && chmod 711 .")
    run("volume.restore", "data", file, "--force")
    run("deploy")
    assert found(run, f"{name}-db-1") == (OWN, names)


def test_an_external_volume_is_filled_and_never_made(project: Make, small_base: str) -> None:
    run = service(project, "vol-external", small_base)
    file = backed_up(run, "vol-external_data", small_base, "touch /d/row && ")
    spec = run.folder / "specs" / "vol-external.toml"
    spec.write_text(spec.read_text() + 'external = true\nname = "vol-by-hand"\n')
    assert "external volume" in run("volume.restore", "data", file, code=2).stderr
    run.podman("volume", "create", "vol-by-hand")
    try:
        run("volume.restore", "data", file)
        run("deploy")
        assert found(run, "vol-external-db-1") == (OWN, ["row"])
    finally:
        run("down")
        run.podman("volume", "rm", "vol-by-hand")


@pytest.mark.parametrize("moment", [0.0, 0.1, 0.2])
def test_a_restore_that_is_killed_at_its_end_is_ended_by_the_next_command(
    project: Make, small_base: str, moment: float
) -> None:
    name = f"vol-end-{int(moment * 100)}"
    run = service(project, name, small_base)
    file = backed_up(run, f"{name}_data", small_base, "touch /d/row && ")
    run.podman("volume", "create", f"--label=io.github.capas.pipeline={name}", f"{name}_data")
    folder = Path(
        run.podman("volume", "inspect", "--format={{.Mountpoint}}", f"{name}_data").strip()
    )
    process = run.start("volume.restore", "data", file)
    while not list(folder.parent.glob(".capas-new-is-*")) and process.poll() is None:
        time.sleep(0.002)
    time.sleep(moment)  # the moment itself is what is tried
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    there = run.podman("unshare", "ls", "-A", str(folder)).split()
    assert there in ([], ["row"])
    run("deploy")
    state, names = found(run, f"{name}-db-1")
    if there:
        assert (state, names) == (OWN, there)
    else:
        assert (state.split()[:2], names) == (["755", "33:33"], ["seed"])
    assert run.podman("unshare", "ls", "-A", str(folder.parent)).split() == ["_data"]
    assert "settles" not in run.podman("ps", "--all", "--format={{.Names}}")
