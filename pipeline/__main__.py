"""`capas TASK`: the tasks of `pipeline.tasks` as a program of their own."""

import gc
import os
import sys

_COLLECT_AFTER = 100_000
"""Values more than were let go of, until Python looks for circles among them. A command makes
many that last to its end; at Python's own 700 it looked through them about a hundred times."""


def main() -> None:
    """Run the program; never returns."""
    leave_current_folder()
    gc.set_threshold(_COLLECT_AFTER)
    from pipeline.lean_imports import import_later

    import_later()
    from pipeline.errors import INTERRUPTED

    try:
        from pipeline.tasks.dispatch import run_directly

        if (code := run_directly(sys.argv[1:], os.environ)) is not None:
            sys.exit(code)
        from pipeline.lean_invoke import import_invoke

        import_invoke()
        from pipeline.output.encoding import say_all_plainly
        from pipeline.output.output_filter import guard_outputs

        guard_outputs()
        say_all_plainly()
        from pipeline.tasks.collection import namespace
        from pipeline.tasks.program import CapasProgram

        CapasProgram(namespace).run()
    except KeyboardInterrupt:  # before any task began
        sys.exit(INTERRUPTED)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _end_without_waiting(INTERRUPTED)
        raise


def _end_without_waiting(code: int) -> None:
    """End now when threads are left: Python would wait for them, and the user does not."""
    workers = sys.modules.get("pipeline.engine.thread_pool")
    if workers is not None and workers.still_work():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def leave_current_folder() -> None:
    """Take no module and no program from the current folder: it may be a stranger's.

    `python -m` puts it first, and so does an empty or relative entry of PYTHONPATH or PATH. It
    stays on the path only when this program lies there. `./capas` has seen to it before Python.
    """
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    relative = [one for one in _entries("PYTHONPATH") if not os.path.isabs(one)]
    try:
        led = {os.getcwd(), *map(os.path.abspath, relative)}
    except FileNotFoundError:  # the current folder was removed
        led = set()
    sys.path[:] = [one for one in sys.path if one == own or (os.path.isabs(one) and one not in led)]
    if programs := _entries("PATH"):
        os.environ["PATH"] = os.pathsep.join(filter(os.path.isabs, programs)) or os.defpath


def _entries(variable: str) -> list[str]:
    given = os.environ.get(variable)
    return given.split(os.pathsep) if given else []


if __name__ == "__main__":
    main()
