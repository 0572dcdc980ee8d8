"""Variables in a Containerfile's words, replaced as Buildah replaces them.

Facts from openshift/imagebuilder (`shell_parser.go`, `dispatchers.go`, `builder.go`), which Buildah
builds with: quotes and escapes go away, `$NAME`, `${NAME}`, `${NAME:-word}` and `${NAME:+word}`
are known, and an unknown name is empty. ENV wins over ARG, the command line over ARG's default.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.spec.containerfile.model import Containerfile, Instruction, Stage

_PROXIES = tuple(
    name
    for lower in ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy")
    for name in (lower, lower.upper())
)
"""Arguments that may be given without an ARG, and stay out of the history without one."""
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm"}


class NotKnown(Exception):
    """A word needs a variable that only the base image could define."""


def platform_arguments() -> dict[str, str]:
    """What `ARG TARGETARCH` and its kin say without a value: this machine."""
    machine = platform.machine()
    architecture = _ARCHITECTURES.get(machine, machine)
    variant = "v7" if machine == "armv7l" else ""
    full = f"linux/{architecture}{f'/{variant}' if variant else ''}"
    values = {"PLATFORM": full, "OS": "linux", "ARCH": architecture, "VARIANT": variant}
    return {
        f"{side}{name}": value for side in ("TARGET", "BUILD") for name, value in values.items()
    }


@dataclass
class Scope:
    """The variables at one place of a stage; `apply` moves on to the next instruction.

    Attributes:
        given: build arguments of the command line.
        heading: values of the ARGs before the first FROM.
        base_env: what the base image's ENV defines; None when it is not known.
        env: what this stage's ENV defines.
        args: values of the arguments.
        allowed: the arguments that this stage declares.
        declared: the arguments as ARG instructions write them.
    """

    given: Mapping[str, str]
    heading: Mapping[str, str]
    base_env: Mapping[str, str] | None
    env: dict[str, str] = field(default_factory=dict)
    args: dict[str, str] = field(default_factory=dict)
    allowed: set[str] = field(default_factory=lambda: set(_PROXIES))
    declared: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.args.update(self.given)

    def active(self) -> dict[str, str]:
        """The declared arguments that have a value."""
        return {name: value for name, value in self.args.items() if name in self.allowed}

    def value(self, name: str) -> str:
        """The value of a variable, empty for an unknown one.

        Raises:
            NotKnown: only the base image could define it, and it is not known.
        """
        if self.base_env is not None and name in self.base_env and name not in self.env:
            return self.base_env[name]
        if name in self.env:
            return self.env[name]
        if name in self.allowed and name in self.args:
            return self.args[name]
        if self.base_env is None:
            raise NotKnown(name)
        return ""

    def expand(self, word: str, escape: str = "\\") -> str:
        """A word with its variables replaced, without its quotes and escapes.

        Raises:
            NotKnown: see `value`.
        """
        return _Words(word, escape, self).all()

    def apply(self, instruction: Instruction, escape: str = "\\") -> None:
        """The variables after `instruction`.

        Raises:
            NotKnown: see `value`.
        """
        if instruction.keyword == "ENV":
            words = [self.expand(word, escape) for word in instruction.arguments]
            self.env.update(zip(words[::2], words[1::2], strict=False))
        elif instruction.keyword == "ARG":
            self.declared += [word for word in instruction.text.split() if word != "ARG"]
            for word in instruction.arguments:
                self._declare(self.expand(word, escape))

    def _declare(self, text: str) -> None:
        name, equals, default = text.partition("=")
        builtin = None if equals else platform_arguments().get(name)
        self.allowed.add(name)
        if builtin is not None:
            equals, default = "=", builtin
        if not equals and name in self.heading:
            self.args[name] = self.heading[name]
        if equals and name not in self.given:
            self.args[name] = default


def heading_values(containerfile: Containerfile, given: Mapping[str, str]) -> dict[str, str]:
    """The values of the ARGs before the first FROM."""
    scope = Scope(given, {}, base_env={}, allowed=set(platform_arguments()))
    scope.args.update(platform_arguments())
    for instruction in containerfile.global_args:
        scope.apply(instruction, containerfile.escape)
    return scope.active()


def base_of(stage: Stage, heading: Mapping[str, str], escape: str = "\\") -> str:
    """What a stage's FROM names, variables replaced."""
    scope = Scope({}, {}, base_env=heading)
    return scope.expand(stage.base, escape)


def run_arguments(scope: Scope) -> str:
    """The arguments that Buildah writes into the history of a RUN: `NAME=value …`, sorted."""
    texts = []
    for name, value in scope.active().items():
        if name in scope.env:
            texts.append(f"{name}={scope.env[name]}")
        elif name not in _PROXIES or name in scope.declared:
            texts.append(f"{name}={value}")
    return " ".join(sorted(texts))


def argument_names(scope: Scope) -> str:
    """The arguments that Buildah writes into the history of an ARG: their names, sorted."""
    return " ".join(sorted(scope.active()))


class _Words:
    """Reads one word from left to right."""

    def __init__(self, text: str, escape: str, scope: Scope) -> None:
        self._text, self._escape, self._scope = text, escape, scope
        self._position = 0

    def all(self) -> str:
        return self._until("")

    def _until(self, end: str) -> str:
        out: list[str] = []
        while (char := self._peek()) and char != end:
            if char == "'":
                out.append(self._single())
            elif char == '"':
                out.append(self._double())
            elif char == "$":
                out.append(self._dollar())
            else:
                self._position += 1
                out.append(self._next() if char == self._escape else char)
        return "".join(out)

    def _single(self) -> str:
        start = self._position + 1
        end = self._text.find("'", start)
        end = len(self._text) if end < 0 else end
        self._position = end + 1
        return self._text[start:end]

    def _double(self) -> str:
        self._position += 1
        out: list[str] = []
        while (char := self._peek()) and char != '"':
            if char == "$":
                out.append(self._dollar())
                continue
            self._position += 1
            if char == self._escape and self._peek() in ('"', "$", self._escape):
                char = self._next()
            out.append(char)
        self._position += 1
        return "".join(out)

    def _dollar(self) -> str:
        self._position += 1
        if self._peek() != "{":
            name = self._name()
            return self._scope.value(name) if name else "$"
        self._position += 1
        name = self._name()
        operator = self._next()
        if operator == "}":
            return self._scope.value(name)
        modifier = self._next()
        word = self._until("}")
        self._position += 1
        value = self._scope.value(name)
        if operator == ":" and modifier == "+":
            return word if value else ""
        return value or word

    def _name(self) -> str:
        start = self._position
        while (char := self._peek()) == "_" or (char.isascii() and char.isalnum()):
            self._position += 1
            if char.isdigit() and self._position == start + 1:
                break
        return self._text[start : self._position]

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _next(self) -> str:
        char = self._peek()
        self._position += 1
        return char


def environment_of(entries: Iterable[str]) -> dict[str, str]:
    """The ENV of an image's config (`NAME=value` texts) as a mapping; the first of a name wins."""
    found: dict[str, str] = {}
    for entry in entries:
        name, _, value = entry.partition("=")
        found.setdefault(name, value)
    return found
