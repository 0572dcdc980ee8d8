"""What Invoke's parser could not read, told like our errors: what, and what to do now.

Invoke raises one class for all of it: what happened stands in its words (`parser.py`, Invoke 2.x).
Words that are not known here are told as they are.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection

from invoke.exceptions import ParseError
from invoke.parser.context import ParserContext

from pipeline.errors import UsageError
from pipeline.lean_re import lazy_pattern

_UNKNOWN = lazy_pattern(r"No idea what '(.*)' is!", re.DOTALL)
_NO_VALUE = lazy_pattern(r"Flag <Argument: (\S+).*> needed value and was not given one!")
_MISSING = lazy_pattern(r"'.*' did not receive required positional arguments: (.*)")


def usage_error(error: ParseError | ValueError, tasks: Collection[str]) -> UsageError:
    """The error that a user is shown.

    Args:
        error: Invoke's.
        tasks: the names of all tasks.
    """
    context = getattr(error, "context", None)
    task = context.name if context else None
    if found := _UNKNOWN.fullmatch(str(error)):
        return _unknown(found[1], context if task else None, tasks)
    if found := _NO_VALUE.fullmatch(str(error)):
        return UsageError(f"--{found[1]} needs a value", resolution=_options_of(task))
    if found := _MISSING.fullmatch(str(error)):
        names = found[1].replace("'", "").upper()
        return UsageError(f"`{task}` needs {names}", resolution=_options_of(task))
    return UsageError(str(error), resolution=_options_of(task))


def _unknown(word: str, context: ParserContext | None, tasks: Collection[str]) -> UsageError:
    task = context.name if context else None
    is_option = word.startswith("-")
    if context is not None and is_option:
        options = list(context.flags)
        return UsageError(
            f"`{task}` has no option {word}", resolution=_meant(word, options) + _options_of(task)
        )
    if is_option:
        return UsageError(f"no option {word} before a task", resolution=_options_of(None))
    if context is not None and not difflib.get_close_matches(word, tasks, n=1):
        what = f"`{task}` does not accept {word!r}"
        option = _option_for(word, context.flags)
        hint = f"did you mean `{option} {word}`? " if option else "values follow their option; "
        return UsageError(what, resolution=hint + _options_of(task))
    if group := sorted(name for name in tasks if name.startswith(f"{word}.")):
        shown = ", ".join(f"`{name}`" for name in group)
        return UsageError(f"`{word}` is a group of tasks", resolution=f"name one of {shown}")
    groups = {name.partition(".")[0] for name in tasks}
    return UsageError(f"no task {word!r}", resolution=_meant(word, groups) + _options_of(None))


def _option_for(word: str, flags: Collection[str]) -> str:
    """The option whose value a lone word looks like; empty for none."""
    if "--spec" in flags and (word.endswith(".toml") or "/" in word):
        return "--spec"
    return "--version" if "--version" in flags and word[:1].isdigit() else ""


def no_such_option(option: str, instead: str) -> UsageError:
    """The error for an option of Invoke's that no task of ours heeds."""
    return UsageError(f"no option {option} before a task", resolution=instead or _options_of(None))


def _meant(word: str, known: Collection[str]) -> str:
    """What is nearest among them; the dashes of options, which all have, are not compared."""
    plain = {one.lstrip("-"): one for one in known}
    close = difflib.get_close_matches(word.lstrip("-"), plain, n=1)
    return f"did you mean `{plain[close[0]]}`? " if close else ""


def _options_of(task: str | None) -> str:
    if task is None:
        return "`capas --list` shows the tasks, `capas --help TASK` one task's options"
    return f"`capas --help {task}` shows its options"
