"""What the mutants are that `python -m tests.mutants` makes."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.operators import Mutant, mutants_of, mutated


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("a == b", ["a == b → a != b"]),
        ("a < b <= c", ["a < b <= c → a <= b <= c", "a < b <= c → a < b < c"]),
        ("a is not b", ["a is not b → a is b"]),
        ("a in b", ["a in b → a not in b"]),
        ("a and b and c", ["a and b and c → a or b or c"]),
        ("not a", ["not a → a"]),
        ("b if a else c", [f"b if a else c → b if {one} else c" for one in ("True", "False")]),
        ("if a:\n    b", ["if a: → if True:", "if a: → if False:"]),
        ("[a for a in b if c]", ["[a for a in b if c] → [a for a in b]"]),
        ("x = 7", ["7 → 8"]),
        ("x = False", ["False → True"]),
        ("f'{a or b}'", ["a or b → a and b"]),
    ],
)
def test_every_kind_of_change_is_made(source: str, changes: list[str]) -> None:
    found = mutants_of(source)
    assert [m.change for m in found] == changes
    for mutant in found:
        assert ast.unparse(mutated(source, mutant.number)) != ast.unparse(ast.parse(source))


def test_only_what_runs_is_changed() -> None:
    source = """
'''Text.'''
if TYPE_CHECKING:
    import a
@dataclass(frozen=True)
class C:
    x: Literal[1] = "one"
    @lru_cache(maxsize=4)
    def f(self, y: Literal[2]) -> Literal[3]:
        return zip(self, y, strict=True)
"""
    assert mutants_of(source) == []


def test_a_mutant_says_where_it_is_and_changes_nothing_else() -> None:
    source = """
class C:

    @property
    def f(self, a=1):

        def g():
            return 2"""
    default, inner = mutants_of(source)
    assert default == Mutant(0, 5, "C", 0, "1 → 2")
    assert inner == Mutant(1, 8, "C.f.g", 4, "2 → 3")
    changed = ast.unparse(mutated(source, 1))
    assert changed == ast.unparse(ast.parse(source.replace("return 2", "return 3")))
