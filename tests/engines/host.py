"""What a host has that its column in README's table tells: `python -m tests.engines.host FILE`."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from pipeline.host.doctor import examine
from pipeline.host.observe import observe

_ASKED = {
    "podman": ("podman", "--version"),
    "buildah": ("buildah", "--version"),
    "crun": ("crun", "--version"),
    "netavark": ("/usr/lib/podman/netavark", "--version"),
    "aardvark-dns": ("/usr/lib/podman/aardvark-dns", "--version"),
}


def describe() -> Mapping[str, str]:
    """Versions, and what the doctor chose here."""
    facts = observe(os.environ)
    chosen = {check.subject: check.choice for check in examine(facts)}
    return {
        "system": facts.system,
        **{name: _version(argv) for name, argv in _ASKED.items()},
        "python": platform.python_version(),
        "cgroups": facts.basics.cgroups.mode,
        "runtime": chosen["runtime"],
        "storage": chosen["storage"],
        "network": chosen["network"],
    }


def _version(argv: tuple[str, ...]) -> str:
    try:
        said = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""
    found = re.search(r"\d+(\.\d+)+", said)
    return found.group() if found else ""


def write(path: Path) -> None:
    """Write it down."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(describe(), indent=1) + "\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
