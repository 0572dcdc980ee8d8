"""What is said of the tests on other engines is said of tests that there are."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from pipeline.bootstrap.engines import ENGINES
from tests.engines import table
from tests.engines.selection import INTEGRATION, LEFT_OUT, UNIT, parts_of, pytest_words

CHECKOUT = Path(__file__).parents[3]
NAMES = {engine.name for engine in ENGINES}


def there_is(test: str) -> bool:
    """Whether a file of tests, or a test in one, is there."""
    path, _, name = test.partition("::")
    if not name:
        return (CHECKOUT / path).exists()
    tree = ast.parse((CHECKOUT / path).read_text())
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return name.partition("[")[0] in functions


@pytest.mark.parametrize("test", INTEGRATION)
def test_what_is_run_is_there(test: str) -> None:
    assert there_is(test)


def test_what_is_left_out_is_there_and_has_a_reason() -> None:
    assert {*LEFT_OUT, *UNIT} <= NAMES
    for left_out in LEFT_OUT.values():
        for test, reason in left_out.items():
            assert there_is(test), f"{test} is gone: strike it from tests/engines/selection.py"
            assert any(test.startswith(run) for run in INTEGRATION), f"{test} is not run anyway"
            assert len(reason) > 20, f"{test} is left out without a reason"


def test_a_name_that_is_gone_is_noticed() -> None:
    assert not there_is("tests/integration/test_storage.py::test_that_never_was")
    assert not there_is("tests/integration/test_that_never_was.py")


def test_each_engine_is_tested_with_containers_and_two_of_them_with_their_python() -> None:
    for name in NAMES:
        assert "integration" in parts_of(name)
        assert pytest_words(name, "integration")[0].startswith("tests/integration")
    assert pytest_words("forky", "unit") == ["tests/unit", "--numprocesses=auto"]
    assert len(UNIT) == 2


def test_readmes_table_is_that_of_the_record_and_the_record_is_of_today() -> None:
    record = json.loads(table.RECORD.read_text())
    again = "run `./capas test --on all`, then `python3 -m tests.engines.table`"
    readme = (CHECKOUT / "README.md").read_text()
    assert readme == table.placed(readme, table.render(record["hosts"])), again
    assert record["stands_for"] == table.stands_for(), again
    assert {*record["hosts"]} == NAMES, again


def test_a_table_is_made_of_what_the_runs_wrote(tmp_path: Path) -> None:
    folder = tmp_path / "forky"
    folder.mkdir()
    said = {"podman": "5.8.6", "buildah": "1.43.2", "python": "3.14.8", "crun": "1.28"}
    said |= {"netavark": "1.17.2", "cgroups": "v2", "runtime": "crun", "storage": "overlay"}
    (folder / "host.json").write_text(json.dumps({**said, "network": "pasta"}))
    suite = '<testsuites><testsuite tests="{}" failures="{}" errors="0"/></testsuites>'
    (folder / "unit.xml").write_text(suite.format(3, 0))
    (folder / "integration.xml").write_text(suite.format(5, 2))
    hosts = table.collect(tmp_path)
    assert hosts["forky"]["tests"] == "2 failed"
    assert "| Podman, Buildah | 5.8.6, 1.43.2 |\n" in table.render(hosts)
    assert "| tests | 2 failed |\n" in table.render(hosts)
    text = f"before\n{table.BEGIN}old\n{table.END}\nafter\n"
    assert table.placed(text, "new\n") == f"before\n{table.BEGIN}new\n{table.END}\nafter\n"
