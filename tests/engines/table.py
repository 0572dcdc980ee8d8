"""README's table of hosts, made of what the tests on the engines wrote.

`python3 -m tests.engines.table` in a checkout, after `./capas test --on all`: reads
`reports/engines/`, renews `record.json` beside this file and the table in README.md. It needs
nothing but Python.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from pipeline.bootstrap.engines import ENGINES
from tests.engines import selection

CHECKOUT = Path(__file__).parents[2]
RECORD = Path(__file__).with_name("record.json")
BEGIN, END = "<!-- hosts: python3 -m tests.engines.table -->\n", "<!-- /hosts -->"
NAMES = tuple(engine.name for engine in ENGINES)
_ROWS = {
    "Podman, Buildah": "{podman}, {buildah}",
    "Python": "{python}",
    "crun, netavark": "{crun}, {netavark}",
    "control groups": "{cgroups}",
    "runtime, storage, network": "{runtime}, {storage}, {network}",
    "tests": "{tests}",
}
_NOT_RUN = "not run"

Host = Mapping[str, str]


def stands_for() -> str:
    """What a record is a record of: it is stale when the roots or the choice of tests change."""
    said = (ENGINES, selection.INTEGRATION, selection.UNIT, sorted(selection.LEFT_OUT.items()))
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def render(hosts: Mapping[str, Host]) -> str:
    """The table, an engine a column."""
    names = [name for name in NAMES if name in hosts]
    rows = [["", *(f"`--on {name}`" for name in names)], ["---"] * (len(names) + 1)]
    known = any(host["tests"] != _NOT_RUN for host in hosts.values())
    for title, form in _ROWS.items():
        if title == "tests" and not known:
            continue
        rows.append([title, *(form.format_map({**hosts[name]}) for name in names)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def placed(readme: str, table: str) -> str:
    """README with the table in its place."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table}{END}{after}"


def collect(reports: Path) -> dict[str, Host]:
    """What the runs wrote of each engine that was tested."""
    found: dict[str, Host] = {}
    for name in NAMES:
        host = reports / name / "host.json"
        if host.is_file():
            told = json.loads(host.read_text(encoding="utf-8"))
            # This machine's own reports are those of every run of the tests.
            files = [*(reports / name).glob("*.xml")] or [*(reports.parent / "tests").glob("*.xml")]
            found[name] = {**told, "tests": _outcome(files)}
    return found


def _outcome(paths: list[Path]) -> str:
    counts = {"tests": 0, "failures": 0, "errors": 0}
    for path in paths:
        for suite in ElementTree.parse(path).getroot().iter("testsuite"):
            for key in counts:
                counts[key] += int(suite.get(key, "0"))
    failed = counts["failures"] + counts["errors"]
    if not counts["tests"]:
        return _NOT_RUN
    return f"{failed} failed" if failed else "passed"


def main() -> None:
    """Renew the record and README."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    hosts = {**record["hosts"], **collect(CHECKOUT / "reports" / "engines")}
    record = {"stands_for": stands_for(), "hosts": hosts}
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    readme = CHECKOUT / "README.md"
    text = placed(readme.read_text(encoding="utf-8"), render(hosts))
    readme.write_text(text, encoding="utf-8")
    sys.stdout.write(render(hosts))


if __name__ == "__main__":
    main()
