"""A deploy as a user runs it, against real rootless Podman."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.deploy.observe.features import enforced
from tests.integration.conftest import CHECKOUT
from tests.integration.deploy.conftest import Project, fetch

pytestmark = pytest.mark.integration


def test_a_deploy_serves_every_replica_at_its_url(project: Project) -> None:
    done = project.run("deploy")
    status = project.status()
    urls = [f"http://127.0.0.1:{project.port + i}" for i in range(2)]
    assert [status[f"web-{i}"]["urls"] for i in (1, 2)] == [[url] for url in urls]
    assert all(url in done.stdout for url in urls)
    assert all("Directory listing" in fetch(url) for url in urls)
    assert {c["health"] for c in status.values()} == {"healthy"}


def test_a_second_deploy_does_nothing_and_a_third_replica_touches_nobody(
    project: Project,
) -> None:
    project.run("deploy")
    before = project.ids()
    assert "nothing to do" in project.run("deploy").stderr
    assert project.run("deploy", "--dry-run", "--exit-code").stdout == "nothing to do\n"
    preview = project.run("deploy", "--replicas", "3", "--dry-run", "--exit-code", check=False)
    assert preview.returncode == 10
    assert project.ids() == before
    project.run("deploy", "--replicas", "3")
    after = project.ids()
    assert after.keys() == {"web-1", "web-2", "web-3"}
    assert {name: after[name] for name in before} == before


def test_a_changed_label_replaces_only_the_service_it_belongs_to(project: Project) -> None:
    other = f'[services.other]\nimage = "{project.image}"\ncommand = ["sleep", "600"]'
    project.write(other)
    project.run("deploy")
    before = project.ids()
    project.write(other, labels={"team": "blue"})
    project.run("deploy")
    after = project.ids()
    assert after["other-1"] == before["other-1"]
    assert after["web-1"] != before["web-1"]
    assert after.keys() == before.keys()


def test_an_update_that_is_not_healthy_leaves_the_old_one_serving(project: Project) -> None:
    project.run("deploy")
    before = project.ids()
    broken = ["sh", "-c", "echo no database here; sleep 600"]
    check = {"http": ":5000/", "interval": "100ms", "retries": 3}
    project.write(command=broken, healthcheck=check)
    failed = project.run("deploy", check=False)
    assert failed.returncode == 1
    assert "web-1.next is not healthy" in failed.stderr
    assert "no database here" in failed.stderr
    assert "probe: GET" in failed.stderr
    assert project.ids() == before
    assert "Directory listing" in fetch(f"http://127.0.0.1:{project.port}")


def test_without_a_check_what_ends_at_once_does_not_count_as_up(project: Project) -> None:
    project.write(command=["sh", "-c", "echo no such table; exit 4"], healthcheck=None)
    failed = project.run("deploy", check=False)
    assert failed.returncode == 1
    assert "exit code 4" in failed.stderr
    assert "no such table" in failed.stderr


def test_what_the_kernel_says_of_limits_is_what_podman_says(project: Project) -> None:
    info = json.loads(project.podman("info", "--format", "json"))["host"]
    assert set(enforced(os.getuid())) == set(info["cgroupControllers"] or ())


def test_a_port_of_a_neighbour_is_skipped_and_reported_and_stays_skipped(
    project: Project,
) -> None:
    with socket.create_server(("127.0.0.1", project.port)):
        done = project.run("deploy")
        assert f"port {project.port} is already in use" in done.stderr
        urls = {c["urls"][0] for c in project.status().values()}
    assert urls == {f"http://127.0.0.1:{project.port + i}" for i in (1, 2)}
    assert "nothing to do" in project.run("deploy").stderr
    project.run("down")
    project.run("deploy")
    urls = {c["urls"][0] for c in project.status().values()}
    assert urls == {f"http://127.0.0.1:{project.port + i}" for i in (0, 1)}


def test_a_strict_port_is_refused_when_it_is_held(project: Project) -> None:
    port = {"target": 5000, "published": project.port, "strict": True}
    project.write(ports=[port])
    with socket.create_server(("127.0.0.1", project.port)):
        done = project.run("deploy", check=False)
    assert done.returncode == 1
    assert f"port {project.port} is already in use by" in done.stderr
    assert project.status() == {}


def test_down_leaves_volumes_and_says_so(project: Project) -> None:
    project.write("[volumes.data]", volumes=["data:/data"])
    project.run("deploy")
    project.podman("exec", f"{project.name}-web-1", "sh", "-c", "echo kept > /data/file")
    done = project.run("down")
    assert f"volume {project.name}_data stays" in done.stderr
    assert project.status() == {}
    project.run("deploy")
    assert project.podman("exec", f"{project.name}-web-2", "cat", "/data/file") == "kept"


@pytest.mark.parametrize(
    ("on_term", "said"), [("echo ended > /data/said; exit", "ended\n"), ("true", "")]
)
def test_down_asks_a_container_to_end_and_waits_for_its_grace(
    project: Project, on_term: str, said: str
) -> None:
    program = f"touch /data/said; trap '{on_term}' TERM; while :; do sleep 0.05; done"
    project.write(
        "[volumes.data]",
        replicas=1,
        healthcheck=None,
        ports=None,
        volumes=["data:/data"],
        command=["sh", "-c", program],
        stop_grace_period="1s",
    )
    project.run("deploy")
    project.run("down")
    assert project.status() == {}
    volume = json.loads(project.podman("volume", "inspect", f"{project.name}_data"))[0]
    assert Path(volume["Mountpoint"], "said").read_text() == said


def test_a_replica_has_safe_defaults(project: Project) -> None:
    project.write(read_only=True)
    project.run("deploy")
    found = json.loads(project.podman("inspect", f"{project.name}-web-1"))[0]
    assert found["EffectiveCaps"] in (None, [])
    assert found["HostConfig"]["ReadonlyRootfs"] is True
    assert found["HostConfig"]["Privileged"] is False
    status = project.podman("exec", f"{project.name}-web-1", "cat", "/proc/self/status")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert facts["NoNewPrivs"] == "1"
    assert int(facts["CapBnd"], 16) == 0
    ports = found["HostConfig"]["PortBindings"]["5000/tcp"]
    assert [p["HostIp"] for p in ports] == ["127.0.0.1"]


def test_a_closed_network_device_is_reported_before_anything_is_made(project: Project) -> None:
    # A mount namespace of our own, in which the device cannot be opened; then ourselves again.
    again = f"unshare --user --map-user={os.getuid()} --map-group={os.getgid()}"
    closed = f'mount --bind /etc/shadow /dev/net/tun && exec {again} "$@"'
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", closed, "-"]
    for options in ([], ["--dry-run"]):
        done = subprocess.run(
            [*inside, sys.executable, "-m", "pipeline", "deploy", *options],
            cwd=project.folder,
            env={**project.environment, "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 4, done.stderr
        assert "/dev/net/tun is closed to you" in done.stderr
        assert "chmod 666 /dev/net/tun" in done.stderr
    assert project.status() == {}
