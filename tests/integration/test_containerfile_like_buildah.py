"""What we call an error is what a real Buildah refuses, and what we call harmless it builds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.engine import command
from pipeline.host.buildah_generation import generation_here
from pipeline.spec.containerfile import parse
from pipeline.spec.containerfile.build import Build
from pipeline.spec.ignorefile import load_ignore_rules
from pipeline.spec.lint import lint_containerfile

pytestmark = pytest.mark.integration

REFUSED = [
    "COPI a b\n",
    "COPY a\n",
    "COPY gone /x/\n",
    "COPY ../gone /x/\n",
    "COPY *.none /x/\n",
    "COPY --chmod=rwx a /x/\n",
    "COPY --form=x a /x/\n",
    "COPY --from=nobody/here:1 /a /x/\n",
    "COPY --from=2 /a /x/\nFROM 1 AS later\n",
    'COPY ["a", 1]\n',
    "COPY https://localhost:1/x /x/\n",
    "ENV A\n",
    "ENV A=b c\n",
    "ENV A='b\n",
    "ENV A=${B\n",
    "ENV A=${B:=c}\n",
    "SHELL sh\n",
    "STOPSIGNAL NOTHING\n",
    "RUN --mount=tye=tmpfs,target=/t true\n",
    "RUN --mount=type=tmp,target=/t true\n",
    "RUN --mount=type=tmpfs,source=a,target=/t true\n",
    "RUN --mount=type=tmpfs true\n",
    "RUN --mount=type=cache,target= true\n",
    "RUN --mount=type=secret,id=a,ro true\n",
    "HEALTHCHECK --interval=5 CMD x\n",
    "HEALTHCHECK CMD\n",
    "HEALTHCHECK please\n",
    "ONBUILD FROM x\n",
    "ONBUILD ONBUILD ENV A=b\n",
    "USER\n",
    "EXPOSE\n",
    'VOLUME [""]\n',
    "FROM scratch x\n",
    "FROM UPPER:1\n",
    "FROM localhost/a:1:2\n",
    "# escape=x\n",
]
BUILT = [
    'COPY *.none a /x/\nCOPY ["a", "/y/"]\nCOPY a \\\n\n# c\n  /z/\n',
    "COPY --chown=1:2 --chmod=0640 a /x/\nADD a /y/\n",
    "COPY --from=0 a /x/\n",
    "ENV A=b\\ c D='e f' G=\"$A\" H=${N:-x} I=$N\nENV old way\n",
    'ARG A=1\nLABEL a=$A "b c"="d"\nEXPOSE $A 80/udp\nUSER $A\nVOLUME /v [x\n',
    "HEALTHCHECK --interval=1m30s --retries=2 CMD x\nHEALTHCHECK NONE\nSTOPSIGNAL RTMIN+3\n",
    'CMD []\nENTRYPOINT\nCMD [\'a\']\nSHELL ["/bin/sh", "-c"]\n',
    "ONBUILD COPY . /x\nONBUILD RUN x\n",
    "COPY ../a ../../b.py /x/\n",
    "MAINTAINER me\nWORKDIR a\nWORKDIR ../b\n",
]


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    for name in ("a", "b.py", "c.py"):
        (folder / name).write_text(name)
    return folder


def build(
    text: str, context: Path, environment: Mapping[str, str], *options: str
) -> command.Completed:
    containerfile = context.parent / "Containerfile"
    containerfile.write_text(text)
    return command.run(
        [
            "buildah",
            "build",
            "--quiet",
            "--pull=never",
            f"--file={containerfile}",
            *options,
            str(context),
        ],
        environment=environment,
        check=False,
    )


def errors(text: str, context: Path) -> list[str]:
    rules = load_ignore_rules(context, context.parent / "Containerfile")
    found = lint_containerfile(parse(text, Path("Containerfile")), Build(context, rules))
    return [str(finding) for finding in found if finding.severity == "error"]


def whole(body: str) -> str:
    if body.startswith("#"):
        return f"{body}FROM scratch\nCOPY a /\n"
    first = "" if body.startswith("FROM") else "FROM scratch AS one\nCOPY a /\nFROM scratch\n"
    return first + body


@pytest.mark.parametrize("body", REFUSED)
def test_refused(body: str, context: Path, environment: Mapping[str, str]) -> None:
    # What names an image that is nowhere is refused for that, and not called an error by us.
    assert errors(whole(body), context) or "nobody/here" in body
    assert build(whole(body), context, environment).returncode != 0


@pytest.mark.parametrize("body", BUILT)
def test_built(body: str, context: Path, environment: Mapping[str, str]) -> None:
    assert errors(whole(body), context) == []
    done = build(whole(body), context, environment)
    assert done.returncode == 0, done.stderr


def test_the_values_are_buildahs(context: Path, environment: Mapping[str, str]) -> None:
    text = (
        "ARG V=1\nARG W=$V-x\nFROM scratch\nARG V\nARG W=w\nARG Q\n"
        "ENV A=\"b $V\" D='$V' E=e\\ f\nENV G=${A:+$E}${N:-n}${Q:-q} H=$W\n"
        "WORKDIR /a/../w\nWORKDIR $V\nUSER u$V\nEXPOSE 80 ${V}00-102/udp\n"
        'LABEL l="$G" \nCMD echo $A\nCOPY a .\n'
    )
    options = ["--build-arg=V=2", "--iidfile", str(context.parent / "id")]
    done = build(text, context, environment, *options)
    assert done.returncode == 0, done.stderr
    image = (context.parent / "id").read_text()
    shown = command.run(["buildah", "inspect", "--type=image", image], environment=environment)
    config = json.loads(shown.stdout)["OCIv1"]["config"]

    (stage,) = Build(context, args={"V": "2"}).stages(parse(text, Path("Containerfile")))
    env = dict(item.split("=", 1) for item in config["Env"])
    assert {name: env[name] for name in stage.after.environment} == stage.after.environment
    assert config["WorkingDir"] == stage.after.workdir
    assert config["User"] == stage.after.user
    assert set(config["ExposedPorts"]) == stage.after.exposed
    label = next(step for step in stage.steps if step.keyword == "LABEL")
    assert config["Labels"]["l"] == label.arguments[1]


def test_a_destination_without_a_slash(context: Path, environment: Mapping[str, str]) -> None:
    """The trap of CAP221: one file instead of a folder, and the next COPY takes its place."""
    text = "FROM scratch\nCOPY a /app\nCOPY b.py /app\nCOPY *.py /all\nCOPY *.py /more/\n"
    out = context.parent / "out"
    done = build(text, context, environment, f"--output=type=local,dest={out}")
    assert done.returncode == 0, done.stderr
    assert (out / "app").read_text() == "b.py"
    assert (out / "all").read_text() == "c.py"
    assert sorted(path.name for path in (out / "more").iterdir()) == ["b.py", "c.py"]
    found = lint_containerfile(parse(text, Path("Containerfile")), Build(context))
    assert [(f.line, f.rule) for f in found] == [(2, "CAP221"), (3, "CAP221"), (4, "CAP221")]


def test_what_run_writes_into_a_volume_is_lost_before_1_37(
    context: Path, environment: Mapping[str, str], small_base: str
) -> None:
    """The loss of CAP227, and that COPY is not concerned."""
    text = f"FROM {small_base}\nVOLUME /data\nRUN touch /data/run\nCOPY a /data/\n"
    out = context.parent / "out.tar"
    done = build(text, context, environment, "--layers=false", f"--output=type=tar,dest={out}")
    assert done.returncode == 0, done.stderr
    names = command.run(["tar", "tf", str(out), "data"]).stdout.split()
    kept = ["data/run"] if generation_here(environment).volumes else []
    assert sorted(name.rstrip("/") for name in names) == ["data", "data/a", *kept]
    found = lint_containerfile(parse(text, Path("Containerfile")), Build(context))
    assert [(f.line, f.rule) for f in found] == [(3, "CAP227")]
