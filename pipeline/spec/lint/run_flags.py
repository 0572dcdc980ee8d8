"""What a RUN may say in `--mount` and `--network`.

Facts from Buildah 1.28 and 1.44 (`run_common.go`, `internal/volumes`, `stage_executor.go`); what
only one of the two knows is known here.
"""

from __future__ import annotations

from pipeline.spec.lint.subject import Hints

_TARGET = ("target", "dst", "destination")
_SOURCE = ("src", "source")
_WAYS = ("shared", "rshared", "private", "rprivate", "slave", "rslave", "bind-propagation")
_PLAIN = ("type", "nosuid", "nodev", "noexec", "ro", "readonly", *_TARGET)
_OWNER = ("mode", "uid", "gid")
_BIND = ("rw", "readwrite", "from", *_WAYS, "Z", "z", "U", *_SOURCE)
_OPTIONS = {
    "bind": (*_PLAIN, *_BIND, "bind-nonrecursive", "consistency", "relabel", "no-dereference"),
    "cache": (*_PLAIN, *_BIND, *_OWNER, "id", "sharing"),
    "tmpfs": (*_PLAIN, "tmpcopyup", "tmpfs-mode", "tmpfs-size"),
    "secret": ("type", "id", "required", "env", *_TARGET, *_OWNER),
    "ssh": ("type", "id", "required", *_TARGET, *_OWNER),
}
_NEED_A_TARGET = ("bind", "cache", "tmpfs")
_NETWORKS = ("default", "host", "none")


def flag_wrong(name: str, value: str, hints: Hints) -> tuple[str, str]:
    """Why Buildah refuses the value of a RUN's flag, and a hint; two empty texts when it does not.

    Args:
        name: of the flag, without dashes.
    """
    if name == "network" and value not in _NETWORKS:
        return f"RUN --network={value}: it is not one of {', '.join(_NETWORKS)}", ""
    return _mount_wrong(value, hints) if name == "mount" else ("", "")


def _mount_wrong(value: str, hints: Hints) -> tuple[str, str]:
    given = [word.partition("=") for word in value.split(",")]
    kind = next((text for key, _, text in reversed(given) if key == "type"), "bind")
    if "$" in kind:
        return "", ""
    if kind not in _OPTIONS:
        known = ", ".join(_OPTIONS)
        return f"RUN --mount of type `{kind[:40]}`: it is not one of {known}", hints.near(
            kind, _OPTIONS
        )
    for key, _, text in given:
        if key not in _OPTIONS[kind] and "$" not in key:
            message = f"RUN --mount of type {kind} has no option `{key[:40]}`"
            return message, hints.near(key, _OPTIONS[kind])
        if key in _TARGET and not text:
            return f"RUN --mount: `{key}` is empty", ""
    if kind in _NEED_A_TARGET and not any(key in _TARGET for key, _, _ in given):
        return f"RUN --mount of type {kind} has no target", "write target=/FOLDER"
    return "", ""
