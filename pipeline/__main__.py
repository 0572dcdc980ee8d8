"""`capas TASK`: the tasks of `pipeline.tasks` as a program of their own."""

from invoke.program import Program

from pipeline import __version__
from pipeline.tasks import namespace


def main() -> None:
    """Run the program; never returns."""
    Program(name="capas", binary="capas", namespace=namespace, version=__version__).run()


if __name__ == "__main__":
    main()
