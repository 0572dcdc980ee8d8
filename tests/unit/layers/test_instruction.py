from __future__ import annotations

import pytest

from pipeline.layers.instruction import HistoryInstruction, base_name, parse_created_by

DIGEST = "01b0553b128d4b3874da2687f49510d7a1f9882a69db52690c33df2a986d2d7f"


@pytest.mark.parametrize(
    ("created_by", "expected"),
    [
        (
            f"/bin/sh -c #(nop) COPY file:{DIGEST} in /bin/busybox ",
            HistoryInstruction("COPY", "… /bin/busybox"),
        ),
        (
            f"/bin/sh -c #(nop) COPY file:{DIGEST} in /app     |force-mtime=0 ",
            HistoryInstruction("COPY", "… /app"),
        ),
        (
            f"/bin/sh -c #(nop) COPY file:{DIGEST} in /app      ",
            HistoryInstruction("COPY", "… /app"),
        ),
        (
            f"/bin/sh -c #(nop) COPY --link file:{DIGEST} in /a |unsetLabel=x    |clamp-mtime=5 ",
            HistoryInstruction("COPY", "--link … /a"),
        ),
        ("/bin/sh -c make|force-mtime=0", HistoryInstruction("RUN", "make")),
        (
            "|1 A=b /bin/sh -c make|inheritLabels=false|force-mtime=0",
            HistoryInstruction("RUN", "make"),
        ),
        ("/bin/sh -c a |force-mtime=0 b", HistoryInstruction("RUN", "a |force-mtime=0 b")),
        ("/bin/sh -c #(nop) ENV A=b|force-mtime=1700000000", HistoryInstruction("ENV", "A=b")),
        (f"/bin/sh -c #(nop) ADD dir:{DIGEST} in /", HistoryInstruction("ADD", "… /")),
        (f"/bin/sh -c #(nop) COPY multi:{DIGEST} in /app/ ", HistoryInstruction("COPY", "… /app/")),
        ('/bin/sh -c #(nop)  CMD ["sh"]', HistoryInstruction("CMD", '["sh"]')),
        ("/bin/sh -c #(nop) ENV A=b", HistoryInstruction("ENV", "A=b")),
        ("/bin/sh -c apt-get update && true", HistoryInstruction("RUN", "apt-get update && true")),
        ("|1 COLOUR=light blue /bin/sh -c make", HistoryInstruction("RUN", "make")),
        ("/bin/bash -c make", HistoryInstruction("RUN", "make")),
        ("RUN /bin/sh -c make # buildkit", HistoryInstruction("RUN", "make")),
        ("COPY . /app # buildkit", HistoryInstruction("COPY", ". /app")),
        ("WORKDIR /app", HistoryInstruction("WORKDIR", "/app")),
        ("/bin/sh", HistoryInstruction("", "/bin/sh")),
        ("", HistoryInstruction("", "")),
    ],
)
def test_every_builders_spelling_is_read(created_by: str, expected: HistoryInstruction) -> None:
    assert parse_created_by(created_by) == expected


def test_the_content_of_a_copied_file_is_no_part_of_the_instruction() -> None:
    one = parse_created_by(f"/bin/sh -c #(nop) COPY file:{DIGEST} in /app")
    two = parse_created_by(f"/bin/sh -c #(nop) COPY file:{DIGEST[::-1]} in /app")
    assert one == two


@pytest.mark.parametrize(
    ("comment", "name"),
    [
        ("FROM localhost/base:1", "localhost/base:1"),
        ("FROM fd307bec5538", None),
        (f"FROM docker.io/library/{DIGEST}-tmp:latest", None),
        ("buildkit.dockerfile.v0", None),
        ("", None),
    ],
)
def test_only_a_named_image_is_a_base(comment: str, name: str | None) -> None:
    assert base_name(comment) == name


def test_an_instruction_that_nobody_wrote_down_says_so() -> None:
    assert str(HistoryInstruction("", "")) == "(the history does not say)"
