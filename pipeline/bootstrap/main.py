"""`./capas TASK`: look at what is missing, say it, do it, then run the task."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence

from pipeline.bootstrap.messages import INTERRUPTED, Stop, print_message, print_stop

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
_AGAIN = "run the same command again: it continues from here"


def main(level: str, arguments: Sequence[str]) -> int:
    """Prepare what the level needs, run the task, return its exit code.

    Args:
        level: what has to be ready: `base` (Python's packages), `engine` (Podman and Buildah
            too) or `develop` (what tests and linters need as well).
        arguments: the task and its arguments.
    """
    try:
        if os.geteuid() == 0:
            from pipeline.bootstrap.root import run
        else:
            from pipeline.bootstrap.user import run
        return run(CHECKOUT, level, arguments)
    except Stop as stop:
        print_stop(stop)
        return stop.code
    except KeyboardInterrupt:
        print_message("interrupted: the next run continues from here")
        return INTERRUPTED
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        brief = "the disk is full" if full else "the set-up failed"
        print_stop(Stop(brief, str(error), f"free some space, then {_AGAIN}" if full else _AGAIN))
        return 1
