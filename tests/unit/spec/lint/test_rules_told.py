"""Each rule with what it finds and, as important, what it leaves alone."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from pipeline.spec.containerfile import parse
from pipeline.spec.containerfile.build import Build
from pipeline.spec.containerfile.steps import ImageState
from pipeline.spec.ignorefile import load_ignore_rules
from pipeline.spec.lint import Published, lint_containerfile

BASE = "FROM debian:12\n"


@pytest.fixture
def context(tmp_path: Path) -> Path:
    for path in ("main.py", "requirements.txt", "run", "src/a.py", "src/b.py", "start.sh"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("x")
    with tarfile.open(tmp_path / "all.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("x"), io.BytesIO())
    return tmp_path


def told(text: str, context: Path, **options: object) -> list[str]:
    build = Build(context=context, ignore=load_ignore_rules(context, context / "Containerfile"))
    found = lint_containerfile(parse(text, Path("Containerfile")), build, **options)  # type: ignore[arg-type]
    return [f"{f.line}:{f.column} {f.rule}" for f in found]


@pytest.mark.parametrize(
    ("body", "findings"),
    [
        # CAP202
        ("COPI a b\n", ["2:1 CAP202"]),
        ("RUN a\n  && b\n", ["3:3 CAP202"]),
        ("ONBUILD COPI a\n", ["2:1 CAP238", "2:9 CAP202"]),
        # CAP204
        ("COPY main.py\n", ["2:1 CAP204"]),
        ("COPY --chmod=rwx main.py /x/\n", ["2:1 CAP204"]),
        ("COPY --chmod=0644 --chown=1:1 main.py /x/\n", []),
        ("COPY --form=a main.py /x/\n", ["2:6 CAP204"]),
        ("COPY --from main.py /x/\n", ["2:6 CAP204"]),
        ("COPY https://e.org/f /x/\n", ["2:1 CAP204"]),
        ("ARG\n", ["2:1 CAP204"]),
        ("RUN\n", ["2:1 CAP204"]),
        ("SHELL bash\n", ["2:1 CAP204", "2:1 CAP238"]),
        ('SHELL ["bash", "-c"]\n', ["2:1 CAP238"]),
        ("WORKDIR '/a\n", ["2:9 CAP204"]),
        ("STOPSIGNAL SIGNOTHING\n", ["2:1 CAP204"]),
        ("STOPSIGNAL SIGRTMIN+3\nSTOPSIGNAL 9\nSTOPSIGNAL term\n", []),
        ("HEALTHCHECK curl x\n", ["2:1 CAP204", "2:1 CAP238"]),
        ("HEALTHCHECK --interval=5 CMD x\n", ["2:1 CAP204", "2:1 CAP238"]),
        ("HEALTHCHECK --interval=0s CMD x\n", ["2:1 CAP204", "2:1 CAP238"]),
        ("HEALTHCHECK --interval=1m30s --retries=3 CMD x\n", ["2:1 CAP238"]),
        ("HEALTHCHECK NONE\n", []),
        ("ONBUILD ONBUILD RUN x\n", ["2:1 CAP238", "2:9 CAP204"]),
        ("ONBUILD\n", ["2:1 CAP204", "2:1 CAP238"]),
        ("ENV =x\n", ["2:1 CAP204"]),
        ("ENV A= B=\n", []),
        ("EXPOSE 8080 53/udp 8000-8010/tcp\n", []),
        ("EXPOSE 99999\n", ["2:1 CAP204"]),
        ("CMD C:\\\\\n", ["2:1 CAP204", "2:1 CAP228"]),
        ("CMD C:\\\n", ["2:1 CAP228"]),
        ("EXPOSE 0\n", ["2:1 CAP204"]),
        ("EXPOSE 9-8\n", ["2:1 CAP204"]),
        ("EXPOSE http\n", ["2:1 CAP204"]),
        # CAP238
        ("ONBUILD RUN a\nONBUILD RUN b\n", ["2:1 CAP238"]),
        # CAP205
        ("COPY --link main.py /x/\n", ["2:6 CAP205"]),
        ("RUN --network=none x\n", ["2:5 CAP205"]),
        ("ARG A=b\nENV C=${A#x}\n", ["3:7 CAP205"]),
        # CAP207, 208, 211
        ("COPY main.pi /x/\n", ["2:6 CAP207"]),
        ("COPY *.txt *.none /x/\n", ["2:12 CAP211"]),
        ("COPY *.none /x/\n", ["2:6 CAP207"]),
        ("COPY ../other.py /x/\n", ["2:6 CAP208"]),
        ("COPY ../main.py /x/\n", ["2:6 CAP212"]),
        ("COPY --from=other:1 /gone /x/\n", []),
        ("COPY $UNKNOWN /x/\n", []),
        # CAP209
        ("COPY --from=0 /a /b/\n", ["2:6 CAP209"]),
        ("COPY --from=later /a /b/\nFROM debian:12 AS later\n", ["2:6 CAP209"]),
        ("FROM debian:12 AS Build\nFROM debian:12\nCOPY --from=build /a /b/\n", ["4:6 CAP209"]),
        ("FROM debian:12 AS Build\nFROM build\n", ["3:6 CAP209", "3:6 CAP222"]),
        ("FROM debian:12 AS b\nFROM debian:12\nRUN --mount=from=B,target=/x a\n", ["4:5 CAP209"]),
        # CAP239
        ("FROM debian:12 AS build\nFROM debian:12\nCOPY --from=buidl /a /b/\n", ["4:6 CAP239"]),
        ("FROM debian:12 AS redis-build\nFROM debian:12\nCOPY --from=redis:7 /a /b/\n", []),
        # CAP210
        ("ARG A\nENV B=$A\n", ["3:7 CAP210"]),
        ("ARG A\nENV B=${A:-x}\n", []),
        ("ENV B=$PATH\n", []),
        ("ARG A=1\nFROM 0\nENV B=$A\n", ["4:7 CAP210"]),
        ("ARG A=1\nFROM 0\nENV B=${A:-2}\nARG A\nENV C=$A\nARG A=2\nENV D=$A\n", ["6:7 CAP210"]),
        ("ARG A=1\nENV A=2\nFROM 0\nENV B=$A\n", []),
        # CAP220
        ("COPY . /app/\nRUN pip install -r /app/requirements.txt\n", ["2:1 CAP220"]),
        ("COPY . /app/\nRUN apt-get update && apt-get install -y git\n", ["2:1 CAP220"]),
        ("COPY requirements.txt /app/\nRUN pip install -r x\nCOPY . /app/\n", []),
        ("COPY . /app/\nRUN pip install .\n", []),
        ("COPY . /app/\nRUN pip install -e .[test]\n", []),
        # CAP221
        ("COPY main.py /app\n", ["2:14 CAP221"]),
        ("COPY main.py /app/\n", []),
        ("COPY src /app\n", []),
        ("COPY main.py src /app\n", []),
        ("WORKDIR /app\nCOPY main.py /app\n", []),
        ("RUN mkdir /app\nCOPY main.py /app\n", []),
        ("RUN useradd -m -d /app x\nCOPY main.py /app\n", []),
        ("COPY src /app\nCOPY main.py /app\n", []),
        ("COPY main.py /etc\n", []),
        ("COPY run /usr/local/bin/run\n", []),
        ("COPY start.sh /entry\n", []),
        ('COPY start.sh /entry\nENTRYPOINT ["/entry"]\n', []),
        ('COPY main.py /thing\nCMD ["python", "/thing/main.py"]\n', ["2:14 CAP221"]),
        ("COPY main.py /thing\nCOPY run /thing\n", ["2:14 CAP221"]),
        ("COPY src/*.py /x\n", ["2:15 CAP221"]),
        ("COPY src/a*.py /x.py\n", []),
        # CAP223
        ("ADD main.py /x/\n", ["2:1 CAP223"]),
        ("ADD all.tar /x/\nADD https://e.org/f /x/\n", []),
        # CAP224
        ("ENV DB_PASSWORD=hunter2\n", ["2:5 CAP224"]),
        ("ENV A=b API_KEY=abc\n", ["2:9 CAP224"]),
        ("ARG NPM_TOKEN\n", ["2:5 CAP224"]),
        ("ENV URL=postgres://me:pw@db/x\n", ["2:5 CAP224"]),
        ("ENV PASSWORD_FILE=/run/secrets/x ALLOW_EMPTY_PASSWORD=yes PWD=/x TOKENIZERS=2\n", []),
        # CAP226
        ("RUN apt-get update\nRUN apt-get install -y x\n", ["2:1 CAP226"]),
        ("RUN apt-get -q update && apt-get install -y x\n", []),
        # CAP227
        ("VOLUME /data\nRUN touch /data/x\n", ["3:1 CAP227"]),
        ('VOLUME ["/data/"]\nRUN ["mkdir", "/data/x"]\n', ["3:1 CAP227"]),
        ("VOLUME /data\nRUN ls /data && touch /database\nCOPY run /data/\n", []),
        ("RUN touch /data/x\nVOLUME /data\n", []),
        # CAP228
        ("CMD python main.py\n", ["2:1 CAP228"]),
        ("ENTRYPOINT python main.py\nCMD x\n", ["2:1 CAP228"]),
        ('ENTRYPOINT ["python"]\nCMD main.py\n', []),
        ("CMD exec python main.py\n", []),
        ('CMD python main.py\nFROM debian:12\nCMD ["x"]\n', []),
        # CAP233
        ("CMD ['python', 'main.py']\n", ["2:5 CAP233"]),
        ("RUN [ -f /x ]\n", []),
        # CAP235
        ('CMD ["a"]\nCMD ["b"]\n', ["2:1 CAP235"]),
    ],
)
def test_a_rule(body: str, findings: list[str], context: Path) -> None:
    assert told(BASE + body, context) == findings


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("FROM debian\n", ["1:6 CAP222"]),
        ("FROM debian:latest AS x\n", ["1:6 CAP222"]),
        ("FROM debian@sha256:" + "0" * 64 + "\n", []),
        ("FROM localhost:5000/a/b:1\nFROM scratch\n", []),
        ("ARG V=12\nFROM debian:$V\n", []),
        ("FROM debian:$V\n", ["1:6 CAP210"]),
        ("FROM debian:12 AS one\nFROM one\n", []),
        ("FROM PyTweets:1.0\n", ["1:6 CAP230"]),
        ("FROM a:1:2\n", ["1:6 CAP230"]),
        ("FROM a/-b:1\n", ["1:6 CAP230"]),
        ("FROM a:1 b\n", ["1:1 CAP204"]),
        ("FROM\n", ["1:1 CAP204"]),
        ("FROM --platfrom=x a:1\n", ["1:6 CAP204"]),
        ("FROM --platform=$BUILDPLATFORM a:1\n", []),
        ("ARG DB_PASSWORD=x\nFROM a:1\n", ["1:5 CAP224"]),
    ],
)
def test_from(text: str, findings: list[str], context: Path) -> None:
    assert told(text, context) == findings


@pytest.mark.parametrize(
    ("body", "user", "findings"),
    [
        ("", None, ["1:1 CAP225"]),
        ("USER root\n", None, ["2:1 CAP225"]),
        ("USER 0:0\n", None, ["2:1 CAP225"]),
        ("USER me\n", None, []),
        ("USER me\n", "root", ["2:1 CAP225"]),
        ("", "1000", []),
        ("USER me\nEXPOSE 5000 6000-6002\n", None, []),
        ("USER me\nEXPOSE 8080\n", None, ["3:1 CAP229"]),
    ],
)
def test_published_ports(body: str, user: str | None, findings: list[str], context: Path) -> None:
    ports = [Published("web", "5000/tcp", user)]
    assert told(BASE + body, context, published=ports) == findings


def test_a_described_base_that_exposes_nothing(context: Path) -> None:
    base = ImageState(described=True, user="me")
    file = parse("FROM mine:1\n", Path("Containerfile"))
    found = lint_containerfile(
        file, Build(context, base={"mine:1": base}.get), published=[Published("web", "80/tcp")]
    )
    assert [f.rule for f in found] == ["CAP229"]


def test_what_the_ignore_file_leaves_out(context: Path) -> None:
    (context / ".containerignore").write_text("*.py\n[\n")
    found = told(BASE + "COPY main.py /x/\n", context)
    assert found == ["2:1 CAP206", "2:6 CAP207"]


def test_hints_name_what_was_meant(context: Path) -> None:
    text = BASE + "COPY src/aa.py /x/\nWORKDR /x\n"
    found = lint_containerfile(parse(text, Path("C")), Build(context))
    assert [f.hint for f in found] == ["did you mean `src/a.py`?", "did you mean `WORKDIR`?"]
