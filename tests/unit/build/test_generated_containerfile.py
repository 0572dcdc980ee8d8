"""The Containerfile that Buildah is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.build.context import generated_containerfile
from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import read_inputs
from pipeline.engine import labels
from pipeline.errors import UsageError
from pipeline.spec.model import Version


def _written(
    tmp_path: Path, text: str, target: str | None = None, args: dict[str, str] | None = None
) -> str:
    (tmp_path / "a").write_text("a")
    (tmp_path / "Containerfile").write_text(text)
    version = Version("w", "1", tmp_path, tmp_path / "Containerfile", args or {}, target)
    return generated_containerfile.written(
        read_inputs(version, Digests(None)), {"b": "2", "a": "1"}
    )


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        ("FROM scratch\nCOPY a /a", None, 'FROM scratch\nCOPY a /a\nLABEL "a"="1" "b"="2"\n'),
        ("FROM scratch\n# end\n\n", None, 'FROM scratch\nLABEL "a"="1" "b"="2"\n'),
        (
            "FROM a AS x\nRUN one\nFROM b\nRUN two\n",
            "x",
            'FROM a AS x\nRUN one\nLABEL "a"="1" "b"="2"\n',
        ),
        ("FROM a\nRUN x \\\n y \\\n", None, 'FROM a\nRUN x \\\n y \nLABEL "a"="1" "b"="2"\n'),
        ("FROM a\nCMD C:\\ \r\n", None, 'FROM a\nCMD C:\nLABEL "a"="1" "b"="2"\n'),
        ("FROM a\nCMD x  ", None, 'FROM a\nCMD x  \nLABEL "a"="1" "b"="2"\n'),
        ("FROM a\nCMD x\x0cy", None, 'FROM a\nCMD x\x0cy\nLABEL "a"="1" "b"="2"\n'),
    ],
)
def test_the_labels_come_last(tmp_path: Path, text: str, target: str | None, expected: str) -> None:
    assert _written(tmp_path, text, target) == expected


def test_what_follows_an_argument_is_told_apart_by_its_value(tmp_path: Path) -> None:
    text = "FROM a AS x\nARG C=1\nARG D=5\nENV E=$C\n"
    text += "FROM b AS y\nARG C\nFROM x\nCOPY --from=y a b\n"
    lines = _written(tmp_path, text, args={"C": "2"}).splitlines()
    assert (lines[2], lines[4], lines[8]) == (
        f'LABEL "{labels.ARGUMENTS}"="C=2"',
        f'LABEL "{labels.ARGUMENTS}"="C=2 D=5"',
        f'LABEL "{labels.ARGUMENTS}"="C=2"',
    )
    assert _written(tmp_path, text).count(labels.ARGUMENTS) == 2, "no value, no label"
    ends = _written(tmp_path, "FROM scratch\nARG C=1\n").splitlines()
    assert ends[2:] == [f'LABEL "{labels.ARGUMENTS}"="C=1"', 'LABEL "a"="1" "b"="2"']


def test_a_label_is_escaped_as_the_containerfile_says(tmp_path: Path) -> None:
    text = "# escape=`\nFROM a\nARG C\nRUN dir C:\\ `\n x\n"
    lines = _written(tmp_path, text, args={"C": "a\"`$\\'"}).splitlines()
    assert lines[3] == f"""LABEL "{labels.ARGUMENTS}"='C=a"`$\\'"'"''"""


def test_a_last_line_that_would_swallow_our_label_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two `"):
        _written(tmp_path, "FROM a\nCMD C:\\\\\n")


def test_a_value_keeps_its_quotes_dollars_and_backslashes() -> None:
    assert (
        generated_containerfile.label_instruction({"a": 'x "y" $z \\'})
        == r'LABEL "a"="x \"y\" \$z \\"'
    )


def test_a_value_with_a_line_break_is_refused() -> None:
    with pytest.raises(UsageError, match="line break"):
        generated_containerfile.label_instruction({"a": "x\ny"})


def test_our_own_instruction_is_known_again() -> None:
    assert generated_containerfile.is_ours(
        generated_containerfile.label_instruction({labels.PIPELINE: "demo"})
    )
    assert generated_containerfile.is_ours(
        generated_containerfile.arguments_instruction({"C": "1"})
    )
    assert not generated_containerfile.is_ours('LABEL "a"="1"')
