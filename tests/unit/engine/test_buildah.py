"""What Buildah is told, argument by argument."""

from __future__ import annotations

from pathlib import Path

from pipeline.engine import buildah


def test_a_build_names_every_input_in_a_stable_order() -> None:
    argv = buildah.build_argv(
        context=Path("/app"),
        containerfile=Path("/app/Containerfile"),
        tags=("localhost/web:1.0",),
        args={"B": "2", "A": "1"},
        labels={"x": "y"},
        timestamp=0,
        target="run",
        ignorefile=Path("/app/.containerignore"),
        iidfile=Path("/tmp/iid"),
    )
    assert argv == [
        "buildah",
        "build",
        "--layers",
        "--pull=missing",
        "--file=/app/Containerfile",
        "--identity-label=false",
        "--tag=localhost/web:1.0",
        "--build-arg=A=1",
        "--build-arg=B=2",
        "--label=x=y",
        "--timestamp=0",
        "--target=run",
        "--ignorefile=/app/.containerignore",
        "--iidfile=/tmp/iid",
        "/app",
    ]


def test_a_build_collects_its_garbage_less_often_unless_the_user_says_how_often() -> None:
    temporary = Path("/var/tmp/mine")
    given = buildah.build_environment({"HOME": "/h", "TMPDIR": "/tmp"}, temporary)
    assert given == {"HOME": "/h", "GOGC": "400", "TMPDIR": "/var/tmp/mine"}
    assert buildah.build_environment({"GOGC": "50"}, temporary)["GOGC"] == "50"
