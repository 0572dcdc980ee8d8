"""Which tests run on which engine: the fewest that would have caught what an engine did wrong.

This machine runs all tests; the root file systems of other releases run these. A test that makes no
sense on an engine stands in LEFT_OUT with its reason; `tests/unit/engines/test_selection.py` holds
that every name here is that of a test.
"""

from __future__ import annotations

from collections.abc import Mapping

INTEGRATION = (
    "tests/integration/build/test_build.py",
    "tests/integration/build/test_plan_is_right.py",
    "tests/integration/build/test_reuse.py",
    "tests/integration/course",
    "tests/integration/deploy/test_deploy.py",
    "tests/integration/deploy/test_life.py",
    "tests/integration/engine",
    "tests/integration/export",
    "tests/integration/host",
    "tests/integration/layers/test_disk.py",
    "tests/integration/layers/test_exact.py",
    "tests/integration/layers/test_report.py",
    "tests/integration/test_containerfile_like_buildah.py",
    "tests/integration/test_storage.py",
    "tests/integration/transfer",
    "tests/integration/verify",
    "tests/integration/volumes",
)
"""On each engine."""

UNIT = ("debian13", "forky")
"""The engines whose Python the unit tests run with: 3.13 and 3.14."""

VARIABLES: Mapping[str, str] = {"CAPAS_PLAN_CASES": "20"}

_VOLUMES = "tests/integration/volumes/test_volumes.py"
_DATABASES = dict.fromkeys(
    (
        "tests/integration/verify/test_databases.py",
        f"{_VOLUMES}::test_postgresql_finds_every_row_after_a_restore",
    ),
    "databases and their packages: a minute, and nothing of it is the engine's",
)
_SABOTAGE = {
    "tests/integration/verify/test_sabotage.py": "two minutes of checks of checks, not of engines",
}
_PODMAN_PY = {
    "tests/integration/verify/test_pytest_plugin.py": "a minute; the oldest and the newest run it",
}

LEFT_OUT: Mapping[str, Mapping[str, str]] = {
    "debian12": {**_DATABASES, **_SABOTAGE},
    "debian13": {**_DATABASES, **_SABOTAGE, **_PODMAN_PY},
    "forky": {**_DATABASES, **_SABOTAGE, **_PODMAN_PY},
    "podman6": {**_DATABASES, **_SABOTAGE},
}
"""Per engine: a test (or a file of tests), and why it makes no sense there."""


def parts_of(engine: str) -> tuple[str, ...]:
    """The parts of the tests that an engine is tested with when nobody names one."""
    return ("unit", "integration") if engine in UNIT else ("integration",)


def pytest_words(engine: str, part: str) -> list[str]:
    """What pytest is told for a part of the tests on an engine."""
    if part == "unit":
        return ["tests/unit", "--numprocesses=auto"]
    left_out = (f"--deselect={test}" for test in LEFT_OUT.get(engine, {}))
    return [*INTEGRATION, *left_out]
