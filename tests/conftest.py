"""What holds for every test of the project."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import settings

# The checkout may be read-only for the account that runs the tests, and a red test is red
# without the memory of earlier runs.
settings.register_profile("capas", database=None, deadline=None)  # no test asserts a time
settings.load_profile("capas")

# A run started behind `&` was told to ignore Ctrl-C and Ctrl-\, and would hand that on to what it
# starts: a shell cannot trap a signal that it was told to ignore (POSIX, `trap`).
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGQUIT) is signal.SIG_IGN:
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)

# `./capas test` tells its children how it was called; the programs under test are called otherwise.
os.environ.pop("CAPAS_PROGRAM", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failed one: there everything is installed that a test needs."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be skipped (CI is set): {report.longreprtext}"
    return report
