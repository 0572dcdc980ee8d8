"""`validate`: everything that is wrong with specs and their Containerfiles, with no Podman."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.tasks.command import SPEC_HELP, command, one_of

if TYPE_CHECKING:
    from pipeline.output.findings.finding import Finding, Severity

FORMATS = ("text", "json", "github", "sarif", "junit")
THRESHOLDS: tuple[Severity, ...] = ("error", "warning", "note")


@command(
    help={
        "spec": f"{SPEC_HELP}; several, and globs, are allowed",
        "format": f"how findings are shown: {', '.join(FORMATS)}",
        "fail-on": f"the lowest severity that ends with exit code 2: {', '.join(THRESHOLDS)}",
    },
    iterable=["spec"],
)
def validate(
    spec: Sequence[str] | None = None,
    format: str = "text",  # noqa: A002 (the option's name)
    fail_on: str = "error",
) -> int:
    """Check specs and their Containerfiles; needs no Podman.

    Every finding comes at once, as file:line:col, with its rule and what to do. Exit code 2 when
    anything is found at or above --fail-on, else 0.
    """
    import os
    import sys
    from pathlib import Path

    from pipeline import __version__
    from pipeline.output.findings.report import render_findings, summary
    from pipeline.output.output_filter import write_commands
    from pipeline.spec.discover import discover_all
    from pipeline.spec.load import examine
    from pipeline.spec.rules import RULES
    from pipeline.spec.rules_link import rule_uri

    format_name = one_of(format, "--format", FORMATS)
    threshold = one_of(fail_on, "--fail-on", THRESHOLDS)
    specs = discover_all(spec or (), Path.cwd(), os.environ)
    found: list[Finding] = []
    for path in specs:
        examination = examine(path, os.environ, containerfiles=True)
        found += examination.findings
        if examination.pipeline is not None and examination.pipeline.lock_path.exists():
            from pipeline.build.release.release_check import examine_releases

            found += examine_releases(examination.pipeline)
    findings = list(dict.fromkeys(found))  # specs may share a Containerfile
    write = write_commands if format_name == "github" else sys.stdout.write
    write(
        render_findings(
            findings, format_name, rules=RULES, version=__version__, explained_at=rule_uri
        )
    )
    if format_name == "text":
        sys.stderr.write(f"{summary(findings, len(specs))}\n")
    return 2 if any(finding.at_least(threshold) for finding in findings) else 0
