"""`export`: the same spec for an engine that outlives one machine or one login."""

from __future__ import annotations

from pipeline.tasks.command import SPEC_HELP, command, load_pipeline, one_of, say

_FORMATS = ("kubernetes", "quadlet", "compose")


@command(
    help={
        "format": f"one of {', '.join(_FORMATS)}",
        "spec": SPEC_HELP,
        "version": "the version to run; without it what the spec pins, else the newest",
        "output": "the folder to write the files to; without it they go to standard output",
    }
)
def export(
    format: str,  # noqa: A002 (the option's name)
    *,
    spec: str | None = None,
    version: str | None = None,
    output: str | None = None,
) -> int:
    """Write the spec as Kubernetes manifests, Quadlet units or a Compose file."""
    from pathlib import Path

    from pipeline.engine.cache import write_atomic
    from pipeline.errors import CapasError
    from pipeline.export.compose import export_compose
    from pipeline.export.kubernetes import export_kubernetes
    from pipeline.export.quadlet import export_quadlet
    from pipeline.output.terminal import print_note

    wanted = one_of(format, "--format", _FORMATS)
    pipeline = load_pipeline(spec)
    exporters = {
        "kubernetes": export_kubernetes,
        "quadlet": export_quadlet,
        "compose": export_compose,
    }
    exported = exporters[wanted](pipeline, version)
    for note in exported.notes:
        print_note(note)
    for name, text in exported.files.items():
        if output is None:
            header = f"# {name}\n" if len(exported.files) > 1 else ""
            say(f"{header}{text.rstrip()}")
            continue
        path = Path(output, name)
        try:
            write_atomic(path, text)
        except OSError as error:
            raise CapasError(f"{path} could not be written", details=str(error)) from None
        say(str(path))
    return 0
