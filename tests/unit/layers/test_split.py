"""One COPY of a folder as several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pipeline.engine.tar_split import LayerFile
from pipeline.layers.blueprint import AnnotatedLine
from pipeline.layers.split import split_line
from tests.unit.layers.builders import file, folder

APP, LIB = folder("app"), folder("app/lib")
BIG, SET = file("app/lib/big", "b" * 50_000), file("app/setup.cfg", "s")


def copy(*files: LayerFile, source: str = ".", target: str = "/app") -> AnnotatedLine:
    """A line; its size is not looked at, but that there is one."""
    text = f"COPY {source} {target}"
    return AnnotatedLine("COPY", text, f"{text}\n", files, 1, source, target)


def main(content: str) -> LayerFile:
    return file("app/main.py", content)


def split(*lines: AnnotatedLine) -> tuple[tuple[AnnotatedLine, ...], ...] | None:
    return split_line([(one,) for one in lines], lines[0])


def texts(found: Sequence[Sequence[AnnotatedLine]] | None) -> list[list[str]]:
    return [[one.text for one in layout] for layout in found or ()]


def test_each_part_has_its_files_the_folders_above_them_and_the_size_of_its_archive() -> None:
    lines = [copy(APP, main(x), SET, LIB, BIG) for x in "12"]
    found = split(*lines)
    assert found is not None
    for layout, x in zip(found, "12", strict=True):
        parts = [(one.text, one.chunk, one.files, one.size, one.source) for one in layout]
        wanted: list[tuple[str, tuple[LayerFile, ...], int]] = [
            ("COPY setup.cfg /app/", (APP, SET), 1024 + 512 + 2 * 512),
            ("COPY lib /app/lib", (APP, LIB, BIG), 1024 + 3 * 512 + 98 * 512),
            ("COPY main.py /app/", (APP, main(x)), 1024 + 512 + 2 * 512),
        ]
        assert parts == [(text, f"{text}\n", files, size, "") for text, files, size in wanted]


def test_a_file_that_fills_its_blocks_gets_no_more_of_them() -> None:
    full = file("app/full", "f" * 1024)
    found = split(*(copy(main(x), full) for x in "12"))
    assert [one.size for one in (found or [()])[0]] == [1024 + 512 + 1024, 1024 + 2 * 512]


def test_only_the_same_instruction_with_a_layer_is_split() -> None:
    one, two = (copy(main(x), SET) for x in "12")
    others = (
        AnnotatedLine("RUN", "RUN make", "RUN make\n", (file("out"),), 1),
        copy(main("3"), SET, source="src"),
        replace(one, size=0),
        replace(one, keyword="ADD"),
    )
    found = split_line([(others[0], one, *others[1:]), (two, *others), others], one)
    assert found is not None
    parts = [found[0][1:3], found[1][:2]]
    assert texts(parts) == [["COPY setup.cfg /app/", "COPY main.py /app/"]] * 2
    assert (found[0][:1], found[0][3:]) == (others[:1], others[1:])
    assert (found[1][2:], found[2]) == (others, others)


def test_the_first_part_keeps_the_comments_above_the_whole() -> None:
    chunk = "# why\n\n  # and how\nCOPY \\\n# inside\n. /app\n"
    found = split(*(replace(copy(main(x), SET), chunk=chunk) for x in "12"))
    assert [one.chunk for one in (found or [()])[0]] == [
        "# why\n\n  # and how\nCOPY setup.cfg /app/\n",
        "COPY main.py /app/\n",
    ]


@pytest.mark.parametrize(
    ("source", "target", "flags", "parts"),
    [
        (".", "/app", (), ["COPY lib /app/lib", "COPY main.py /app/"]),
        ("./", "/app/", (), ["COPY lib /app/lib", "COPY main.py /app/"]),
        ("src", "/app", (), ["COPY src/lib /app/lib", "COPY src/main.py /app/"]),
        ("./src/.", "/app", (), ["COPY src/lib /app/lib", "COPY src/main.py /app/"]),
        (
            "/out/",
            "/app",
            ("--from=b", "--chown=1"),
            [
                "COPY --from=b --chown=1 /out/lib /app/lib",
                "COPY --from=b --chown=1 /out/main.py /app/",
            ],
        ),
        (".", "/", (), ["COPY app /app"]),
    ],
)
def test_the_sources_lie_below_the_source(
    source: str, target: str, flags: tuple[str, ...], parts: list[str]
) -> None:
    lines = [
        replace(copy(APP, main(x), LIB, BIG, source=source, target=target), flags=flags)
        for x in "12"
    ]
    if target == "/":
        lines = [replace(one, files=(*one.files, file("top", "t"))) for one in lines]
        parts = ["COPY top /", *parts]
    assert texts(split(*lines)) == [parts] * 2


def test_six_instructions_are_enough() -> None:
    def many(count: int) -> list[list[str]]:
        inside = [f for n in range(count) for f in (folder(f"app/{n}"), file(f"app/{n}/x"))]
        return texts(split(*(copy(main(x), *inside) for x in "12")))

    assert many(5)[0] == [*(f"COPY {n} /app/{n}" for n in range(5)), "COPY main.py /app/"]
    assert many(6) == []


@pytest.mark.parametrize(
    "lines",
    [
        [copy(main("1"), SET)],
        [copy(main("1"), SET, source="") for _ in "12"],
        [copy(main("1"), SET) for _ in "12"],
        [copy(main(x)) for x in "12"],
        [copy(main(x), SET, file("etc/x")) for x in "12"],
        [copy(main("1"), SET), copy(main("2"), SET, file("etc/x"))],
        [copy(main(x), SET, file("app/-x")) for x in "12"],
        [copy(main(x), SET, file("app/ä")) for x in "12"],
        [copy(main("1"), SET), copy(main("1"), SET, file("app/$x"))],
    ],
    ids=["alone", "no source", "all equal", "nothing equal", "elsewhere", "elsewhere later",
         "a flag", "no plain name", "no plain name later"],
)  # fmt: skip
def test_what_cannot_be_split_or_need_not(lines: list[AnnotatedLine]) -> None:
    assert split(*lines) is None


@pytest.mark.parametrize(
    ("one", "stable"),
    [
        (replace(SET, mode=0o600), False),
        (replace(SET, uid=1), False),
        (replace(SET, gid=1), False),
        (replace(SET, content="other"), False),
        (replace(SET, mtime="9"), True),
    ],
)
def test_a_file_stays_equal_when_all_but_its_time_does(one: LayerFile, *, stable: bool) -> None:
    keep = file("app/keep")
    found = split(copy(main("1"), SET, keep), copy(main("2"), one, keep))
    kept = "COPY keep setup.cfg /app/" if stable else "COPY keep /app/"
    assert texts(found)[0][0] == kept


def test_a_file_that_came_later_moves() -> None:
    found = split(copy(SET), copy(SET, main("1")))
    assert texts(found) == [
        ["COPY setup.cfg /app/"],
        ["COPY setup.cfg /app/", "COPY main.py /app/"],
    ]
