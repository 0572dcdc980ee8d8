"""What the random projects are made of, and how Podman alone is asked about each value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

PORTS = 32400
"""The first of 400 ports of the host."""
Ask = Callable[[Any], Sequence[str]]


def _run(name: str, *more: str) -> Ask:
    return lambda value: ("run", "--rm", "--network=none", *more, f"--{name}={value}")


def _create(name: str, *more: str) -> Ask:
    return lambda value: ("create", *more, f"--{name}={value}")


def _variable(value: str) -> Sequence[str]:
    return _run("env")(f"{value}=x")


SERVICE: Mapping[str, tuple[Sequence[Any], Ask | None]] = {
    "user": (
        ["0", "33", "33:33", "www-data", "www-data:33", "1000", "nobody:nogroup", 33, "5:0", "007"],
        _run("user"),
    ),
    "stop_signal": (
        ["SIGTERM", "INT", "9", "RTMIN+3", "SIGUSR1", "64"],
        _create("stop-signal"),
    ),
    "cap_add[]": (
        ["NET_BIND_SERVICE", "CAP_CHOWN", "kill", "ALL", "SETUID"],
        _run("cap-add", "--cap-drop=all"),
    ),
    "ports[]": (
        ["PORT:5000", "127.0.0.1:PORT:5000/tcp", "5000", "PORT:5000/udp", "0.0.0.0:PORT:80"],
        lambda value: ("run", "--rm", f"--publish={value}"),
    ),
    "volumes[]": (
        [
            *("data:/data", "data:/data:ro", "./dir:/srv", "./dir:/srv:ro", "./dir/file:/srv/new"),
            *("data:/proc", "data:/", "data:/dev", "data:/sys", "data:/etc", "data:/data:rw"),
            *("data:/run", "data:/a/../b", "data:/tmp/", "data:/usr/lib", "./dir:/etc"),
        ],
        _run("volume"),
    ),
    "environment{}": (["A", "A_B", "A.B", "a-b", "_"], _variable),
    "environment.A": (
        ["x", "", "a b", "a\nb", "=", "ü", "'\"", "\\"],
        lambda value: _run("env")(f"A={value}"),
    ),
    "labels{}": (["a", "a.b/c", "A"], lambda value: _create("label")(f"{value}=x")),
    "labels.a": (["x", "", "a b", "a\nb"], lambda value: _create("label")(f"a={value}")),
    "restart": (["no", "on-failure", "always", "unless-stopped"], _create("restart")),
    "stop_grace_period": (["0s", "500ms", "1m30s", "1h", "99h", "1.5s"], None),
    "replicas": ([0, 1, 2, 3], None),
    "command": (["sleep 1000", "sleep '1000'", "sh -c 'sleep 1000'", "sleep 1000 #"], None),
    "healthcheck.test": (["true", "test -e /etc", "true | true"], None),
    "resources": (
        [
            {"memory": "64m", "optional": True},
            {"memory": "1k", "optional": True},
            {"memory": 0, "optional": True},
            {"pids": 50, "optional": True},
            {"cpus": 0.01, "optional": True},
            {"cpus": 4096, "optional": True},
        ],
        None,
    ),
    "secrets[]": (
        [
            "tok",
            {"source": "tok", "target": "/run/x"},
            {"source": "tok", "target": "x/y"},
            {"source": "tok", "target": "../x"},
            {"source": "tok", "type": "env", "target": "A", "visible": True},
            {"source": "tok", "type": "env", "target": "A-B", "visible": True},
        ],
        None,
    ),
    "depends_on": (
        [
            ["db"],
            {"db": {"condition": "service_started"}},
            {"db": {"condition": "service_healthy"}},
            {"db": {"condition": "service_completed_successfully"}},
        ],
        None,
    ),
}
"""Keys of a service: `[]` is an item of a list, `{}` a key of a table."""

PROJECT: Mapping[str, tuple[Sequence[str], Ask | None]] = {
    "version": (["1.0", "latest", "v1_2-rc", "0"], None),
    "image": (["img", "my/img", "a-b", "a__b"], None),
    "service": (["web", "We.b", "a_b", "x" * 60], lambda value: ("create", f"--name=n-{value}")),
    "target": (["first", "Second", "FIRST", "0", "1", "2"], None),
    "arg": (["A", "a", "A_B", "A.B"], None),
    "volumes.name": (["agree-data", "Agree.data", "a_b"], lambda v: ("volume", "create", v)),
    "networks.name": (["agree-net", "Agree.net", "a_b"], lambda v: ("network", "create", v)),
}

LINES = [
    *("ENV A=b", "ENV A b", 'ENV A="b c" D=e', "LABEL a=b", 'LABEL "a b"=c', "EXPOSE 80"),
    *("EXPOSE 80/udp 90", "EXPOSE 80-82", "USER 33", "USER www-data", "WORKDIR /x", "WORKDIR x"),
    *(
        "STOPSIGNAL TERM",
        "STOPSIGNAL 9",
        'VOLUME ["/v"]',
        "VOLUME /v /w",
        'SHELL ["/bin/sh", "-c"]',
    ),
    *(
        'CMD ["true"]',
        "CMD true",
        'ENTRYPOINT ["env"]',
        "COPY a /x",
        "COPY a b.py /x/",
        "COPY . /x",
    ),
    *("COPY dir /x", "COPY dir/* /x/", "COPY --chown=33:33 a /x", "COPY --chmod=0644 a /x"),
    *("COPY --from=first /first /x", "ADD a /x", 'COPY ["a", "/x y"]', "COPY a /x/", "ARG A=b"),
    *(
        "RUN true",
        'RUN ["true"]',
        "RUN true && \\\n  true",
        "RUN --mount=type=tmpfs,target=/t true",
    ),
    *("RUN --mount=type=bind,source=dir,target=/t ls /t", "HEALTHCHECK CMD true"),
    *("HEALTHCHECK --interval=5s --retries=3 CMD true", "HEALTHCHECK NONE", "ONBUILD RUN true"),
    *("RUN --network=none true", "RUN --mount=type=cache,target=/c true", "MAINTAINER me"),
    *("ENV A=$HOME", "ENV A=${B:-c}", "LABEL a='b'", "COPY --from=0 /first /x", "# a comment"),
]
USUAL = ["ENV U=v", "COPY b.py /usual/", "RUN true", "LABEL u=v", "WORKDIR /usual", "ARG U=w"]

BESIDE: Sequence[tuple[str, Any]] = (
    ("environment", {"B": "c"}),
    ("labels", {"b": "c"}),
    ("volumes", ["data:/beside"]),
    ("restart", "on-failure"),
    ("read_only", True),
    ("replicas", 2),
    ("user", "33"),
    ("healthcheck", {"test": "true"}),
)
"""What is right, beside the odd value."""
