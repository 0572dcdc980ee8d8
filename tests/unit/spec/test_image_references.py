from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.spec.containerfile import parse
from pipeline.spec.image_references import references


@pytest.mark.parametrize(
    ("text", "images"),
    [
        ("FROM a:1\nFROM a:1\nFROM scratch\n", ("a:1",)),
        ("ARG V=1\nARG B=${X:-b}\nFROM $B:$V\n", ("b:2",)),
        ("FROM a:1 AS s\nFROM s\nFROM 0\n", ("a:1",)),
        ("FROM a:1 AS s\nFROM b:1\nCOPY --from=s x y\nCOPY --from=c x y\n", ("a:1", "b:1", "c")),
        ("FROM a:1\nARG V\nCOPY --from=c:$V x y\n", ("a:1", "c:2")),
        ("FROM a:1\nRUN --mount=type=bind,from=m:1,target=/x --mount=type=cache,target=/y z\n",
         ("a:1", "m:1")),
        ("FROM\nFROM $NOTHING\n", ()),
    ],
)  # fmt: skip
def test_references(text: str, images: tuple[str, ...]) -> None:
    assert references(parse(text, Path("Containerfile")), {"V": "2"}) == images
