"""What runs without Invoke's parser is read as Invoke's parser reads it (the witness here)."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoke.exceptions import Exit, ParseError

from pipeline.tasks import COMMANDS, command_named
from pipeline.tasks.collection import namespace
from pipeline.tasks.command import Command, command
from pipeline.tasks.dispatch import read_line
from pipeline.tasks.program import CapasProgram
from pipeline.tasks.proposals import proposals

LINES = int(os.environ.get("CAPAS_LINES", "10000"))
SEED = int(os.environ.get("CAPAS_LINES_SEED", "16"))
VALUES = ["1.1", "web", "a b", "", "x=y", "--", "-", "-x", "-h", "--help", "--list", "-1", "=", "é"]
VALUES += ["3", "json", "web=3,worker=2", "specs/a.toml", "plan", "volume.list", "volume", "---"]


@command(positional=["first", "second"], iterable=["many"])
def odd(
    first: str, second: str, many: list[str] | None = None, *, on_: bool = True, off: bool = False
) -> None:
    """Have every kind of option."""


def invokes(words: list[str]) -> dict[str, Any] | None:
    """The options as Invoke reads them; None when it reads no single task in this line."""
    program = CapasProgram(namespace)
    try:
        program.create_config()
        program.parse_core(["capas", *words])
        program.parse_collection()
        program.parse_tasks()
        program.parse_cleanup()
    except (ParseError, Exit, SystemExit):
        return None
    if len(program.tasks) != 1:
        return None
    (task,) = program.tasks
    return {str(task.name): dict(task.as_kwargs)}


def ours(words: list[str]) -> dict[str, Any] | None:
    read = read_line(words, COMMANDS, command_named)
    return None if read is None else {words[0]: read}


def line_by_chance(chance: random.Random) -> list[str]:
    """A line that has much of a right one."""
    name = chance.choice(list(COMMANDS))
    asked = command_named(name)
    words = [name]
    words += [chance.choice(VALUES[:4]) for _ in asked.positional if chance.random() < 0.9]
    for option, default in asked.options.items():
        if chance.random() < 0.35:
            flag = "--" + option.strip("_").replace("_", "-")
            times = 2 if chance.random() < 0.1 else 1
            for _ in range(times):
                words += _said(chance, flag, asked, default, option)
    for _ in range(chance.choice([0, 0, 0, 1, 2])):
        words.insert(chance.randint(1, len(words)), chance.choice(VALUES))
    return words


def _said(
    chance: random.Random, flag: str, asked: Command, default: object, option: str
) -> list[str]:
    value = chance.choice(VALUES if chance.random() < 0.2 else VALUES[:5])
    if isinstance(default, bool):
        return [flag.replace("--", "--no-", 1) if chance.random() < 0.3 else flag]
    if chance.random() < 0.3:
        return [f"{flag}={value}"]
    more = [chance.choice(VALUES[:4])] if option in asked.iterable and chance.random() < 0.4 else []
    return [flag, value, *more]


@pytest.fixture
def _quiet(capfd: pytest.CaptureFixture[str]) -> None:
    """Invoke and our messages say much about wrong lines."""


@pytest.mark.usefixtures("_quiet")
def test_random_lines_are_read_as_invoke_reads_them() -> None:
    chance, read = random.Random(SEED), 0
    for _ in range(LINES):
        words = line_by_chance(chance)
        if (found := ours(words)) is not None:
            read += 1
            assert found == invokes(words), words
    assert read > LINES / 4  # most of them are well-formed: that is what it is for


@given(st.lists(st.sampled_from([*VALUES, *COMMANDS]) | st.text("-=ah ", max_size=4), max_size=5))
def test_any_words_are_read_as_invoke_reads_them_or_not_at_all(words: list[str]) -> None:
    line = ["deploy", *words]
    found = ours(line)
    assert found is None or found == invokes(line)


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("a b", ("a", "b", [], True, False)),
        ("--second b a", ("a", "b", [], True, False)),
        ("a b --no-on --off --many x y --many=z", ("a", "b", ["x", "y", "z"], False, True)),
        ("a", None),
        ("a b c", None),
        ("a --many x b", None),
        ("a b --many", None),
        ("a b --no-off", None),
        ("a b --on=yes", None),
        ("a b --nothing", None),
        ("a b -o", None),
        ("a b --many -x", None),
        ("a b --help", None),
        ("a b odd", None),
        ("a b -- c -d odd", ("a", "b", [], True, False)),
    ],
)
def test_every_kind_of_option(line: str, read: tuple[object, ...] | None) -> None:
    found = read_line(["odd", *line.split()], {"odd": 0}, lambda _name: odd)
    assert (None if found is None else tuple(found.values())) == read


def test_a_shell_is_told_what_invoke_would_tell_it(capsys: pytest.CaptureFixture[str]) -> None:
    chance, answered = random.Random(SEED), 0
    for _ in range(LINES // 10):
        words = line_by_chance(chance)[: chance.randint(0, 4)]
        words += chance.choice([[], [""], ["--"], ["--s"], ["--wait"], ["de"], ["-"], ["--a=b"]])
        found = proposals(["--complete", "--", "capas", *words])
        if found is None:
            continue
        answered += 1
        capsys.readouterr()
        with pytest.raises(SystemExit):
            CapasProgram(namespace).run(["capas", "--complete", "--", "capas", *words])
        assert found == capsys.readouterr().out.splitlines(), words
    assert answered > LINES / 40


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_of_itself_what_invoke_finds_out(name: str) -> None:
    (task,) = [namespace[one] for one in namespace.task_names if one == name]
    assert task.name in (name, command_named(name).name)
    found = {one.attr_name or one.name for one in task.get_arguments()}
    assert found == command_named(name).options.keys()


def run(*words: str, **variables: str) -> tuple[int, str]:
    """A command in a new process, and whether Invoke was imported."""
    code = (
        "import sys, atexit\nsys.argv[0] = 'capas'\n"
        "atexit.register(lambda: print('invoke' in sys.modules, file=sys.stderr))\n"
        "from pipeline.__main__ import main\nmain()"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr.splitlines()[-1]


def test_a_right_line_runs_without_invoke() -> None:
    assert run("validate", "--spec", "specs/pytweets.toml") == (0, "False")
    assert run("validate", "--spec", "no-such.toml") == (2, "False")
    assert run("validate", "--format=nothing") == (2, "False")
    assert run("--complete", "--", "capas", "deploy", "--dr") == (0, "False")


def test_the_others_are_invokes() -> None:
    assert run("validate", "--help") == (0, "True")
    assert run("--list") == (0, "True")
    assert run("--complete", "--", "capas", "--li") == (0, "True")
    assert run("validate", "--nonsense") == (2, "True")
    assert run("validate", INVOKE_RUN_DRY="1") == (2, "True")
