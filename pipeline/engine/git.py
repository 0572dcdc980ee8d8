"""The only code that runs git: it answers questions about a repository that may be a stranger's.

A repository's own configuration can name programs that git runs: a file system monitor, hooks,
filters, helpers, transports, and all that again in a submodule. None of them is run here. Settings
of the command line rank above those of every file (git-config(1), "SCOPES"), and git itself
refuses a repository of another account, unless `safe.directory` names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.engine import command
from pipeline.errors import EngineError

_OFF = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    "core.askPass=",
    "core.sshCommand=false",
    "credential.helper=",
    "diff.external=",
    "gpg.program=false",
    "log.showSignature=false",
    "submodule.recurse=false",
)
_OWN = {
    "GIT_ALLOW_PROTOCOL": "none",  # an object that is missing is not fetched: `ext::` runs a shell
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_FILTERS = r"^filter\..*\.(clean|process|required)$"
_TIMEOUT = 60.0
"""Seconds: a FIFO in place of an ignore file would otherwise be waited for without end."""


def last_commit(folder: Path, environ: Mapping[str, str]) -> str:
    """The last commit that touched a folder: its id and its time in seconds since the epoch.

    Raises:
        CapasError: git is not installed, failed, or does not trust the repository.
    """
    return _git(folder, environ, "log", "-1", "--format=%H %ct", "--", ".")


def is_changed(folder: Path, environ: Mapping[str, str]) -> bool:
    """Whether there is anything in a folder that is not committed; submodules do not count.

    Raises:
        CapasError: git is not installed, failed, or does not trust the repository.
    """
    off = [word for name in _filters(folder, environ) for word in ("-c", f"{name}=")]
    # A submodule is asked by another git, which does not know our settings: so it is not asked.
    status = ["status", "--porcelain", "--ignore-submodules=all", "--", "."]
    return bool(_git(folder, environ, *off, *status))


def origin(folder: Path, environ: Mapping[str, str]) -> str:
    """The address of the remote `origin`.

    Raises:
        CapasError: git is not installed, failed, or does not trust the repository; no such remote.
    """
    return _git(folder, environ, "remote", "get-url", "origin")


def _filters(folder: Path, environ: Mapping[str, str]) -> list[str]:
    """The settings by which the repository names filters; without a value, none is run."""
    listed = ("config", "--null", "--name-only", "--get-regexp", _FILTERS)
    names = [name for name in _git(folder, environ, *listed, check=False).split("\0") if name]
    if odd := [name for name in names if "=" in name]:  # git cannot be told of it by `-c`
        raise EngineError(f"git's configuration names a filter {odd[0]!r}", details=str(folder))
    return names


def _git(folder: Path, environ: Mapping[str, str], *words: str, check: bool = True) -> str:
    off = [word for setting in _OFF for word in ("-c", setting)]
    argv = ["git", "-C", str(folder), "--no-pager", *off, *words]
    own = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    done = command.run(argv, environment={**own, **_OWN}, check=check, timeout=_TIMEOUT)
    return done.stdout.strip()
