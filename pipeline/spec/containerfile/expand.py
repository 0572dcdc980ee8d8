"""Variables in the words of an instruction, replaced as Buildah replaces them.

Facts from openshift/imagebuilder `shell_parser.go`: `$NAME`, `${NAME}`, `${NAME:-word}`,
`${NAME:+word}`; single quotes hold everything, double quotes let `$` work; a backslash takes the
next character as it is (always the backslash, whatever the escape directive says). Unset and
empty are the same. `${NAME:?word}`, `${NAME#word}`, `${NAME%word}` and `${NAME/one/two}` are
known only to later versions than 1.28.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipeline.lean_dataclasses import dataclass, field
from pipeline.spec.containerfile.words import SPACES

EXPANDING = frozenset(
    {"ADD", "ARG", "COPY", "ENV", "EXPOSE", "LABEL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
)
"""The instructions whose arguments have variables; RUN, CMD and ENTRYPOINT have a shell."""

_DEEPEST = 50


class BadWord(ValueError):
    """A word that Buildah refuses."""


class NeedsNewerBuildah(BadWord):
    """A form that only later versions of Buildah know."""


@dataclass(frozen=True)
class Expanded:
    """A word with its variables replaced.

    Attributes:
        text: the whole of it, quotes taken away.
        runs: the same in runs; true for those that may be cut into words.
        missing: names that had no value, and so became nothing or a default.
        bare: those of `missing` that stood without a default.
    """

    text: str
    runs: tuple[tuple[str, bool], ...]
    missing: frozenset[str] = frozenset()
    bare: frozenset[str] = frozenset()

    @property
    def words(self) -> tuple[str, ...]:
        """The text cut at the white space that was not in quotes."""
        return tuple(_cut(self.runs))


def expand(word: str, values: Mapping[str, str]) -> Expanded:
    """`word` with its variables replaced by `values`.

    Raises:
        BadWord: a quote or a brace is not closed, or the form is unknown.
    """
    if "$" not in word and "\\" not in word and "'" not in word and '"' not in word:
        return Expanded(word, ((word, True),))
    scanner = _WordScanner(word, values)
    runs = scanner.until("")
    text = "".join(run for run, _ in runs)
    return Expanded(text, tuple(runs), frozenset(scanner.missing), frozenset(scanner.bare))


def used(word: str) -> frozenset[str]:
    """The variables that become nothing in `word` when they have no value."""
    try:
        return expand(word, {}).bare
    except BadWord:
        return frozenset()


def _cut(runs: Iterable[tuple[str, bool]]) -> list[str]:
    """Words out of runs of text; only the runs marked true are cut at white space."""
    words, current = [], ""
    for run, cuts in runs:
        for char in run if cuts else [run]:
            if cuts and char in SPACES:
                if current:
                    words.append(current)
                current = ""
            else:
                current += char
    return [*words, current] if current else words


@dataclass
class _WordScanner:
    word: str
    values: Mapping[str, str]
    position: int = 0
    depth: int = 0
    missing: set[str] = field(default_factory=set)
    bare: set[str] = field(default_factory=set)

    def until(self, stop: str) -> list[tuple[str, bool]]:
        """Runs of text up to `stop`, or to the end; true for text that may be cut into words."""
        runs: list[tuple[str, bool]] = []
        while self.position < len(self.word):
            char = self.word[self.position]
            if char == stop:
                self.position += 1
                return runs
            if char == "'":
                runs.append((self._single(), False))
            elif char == '"':
                runs.append((self._double(), False))
            elif char == "$":
                runs.append((self._dollar(), True))
            elif char == "\\":
                runs.append((self.word[self.position + 1 : self.position + 2], False))
                self.position += 2
            else:
                runs.append((char, True))
                self.position += 1
        if stop:
            raise BadWord(f"no {stop} closes what `${{` opens")
        return runs

    def _single(self) -> str:
        end = self.word.find("'", self.position + 1)
        if end < 0:
            raise BadWord("a single quote is not closed")
        text = self.word[self.position + 1 : end]
        self.position = end + 1
        return text

    def _double(self) -> str:
        parts: list[str] = []
        self.position += 1
        while self.position < len(self.word):
            char = self.word[self.position]
            if char == '"':
                self.position += 1
                return "".join(parts)
            if char == "$":
                parts.append(self._dollar())
                continue
            following = self.word[self.position + 1 : self.position + 2]
            if char == "\\" and following and following in '"$\\':
                char = following
                self.position += 1
            parts.append(char)
            self.position += 1
        raise BadWord("a double quote is not closed")

    def _dollar(self) -> str:
        self.position += 1
        if not self.word.startswith("{", self.position):
            name = self._name()
            return self._value(name, bare=True) if name else "$"
        self.position += 1
        name = self._name()
        sign = self.word[self.position : self.position + 1]
        if sign == "}":
            self.position += 1
            return self._value(name, bare=True)
        if sign in {"#", "%", "/"}:
            raise NeedsNewerBuildah(f"${{{name}{sign}…}}")
        if sign != ":":
            raise BadWord(f"`${{{name}` goes on neither with }} nor with :- or :+")
        return self._modified(name)

    def _modified(self, name: str) -> str:
        modifier = self.word[self.position + 1 : self.position + 2]
        if modifier == "?":
            raise NeedsNewerBuildah(f"${{{name}:?…}}")
        if modifier not in {"-", "+"}:
            raise BadWord(f"`${{{name}:{modifier}` has no modifier that Buildah knows")
        self.position += 2
        self.depth += 1
        if self.depth > _DEEPEST:
            raise BadWord("defaults inside defaults without end")
        word = "".join(run for run, _ in self.until("}"))
        self.depth -= 1
        value = self._value(name, bare=False)
        if modifier == "+":
            return word if value else ""
        return value or word

    def _name(self) -> str:
        start = self.position
        while self.position < len(self.word):
            char = self.word[self.position]
            if char.isdecimal() and self.position == start:
                self.position += 1
                break
            if not (char.isalpha() or char.isdecimal() or char == "_"):
                break
            self.position += 1
        return self.word[start : self.position]

    def _value(self, name: str, *, bare: bool) -> str:
        if name not in self.values:
            self.missing.add(name)
            if bare:
                self.bare.add(name)
        return self.values.get(name, "")
