"""`init`: a new project."""

from __future__ import annotations

from pipeline.tasks.command import command, say


@command(
    help={
        "name": "of the pipeline and its image; default: the folder's name",
        "folder": "where the project goes; default: here",
        "base": "the image to build on; default: one made of Debian's packages where apt is,"
        " else docker.io/library/python:3.12-slim",
        "tests": "also a tests/ folder for pytest, with capas' fixtures",
    }
)
def init(
    name: str | None = None, folder: str = ".", *, base: str | None = None, tests: bool = False
) -> None:
    """Begin a project: a spec, a Containerfile, a small service, tasks.py, the editor's schema."""
    import shutil
    from pathlib import Path

    from pipeline.scaffold.project import apply_files, plan_files, proposed_name

    target = Path(folder)
    if base is None and not shutil.which("apt-get"):
        base = "docker.io/library/python:3.12-slim"
    planned = plan_files(name or proposed_name(target.resolve().name) or "app", base, tests=tests)
    apply_files(target, planned)
    for path in sorted(planned):
        say(str(target / path))
