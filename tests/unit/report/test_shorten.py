from pipeline.report.shorten import cut, one_line


def test_a_text_that_has_room_stays_and_a_longer_one_ends_with_an_ellipsis() -> None:
    assert cut("layer", 5) == "layer"
    assert cut("layers", 5) == "laye…"


def test_lines_become_one() -> None:
    assert one_line("RUN a \\\n   && b") == "RUN a \\ && b"
    assert one_line("RUN " + "x" * 80) == "RUN " + "x" * 55 + "…"
