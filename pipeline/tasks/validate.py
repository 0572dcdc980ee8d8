"""`validate`: everything that is wrong with specs and their Containerfiles, with no Podman."""

from __future__ import annotations

from invoke.context import Context

from pipeline.tasks.command import SPEC_HELP, command, say, spec_path


@command(help={"spec": SPEC_HELP})
def validate(_c: Context, spec: str | None = None) -> int:
    """Check the spec and name every problem as file:line:col, rule and hint."""
    import os

    from pipeline.spec.load import examine

    examination = examine(spec_path(spec), os.environ)
    for finding in examination.findings:
        say(f"{finding.place}: {finding.severity}: {finding.rule}: {finding.message}")
        if finding.hint:
            say(f"  → {finding.hint}")
    return 0 if examination.pipeline is not None else 2
