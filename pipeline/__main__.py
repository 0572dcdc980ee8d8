"""`capas TASK`: the tasks of `pipeline.tasks` as a program of their own."""

import sys

from pipeline.errors import INTERRUPTED


def main() -> None:
    """Run the program; never returns."""
    try:
        from pipeline.tasks import namespace
        from pipeline.tasks.program import CapasProgram

        CapasProgram(namespace).run()
    except KeyboardInterrupt:  # before any task began
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
