"""What differs between two images and makes no layer: ENV, CMD, and so on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_WORDS = {
    "Env": "ENV",
    "Cmd": "CMD",
    "Entrypoint": "ENTRYPOINT",
    "WorkingDir": "WORKDIR",
    "User": "USER",
    "ExposedPorts": "EXPOSE",
    "Volumes": "VOLUME",
    "Labels": "LABEL",
    "StopSignal": "STOPSIGNAL",
    "Healthcheck": "HEALTHCHECK",
    "OnBuild": "ONBUILD",
    "Shell": "SHELL",
}
_IDENTITY = ("io.github.capas.", "org.opencontainers.image.", "io.buildah.")
"""Labels that only say which version an image is: they differ between any two."""


def config_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """One line per setting that differs, in the words of a Containerfile."""
    lines: list[str] = []
    for key, word in _WORDS.items():
        old, new = _settings(key, before.get(key)), _settings(key, after.get(key))
        lines += [f"{word} {line}" for line in _differences(old, new)]
    return tuple(lines)


def _settings(key: str, value: Any) -> dict[str, str]:
    """A setting as names and values; one without parts has the name ``."""
    if not value:
        return {}
    if key == "Env":
        return dict(entry.partition("=")[::2] for entry in value)
    if key == "Labels":
        return {n: str(v) for n, v in value.items() if not n.startswith(_IDENTITY)}
    if key in ("ExposedPorts", "Volumes"):
        return dict.fromkeys(value, "")
    return {"": str(value)}


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in [*old, *(name for name in new if name not in old)]:
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        if before is None:
            yield f"{_pair(name, after)} is new"
        elif after is None:
            yield f"{_pair(name, before)} is gone"
        else:
            yield f"{name} was {before}, is {after}".strip()


def _pair(name: str, value: str | None) -> str:
    return "=".join(part for part in (name, value) if part)
