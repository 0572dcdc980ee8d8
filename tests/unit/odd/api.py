"""An API service whose answers are right, all but one."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Mapping
from typing import Any

from pipeline.deploy.apply.health import _is_over
from pipeline.deploy.model.desired import NOTHING_SPECIAL, desired_services
from pipeline.deploy.model.exit_status import describe_exit
from pipeline.deploy.observe.logs import lines_of
from pipeline.deploy.observe.snapshot import broken_labels, containers_of, events_of, observe
from pipeline.deploy.plan.deploy_plan import plan_deploy
from pipeline.deploy.plan.history import next_number, records_of, unproved
from pipeline.deploy.plan.ingress import workers
from pipeline.deploy.plan.lifecycle import plan_change
from pipeline.deploy.plan.limits import lost_limits
from pipeline.deploy.plan.removal import plan_down
from pipeline.deploy.show.events import event_line
from pipeline.engine import labels
from pipeline.engine.api_answers import ANSWERS
from pipeline.engine.podman_socket import ApiResponse
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.engine.remote_host import HERE
from pipeline.spec.model import Pipeline
from pipeline.volumes.observe import observe_volumes

ID = "a" * 64
OURS = {getattr(labels, name): "x" for name in dir(labels) if name.isupper() and name[0] != "_"} | {
    labels.PIPELINE: "pytweets",
    labels.SERVICE: "web",
    labels.REPLICA: "1",
    labels.CONFIG: "c1",
    labels.PARTS: "image=1,ports=2",
    labels.VERSION: "1.1",
    labels.PREVIOUS: "1.0",
    labels.COMPOSE_NUMBER: "1",
}
OURS.pop(labels.INGRESS)
OURS.pop(labels.FORMER_INGRESS)
OURS.pop(labels.NAMESPACE)
CONTAINER = {
    "Id": ID, "Names": ["pytweets-web-1"], "State": "running", "Labels": OURS, "ImageID": "b" * 64,
    "ExitCode": 0, "Pid": 1, "Created": "2026-01-01T00:00:00Z", "Command": ["x"],
    "Ports": [{"container_port": 5000, "host_port": 8080, "host_ip": "127.0.0.1",
               "protocol": "tcp", "range": 1}],
}  # fmt: skip
INSPECTED = {
    "Id": ID, "Name": "pytweets-web-1", "SizeRw": 5,
    "State": {"Status": "exited", "ExitCode": 137, "Pid": 1, "ConmonPid": 1, "OOMKilled": True},
    "Config": {"StopTimeout": 10, "Labels": OURS},
    "HostConfig": {"Memory": 5, "CpuQuota": 5, "PidsLimit": 5, "RestartPolicy": {"Name": "no"}},
    "NetworkSettings": {"Networks": {"n": {"IPAddress": "10.1.1.1"}},
                        "Ports": {"5000/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]}},
}  # fmt: skip
SAMPLES: Mapping[tuple[str, str], Any] = {
    ("GET", r"/info"): {
        "host": {"cgroupControllers": ["memory"], "networkBackend": "netavark", "hostname": "h"},
        "store": {"graphRoot": "/s", "graphDriverName": "overlay"},
    },
    ("GET", r"/images/json"): [{"Id": ID, "Names": ["a:1"], "Labels": {labels.CONFIG: "c9"}}],
    ("GET", r"/images/.+/json"): {
        "Id": ID, "Labels": {"io.containers.capabilities": "CHOWN,KILL"},
        "History": [{"created_by": "RUN x"}], "RootFS": {"Layers": ["sha256:1"]},
        "GraphDriver": {"Name": "overlay", "Data": {"UpperDir": "/x"}},
    },
    ("GET", r"/containers/json"): [
        CONTAINER,
        {**CONTAINER, "Id": "f" * 64, "Names": ["other"], "Labels": None},
        {"Id": "e" * 64, "Names": ["half"], "State": "storage", "Command": ["buildah"]},
    ],
    ("GET", r"/containers/[^/]+/json"): INSPECTED,
    ("GET", r"/containers/[^/]+/changes"): [{"Path": "/x", "Kind": 1}],
    ("GET", r"/containers/[^/]+/top"): {
        "Titles": ["PID", "PPID", "COMMAND"], "Processes": [["1", "0", "haproxy"]],
    },
    ("GET", r"/volumes/json"): [
        {"Name": "pytweets_tweets", "Labels": {labels.PIPELINE: "pytweets"}, "Driver": "local",
         "Mountpoint": "/nowhere/_data", "Options": {}},
    ],
    ("GET", r"/networks/json"): [
        {"name": "podman", "labels": {labels.PIPELINE: "pytweets"},
         "network_interface": "podman0",
         "subnets": [{"subnet": "10.88.0.0/16", "gateway": "10.88.0.1"}]},
    ],
    ("GET", r"/secrets/json"): [
        {"ID": "1", "Spec": {"Name": "s", "Labels": None}},
        {"ID": "2", "Spec": {"Name": "pytweets.deploy-1", "Labels": {
            labels.PIPELINE: "pytweets", labels.DEPLOY: "1", labels.REPLACED: "0",
            labels.SERVICES: '{"web":["1.1","c1",2]}', labels.BACK_TO: "0",
        }}},
    ],
    ("GET", r"/secrets/[^/]+/json"): {
        "ID": "1", "Spec": {"Name": "s", "Labels": {labels.FINGERPRINT: "f"}},
    },
    ("GET", r"/events"): {
        "Action": "died", "time": 1_700_000_000,
        "Actor": {"Attributes": {"name": "web", "containerExitCode": "1", **OURS}},
    },
    ("GET", r"/exec/[^/]+/json"): {"ExitCode": 0},
    ("POST", r"/containers/[^/]+/exec"): {"Id": "s"},
    ("POST", r"/containers/create"): {"Id": ID, "Warnings": None},
    ("POST", r"/images/pull"): {"stream": "got it"},
}  # fmt: skip
"""A right answer for each that is in `ANSWERS`."""
RAW = ("archive", "logs", "start", "error")
"""Answers that are no JSON of a known form."""


def raw_sample(kind: str) -> bytes:
    """A right one of those."""
    if kind == "archive":
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as tar:
            info = tarfile.TarInfo("capas.confirmed")
            info.size = 3
            tar.addfile(info, io.BytesIO(b"abc"))
        return stream.getvalue()
    if kind == "error":
        return json.dumps({"message": "no such container", "response": 500}).encode()
    return b"\x01\0\0\0\0\0\0\x05hello\x02\0\0\0\0\0\0\x03no\n"


class Service(PodmanWriter):
    """A service that gives these answers, and never talks to anybody."""

    def __init__(self, odd: Mapping[tuple[str, str], bytes]) -> None:
        self._odd = odd
        self.machine = HERE

    def sees_processes(self) -> bool:
        """Its processes are nobody's."""
        return False

    def close(self) -> None:
        """Nothing is open."""

    def _call(
        self, method: str, path: str, *, missing_ok: bool = False, **_options: Any
    ) -> ApiResponse:
        status, body = 200, self._body(method.upper(), path)
        answer = ApiResponse(status, iter([body]), {"libpod-api-version": "4.3.1"})
        if ("", "error") in self._odd and path.endswith("/stop"):
            from pipeline.engine.podman import _reason
            from pipeline.errors import EngineError

            why = _reason(ApiResponse(500, iter([self._odd["", "error"]]), {}))
            raise EngineError("Podman refused a request", details=why, resolution="-")
        return answer

    def _body(self, method: str, path: str) -> bytes:
        kind = path.rpartition("/")[2]
        if kind in RAW:
            return self._odd.get(("", kind), raw_sample(kind))
        for verb, pattern, _shape in ANSWERS:
            if verb == method and re.fullmatch(pattern, path):
                key = (verb, pattern)
                return self._odd.get(key, json.dumps(SAMPLES[key]).encode())
        return b""


