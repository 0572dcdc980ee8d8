"""`invoke TASK`: the tasks of capas for the specs of this folder."""

import os
import sys

# Invoke puts this folder first: no module of the project stands in for one that capas uses.
sys.path.sort(key=lambda path: path == os.path.dirname(os.path.abspath(__file__)))

try:
    from pipeline.tasks import namespace
except ImportError as error:
    sys.stderr.write(
        f"error: the Python of this `invoke` has no capas ({error}): `pip install` a checkout of"
        " capas into it, or run `capas TASK`\n"
    )
    sys.exit(4)

__all__ = ["namespace"]
