"""Classes of `pipeline.lean_dataclasses` do what the standard library's do (the witness here)."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import lean_dataclasses

CLASSES = """
from __future__ import annotations
from typing import ClassVar

@dataclass(frozen=True)
class Plain:
    a: int
    b: float = 1.0
    c: tuple[int, ...] = field(default=())
    count: ClassVar[int] = 7

    @property
    def doubled(self) -> int:
        return self.a * 2

@dataclass(frozen=True, order=True)
class Ordered:
    a: int
    b: float = field(default=0.0, compare=False)
    c: tuple[int, ...] = ()

@dataclass(frozen=True)
class One:
    a: float

@dataclass(frozen=True)
class Nothing:
    pass

@dataclass
class Changing:
    a: int
    b: dict[str, int] = field(default_factory=dict, repr=False)
    c: list[int] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.c.append(self.a)

@dataclass(eq=False)
class Itself:
    a: int
    d: int = 0

@dataclass(frozen=True)
class Below(Plain):
    b: float = 2.0
    d: str = "d"

@dataclass(frozen=True)
class OddNames:
    values: int
    none: int = 1
    dict: int = 2
    default: tuple[int, ...] = field(default_factory=tuple)
    d: int = 3

@dataclass(frozen=True)
class OwnWords:
    a: int

    def __repr__(self) -> str:
        return "own"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OwnWords) and str(self.a) == str(other.a)
"""


def made_by(library: ModuleType, name: str) -> Any:
    """The classes, written with one of the two."""
    module = ModuleType(name)
    vars(module).update({key: vars(library)[key] for key in ("dataclass", "field", "replace")})
    sys.modules[name] = module
    exec(CLASSES, vars(module))
    return module


OURS = made_by(lean_dataclasses, "ours")
THEIRS = made_by(dataclasses, "theirs")
NAMES = [name for name in vars(OURS) if name[0].isupper() and name != "ClassVar"]
VALUES = st.one_of(st.integers(-2, 2), st.floats(allow_nan=False), st.just(()))
"""No NaN: a value with the same NaN is equal to itself until Python 3.12, and not from 3.13 on."""
CALLS = st.tuples(
    st.lists(VALUES, max_size=3), st.dictionaries(st.sampled_from("abcde"), VALUES, max_size=3)
)


def tried(action: Any) -> Any:
    """What an action gives, or the kind of its error."""
    try:
        return action()
    except Exception as error:  # noqa: BLE001 (which one it is, is compared)
        return type(error)


def seen(module: Any, name: str, *calls: Any) -> list[Any]:
    """Everything that can be asked of values that are made with these arguments."""
    kind = getattr(module, name)
    values = [tried(lambda call=call: kind(*call[0], **call[1])) for call in calls]
    if any(isinstance(value, type) for value in values):
        return [value if isinstance(value, type) else repr(value) for value in values]
    one, other = values
    return [
        repr(one),
        vars(one),
        [tried(lambda by=by: getattr(one, by)(other)) for by in ("__eq__", "__lt__", "__ge__")],
        tried(lambda: one < other),
        one == other,
        one == object(),
        tried(lambda: hash(one) == hash(copy.copy(one))),
        tried(lambda: hash(one) == hash(other)) if one == other else None,
        repr(tried(lambda: module.replace(one, a=3))),
        tried(lambda: module.replace(one, nothing=3)),
        repr(pickle.loads(pickle.dumps(one))),
        tried(lambda: setattr(one, "a", 9)),
        tried(lambda: delattr(one, "a")),
        kind.__match_args__,
    ]


@given(st.sampled_from(NAMES), CALLS, CALLS)
def test_values_are_like_the_standard_librarys(name: str, one: Any, other: Any) -> None:
    assert repr(seen(OURS, name, one, other)) == repr(seen(THEIRS, name, one, other))


@pytest.mark.parametrize("name", NAMES)
def test_the_standard_library_takes_them_for_its_own(name: str) -> None:
    ours: Any = getattr(OURS, name)
    theirs: Any = getattr(THEIRS, name)

    def shown(kind: Any) -> list[tuple[Any, ...]]:
        fields = dataclasses.fields(kind)
        return [(f.name, f.type, f.default, f.init, f.repr, f.compare) for f in fields]

    is_one: bool = dataclasses.is_dataclass(ours)
    assert is_one
    assert shown(ours) == shown(theirs)
    args = range(len(theirs.__match_args__))
    assert dataclasses.asdict(ours(*args)) == dataclasses.asdict(theirs(*args))
    names = tuple(one.name for one in dataclasses.fields(theirs))
    assert lean_dataclasses.field_names(ours(*args)) == names


def test_a_default_that_values_would_share_is_refused() -> None:
    with pytest.raises(ValueError, match="all values would share"):

        @lean_dataclasses._dataclass
        class _Shared:
            a: list[int] = []  # noqa: RUF012


def test_the_standard_librarys_are_not_imported() -> None:
    code = (
        "import sys\nfrom pipeline.spec.model import Port\nassert Port(80) == Port(80)\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"dataclasses", "inspect"} & set(done.stdout.split())


def test_no_class_of_ours_is_made_by_the_standard_library() -> None:
    package = Path(lean_dataclasses.__file__).parent
    others = [path for path in package.rglob("*.py") if path.name != "lean_dataclasses.py"]
    wanted = re.compile(r"^\s*from dataclasses import .*\b(dataclass|field)\b", re.MULTILINE)
    assert not [path for path in others if wanted.search(path.read_text())]
