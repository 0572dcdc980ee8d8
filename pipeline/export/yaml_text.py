"""The one writer of YAML: what is read back is what was written, whoever reads it (pure).

Readers differ on plain scalars: `1e3` and `0o17` are texts to YAML 1.1 as PyYAML reads it, and
numbers to YAML 1.2, which Compose and Kubernetes read. So only words that nobody can take for
something else stand without quotes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import yaml

from pipeline.lean_re import lazy_pattern
from pipeline.output.sanitize import HIDDEN

_PLAIN = lazy_pattern(r"[A-Za-z/](?:[A-Za-z0-9_./@-]|:(?=[^\s]))*")
_RESERVED = frozenset(
    {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"}
)


class _Dumper(yaml.SafeDumper):
    """Writes texts in quotes wherever a reader could take them for another type; no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return data is not self  # always: what stands twice is written twice


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _RESERVED
    quotes = '"' if HIDDEN.search(text) or "\n" in text or "\t" in text else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else quotes)


_Dumper.add_representer(str, _text)


def yaml_text(documents: Iterable[Any], literal: Callable[[str], str] = str) -> str:
    """Documents as YAML.

    Args:
        literal: writes a value so that its reader, who expands variables, expands nothing. It is
            given every text that is a value; keys are not expanded by anyone.
    """
    written = [_values(document, literal) for document in documents]
    return yaml.dump_all(
        written,
        Dumper=_Dumper,
        sort_keys=False,
        # Signs that nobody sees are written as escapes, which takes the other letters with it.
        allow_unicode=not any(_hides(document) for document in written),
        width=1_000_000_000,  # no text is folded
    )


def _values(value: Any, literal: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, dict):
        return {key: _values(item, literal) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_values(item, literal) for item in value]
    return value


def _hides(value: Any) -> bool:
    if isinstance(value, str):
        return HIDDEN.search(value) is not None
    if isinstance(value, dict):
        return any(_hides(key) or _hides(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_hides, value))
