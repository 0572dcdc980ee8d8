"""The effective profile on the real thing: Podman, Buildah and the service agree and work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipeline.engine import command
from pipeline.engine.podman import PodmanReader
from pipeline.engine.service import api_service
from pipeline.host.profile import effective_profile

pytestmark = pytest.mark.integration

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture
def home(environment: Mapping[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """A user's environment with an empty home and no settings at all, apart from the session's."""
    runtime = Path(environment["XDG_RUNTIME_DIR"], "p")
    runtime.mkdir(mode=0o700)
    keep = {name: os.environ[name] for name in ("PATH", "USER", "LANG") if name in os.environ}
    yield {**keep, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(runtime)}
    for pid_file in runtime.glob("libpod/tmp/pause.pid"):
        os.kill(int(pid_file.read_text()), signal.SIGKILL)
    # Files of subordinate ids can only be removed from inside a user namespace.
    argv = ["buildah", "unshare", "rm", "-rf", str(tmp_path / ".local"), str(runtime)]
    command.run(argv, environment=environment)


def driver(environment: Mapping[str, str]) -> tuple[str, str]:
    """What Podman and Buildah use."""
    podman = command.run(["podman", "info", "--format=json"], environment=environment).stdout
    buildah = command.run(["buildah", "info"], environment=environment).stdout
    return (
        json.loads(podman)["store"]["graphDriverName"],
        json.loads(buildah)["store"]["GraphDriverName"],
    )


def test_a_fresh_home_gets_overlay_and_the_next_command_finds_it_again(
    home: dict[str, str],
) -> None:
    first = effective_profile(home).environment
    assert driver(first) == ("overlay", "overlay")
    assert effective_profile(home).environment == first
    assert effective_profile(first).environment == first
    assert not Path(home["HOME"], ".config", "containers").exists()


@pytest.mark.parametrize("first", ["podman", "buildah"])
def test_a_store_keeps_the_driver_that_it_began_with(home: dict[str, str], first: str) -> None:
    command.run([first, "info"], environment={**home, "STORAGE_DRIVER": "vfs"})
    assert driver(effective_profile(home).environment) == ("vfs", "vfs")


def test_podmans_database_is_obeyed_where_several_drivers_left_something(
    home: dict[str, str],
) -> None:
    command.run(["podman", "info"], environment={**home, "STORAGE_DRIVER": "vfs"})
    command.run(["buildah", "images"], environment={**home, "STORAGE_DRIVER": "overlay"})
    assert driver(effective_profile(home).environment) == ("vfs", "vfs")


def test_a_plain_podman_sees_what_was_built_before_its_first_use(
    home: dict[str, str], tmp_path: Path
) -> None:
    project = tmp_path / "project"
    (project / "app").mkdir(parents=True)
    (project / "app" / "Containerfile").write_text("FROM scratch\nCOPY Containerfile /\n")
    (project / "pipeline.toml").write_text(
        'name = "app"\nimages.app.versions."1.0".context = "app"\n'
    )
    build = [sys.executable, "-m", "pipeline", "build", f"--spec={project / 'pipeline.toml'}"]
    command.run(build, environment=home)
    command.run(["podman", "image", "exists", "localhost/app:1.0"], environment=home)


def test_the_users_own_settings_stay(home: dict[str, str]) -> None:
    own = Path(home["HOME"], ".config", "containers", "containers.conf")
    own.parent.mkdir(parents=True)
    own.write_text("[containers]\npids_limit = 77\n")
    environment = effective_profile(home).environment
    with api_service(environment) as uri, PodmanReader(uri) as reader:
        info = reader.info()
    assert info.driver == "overlay"
    assert own.read_text() == "[containers]\npids_limit = 77\n"
    if named := environment.get("CONTAINERS_CONF"):
        assert "pids_limit = 77" in Path(named).read_text()


def test_a_container_runs_and_a_build_runs(
    environment: Mapping[str, str], small_base: str, tmp_path: Path
) -> None:
    run = ["podman", "run", "--rm", small_base, "echo", "hello"]
    assert command.run(run, environment=environment).stdout == "hello\n"
    (tmp_path / "Containerfile").write_text(f"FROM {small_base}\nRUN touch /made-by-run\n")
    argv = ["buildah", "build", "--layers", "--tag=localhost/capas-test-run", str(tmp_path)]
    command.run(argv, environment=environment)
    command.run(["buildah", "rmi", "localhost/capas-test-run"], environment=environment)


def test_the_profile_is_cheap(environment: Mapping[str, str]) -> None:
    """Warm, it starts no process."""
    script = (
        "import os, resource\n"
        "from pipeline.host.profile import effective_profile\n"
        "effective_profile(os.environ)\n"
        "before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt\n"
        "effective_profile(os.environ)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**environment, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "0\n"
