"""Answers kept from command to command, each a function of its question alone.

Whether the schema allows a document, and what a Containerfile reads from, change with nothing but
the text and the program: a hash of both is the question. One file for each kind of answer in
`$XDG_CACHE_HOME/capas`, a hash and its answer to a line, newest last, deletable at any time. Saves
the imports of jsonschema and of the Containerfile parser (about 60 and 30 ms) to every command on
a spec that did not change.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pipeline.bootstrap.private import private_folder
from pipeline.spec.textfile import Unreadable, read_text


class AnswerCache:
    """The answers of one kind.

    Args:
        name: the file's.
        environ: names the cache folder (XDG_CACHE_HOME, HOME); without both nothing is remembered.
        kept: how many answers there are at most; the oldest go.
    """

    def __init__(self, name: str, environ: Mapping[str, str], *, kept: int) -> None:
        cache = environ.get("XDG_CACHE_HOME")
        if not cache and (home := environ.get("HOME")):
            cache = str(Path(home, ".cache"))
        self._path = Path(cache, "capas", name) if cache else None
        self._kept = kept
        self._answers = self._read()

    def answer(self, question: str) -> str | None:
        """What was answered to a question of `question_of`; None when it was not asked."""
        return self._answers.get(question)

    def remember(self, answers: Mapping[str, str]) -> None:
        """Note answers, each of one line; a cache that cannot be written is none."""
        if self._path is None or not answers:
            return
        kept = list({**self._read(), **answers}.items())[-self._kept :]
        with suppress(OSError):
            private_folder(self._path.parent)
            descriptor, half = tempfile.mkstemp(
                dir=self._path.parent, prefix=f".{self._path.name}-"
            )
            with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 (a descriptor)
                file.writelines(f"{question} {answer}\n" for question, answer in kept)
            try:
                Path(half).replace(self._path)
            except OSError:
                Path(half).unlink()
                raise

    def _read(self) -> dict[str, str]:
        try:
            lines = read_text(self._path).splitlines() if self._path else []
        except Unreadable:
            return {}
        asked = (line.partition(" ") for line in lines)
        return {question: answer for question, _, answer in asked}


def question_of(*parts: bytes) -> str:
    """The hash of everything that an answer depends on, in that order."""
    content = hashlib.sha256()
    for part in parts:
        content.update(b"%d " % len(part) + part)
    return content.hexdigest()
