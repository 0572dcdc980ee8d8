"""The collection of `pipeline.tasks`, for `invoke TASK` in a checkout."""

import sys
from pathlib import Path

from pipeline.bootstrap.needs import missing_modules

# Invoke puts this folder first: it has brought `pipeline`, and hides no module of anybody else's.
sys.path.sort(key=lambda path: path == str(Path(__file__).parent))

if missing := missing_modules():
    sys.stderr.write(
        f"error: the Python of this `invoke` has no {', '.join(missing)}: say `./capas TASK`, or"
        " `.venv/bin/invoke TASK` when that has made .venv\n"
    )
    sys.exit(4)

from pipeline.tasks import namespace

__all__ = ["namespace"]
