"""What happens to replicas between two deploys."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import CHECKOUT
from tests.integration.deploy.conftest import Project, fetch

pytestmark = pytest.mark.integration


ASKS = "import urllib.request as u; u.urlopen('http://127.0.0.1:5000').read()"


def states(project: Project) -> dict[str, str]:
    return {name: c["state"] for name, c in project.status().items()}


def test_stopping_and_starting_keep_containers_layers_and_ports(project: Project) -> None:
    project.run("deploy")
    before = project.status()
    project.podman("exec", f"{project.name}-web-1", "sh", "-c", "echo mine > /tmp/note")
    project.run("stop", "web-1")
    assert states(project) == {"web-1": "exited", "web-2": "running"}
    project.run("start")
    after = project.status()
    assert {n: (c["id"], c["urls"]) for n, c in after.items()} == {
        n: (c["id"], c["urls"]) for n, c in before.items()
    }
    assert project.podman("exec", f"{project.name}-web-1", "cat", "/tmp/note") == "mine"
    project.run("restart", "web")
    assert states(project) == {"web-1": "running", "web-2": "running"}
    wrong = project.run("stop", "wbe", check=False)
    assert wrong.returncode == 2
    assert "one of: web, web-1, web-2" in wrong.stderr


SAYS_BYE = """
import http.server, signal, sys, threading
server = http.server.ThreadingHTTPServer(("", 5000), http.server.SimpleHTTPRequestHandler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
print("bye", flush=True)
"""


def test_a_restart_leaves_a_process_its_grace(project: Project) -> None:
    project.write(replicas=1, command=["python3", "-c", SAYS_BYE])
    project.run("deploy")
    project.run("restart")
    assert "bye" in project.run("logs").stdout


def test_a_time_that_podman_cannot_read_is_reported(project: Project) -> None:
    wrong = project.run("events", "--since", "abc", check=False)
    assert wrong.returncode == 1
    assert "Podman refused a request" in wrong.stderr
    assert "abc" in wrong.stderr


def test_ctrl_c_ends_what_follows_and_says_nothing(project: Project) -> None:
    project.run("deploy")
    project.run("exec", "web-1", "--", "python3", "-c", ASKS)
    for words in (("logs", "--follow"), ("events", "--follow"), ("status", "--watch")):
        with subprocess.Popen(
            [sys.executable, "-m", "pipeline", *words],
            cwd=project.folder,
            env={**project.environment, "PYTHONPATH": str(CHECKOUT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as following:
            assert following.stdout is not None
            assert following.stdout.readline()
            following.send_signal(signal.SIGINT)
            _, said = following.communicate(timeout=20)
        assert (following.returncode, said) == (130, ""), words


def test_a_deploy_brings_back_what_was_stopped_or_removed_by_hand(project: Project) -> None:
    project.run("deploy")
    project.podman("stop", "-t", "0", f"{project.name}-web-1")
    project.podman("rm", "-f", "-t", "0", f"{project.name}-web-2")
    project.run("deploy")
    assert states(project) == {"web-1": "running", "web-2": "running"}


def test_a_crash_is_followed_by_a_start_without_anybody_logged_in(
    project: Project, eventually: Callable[..., None]
) -> None:
    project.write(replicas=1, restart="on-failure")
    project.run("deploy")
    name = f"{project.name}-web-1"
    found = json.loads(project.podman("inspect", name))[0]
    pid = found["State"]["Pid"]
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    eventually(
        lambda: json.loads(project.podman("inspect", name))[0]["State"]["Pid"] not in (0, pid)
    )
    eventually(lambda: project.status()["web-1"]["health"] == "healthy")
    assert "Directory listing" in fetch(f"http://127.0.0.1:{project.port}")


def test_logs_name_each_replica_and_follow_until_it_ends(project: Project) -> None:
    project.write(
        command=["sh", "-c", "echo begins; echo wrong >&2; sleep 2; echo ends"],
        healthcheck=None,
        ports=None,
    )
    project.run("deploy")
    followed = project.run("logs", "--follow").stdout.splitlines()
    for name in ("web-1", "web-2"):
        mine = [line for line in followed if line.startswith(name)]
        assert sorted(mine) == sorted(f"{name} | {word}" for word in ("begins", "wrong", "ends"))
    assert project.run("logs", "web-2", "--tail", "1").stdout == "web-2 | ends\n"


def test_exec_hands_on_words_and_the_exit_code(project: Project) -> None:
    project.run("deploy")
    words = ["sh", "-c", 'printf "%s|" "$@"; exit 7', "-", "a  b", "$HOME", "*"]
    done = project.run("exec", "web", "--", *words, check=False)
    assert done.stdout == "a  b|$HOME|*|"
    assert done.returncode == 7


def test_stats_and_events_tell_of_our_containers_only(project: Project) -> None:
    project.run("deploy")
    usage = json.loads(project.run("stats", "--format", "json").stdout)["containers"]
    assert [u["container"] for u in usage] == [f"{project.name}-web-{n}" for n in (1, 2)]
    assert all(u["memory_bytes"] > 5_000_000 and u["processes"] >= 1 for u in usage)
    events = project.run("events", "--since", "5m").stdout.splitlines()
    assert any(f"{project.name}-web-1  start" in line for line in events)
    assert all(project.name in line for line in events)


def test_what_a_user_runs_from_our_image_or_container_stays_the_user_s(
    project: Project,
) -> None:
    image, copy = f"localhost/{project.name}:1", f"localhost/{project.name}:copy"
    mine, second = f"{project.name}-mine", f"{project.name}-second"
    label = f"LABEL io.github.capas.pipeline={project.name}"
    # What a build makes has the pipeline's name, and what is committed all that a container has.
    project.podman("create", "--name", f"{project.name}-base", project.image, "true")
    project.podman(
        "commit", "-q", "--pause=false", "--change", label, f"{project.name}-base", image
    )
    project.podman("rm", f"{project.name}-base")
    project.write(image=image, replicas=1)
    project.run("deploy")
    project.podman("commit", "-q", "--pause=false", f"{project.name}-web-1", copy)
    try:
        for name, its in ((mine, image), (second, copy)):
            project.podman("run", "-d", "--name", name, its, "sleep", "600")
        assert list(project.status()) == ["web-1"]
        usage = json.loads(project.run("stats", "--format", "json").stdout)["containers"]
        assert [u["container"] for u in usage] == [f"{project.name}-web-1"]
        assert "nothing to do" in project.run("deploy", "--remove-orphans", "--dry-run").stdout
        events = project.run("events", "--since", "5m").stdout
        assert f"{project.name}-web-1  start" in events
        assert mine not in events
        assert second not in events
        project.run("stop")
        project.run("down")
        left = project.podman("ps", "--format", "{{.Names}}", "--filter", f"name={project.name}")
        assert sorted(left.split()) == [mine, second]
    finally:
        project.podman("rm", "-f", "-t", "0", mine, second)
        project.podman("rmi", "-f", image, copy)


def test_what_this_host_cannot_pause_is_reported_and_what_it_can_goes_on(
    project: Project,
) -> None:
    project.run("deploy")
    done = project.run("pause", "web-1", check=False)
    if done.returncode == 4:
        told = json.loads(project.run("doctor", "--format", "json").stdout)["checks"]
        (pause,) = [check for check in told if check["subject"] == "pause"]
        assert pause["state"] == "cannot"
        assert pause["sentence"] in done.stderr
        return
    assert done.returncode == 0
    assert states(project)["web-1"] == "paused"
    project.run("unpause")
    assert states(project)["web-1"] == "running"


def versions_of_an_app(project: Project, *versions: str) -> None:
    """Let the project build versions of its own image, each with a file that says which."""
    for version in versions:
        context = project.folder / version
        context.mkdir()
        (context / "version").write_text(version)
        (context / "Containerfile").write_text(
            f"FROM {project.image}\nCOPY version /site/\nWORKDIR /site\n"
        )
    project.image = "app"
    project.write("\n".join(f'[images.app.versions."{v}"]\ncontext = "../{v}"' for v in versions))
    project.run("build")


def test_a_rollback_goes_back_to_the_version_before(project: Project) -> None:
    versions_of_an_app(project, "1.0", "1.1")
    project.run("deploy", "--version", "1.0")
    project.run("deploy")
    assert fetch(f"http://127.0.0.1:{project.port}/version") == "1.1"
    project.run("scale", "web=2")
    project.run("rollback")
    assert fetch(f"http://127.0.0.1:{project.port + 1}/version") == "1.0"
    status = project.status()
    assert {c["version"] for c in status.values()} == {"1.0"}
    assert len(status) == 2
    project.run("rollback", "--version", "1.1")
    assert fetch(f"http://127.0.0.1:{project.port}/version") == "1.1"
    unknown = project.run("rollback", "--version", "9", check=False)
    assert unknown.returncode == 2


def test_a_rollback_knows_releases_and_refuses_what_is_none(project: Project) -> None:
    versions_of_an_app(project, "2.0", "2.1")
    project.run("release", "--version", "2.0")
    project.run("deploy")
    project.run("rollback")  # no container has run another version: the lock knows of one
    assert {c["version"] for c in project.status().values()} == {"2.0"}
    project.run("deploy")
    before = project.ids()
    project.podman("untag", "localhost/app:2.0")
    gone = project.run("rollback", check=False)
    assert gone.returncode == 1
    assert "the image localhost/app:2.0 does not exist" in gone.stderr
    assert "`capas build --version 2.0` builds it" in gone.stderr
    project.podman("tag", "localhost/app:2.1", "localhost/app:2.0")
    other = project.run("rollback", check=False)
    assert other.returncode == 3
    assert "is not what was released" in other.stderr
    assert project.ids() == before
    project.run("build")
    project.run("rollback")
    assert fetch(f"http://127.0.0.1:{project.port}/version") == "2.0"
