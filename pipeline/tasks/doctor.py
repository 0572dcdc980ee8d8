"""`doctor`: what this host can and cannot do."""

from __future__ import annotations

from pipeline.errors import HostUnsupported, UsageError
from pipeline.tasks.command import command, say

FORMATS = ("text", "json")


@command(help={"format": "text or json"})
def doctor(format: str = "text") -> int:  # noqa: A002 (the option's name)
    """Say what this host can do, what was chosen for it, and who can fix the rest."""
    import json
    import os

    from pipeline.host.doctor import examine, stopping, to_json
    from pipeline.host.observe import observe
    from pipeline.output.check import print_verdict, render_checks

    if format not in FORMATS:
        raise UsageError(f"no format {format!r}", resolution=f"one of: {', '.join(FORMATS)}")
    facts = observe(os.environ)
    checks = examine(facts)
    if format == "json":
        say(json.dumps(to_json(facts, checks), indent=2))
    else:
        render_checks(checks)
        print_verdict([check.sentence for check in stopping(checks)])
    return HostUnsupported.exit_code if stopping(checks) else 0
