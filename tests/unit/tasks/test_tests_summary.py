"""The counts of the test parts and their closing line."""

from __future__ import annotations

from pathlib import Path

from pipeline.tasks.tests_summary import PARTS, Counts, closing_line, parts_here, pytest_argv


def test_the_counts_of_a_report(tmp_path: Path) -> None:
    report = tmp_path / "unit.xml"
    report.write_text(
        '<testsuites><testsuite errors="1" failures="2" skipped="3" tests="10"/></testsuites>'
    )
    assert Counts.read(report) == Counts(passed=4, failed=2, errors=1, skipped=3)


def test_a_run_without_a_report_is_an_error(tmp_path: Path) -> None:
    assert Counts.read(tmp_path / "none.xml") == Counts(errors=1)
    (tmp_path / "half.xml").write_text("<testsuites><tests")
    assert Counts.read(tmp_path / "half.xml") == Counts(errors=1)


def test_the_closing_line_counts_like_pytest() -> None:
    total = Counts(passed=3) + Counts(passed=4, failed=1, errors=1)
    assert closing_line(total) == "7 passed, 2 failed"
    assert closing_line(Counts(passed=7, skipped=2)) == "7 passed, 0 failed, 2 skipped"


def test_only_unit_tests_share_the_processors() -> None:
    report = Path("/r.xml")
    assert pytest_argv("unit", report) == [
        *("pytest", "tests/unit", "--junit-xml=/r.xml"),
        *("-p", "no:cacheprovider", "--numprocesses=auto"),
    ]
    assert "--numprocesses=auto" not in pytest_argv("integration", report)


def test_two_accounts_are_tested_where_root_began_and_always_in_ci() -> None:
    assert "accounts" not in parts_here({})
    assert parts_here({"CAPAS_SECOND_ACCOUNT": "/run/socket"}) == PARTS
    assert parts_here({"CI": "true"}) == PARTS
