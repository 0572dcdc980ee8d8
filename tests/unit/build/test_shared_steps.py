"""Versions that would do the same work first wait for each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import Inputs, read_inputs
from pipeline.build.context.shared_steps import waits
from pipeline.spec.model import Version


def _inputs(folder: Path, text: str, content: str = "1") -> Inputs:
    folder.mkdir()
    (folder / "main.py").write_text(content)
    (folder / "Containerfile").write_text(text)
    return read_inputs(Version("web", folder.name, folder, folder / "Containerfile"), Digests(None))


COPY = "FROM localhost/base:1\nENV A=1\nCOPY main.py /\nCMD x\n"


@pytest.mark.parametrize(
    ("second", "content", "shares"),
    [
        (COPY, "1", True),
        (COPY + "CMD y\n", "1", True),
        (COPY, "2", True),  # an ENV makes an image, too, though no layer
        (COPY.replace("base:1", "base:2"), "1", False),
        (COPY.replace("A=1", "A=2"), "1", False),
        ("FROM localhost/base:1\nENV A=1\nRUN make\n", "1", True),
        ("FROM localhost/base:1\nCMD x\n", "1", False),
    ],
)
def test_waits(tmp_path: Path, second: str, content: str, shares: bool) -> None:
    inputs = {
        "one": _inputs(tmp_path / "one", COPY),
        "two": _inputs(tmp_path / "two", second, content),
    }
    found = waits(["one", "two"], inputs, {"one": ("base",), "two": ("base",)})
    assert found == {"one": ("base",), "two": ("base", "one") if shares else ("base",)}


def test_only_the_first_that_makes_a_layer_is_waited_for(tmp_path: Path) -> None:
    texts = {
        "one": COPY,
        "two": COPY,
        "three": COPY + "RUN more\n",
        "four": COPY + "RUN more\n",
        "five": COPY + "RUN other\n",
    }
    inputs = {name: _inputs(tmp_path / name, text) for name, text in texts.items()}
    assert waits(list(texts), inputs, dict.fromkeys(texts, ())) == {
        "one": (),
        "two": ("one",),
        "three": ("one",),
        "four": ("one", "three"),
        "five": ("one",),
    }


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("FROM localhost/base:1\nARG COLOUR=red\nRUN make\n", True),
        ("FROM localhost/base:1\nENV A=1\nARG COLOUR\nRUN make\n", True),
        ("ARG COLOUR=red\nFROM localhost/base-$COLOUR:1\nRUN make\n", False),
    ],
)
def test_another_argument_makes_no_other_images_before_it_has_a_value(
    tmp_path: Path, text: str, shares: bool
) -> None:
    inputs = {}
    for colour in ("blue", "green"):
        (tmp_path / colour).mkdir()
        (tmp_path / colour / "Containerfile").write_text(text)
        path = tmp_path / colour / "Containerfile"
        version = Version("web", colour, tmp_path / colour, path, args={"COLOUR": colour})
        inputs[colour] = read_inputs(version, Digests(None))
    found = waits(["blue", "green"], inputs, {"blue": (), "green": ()})
    assert found == {"blue": (), "green": ("blue",) if shares else ()}


def test_with_the_same_argument_everything_is_shared_and_with_another_one_only_what_is_above_it(
    tmp_path: Path,
) -> None:
    inputs = {}
    for name, colour in (("one", "blue"), ("two", "green"), ("three", "green")):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "Containerfile"
        path.write_text("FROM localhost/base:1\nARG COLOUR\nRUN make $COLOUR\n")
        version = Version("web", name, tmp_path / name, path, args={"COLOUR": colour})
        inputs[name] = read_inputs(version, Digests(None))
    assert waits(list(inputs), inputs, dict.fromkeys(inputs, ())) == {
        "one": (),
        "two": ("one",),
        "three": ("one", "two"),
    }
