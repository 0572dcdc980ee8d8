"""`capas TASK`: the tasks of `pipeline.tasks` as a program of their own."""

import gc
import sys

from pipeline.errors import INTERRUPTED

_COLLECT_AFTER = 100_000
"""Values more than were let go of, until Python looks for circles among them. A command makes
many that last to its end; at Python's own 700 it looked through them about a hundred times."""


def main() -> None:
    """Run the program; never returns."""
    gc.set_threshold(_COLLECT_AFTER)
    try:
        from pipeline.lean_invoke import import_invoke

        import_invoke()
        from pipeline.report.encoding import say_all_plainly

        say_all_plainly()
        from pipeline.tasks import namespace
        from pipeline.tasks.program import CapasProgram

        CapasProgram(namespace).run()
    except KeyboardInterrupt:  # before any task began
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
