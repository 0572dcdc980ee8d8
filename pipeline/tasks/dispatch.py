"""A well-formed command line, read without Invoke, whose import takes longer than small commands.

Only one command with its options in their usual forms is read here. Help, lists, completion,
several tasks and everything that is wrong are Invoke's (docs/decisions/0031). The two read alike:
`tests/unit/tasks/test_dispatch.py` holds ten thousand random lines against Invoke's parser.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.tasks import COMMANDS, command_named
from pipeline.tasks.arguments import WORDS, words_as_option

if TYPE_CHECKING:
    from pipeline.tasks.command import Command


def run_directly(words: Sequence[str], environ: Mapping[str, str]) -> int | None:
    """Run the command that a line names, and return its exit code; None for a line of Invoke's.

    Args:
        words: after the program's name.
        environ: in which INVOKE_… variables are for Invoke.
    """
    if not words or any(name.startswith("INVOKE_") for name in environ):
        return None
    if words[0] == "--complete":
        from pipeline.tasks.proposals import proposals

        found = proposals(words)
        if found is not None:
            sys.stdout.write("".join(f"{one}\n" for one in found))
        return None if found is None else 0
    if words[0] not in COMMANDS:
        return None
    given = read_line(words, COMMANDS, command_named)
    return None if given is None else command_named(words[0]).run(given)


def read_line(
    words: Sequence[str], names: Mapping[str, object], named: Callable[[str], Command]
) -> dict[str, object] | None:
    """The values that a line gives to the options of its command; None for a line of Invoke's.

    Args:
        words: the line; the first word names a command.
        names: of all commands.
        named: the command of a name.
    """
    own = list(words[: words.index("--")] if "--" in words else words)
    if any(word in names or (word.startswith("-") and word[1:2] != "-") for word in own[1:]):
        return None  # a second command, perhaps; one dash begins an option of Invoke's own
    asked = named(own[0])
    reader = _Reader(asked)
    try:
        for word in words_as_option(own, {own[0]: WORDS} if WORDS in asked.iterable else {})[1:]:
            reader.take(word)
        return reader.ended()
    except _ForInvoke:
        return None


class _ForInvoke(Exception):
    """The line is none that is read here."""


class _Reader:
    """Reads the words after a command's name, one by one."""

    def __init__(self, asked: Command) -> None:
        self._positional = asked.positional
        self._lists: dict[str, list[str]] = {name: [] for name in asked.iterable}
        self._values: dict[str, object] = {}
        self._switches: dict[str, tuple[str, bool]] = {}
        self._options: dict[str, str] = {}
        self._given: set[str] = set()
        self._open = ""  # the option that the next word is a value of
        self._waits = False  # for it: a list may also end
        for name, default in asked.options.items():
            flag = name.strip("_").replace("_", "-")
            if isinstance(default, bool):
                self._switches[f"--{flag}"] = (name, True)
                if default:
                    self._switches[f"--no-{flag}"] = (name, False)
            elif default is asked.NEEDED or default is None or isinstance(default, str):
                self._options[f"--{flag}"] = name
            self._values[name] = None if default is asked.NEEDED else default
        self._values |= self._lists

    def take(self, word: str) -> None:
        """Read the next word."""
        if word.startswith("--"):
            self._option(word)
        elif self._open:
            self._value(word)
        elif missing := self._missing():
            self._values[missing] = word
            self._given.add(missing)
        else:
            raise _ForInvoke

    def ended(self) -> dict[str, object]:
        """What the line gave; every option has a value."""
        if self._waits or self._missing():
            raise _ForInvoke
        return self._values

    def _missing(self) -> str:
        return next((name for name in self._positional if name not in self._given), "")

    def _option(self, word: str) -> None:
        if self._waits:
            raise _ForInvoke
        flag, has_value, value = word.partition("=")
        self._open = ""
        if word in self._switches:
            name, on = self._switches[word]
            self._values[name] = on
            return
        name = self._options.get(flag, "")
        if not name or name in self._given or value.startswith("-"):
            raise _ForInvoke
        self._open, self._waits = name, True
        if has_value:
            self._value(value)

    def _value(self, word: str) -> None:
        if (values := self._lists.get(self._open)) is None:
            self._values[self._open] = word
            self._given.add(self._open)
            self._open = ""
        elif self._missing():
            raise _ForInvoke
        else:
            values.append(word)
        self._waits = False
