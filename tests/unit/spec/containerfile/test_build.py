from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.spec.containerfile import parse
from pipeline.spec.containerfile.build import Build, Inheritance, absolute
from pipeline.spec.containerfile.steps import ImageState, StageBuild


def stages(text: str, build: Build | None = None) -> tuple[StageBuild, ...]:
    return (build or Build()).stages(parse(text, Path("Containerfile")))


def test_arguments_above_from_reach_from_and_only_where_declared_again() -> None:
    first, second = stages(
        "ARG V=1 W=x\nARG U=$V-$W\nFROM base:$U AS one\nENV A=$V\nARG V\nENV B=$V\nFROM one\n",
        Build(args={"W": "y"}),
    )
    assert first.base == "base:1-y"
    assert first.after.environment == {"A": "", "B": "1"}
    assert [(w.text, name) for w, name in first.steps[0].missing] == [("$V", "V")]
    assert second.base_stage == 0
    assert second.before == first.after


def test_given_arguments_win_over_defaults_and_the_environment_over_both() -> None:
    (stage,) = stages(
        "FROM scratch\nARG A=1\nARG B=$A\nENV A=3\nENV C=$A D=$B\nARG A=4\nENV E=$A\n",
        Build(args={"A": "2"}),
    )
    assert stage.after.environment == {"A": "3", "C": "3", "D": "2", "E": "3"}


INHERITED = """\
ARG H=head
FROM scratch AS a
ARG A=1 B=$A
ARG H
ARG E
ENV A=env
FROM a AS b
ARG C=$A
ARG D="$B"
FROM b
ENV SEEN=$A-$B-$C-$D-$E-$H
ARG A
FROM $H
"""
"""What Buildah 1.39.3, 1.43.2 and 1.45.0 write for it was seen; 1.41 as its source says."""


@pytest.mark.parametrize(
    ("inherits", "args", "seen", "known"),
    [
        ("no", {}, "env-----", {}),
        ("as written", {}, 'env-$A-$A-"$B"--head', {"A": "1", "B": "$A", "C": "$A"}),
        ("replaced", {}, "env-1----head", {"A": "1", "B": "1", "C": "", "D": "", "H": "head"}),
        ("replaced", {"A": "u", "E": "e"}, "env-1---e-head", {"A": "u", "B": "1", "E": "e"}),
    ],
)
def test_arguments_of_the_stage_below_are_known_since_buildah_1_41(
    inherits: Inheritance, args: dict[str, str], seen: str, known: dict[str, str]
) -> None:
    *_, last, other = stages(INHERITED, Build(args=args, inherits=inherits))
    assert last.after.environment["SEEN"] == seen
    assert dict(last.args[: last.inherited]).items() >= known.items()
    assert not other.inherited


def test_platform_arguments_have_a_value_of_their_own() -> None:
    (stage,) = stages("FROM scratch\nARG TARGETOS\nENV A=$TARGETOS\n")
    assert stage.after.environment == {"A": "linux"}


def test_run_and_cmd_keep_their_variables_for_the_shell() -> None:
    (stage,) = stages("FROM scratch\nENV A=1\nRUN echo $A\nCMD echo $A\n")
    assert [s.arguments for s in stage.steps[1:]] == [("echo $A",), ("echo $A",)]


def test_without_a_described_base_a_missing_value_is_not_certain() -> None:
    (known,) = stages("FROM scratch\nCOPY $X /x\n")
    (unknown,) = stages("FROM elsewhere:1\nCOPY $X /x\nCOPY a /x\n")
    assert known.steps[0].certain
    assert [step.certain for step in unknown.steps] == [False, True]


@pytest.mark.parametrize(
    ("destination", "workdir", "path"),
    [
        (".", "/app", "/app/"),
        ("x", "/app", "/app/x"),
        ("x/", "/", "/x/"),
        ("/x/.", "/", "/x/"),
        ("../x", "/app", "/x"),
        ("/", "/app", "/"),
    ],
)
def test_destinations_are_absolute(destination: str, workdir: str, path: str) -> None:
    assert absolute(destination, workdir) == path


def test_folders_that_are_there_for_certain(tmp_path: Path) -> None:
    (tmp_path / "src" / "deep").mkdir(parents=True)
    (tmp_path / "one").write_text("")
    text = (
        "FROM scratch\n"
        "COPY one /a\n"
        "COPY one /b/\n"
        "COPY src /c\n"
        "RUN mkdir -p /d/e && mkdir '/f' $X/g\n"
        "WORKDIR h\n"
        "COPY one /d/e\n"
        "RUN useradd -d /j\n"
        "COPY one /j\n"
    )
    (stage,) = stages(text, Build(context=tmp_path))
    assert {"/", "/b", "/c", "/c/deep", "/d", "/d/e", "/f", "/h"} == stage.after.folders
    goals = [step.destination for step in stage.steps if step.destination]
    assert [(g.path, g.is_folder, g.there, g.maybe) for g in goals] == [
        ("/a", False, False, False),
        ("/b/", True, False, False),
        ("/c", True, False, False),
        ("/d/e", True, True, True),
        ("/j", False, False, True),
    ]


def test_a_described_base_hands_on_what_it_has() -> None:
    base = ImageState(
        described=True,
        environment={"HOME": "/home/me"},
        workdir="/app",
        user="me",
        exposed=frozenset({"80/tcp"}),
        folders=frozenset({"/", "/app"}),
        onbuild=("COPY . /app",),
    )
    (stage,) = stages("FROM mine:1\nWORKDIR $HOME\n", Build(base={"mine:1": base}.get))
    inherited, workdir = stage.steps
    assert (inherited.keyword, inherited.inherited, inherited.workdir) == ("COPY", True, "/app")
    assert inherited.destination is not None
    assert inherited.destination.there
    assert (workdir.certain, stage.after.workdir, stage.after.user) == (True, "/home/me", "me")
    assert stage.after.exposed == {"80/tcp"}
    assert stage.after.onbuild == ()


def test_an_oci_image_keeps_no_onbuild() -> None:
    first, second = stages("FROM scratch AS a\nONBUILD RUN echo\nFROM a\nRUN true\n")
    assert first.after.onbuild == ()
    assert [step.keyword for step in second.steps] == ["RUN"]


def test_sources_of_a_copy(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    text = "FROM scratch AS s\nARG N=a\nCOPY $N gone /x/\nCOPY --from=s a /x\nADD http://e/f /x/\n"
    (stage,) = stages(text, Build(context=tmp_path))
    assert [[(s.written, s.problem) for s in step.sources] for step in stage.steps] == [
        [],
        [("a", None), ("gone", "missing")],
        [],
        [("http://e/f", None)],
    ]
