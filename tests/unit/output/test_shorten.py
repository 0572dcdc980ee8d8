import pytest

from pipeline.output.shorten import cut, cut_inside, one_line


def test_a_text_that_has_room_stays_and_a_longer_one_ends_with_an_ellipsis() -> None:
    assert cut("layer", 5) == "layer"
    assert cut("layers", 5) == "laye…"


def test_lines_become_one() -> None:
    assert one_line("RUN a \\\n   && b") == "RUN a \\ && b"
    assert one_line("RUN " + "x" * 80) == "RUN " + "x" * 55 + "…"


@pytest.mark.parametrize(
    ("name", "most", "shown"),
    [("web:1", 5, "web:1"), ("web:2026.11", 8, "web…6.11"), ("abc", 2, "a…"), ("ab", 1, "…")],
)
def test_a_name_keeps_its_end(name: str, most: int, shown: str) -> None:
    assert cut_inside(name, most) == shown
