"""Names on a private network are found while containers join and leave.

`CAPAS_NAME_UPDATES=10` goes through so many updates, and not two.
"""

from __future__ import annotations

import json
import os
import sys

import pytest

from tests.integration.deploy.conftest import Project

pytestmark = pytest.mark.integration

UPDATES = int(os.environ.get("CAPAS_NAME_UPDATES", "2"))
ASKS = """
import json, socket, time
begin = time.monotonic()
asked, failed, took, told = 0, [], [], begin
while True:
    now = time.monotonic()
    try:
        socket.getaddrinfo("db", 80, type=socket.SOCK_STREAM)
    except OSError as error:
        failed.append((round(now - begin, 1), str(error)))
    asked += 1
    took = sorted([*took, round(time.monotonic() - now, 2)])[-5:]
    if time.monotonic() - told > 0.5:
        told = time.monotonic()
        print(json.dumps({"asked": asked, "failed": failed, "slowest": took}), flush=True)
    time.sleep(max(0, 0.03 - (time.monotonic() - now)))
"""
STAYS = ["sleep", "900"]


def test_a_name_is_found_through_updates(project: Project) -> None:
    def deploy(number: int) -> None:
        others = "".join(
            f"[services.{name}]\nimage = {json.dumps(project.image)}\n"
            f"command = {json.dumps(command)}\nstop_grace_period = '0s'\n"
            for name, command in (("db", STAYS), ("client", ["python3", "-c", ASKS]))
        )
        project.write(others, command=STAYS, environment={"NUMBER": str(number)}, ports=None,
                      healthcheck=None, replicas=3, stop_grace_period="0s")  # fmt: skip
        project.run("deploy")

    deploy(0)
    for number in range(UPDATES):
        deploy(number + 1)
    said = project.podman("logs", f"{project.name}-client-1").splitlines()[-1]
    sys.stdout.write(f"{said}\n")  # the figures, for a long run with `-s`
    seen = json.loads(said)
    assert seen["asked"] > 20
    assert seen["failed"] == []
    # A resolver asks again after a second; without it a busy machine takes a moment.
    assert seen["slowest"][-1] < 3.0
