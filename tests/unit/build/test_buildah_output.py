"""Buildah's output, in its own words (1.28.2)."""

from __future__ import annotations

import pytest

from pipeline.build.run.buildah_output import Cached, OutputLine, OutputStep, Stored, parse_line

ID = "4ff6224274771b2c449c31c9b6e1e803774ceb4444927aeb46cc51185bcdf5ef"


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("STEP 2/4: COPY a.txt /a.txt", OutputStep(2, 4, "COPY a.txt /a.txt")),
        ("[1/2] STEP 1/3: FROM scratch AS x", OutputStep(1, 3, "FROM scratch AS x", 1, 2)),
        (f"--> Using cache {ID}", Cached(ID)),
        ("--> 4ff62242747", Stored()),
        ("COMMIT localhost/base:1", Stored()),
        ("COMMIT", Stored()),
        ("[2/2] COMMIT localhost/app:1.0", Stored()),
        ("Successfully tagged localhost/base:1", Stored()),
        (ID, Stored()),
        ("COMMIT; -- by psql", OutputLine("COMMIT; -- by psql")),
        ("STEP out of line", OutputLine("STEP out of line")),
        ("", OutputLine("")),
    ],
)
def test_a_line(line: str, meant: object) -> None:
    assert parse_line(line) == meant
