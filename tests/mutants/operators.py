"""What is changed in a module to see whether a test minds: one small change at a time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple

_OTHER: dict[type[ast.AST], type[Any]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
_UNSEEN = ("annotation", "returns", "decorator_list", "type_params")
"""Fields whose values are for readers and type checkers, or say how a value is kept."""


@dataclass(frozen=True)
class Mutant:
    """One change of a module.

    Attributes:
        number: among all changes of the module, in the order of `mutants_of`.
        scope: the function or class that it stands in, or "".
        function: first line of the outermost function that it runs in; 0 when it runs as the
            module is imported.
        change: what stood there and what stands there now, as code.
    """

    number: int
    line: int
    scope: str
    function: int
    change: str

    def at(self, path: str) -> str:
        """The mutant of the module `path` as it is told."""
        return f"{path}:{self.line}: {self.scope}: {self.change}\n"


def mutants_of(source: str) -> list[Mutant]:
    """Every change that can be made in a module."""
    return [
        Mutant(number, at.node.lineno, at.scope, at.function, f"{_said(at.node)} → {_said(at.new)}")
        for number, at in enumerate(_changes(ast.parse(source)))
    ]


def mutated(source: str, number: int) -> ast.Module:
    """The module with one change."""
    tree = ast.parse(source)
    at = list(_changes(tree))[number]
    changed: ast.Module = _Exchange(at.node, at.new).visit(tree)
    return ast.fix_missing_locations(changed)


class _Exchange(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        return self.new if node is self.old else self.generic_visit(node)


class _At(NamedTuple):
    """What can be changed, where it stands, and what would stand there."""

    scope: str
    function: int
    node: Any
    new: ast.AST


def _changes(node: ast.AST, scope: str = "", function: int = 0) -> Iterator[_At]:
    """From the top down."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return  # of zip(): an assertion
    for new in _replacements(node):
        yield _At(scope, function, node, new)
    for name, value in ast.iter_fields(node):
        inside = (scope, function)
        if name == "body" and isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            inside = (f"{scope}.{node.name}".lstrip("."), function)
            if isinstance(node, ast.FunctionDef):
                inside = (inside[0], function or first_line(node))
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and name not in _UNSEEN:
                yield from _changes(child, *inside)


def first_line(node: ast.FunctionDef) -> int:
    """The line by which Python knows a function's code: that of its first decorator."""
    return min([node.lineno, *(n.lineno for n in node.decorator_list)])


def _replacements(node: Any) -> Iterator[ast.AST]:
    match node:
        case ast.Compare():
            for at, operator in enumerate(node.ops):
                other = [_OTHER[type(operator)]()]
                yield _with(node, ops=[*node.ops[:at], *other, *node.ops[at + 1 :]])
        case ast.BoolOp():
            yield _with(node, op=_OTHER[type(node.op)]())
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.If() | ast.IfExp():
            yield _with(node, test=ast.Constant(True))
            yield _with(node, test=ast.Constant(False))
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            yield from _without_conditions(node)
        case ast.Constant(value=bool()):
            yield _with(node, value=not node.value)
        case ast.Constant(value=int() | float() as number):
            yield _with(node, value=number + 1)


def _without_conditions(node: Any) -> Iterator[ast.AST]:
    for at, part in enumerate(node.generators):
        if part.ifs:
            less = [*node.generators[:at], _with(part, ifs=[]), *node.generators[at + 1 :]]
            yield _with(node, generators=less)


def _with(node: Any, **fields: object) -> Any:
    """The node with other fields; its children stay the same objects."""
    new = type(node)(**{**dict(ast.iter_fields(node)), **fields})
    return ast.copy_location(new, node)


def _said(node: Any) -> str:
    """The node as code; of a statement its first line."""
    return ast.unparse(ast.fix_missing_locations(deepcopy(node))).partition("\n")[0]
