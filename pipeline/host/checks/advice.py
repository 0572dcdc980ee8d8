"""What to tell the administrator, in the words of this distribution."""

from __future__ import annotations

from pipeline.host.facts import Facts

# Where a distribution calls it otherwise than Debian does.
_OTHER_NAMES = {
    ("dnf", "uidmap"): "shadow-utils",
    ("pacman", "uidmap"): "shadow",
    ("zypper", "uidmap"): "shadow",
    ("apk", "uidmap"): "shadow-uidmap",
}
_COMMANDS = {"pacman": "pacman -S", "apk": "apk add"}


def install(facts: Facts, *packages: str) -> str:
    """The command that installs packages here."""
    manager = facts.package_manager
    if not manager:
        return f"install {' '.join(packages)}"
    names = (_OTHER_NAMES.get((manager, name), name) for name in packages)
    return f"{_COMMANDS.get(manager, f'{manager} install')} {' '.join(names)}"
