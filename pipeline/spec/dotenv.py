r"""Env files: the project's `.env`, and each service's `env_file`, read as Compose reads them.

    NAME=value         up to the end of the line or to ` #`; spaces around it do not count
    NAME="value"       over several lines, if need be; `\n`, `\t`, `\"`, `\\`, `\$`, `\0101` and
                       Go's other short escapes are replaced, every other backslash stays
    NAME='value'       over several lines, if need be; only `\'` is replaced
    NAME               the value that the environment has
    # …                says nothing, like an empty line

`export ` before a name is allowed, and `:` in place of `=`. References to variables are replaced
in values without quotes and in double quotes: see `substitution`. Where Compose guesses, this is
an error: an invalid name, text after a closing quote, a variable that is not set. An error never
shows what the line says: it may be a password.
(compose-go v2, `dotenv/parser.go`; compared with docker-compose 2.26 and 2.40 by the tests.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.lean_re import lazy_pattern
from pipeline.spec.problem import BadForm
from pipeline.spec.substitution import Lookup, substitute
from pipeline.spec.textfile import read_text

_SPACE = "\t\v\f\r \x85\xa0"
"""What Go's scanner skips within a line."""
_BLANK = (
    "\t\n\v\f\r \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + ("\u2028\u2029\u202f\u205f\u3000")
)
"""`unicode.IsSpace` of Go. Python's `isspace` also holds U+001C to U+001F for spaces."""
_STATEMENT = lazy_pattern(
    rf"(?:export[{_SPACE}]+)?(?P<name>[^=:\n#]*)(?P<assigned>[=:])?[{_SPACE}]*"
)
_NAME = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ESCAPE = lazy_pattern(r"\\(?:(?P<octal>0[0-9]{0,3})|(?P<letter>[abfnrtv\"\\$]))")
_OCTAL = lazy_pattern(r"0[0-3][0-7]{2}")
_LETTERS = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "$": "$$",  # which stands for one `$`
}  # fmt: skip


def read_dotenv(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of a file.

    Args:
        environ: what references are looked up in first; the lines above come second.

    Raises:
        BadForm: a line is wrong.
        Unreadable: it is not a text file.
    """
    return parse_dotenv(read_text(path), environ)


def parse_dotenv(text: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of the text of an env file; a later line wins.

    Raises:
        BadForm: a line is wrong; the message names its number.
    """
    variables: dict[str, str] = {}

    def lookup(name: str) -> str | None:
        return environ.get(name, variables.get(name))

    at = _next_statement(text, 0)
    while at < len(text):
        try:
            name, value, end = _statement(text, at, lookup)
        except BadForm as error:
            line = text.count("\n", 0, at) + 1
            raise BadForm(f"line {line}: {error.message}", error.hint) from None
        variables[name] = value
        at = _next_statement(text, end)
    return variables


def _next_statement(text: str, at: int) -> int:
    """Where the next line begins that says something, from `at` on; the end if none does."""
    while at < len(text):
        if text[at] == "#":
            at = _line_end(text, at)
        elif text[at] in _BLANK:
            at += 1
        else:
            break
    return at


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _statement(text: str, at: int, lookup: Lookup) -> tuple[str, str, int]:
    """The name and the value that stand at `at`, and where they end."""
    match = _STATEMENT.match(text, at)
    name = match["name"].rstrip(_BLANK) if match else ""
    if match is None or not _NAME.fullmatch(name):
        raise BadForm(
            "this is not `NAME=VALUE`",
            "a name has letters, digits, `_`, `.` and `-`, and begins with a letter or `_`",
        )
    if not match["assigned"]:
        inherited = lookup(name)
        if inherited is None:
            raise BadForm(f"{name} has no value, and the environment has none for it", f"{name}=…")
        return name, inherited, _only_comment(text, match.end())
    start = match.end()
    if text[start : start + 1] in {"'", '"'}:
        value, end = _quoted(text, start)
        if text[start] == '"':
            value = substitute(_ESCAPE.sub(_escaped, value), lookup)
        return name, value, _only_comment(text, end)
    end = _line_end(text, start)
    value = text[start:end].partition(" #")[0].rstrip(_BLANK)
    return name, substitute(value, lookup), end


def _quoted(text: str, start: int) -> tuple[str, int]:
    """What stands between the quote at `start` and the one that closes it, and where that ends.

    A backslash before the quote that opened is dropped, and no other.
    """
    quote = text[start]
    inside = re.compile(rf"(?P<value>(?:[^{quote}\\]|\\.)*){quote}", re.DOTALL)
    match = inside.match(text, start + 1)
    if match is None:
        raise BadForm(
            f"the quote {quote} is not closed", "a value in quotes may have several lines"
        )
    return re.sub(r"\\(.)", _unquoted(quote), match["value"], flags=re.DOTALL), match.end()


def _unquoted(quote: str) -> Callable[[re.Match[str]], str]:
    return lambda match: quote if match[1] == quote else match[0]


def _escaped(match: re.Match[str]) -> str:
    if octal := match["octal"]:
        if not _OCTAL.fullmatch(octal) or octal == "0000":
            hint = "three octal digits from 001 to 377 follow `\\0`; `\\\\` is one backslash"
            raise BadForm(f"`\\{octal}` is not a character", hint)
        return chr(int(octal, 8))
    return _LETTERS.get(match["letter"], match["letter"])


def _only_comment(text: str, at: int) -> int:
    """The end of the line at `at`, which says nothing more than a comment."""
    end = _line_end(text, at)
    rest = text[at:end].strip(_BLANK)
    if rest and not rest.startswith("#"):
        raise BadForm(
            "there is text after the value",
            "put the whole value in quotes, or `#` before a comment",
        )
    return end
