"""What each answer of the API must look like (libpod, swagger.yaml): all that we take from it.

Podman is another program, and what CONTAINER_HOST names is perhaps none at all: an answer of
another form is told as one, before a value of it goes anywhere.
"""

from __future__ import annotations

import re
from typing import Any

from pipeline.engine.json_input import InvalidJson, parse_json
from pipeline.engine.json_shape import ANY, Shape, fit, like, maybe, whole
from pipeline.errors import EngineError

_PORT = whole(0, 65535)
_LABELS = {str: str}
_PLACE = {"Mountpoint?": str, "Driver?": str}
_MARKS = {"NeedsChown?": bool, "NeedsCopyUp?": bool}
_BINDING = {"HostIp?": str, "HostPort": like("[0-9]{1,5}")}
_CONTAINER = {
    "Id": str,
    "PidFile?": str,
    "SizeRw?": int,
    "State": {
        "Status": str,
        "ExitCode?": int,
        "Pid?": int,
        "ConmonPid?": int,
        "OOMKilled?": bool,
    },
    "Config": {"StopTimeout": whole(0, 2**63 - 1)},
    "HostConfig?": {
        "Memory?": int,
        "CpuQuota?": int,
        "PidsLimit?": int,
        "RestartPolicy?": {"Name?": str},
    },
    "NetworkSettings?": {
        "Networks?": {str: {"IPAddress?": str}},
        "Ports?": {str: [_BINDING]},
    },
}
_LISTED = {
    "Id": str,
    "Names?": [str],
    "State": str,
    "Labels?": _LABELS,
    "ImageID?": str,
    "ExitCode?": int,
    "Pid?": int,
    "Created?": (str, int),
    "Command?": [str],
    "Ports?": [
        {
            "container_port": _PORT,
            "host_port": _PORT,
            "host_ip?": str,
            "protocol": str,
            # More ports than there are would be counted one by one.
            "range?": whole(0, 65535),
        }
    ],
}
_IMAGE = {
    "Id": str,
    "Labels?": _LABELS,
    "History?": [{"created_by?": str, "empty_layer?": bool}],
    "RootFS?": {"Layers?": [str]},
    "GraphDriver?": {"Name?": str, "Data?": {str: str}},
}
_NETWORK = {
    "name": str,
    "labels?": _LABELS,
    "network_interface?": str,
    "subnets?": [{"subnet?": str, "gateway?": str}],
}
_INFO = {
    "host": {"cgroupControllers?": [str], "networkBackend?": str, "hostname": str},
    "store": {"graphRoot": str, "graphDriverName": str},
}
_EVENT = {
    "message?": str,
    "Action?": str,
    "time?": whole(-(2**40), 2**40),
    "Actor?": maybe({"Attributes?": _LABELS}),
}

ANSWERS: tuple[tuple[str, str, Shape], ...] = (
    ("GET", r"/info", _INFO),
    (
        "GET",
        r"/images/json",
        [{"Id": str, "Names?": [str], "RepoTags?": [str], "Labels?": _LABELS}],
    ),
    ("GET", r"/images/.+/json", _IMAGE),
    ("GET", r"/containers/json", [_LISTED]),
    ("GET", r"/containers/[^/]+/json", _CONTAINER),
    ("GET", r"/containers/[^/]+/changes", [{"Path": str, "Kind": whole(0, 2)}]),
    ("GET", r"/containers/[^/]+/top", {"Titles?": [str], "Processes?": [[str]]}),
    (
        "GET",
        r"/volumes/json",
        [{"Name": str, **dict.fromkeys(("Labels?", "Options?"), _LABELS), **_PLACE, **_MARKS}],
    ),
    ("GET", r"/networks/json", [_NETWORK]),
    # Without labels it is a listing of Podman 4.3, and each secret is asked for by itself.
    ("GET", r"/secrets/json", [{"ID": str, "Spec": {"Name": str, "Labels?": maybe(_LABELS)}}]),
    ("GET", r"/secrets/[^/]+/json", {"ID": str, "Spec": {"Name": str, "Labels?": _LABELS}}),
    ("GET", r"/events", _EVENT),
    ("GET", r"/exec/[^/]+/json", {"ExitCode": int}),
    ("POST", r"/containers/[^/]+/exec", {"Id": str}),
    ("POST", r"/containers/create", {"Id": str, "Warnings?": [str]}),
    ("POST", r"/images/pull", {"error?": str, "stream?": str}),
)
"""Method, path below the libpod part of the API, and the shape of the answer."""


def checked(method: str, path: str, raw: bytes) -> Any:
    """The body of an answer, or one line of it, when it has the form that we know.

    Raises:
        EngineError: it is not JSON, or has another form.
    """
    try:
        return fit(parse_json(raw), shape_of(method, path))
    except ValueError as error:
        why = str(error) if isinstance(error, InvalidJson) else f"not JSON: {error}"
        raise EngineError(
            "Podman gave an answer that capas does not understand",
            details=f"{method.upper()} {path}: {why}",
            resolution="`capas doctor` examines the engine; is CONTAINER_HOST a Podman service?",
        ) from None


def shape_of(method: str, path: str) -> Shape:
    """The shape of an answer; anything where none is written down."""
    for verb, pattern, shape in ANSWERS:
        if verb == method.upper() and re.fullmatch(pattern, path):
            return shape
    return ANY
