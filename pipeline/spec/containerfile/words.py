"""How Buildah cuts the text of an instruction into words.

Facts from openshift/imagebuilder 1.2.3, the parser of Buildah 1.28 (`split_command.go`,
`line_parsers.go`), and 1.2.15, that of Buildah 1.39; the two agree here.
"""

from __future__ import annotations

import json

from pipeline.lean_dataclasses import dataclass
from pipeline.lean_re import lazy_pattern
from pipeline.spec.containerfile.model import Word

SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
)
SPACES += "\u2028\u2029\u202f\u205f\u3000"
"""What Go calls white space: less than `str.isspace`, which has the separators 0x1c to 0x1f too."""

_BLANKS = lazy_pattern(r"[\t\v\f\r ]+")
_JSON_STRING = lazy_pattern(r'"(?:[^"\\]|\\.)*"')

_LONE_HALF = lazy_pattern("[\ud800-\udfff]")  # of a surrogate pair: no character, as Go has it


class NotStrings(ValueError):
    """A JSON list with something else than texts in it: Buildah refuses it."""


@dataclass(frozen=True)
class Span:
    """A part of an instruction's text: what is still to be cut."""

    text: str
    start: int
    end: int

    def __str__(self) -> str:
        return self.text[self.start : self.end]

    def __bool__(self) -> bool:
        return self.start < self.end

    def trimmed(self) -> Span:
        """Without white space around it."""
        value = str(self)
        left = len(value) - len(value.lstrip(SPACES))
        return Span(self.text, self.start + left, self.start + max(left, len(value.rstrip(SPACES))))

    def whole(self) -> Word:
        """All of it as one word."""
        return Word(str(self), self.start, self.end)


def split_keyword(span: Span) -> tuple[Word, Span]:
    """The first word, and what stands after the blanks behind it."""
    line = span.trimmed()
    blank = _BLANKS.search(line.text, line.start, line.end)
    if blank is None:
        return line.whole(), Span(line.text, line.end, line.end)
    word = Word(line.text[line.start : blank.start()], line.start, blank.start())
    return word, Span(line.text, blank.end(), line.end)


def take_flags(span: Span) -> tuple[tuple[Word, ...], Span]:
    """The `--flags` in front, unquoted, and the trimmed rest. `--` alone ends them."""
    text, position = span.text, span.start
    flags: list[Word] = []
    while True:
        while position < span.end and text[position] in SPACES:
            position += 1
        if not text.startswith("--", position, span.end):
            return tuple(flags), Span(text, position, span.end).trimmed()
        start = position
        value, position = _unquoted_word(span, position)
        if value == "--":
            return tuple(flags), Span(text, position, span.end).trimmed()
        if value:
            flags.append(Word(value, start, position))


def _unquoted_word(span: Span, position: int) -> tuple[str, int]:
    text, value, quote = span.text, [], ""
    while position < span.end:
        char = text[position]
        if quote and char == quote:
            quote = ""
        elif not quote and char in SPACES:
            break
        elif not quote and char in "'\"":
            quote = char
        elif char == "\\":
            position += 1
            value.append(text[position : min(position + 1, span.end)])
        else:
            value.append(char)
        position += 1
    return "".join(value), min(position, span.end)


def split_blanks(span: Span) -> tuple[Word, ...]:
    """Words between blanks; quotes mean nothing."""
    words, start = [], span.start
    if not span:
        return ()
    for blank in _BLANKS.finditer(span.text, span.start, span.end):
        words.append(Word(span.text[start : blank.start()], start, blank.start()))
        start = blank.end()
    words.append(Word(span.text[start : span.end], start, span.end))
    return tuple(words)


def split_words(span: Span, escape: str) -> tuple[Word, ...]:
    """Words between white space; quotes hold a word together and stay in it, as do escapes."""
    text, words, position = span.text, [], span.start
    while position < span.end:
        if text[position] in SPACES:
            position += 1
            continue
        start = position
        value, position = _quoted_word(span, position, escape)
        if value:
            words.append(Word(value, start, position))
    return tuple(words)


def _quoted_word(span: Span, position: int, escape: str) -> tuple[str, int]:
    text, value, quote = span.text, [], ""
    while position < span.end:
        char = text[position]
        if not quote and char in SPACES:
            break
        if char == escape and quote != "'":
            # An escape at the very end is dropped, elsewhere it stays with what it escapes.
            if position + 1 < span.end:
                value.append(text[position : position + 2])
            position += 2
            continue
        if quote and char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        value.append(char)
        position += 1
    return "".join(value), min(position, span.end)


def json_list(span: Span) -> tuple[Word, ...] | None:
    """The texts of a JSON list, or None when it is none. What follows the list is ignored.

    Raises:
        NotStrings: it is a JSON list, but not of texts.
    """
    span = span.trimmed()
    if not span or span.text[span.start] != "[":
        return None
    decoder = json.JSONDecoder(parse_int=_no_text, parse_float=_no_text, parse_constant=_refuse)
    try:
        items, end = decoder.raw_decode(span.text[: span.end], span.start)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(item, str) for item in items):
        raise NotStrings
    places = _JSON_STRING.finditer(span.text, span.start, end)
    return tuple(
        Word(_LONE_HALF.sub("\ufffd", item), place.start(), place.end())
        for item, place in zip(items, places, strict=True)
    )


def _no_text(_number: str) -> None:
    """A number, of any length: only that it is no text counts."""


def _refuse(constant: str) -> None:
    # NaN and Infinity are Python's own, not JSON's.
    raise ValueError(constant)
