"""Run inside the root of another engine: `python -m tests.engines ENGINE [PART]`.

Writes `reports/engines/ENGINE/`: a JUnit report of each part, and `host.json`, what is there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.engines.host import write
from tests.engines.selection import VARIABLES, parts_of, pytest_words


def main(engine: str, *parts: str) -> int:
    """Run the parts; the exit code of the first that failed."""
    reports = Path("reports", "engines", engine)
    write(reports / "host.json")
    codes = []
    for part in parts or parts_of(engine):
        report = reports / f"{part}.xml"
        argv = [sys.executable, "-m", "pytest", *pytest_words(engine, part)]
        argv += [f"--junit-xml={report}"]
        argv += ["-p", "no:cacheprovider", "--durations=12"]
        codes.append(subprocess.call(argv, env={**VARIABLES, **os.environ}))
    return next(filter(None, codes), 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
