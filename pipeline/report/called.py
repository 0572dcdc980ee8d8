"""How the user calls us, so that a proposed command can be typed as it stands."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def as_called(text: str) -> str:
    """A text with its `capas TASK` commands written as this user writes them.

    `./capas` in a checkout says so by CAPAS_PROGRAM; Invoke is known by its name.
    """
    own = Path(sys.argv[0]).name
    program = os.environ.get("CAPAS_PROGRAM") or (own if own in ("invoke", "inv") else "capas")
    return text.replace("`capas ", f"`{program} ")
