"""Whatever stands in a spec, or lies where one should be, gives findings and nothing else.

`CAPAS_FUZZ=10000` tries ten thousand mutated specs instead of the few hundred of every day.
"""

from __future__ import annotations

import os
import random
import re
import shutil
from pathlib import Path

import pytest

from pipeline.output.findings.plain_text import findings_text, lines_of_file
from pipeline.output.paint import Paint
from pipeline.spec.load import Examination, examine
from pipeline.spec.problem import MOST
from pipeline.spec.rules import RULES
from pipeline.spec.textfile import SIZE_LIMIT, Unreadable, read_text

quick = pytest.mark.timeout(60)
"""What grows with the square of its text would take many minutes here."""

CORPUS = Path(__file__).parent.parent / "data" / "specs_bad"
SPECS = Path(__file__).parents[3] / "specs"
ROUNDS = int(os.environ.get("CAPAS_FUZZ", "400"))
VALUES = (
    '""', '"x"', '"a:b:c"', '"1"', '"-1s"', '"${X}"', '"$$"', '"a\\u0000"', "'''\n'''", "0", "-1",
    "1e400", "nan", "9" * 30, "true", "[]", "[[]]", "{}", "{ a = 1 }", '["a", "a"]', "2026-11-24",
    "07:30:00", '"//:/"', '"[::1]:1:1"', '"~nobody:/x"', '"\\ud800"', '"..:/a"', "[{}]",
)  # fmt: skip
PIECES = (
    "", "\0", "\r", "\n", "\ufeff", '"', "'", "[", "]", "{", "}", "=", ".", ",", "#", "\t", "é",
    "💥", "${", "}", "[services]", "[[images]]", 'x-a = 1\n', "name", '"""', "\x1b[2J",
)  # fmt: skip


def mutated(text: str, chance: random.Random) -> str:
    """A text with a few slips: other values, lost lines, strange letters."""
    for _ in range(chance.randint(1, 4)):
        kind = chance.randrange(4)
        at = chance.randrange(len(text) + 1)
        if kind == 0:
            text = text[:at] + chance.choice(PIECES) + text[at + chance.randrange(3) :]
        elif kind == 1:
            lines = text.split("\n")
            lines[chance.randrange(len(lines))] = lines[chance.randrange(len(lines))]
            text = "\n".join(lines)
        elif values := list(re.finditer(r"(?<== )[^\n,}]+", text)):
            span = chance.choice(values).span()
            text = text[: span[0]] + chance.choice(VALUES) + text[span[1] :]
    return text


def examined_text(path: Path) -> str:
    """The text whose places findings name, or nothing when there is none."""
    try:
        return read_text(path)
    except Unreadable:
        return ""


def check(examination: Examination, path: Path) -> None:
    """What every answer has: places inside the file, known rules, a text that can be shown."""
    text = examined_text(path)
    lines = text.split("\n")
    for finding in examination.findings:
        assert finding.path == path or finding.path.name.startswith(("Containerfile", ".")), finding
        assert finding.rule in RULES
        assert finding.message
        if finding.path == path and text:
            assert 0 <= finding.line <= len(lines)
            assert finding.column <= len(lines[finding.line - 1]) + 1
    failed = any(finding.severity == "error" for finding in examination.findings)
    assert (examination.pipeline is None) == failed
    lines_of_file.cache_clear()
    findings_text(examination.findings, lines_of_file, Paint(on=False))


def test_mutated_specs_give_findings_and_nothing_else(tmp_path: Path) -> None:
    shutil.copytree(CORPUS, tmp_path, dirs_exist_ok=True)
    shutil.copytree(SPECS, tmp_path / "specs")
    sources = sorted((*tmp_path.glob("*.toml"), *tmp_path.glob("specs/*.toml")))
    texts = [path.read_bytes().decode("utf-8", "replace") for path in sources]
    path = tmp_path / "specs" / "mutated.toml"
    for seed in range(ROUNDS):
        chance = random.Random(seed)
        text = mutated(chance.choice(texts), chance)
        path.write_bytes(text.encode("utf-8", "replace"))
        try:
            environ = {"HOME": "/home/student"}
            check(examine(path, environ, containerfiles=True), path)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {text!r}") from error


def answer(path: Path) -> list[str]:
    """The rules that answer."""
    examination = examine(path, {}, containerfiles=True)
    check(examination, path)
    return [finding.rule for finding in examination.findings]


@quick
def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.toml"
    os.mkfifo(fifo)
    (tmp_path / "loop.toml").symlink_to("loop.toml")

    assert answer(fifo) == ["CAP001"]
    assert answer(tmp_path) == ["CAP001"]
    assert answer(tmp_path / "loop.toml") == ["CAP001"]
    assert answer(tmp_path / "missing.toml") == ["CAP001"]
    assert answer(Path("/dev/zero")) == ["CAP001"]
    assert answer(tmp_path / "a\0b") == ["CAP001"]
    assert answer(tmp_path / ("long" * 100)) == ["CAP001"]


