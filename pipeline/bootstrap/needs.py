"""What the program imports of others, for a Python that may lack it."""

from __future__ import annotations

from importlib.util import find_spec

MODULES = ("invoke", "jinja2", "jsonschema", "yaml", "rich", "tomli")
"""The modules of the dependencies in pyproject.toml."""


def missing_modules() -> tuple[str, ...]:
    """Those that this Python cannot import."""
    return tuple(name for name in MODULES if find_spec(name) is None)
