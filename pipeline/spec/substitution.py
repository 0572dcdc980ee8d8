"""`$NAME` and `${NAME…}` inside the values of an env file, as Compose replaces them.

    $NAME, ${NAME}     the variable; an error when it is not set (Compose: empty, with a warning)
    ${NAME:-default}   the default when it is not set or empty; `-` alone: when it is not set
    ${NAME:+other}     the other text when it is set and not empty; `+` alone: when it is set
    ${NAME:?message}   an error when it is not set or empty; `?` alone: when it is not set
    $$                 one `$`

A default or other text may hold references again. A `$` before anything else stays a `$`.
(compose-go v2, `template/template.go`; compared with docker-compose 2.26 and 2.40 by the tests.)
"""

from __future__ import annotations

from collections.abc import Callable

from pipeline.lean_re import lazy_pattern
from pipeline.spec.problem import BadForm

Lookup = Callable[[str], "str | None"]
"""The value of a variable, or None when it is not set."""

_NAME = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE = lazy_pattern(rf"\$(?:(?P<dollar>\$)|(?P<name>{_NAME.pattern})|(?P<brace>\{{))")
_OPERATOR = lazy_pattern(r":?[-+?]")
_EDGE = lazy_pattern(r"\$\{|\}")


def substitute(text: str, lookup: Lookup) -> str:
    """The text with its references replaced.

    Raises:
        BadForm: a reference has no known form, or its variable is not set and it has no default.
    """
    parts: list[str] = []
    end = 0
    while match := _REFERENCE.search(text, end):
        parts.append(text[end : match.start()])
        end = match.end()
        if match["dollar"]:
            parts.append("$")
        elif match["name"]:
            parts.append(_plain(match["name"], lookup))
        else:
            close = _closing(text, end)
            parts.append(_braced(text[end:close], lookup))
            end = close + 1
    return "".join([*parts, text[end:]])


def _closing(text: str, start: int) -> int:
    """Where the brace that was opened before `start` is closed."""
    depth = 1
    for edge in _EDGE.finditer(text, start):
        depth += 1 if edge[0] == "${" else -1
        if depth == 0:
            return edge.start()
    raise BadForm("`${` has no closing brace", "`$$` is one `$`")


def _braced(inside: str, lookup: Lookup) -> str:
    name = _NAME.match(inside)
    operator = _OPERATOR.match(inside, name.end()) if name else None
    if name is None or (operator is None and name.end() != len(inside)):
        forms = "the forms are `${NAME}` and `${NAME:-default}`; `$$` is one `$`"
        raise BadForm("`${…}` is not a variable reference", forms)
    if operator is None:
        return _plain(name[0], lookup)
    operand, kind = inside[operator.end() :], operator[0][-1]
    if "{" in operand.replace("${", ""):
        # Compose ends such a reference at one brace or the other, as what follows it has it.
        hint = f"put that text into a variable of its own: `${{{name[0]}{operator[0]}${{OTHER}}}}`"
        raise BadForm(f"the text after `{operator[0]}` in `${{{name[0]}…}}` has a brace", hint)
    value = lookup(name[0])
    usable = value is not None and not (value == "" and operator[0].startswith(":"))
    if kind == "+":
        return substitute(operand, lookup) if usable else ""
    if usable:
        return value or ""
    if kind == "-":
        return substitute(operand, lookup)
    raise BadForm(f"the variable {name[0]} is not set", substitute(operand, lookup))


def _plain(name: str, lookup: Lookup) -> str:
    value = lookup(name)
    if value is None:
        raise BadForm(
            f"the variable {name} is not set",
            f"set it in the environment, in .env or on an earlier line, give a default "
            f"(`${{{name}:-}}`), or write `$$` for one `$`",
        )
    return value
