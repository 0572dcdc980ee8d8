"""Mutated Containerfiles and ignore files raise nothing but findings, in linear time."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from pipeline.output.findings.report import render_findings
from pipeline.spec.containerfile import parse
from pipeline.spec.containerfile.build import Build
from pipeline.spec.ignorefile import load_ignore_rules
from pipeline.spec.lint import Published, lint_containerfile, read_containerfile
from pipeline.spec.rules import RULES

MUTANTS = int(os.environ.get("CAPAS_FUZZ_CONTAINERFILES", "400"))

SEED = r"""# syntax=docker/dockerfile:1
# escape=\
ARG VERSION=12 TARGETOS
FROM --platform=$BUILDPLATFORM debian:${VERSION:-11} AS build
# capas: ignore=CAP226 why not
RUN apt-get update && \
    # a comment
    apt-get install -y "a b" 'c'
ENV A="b c" D=e\ f G=${A:+x}$A
ENV old way
LABEL org.x="y" z='w'
COPY --chown=1:1 --chmod=0755 main.py src/*.py /app
COPY ["a b", "[m]ain.py", "/x/"]
ADD https://e.org/x.tgz all.tar /opt/
RUN --mount=type=cache,target=/x <<EOF
echo hi
EOF
COPY <<-'ONE' <<TWO /y/
	1
	ONE
2
TWO
ONBUILD COPY . /app
FROM build
COPY --from=build /x /x
COPY --from=0 . .
USER me:you
WORKDIR sub/../$A
EXPOSE 80 443/tcp ${PORT:-8080}
VOLUME ["/data"]
RUN touch /data/x
HEALTHCHECK --interval=1m30s --retries=3 CMD ["curl", "x"]
STOPSIGNAL SIGTERM
SHELL ["/bin/bash", "-c"]
ENTRYPOINT python main.py
CMD ['a', "b"]
"""
IGNORE = "*\n!main.py\n# no\n**/*.py\n!src/**/a.*\n[a-c]?\\*x\na+b|(c){2}\n/x/\n../y\n"
TOKENS = [
    *(
        "\\",
        "`",
        "\\\n",
        "\n",
        "\n\n",
        "#",
        "$",
        "${",
        "}",
        "'",
        '"',
        "[",
        "]",
        '["',
        "<<EOF",
        "<<-",
    ),
    *(
        "FROM ",
        "ONBUILD ",
        "COPY ",
        "--from=",
        "--",
        "=",
        "\t",
        "\u00a0",
        "\ufeff",
        "\u2028",
        "\x1c",
    ),
    *(
        "\U0001f600",
        "\\ud800",
        "\\u0000",
        "*",
        "**",
        "?",
        "!",
        "..",
        "/",
        "{9,1}",
        "+",
        "(",
        "|",
        "^",
    ),
    *("\r", ":-", "0" * 5000, "[" * 3000, "a/" * 3000, "${x:-" * 300),
]


def mutated(text: str, random_: random.Random) -> str:
    for _ in range(random_.randint(1, 6)):
        at = random_.randrange(len(text) + 1)
        to = min(len(text), at + random_.randint(0, 12))
        token, char = random_.choice(TOKENS), chr(random_.randint(1, 300))
        text = text[:at] + random_.choice([token, text[at:to] * 2, "", char]) + text[to:]
        if random_.random() < 0.2:
            lines = text.split("\n")
            random_.shuffle(lines)
            text = "\n".join(lines)
    return text


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    (folder / "src" / "deep").mkdir(parents=True)
    for name in ("main.py", "src/a.py", "src/deep/b", "a b", "all.tar", "[m]ain.py"):
        (folder / name).write_text("x")
    (folder / "loop").symlink_to("loop")
    return folder


def test_mutants_raise_nothing_but_findings(context: Path) -> None:
    random_ = random.Random(MUTANTS)
    containerfile = context / "Containerfile"
    for _ in range(MUTANTS):
        (context / ".containerignore").write_text(mutated(IGNORE, random_))
        content = mutated(SEED, random_).encode()
        if random_.random() < 0.1:
            at = random_.randrange(len(content))
            content = content[:at] + random_.randbytes(2) + content[at:]
        containerfile.write_bytes(content)
        build = Build(context, load_ignore_rules(context, containerfile), {"VERSION": "$"})
        ports = [Published("web", "80/tcp")]
        found = lint_containerfile(read_containerfile(containerfile), build, published=ports)
        assert list(found) == sorted(found)
        assert {finding.rule for finding in found} <= set(RULES)
        render_findings(found, "github").encode()


@pytest.mark.parametrize(
    "line",
    [
        "RUN a \\\n",
        "COPY a b\n",
        "FROM a\n",
        "ENV A{n}=$B\n",
        "COPI\n",
        "WORKDIR a\n",
        "# capas: ignore=CAP222\n",
        "RUN touch /a{n}/b\nVOLUME /a{n}\n",
        "ONBUILD ",
        '["a", ',
        "${x:-",
    ],
)
def test_time_grows_with_the_size_and_no_faster(line: str, context: Path) -> None:
    def seconds(size: int) -> float:
        count = size // len(line)
        text = "FROM debian:12\n" + "".join(line.replace("{n}", str(n)) for n in range(count))
        started = time.process_time()
        lint_containerfile(parse(text, Path("Containerfile")), Build(context))
        return time.process_time() - started

    seconds(1_000)
    # Quadratic growth would make it 64 times as long.
    assert seconds(80_000) < 24 * max(seconds(10_000), 0.02)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"FROM a:1\nRUN \xff\n", "2:5 byte 0xff is not UTF-8"),
        (b"FROM a:1\nRUN a\0b\n", "2:6 a NUL byte: this is not text"),
        (b"x" * 5_000_000, "0:0 the Containerfile has 5000000 bytes"),
    ],
)
def test_what_is_no_text(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "Containerfile"
    path.write_bytes(content)
    (one,) = read_containerfile(path).findings
    assert f"{one.line}:{one.column} {one.message}" == told


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo", tmp_path / "gone", tmp_path / ("x" * 300)):
        assert [f.rule for f in read_containerfile(path).findings] == ["CAP200"]
