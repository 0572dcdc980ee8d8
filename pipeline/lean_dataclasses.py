"""`dataclass`, `field` and `replace` as the standard library's, made when a class is first used.

The standard library writes and compiles up to eight functions for each class when its module is
imported: 0.3 ms a class, and 10 ms for its own import. A command imports a hundred classes and
makes values of thirty. Here a class costs 7 µs, and its `__init__`, the only function that is
written for it, 27 µs when it is first called (docs/decisions/0030). The type checker sees the
standard library's; its `fields`, `asdict` and the like work on these classes as on its own.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

_NONE: Any = object()


class _Field:
    """What stands for a field: `field(…)`, or its default alone."""

    __slots__ = ("compare", "default", "default_factory", "init", "kind", "repr")

    def __init__(
        self,
        *,
        default: Any = _NONE,
        default_factory: Any = _NONE,
        init: bool = True,
        repr: bool = True,  # noqa: A002 (the standard library's word)
        compare: bool = True,
    ) -> None:
        self.kind = ""
        self.default = default
        self.default_factory = default_factory
        self.init = init
        self.repr = repr
        self.compare = compare


def _dataclass(
    cls: Any = None, /, *, eq: bool = True, order: bool = False, frozen: bool = False
) -> Any:
    """Give a class the methods of a value; what it annotates are its fields."""

    def give(cls: Any) -> Any:
        fields = _fields_of(cls)
        methods: dict[str, Any] = {"__init__": _first_init(cls, fields), "__repr__": _repr}
        methods["__match_args__"] = tuple([name for name, one in fields.items() if one.init])
        if eq:
            key = _key([name for name, one in fields.items() if one.compare])
            methods["__eq__"] = _comparison(operator.eq, key)
            methods["__hash__"] = _hash(key) if frozen else None
            for name in ("lt", "le", "gt", "ge") if order else ():
                methods[f"__{name}__"] = _comparison(getattr(operator, name), key)
        if frozen:
            methods |= {"__setattr__": _refuse, "__delattr__": _refuse}
        for name, method in methods.items():
            if vars(cls).get(name) is None:  # Python writes None beside an `__eq__`
                setattr(cls, name, method)
        cls._lean_fields = fields
        for name in _STANDARD:
            setattr(cls, name, _Standard(name, eq=eq, order=order, frozen=frozen))
        return cls

    return give if cls is None else give(cls)


def _fields_of(cls: Any) -> dict[str, _Field]:
    """The fields by name, those of the classes above first; the class keeps plain defaults."""
    fields: dict[str, _Field] = {}
    for base in reversed(cls.__mro__[1:]):
        fields.update(vars(base).get("_lean_fields", ()))
    for name, kind in cls.__annotations__.items():
        if kind.startswith("ClassVar"):
            continue
        given = vars(cls).get(name, _NONE)
        one = given if isinstance(given, _Field) else _Field(default=given)
        one.kind = kind
        if one.default is not _NONE:
            if one.default.__class__.__hash__ is None:
                raise ValueError(f"{cls.__name__}.{name}: all values would share this default")
            setattr(cls, name, one.default)
        elif given is one:
            delattr(cls, name)
        fields[name] = one
    return fields


def _first_init(cls: Any, fields: dict[str, _Field]) -> Callable[..., None]:
    """An `__init__` that writes the real one when it is first called."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 (it becomes one)
        cls.__init__ = made = _written_init(cls, fields)
        made(self, *args, **kwargs)

    return __init__


def _written_init(cls: Any, fields: dict[str, _Field]) -> Callable[..., None]:
    known: dict[str, Any] = {"__none__": _NONE}
    parameters, lines = [], ["__dict__ = self.__dict__"]
    for name, one in fields.items():
        default = f"__default_{name}"
        value = name if one.init else default
        known[default] = one.default
        if one.default_factory is not _NONE:
            known[default] = one.default_factory
            value = f"{default}()" + (f" if {name} is __none__ else {name}" if one.init else "")
            default = "__none__"
        if one.init:
            has_default = one.default is not _NONE or default == "__none__"
            parameters.append(f"{name}={default}" if has_default else name)
        lines.append(f"__dict__[{name!r}] = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    text = f"def __init__(self, {', '.join(parameters)}):\n " + "\n ".join(lines)
    made: dict[str, Any] = {}
    exec(compile(text, f"<{cls.__module__}.{cls.__qualname__}>", "exec"), known, made)  # noqa: S102
    init: Callable[..., None] = made["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _key(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """What values are compared by: a tuple of these fields."""
    if len(names) > 1:
        return operator.attrgetter(*names)  # as quick as code that is written for the class
    return lambda value: tuple([getattr(value, name) for name in names])


def _comparison(by: Callable[[Any, Any], bool], key: Callable[[Any], Any]) -> Callable[..., Any]:
    def compare(self: Any, other: Any) -> Any:
        return by(key(self), key(other)) if other.__class__ is self.__class__ else NotImplemented

    return compare


def _hash(key: Callable[[Any], Any]) -> Callable[[Any], int]:
    return lambda self: hash(key(self))


def _repr(self: Any) -> str:
    shown = (f"{name}={getattr(self, name)!r}" for name, one in _of(self).items() if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse(_self: Any, name: str, *_value: Any) -> NoReturn:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415 (what this module spares)

    raise FrozenInstanceError(f"the value of {name!r} cannot be changed")


_STANDARD = ("__dataclass_fields__", "__dataclass_params__")


class _Standard:
    """By what the standard library knows a class of its own; made when it asks for it."""

    def __init__(self, name: str, **options: bool) -> None:
        self._name = name
        self._options = options

    def __get__(self, _value: Any, cls: Any) -> Any:
        import dataclasses  # noqa: PLC0415 (what this module spares)

        body: dict[str, Any] = {
            "__annotations__": {name: one.kind for name, one in cls._lean_fields.items()},
            "__module__": cls.__module__,
        }
        for name, one in cls._lean_fields.items():
            told = {key: getattr(one, key) for key in _Field.__slots__ if key != "kind"}
            body[name] = dataclasses.field(
                **{key: value for key, value in told.items() if value is not _NONE}
            )
        shadow: type = dataclasses.dataclass(**self._options)(type(cls.__name__, (), body))
        for name in _STANDARD:
            setattr(cls, name, vars(shadow)[name])
        return vars(shadow)[self._name]


def _of(value: Any) -> dict[str, _Field]:
    fields: dict[str, _Field] = type(value)._lean_fields
    return fields


def field_names(value: object) -> tuple[str, ...]:
    """The names of a value's fields; none for what is of no such class."""
    return tuple(getattr(type(value), "_lean_fields", ()))


def _replace(value: Any, /, **changes: Any) -> Any:
    """The value with other values of some fields."""
    kept = {name: getattr(value, name) for name, one in _of(value).items() if one.init}
    return type(value)(**{**kept, **changes})


if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    dataclass, field, replace = _dataclass, _Field, _replace

__all__ = ["dataclass", "field", "field_names", "replace"]
