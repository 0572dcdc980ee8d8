"""The entry by path, for `python3 -IS pipeline/bootstrap/__main__.py LEVEL TASK…`."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    sys.path.append(os.path.realpath(f"{__file__}/../../.."))
    from pipeline.bootstrap.main import main

    sys.exit(main(sys.argv[1], sys.argv[2:]))