def use(service: Service, pipeline: Pipeline) -> None:
    """All that is asked of a service, and what is done with the answers."""
    observed = observe(service, "pytweets", ["localhost/pytweets:1.2", "localhost/proxy:1"])
    for container in containers_of(service, "pytweets"):
        assert container.number >= 0
        plan_change(pipeline, "stop", [container])
        [binding.url_at("127.0.0.1") for binding in container.bindings]
    broken_labels(service, "pytweets")
    records = records_of("pytweets", observed.secrets)
    next_number(records, observed.containers)
    [record.labels("pytweets") for record in records]
    unproved("pytweets", observed)
    plan_deploy(pipeline, desired_services(pipeline, NOTHING_SPECIAL), observed)
    plan_down(pipeline, observed)
    for event in events_of(service, "pytweets"):
        event_line(event)
    found = service.container("web")
    assert found is not None
    describe_exit(found)
    lost_limits({"memory": {"limit": 5}}, found)
    _is_over(found)
    found.published_at(5000)
    observe_volumes(service, pipeline, {"PATH": "/nowhere"})
    service.info()
    service.container_size("web")
    service.changes("web")
    workers(service.processes("web"))
    service.host_processes("web")
    service.create_container({})
    list(service.pull_image("a"))
    service.execute("web", ["true"])
    list(service.execute_lines("web", ["true"]))
    for timestamps in (False, True):
        list(lines_of("web", service.logs("web"), timestamps=timestamps))
    service.file_text("web", "/x")
    service.stop_container("web")