@quick
def test_what_is_no_file_is_told_where_other_files_are_named(tmp_path: Path) -> None:
    for name in (".env", "web.env", "Containerfile"):
        os.mkfifo(tmp_path / name)
    path = tmp_path / "spec.toml"
    path.write_text(
        'name = "a"\n[images.app.versions]\n"1" = { context = "." }\n'
        '[services.web]\nimage = "app"\nenv_file = "web.env"\n'
    )

    assert answer(path) == ["CAP124", "CAP123", "CAP124"]


LARGEST = SIZE_LIMIT - 20


@quick
@pytest.mark.parametrize(
    ("text", "rules"),
    [
        pytest.param('name = "' + "x" * (10 * 1024 * 1024) + '"', ["CAP001"], id="10 MB"),
        pytest.param("x" * LARGEST, ["CAP002"], id="one word"),
        pytest.param("x = " + "[" * LARGEST, ["CAP013"], id="open lists"),
        pytest.param("x = " + "[" * 900 + "]" * 900, ["CAP013"], id="lists in lists"),
        pytest.param("x = " + "{a=" * (LARGEST // 3), ["CAP013"], id="open tables"),
        pytest.param(".".join("a" * (LARGEST // 2)) + " = 1", ["CAP013"], id="a dotted key"),
        pytest.param("[" + ".".join("a" * (LARGEST // 2)) + "]", ["CAP013"], id="a dotted header"),
        pytest.param('"a" . ' * (LARGEST // 6) + "a = 1", ["CAP013"], id="a quoted key"),
        pytest.param("x = " + "9" * LARGEST, ["CAP002"], id="a number of a million digits"),
        pytest.param('name = "a"\n' + "#" * LARGEST, [], id="a comment"),
        pytest.param('name = "a"\nx-a = "' + "\\\\" * (LARGEST // 3) + '"', [], id="escapes"),
        pytest.param('name = "' + "a-" * (LARGEST // 3) + '!"', ["CAP007"], id="a long name"),
        pytest.param(
            'name = "a"\n[images."' + "a-" * (LARGEST // 3) + '!"]\nversions = {}',
            ["CAP006", "CAP007"],
            id="a long image",
        ),
        pytest.param("", ["CAP004"], id="nothing"),
        pytest.param("\ufeffname = 'a'\r\n", [], id="a byte order mark and CRLF"),
    ],
)
def test_hard_texts_get_a_quick_answer(text: str, rules: list[str], tmp_path: Path) -> None:
    path = tmp_path / "hard.toml"
    path.write_bytes(text.encode())

    assert sorted(answer(path)) == rules


def lines(form: str, count: int, start: str = "", end: str = "") -> str:
    return start + "".join(form.replace("#", str(number)) for number in range(count)) + end


SERVICE = '[services.w]\nimage = "localhost/a:1"\n'


@quick
@pytest.mark.parametrize(
    ("flood", "rule"),
    [
        pytest.param(lines("k# = 1\n", 19_000), "CAP003", id="unknown keys"),
        pytest.param(lines('"x",', 19_000, f"{SERVICE}ports = [", "]"), "CAP009", id="bad ports"),
        pytest.param(
            lines('"8080:1",', 19_000, f"{SERVICE}ports = [", "]"), "CAP110", id="one port"
        ),
        pytest.param(
            lines('"v#:/#",', 19_000, f"{SERVICE}volumes = [", "]"), "CAP104", id="volumes"
        ),
        pytest.param(
            lines('"${X#}",', 19_000, f"{SERVICE}command = [", "]"), "CAP008", id="variables"
        ),
        pytest.param(
            lines("{ a = # },", 9_000, f"{SERVICE}profiles = [", "]"), "CAP005", id="tables"
        ),
        pytest.param(
            lines('"1.#" = { context = "#" }\n', 9_000, "[images.a.versions]\n"),
            "CAP122",
            id="contexts",
        ),
        pytest.param(
            lines('[services.s#]\nimage = "localhost/a:1"\ndepends_on = ["t#"]\n', 4_900),
            "CAP103",
            id="services",
        ),
    ],
)
def test_of_a_flood_only_the_beginning_is_told(flood: str, rule: str, tmp_path: Path) -> None:
    path = tmp_path / "flood.toml"
    path.write_text(f'name = "flood"\n{flood}')

    told = answer(path)

    assert len(told) == MOST + 1
    assert set(told) == {"CAP012", rule}


@quick
def test_a_large_spec_has_a_limit_of_keys_and_values(tmp_path: Path) -> None:
    path = tmp_path / "flood.toml"
    path.write_text(lines("x-# = 1\n", 20_001, 'name = "flood"\n'))

    assert answer(path) == ["CAP001"]


@quick
def test_a_text_full_of_references_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "references.toml"
    path.write_text(f'name = "a"\n{SERVICE}command = "{"${X}" * 200_000}"')

    assert answer(path) == ["CAP008"]
