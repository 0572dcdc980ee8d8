"""The engine's own configuration files: which count, what they choose, and how one is written.

Sources: containers.conf(5), containers-storage.conf(5).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tomli

from pipeline.bootstrap.safe_files import read_bytes
from pipeline.engine.cache import home
from pipeline.engine.conf_files import ADMIN, VENDOR, merged_files, unified_files, user_folder
from pipeline.host.facts import Setting, Version

Toml = dict[str, Any]

_CHOICES = {
    "runtime": ("engine", "runtime"),
    "cgroup_manager": ("engine", "cgroup_manager"),
    "network_cmd": ("network", "default_rootless_network_cmd"),
    "firewall": ("network", "firewall_driver"),
    "keyring": ("containers", "keyring"),
    "pids_limit": ("containers", "pids_limit"),
}
_VARIABLES = {
    "BUILDAH_ISOLATION": "isolation",
    "STORAGE_DRIVER": "driver",
}


_UNIFIED_SINCE: Version = (6, 0)
_FOR_ROOTLESS_SINCE: Version = (5, 7)


def containers_conf_files(environ: Mapping[str, str], uid: int, podman: Version) -> list[Path]:
    """The containers.conf files that count for this user and this Podman, the weightiest last."""
    if podman >= _UNIFIED_SINCE:
        return unified_files("containers", environ, uid)
    return merged_files(environ, uid, for_rootless=podman >= _FOR_ROOTLESS_SINCE)


def storage_conf_file(environ: Mapping[str, str], uid: int) -> Path | None:
    """The one storage.conf that counts for Buildah 1.28: the variable's, the user's, or another."""
    if named := environ.get("CONTAINERS_STORAGE_CONF"):
        return Path(named)
    folders = [ADMIN, VENDOR]
    if uid != 0:
        folders.insert(0, user_folder(environ))
    files = (folder / "storage.conf" for folder in folders)
    return next((path for path in files if path.is_file()), None)


def read_toml(path: Path) -> Toml:
    """A file's content; empty when it cannot be read or is not TOML (the engine will say so)."""
    try:
        # Links are followed: the engine follows them, and administrators lay them.
        return tomli.loads(read_bytes(path.resolve()).decode())
    except (OSError, ValueError, RuntimeError):
        return {}


def merge(base: Mapping[str, Any], top: Mapping[str, Any]) -> Toml:
    """Tables merged key by key; any other value of `top` replaces that of `base`."""
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        merged[key] = (
            merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
        )
    return merged


def chosen(
    environ: Mapping[str, str],
    containers: Iterable[tuple[Path, Toml]],
    storage: Iterable[tuple[Path, Toml]],
) -> dict[str, Setting]:
    """What the user or the administrator decided already, by the name of the choice."""
    found: dict[str, Setting] = {}
    for path, content in containers:
        for name, (table, key) in _CHOICES.items():
            if value := _text(content, table, key):
                found[name] = Setting(value, str(path))
    for path, content in storage:
        if value := _text(content, "storage", "driver"):
            found["driver"] = Setting(value, str(path))
        if value := _mount_program(content):
            found["mount_program"] = Setting(value, str(path))
    if "mount_program=" in (options := environ.get("STORAGE_OPTS", "")):
        found["mount_program"] = Setting(options.rpartition("=")[2], "STORAGE_OPTS")
    for variable, name in _VARIABLES.items():
        if given := environ.get(variable):
            found[name] = Setting(given, variable)
    return found


def _mount_program(storage: Toml) -> str:
    """What mounts overlay in the kernel's place: in the driver's own table, or in the one above."""
    table = storage.get("storage")
    options = table.get("options") if isinstance(table, dict) else None
    if not isinstance(options, dict):
        return ""
    return _text(options, "overlay", "mount_program") or _text(
        {"options": options}, "options", "mount_program"
    )


def graphroot(environ: Mapping[str, str], uid: int, conf: tuple[Path, Toml] | None) -> str:
    """The folder of images, containers and volumes.

    For a user who is not root, `graphroot` counts only in their own file; in an administrator's
    and in one that CONTAINERS_STORAGE_CONF names, `rootless_storage_path` does (so did Podman
    4.3.1 and 5.4.2 when they were tried).

    Args:
        environ: for HOME, XDG_DATA_HOME and the words that a path in the file may hold.
        uid: the user's number.
        conf: the storage.conf that counts, and its content.
    """
    path, content = conf or (Path(), {})
    keys = ["rootless_storage_path"]
    if uid == 0:
        keys = ["graphroot"]
    elif path.parent == user_folder(environ) and "CONTAINERS_STORAGE_CONF" not in environ:
        keys.insert(0, "graphroot")
    for key in keys:
        if folder := _text(content, "storage", key):
            words = {"$HOME": home(environ), "$UID": str(uid), "$USER": environ.get("USER", "")}
            for word, value in words.items():
                folder = folder.replace(word, value)
            return folder
    if uid == 0:
        return "/var/lib/containers/storage"
    data = environ.get("XDG_DATA_HOME") or f"{home(environ)}/.local/share"
    return f"{data}/containers/storage"


def to_toml(content: Mapping[str, Any]) -> str:
    """Write TOML: tables as headers, everything else as values of their table."""
    return "\n".join(_table(content, ())) + "\n"


def _table(content: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    values = {key: value for key, value in content.items() if not isinstance(value, dict)}
    lines = []
    if path and (values or not content):
        lines.append(f"[{'.'.join(map(_key, path))}]")
    lines += [f"{_key(key)} = {_value(value)}" for key, value in values.items()]
    for key, value in content.items():
        if isinstance(value, dict):
            lines += _table(value, (*path, key))
    return lines


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _key(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _quoted(text)


def _quoted(text: str) -> str:
    """A basic string: JSON's escapes are TOML's too, but for the one character that JSON keeps."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _text(content: Toml, table: str, key: str) -> str:
    inside = content.get(table)
    value = inside.get(key) if isinstance(inside, dict) else None
    return str(value) if isinstance(value, str | int) else ""
