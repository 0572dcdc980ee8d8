"""The programs that capas is measured against, and what a table was measured with."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path


def docker_compose() -> str:
    """docker-compose's path: what DOCKER_COMPOSE names, or the installed one; empty for none."""
    return os.environ.get("DOCKER_COMPOSE") or shutil.which("docker-compose") or ""


def podman_compose() -> str:
    """podman-compose's path, also of the environment that runs this; empty for none."""
    beside = str(Path(sys.executable).parent)
    name = "podman-compose"
    return shutil.which(name) or shutil.which(name, path=beside) or ""


def measured_with() -> str:
    """One line: versions of the engine, of Python, and of the peers."""
    asked = {
        "Podman": ["podman", "--version"],
        "Buildah": ["buildah", "--version"],
        "docker-compose": [docker_compose(), "version", "--short"],
        "podman-compose": [podman_compose(), "--version"],
    }
    said = {"Python": platform.python_version()}
    said |= {name: _version(argv) for name, argv in asked.items() if argv[0]}
    return ", ".join(f"{name} {version}" for name, version in said.items())


def _version(argv: list[str]) -> str:
    """The first word that begins with a digit, of what a program says of itself.

    podman-compose tells of Podman as well, in a line of its own.
    """
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    own = [line for line in lines if Path(argv[0]).name in line] or lines
    words = " ".join(own).replace(",", " ").split()
    return next((word for word in words if word[0].isdigit()), "?")
