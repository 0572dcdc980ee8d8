"""Progress without a terminal."""

from __future__ import annotations

import io
import json

from pipeline.output.progress import Json, Plain


def test_tasks_side_by_side_are_told_one_after_the_other() -> None:
    out = io.StringIO()
    plain = Plain(out)
    plain.begin("a:1")
    plain.begin("b:1")
    plain.step("b:1", 1, 2, "FROM scratch")
    plain.step("a:1", 1, 2, "FROM base")
    plain.said("a:1", "hello")
    assert out.getvalue() == "a:1  1/2 FROM base\na:1    | hello\n"
    plain.end("b:1", "built", 0.25)
    plain.end("a:1", "failed", 1.0)
    assert out.getvalue().splitlines() == [
        "a:1  1/2 FROM base",
        "a:1    | hello",
        "a:1  failed in 1.0 s",
        "b:1  1/2 FROM scratch",
        "b:1  built in 0.2 s",
    ]


def test_what_never_ended_is_told_at_the_close() -> None:
    out = io.StringIO()
    plain = Plain(out)
    plain.begin("a")
    plain.begin("b")
    plain.cached("b")
    plain.close()
    assert out.getvalue() == "b    … cached\n"


def test_json_is_one_object_a_line() -> None:
    out = io.StringIO()
    told = Json(out)
    told.begin("a")
    told.step("a", 1, 2, "FROM ü")
    told.cached("a")
    told.end("a", "built", 0.12345)
    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == [
        "begin",
        "step",
        "cached",
        "end",
    ]
    assert json.loads(out.getvalue().splitlines()[-1])["seconds"] == 0.123
