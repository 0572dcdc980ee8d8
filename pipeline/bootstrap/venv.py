"""Make the Python environment `.venv` of a checkout, or mend it."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Iterator

from pipeline.bootstrap.environment import Environment, is_ready
from pipeline.bootstrap.messages import UNABLE, Stop, print_message
from pipeline.bootstrap.tools import ToolOutput, run_tool

LEVELS = ("base", "engine", "develop")
_EXTRAS = {"base": ".", "engine": ".", "develop": ".[dev]"}
_ENOUGH_FOR = {"base": LEVELS, "engine": LEVELS, "develop": LEVELS[-1:]}
"""Whose stamps tell that the packages of a level are there: those of its own or more."""
_OLDEST = (3, 10)

_PROBE = """
import ensurepip, os, sys, venv
print(*sys.version_info[:2], os.path.realpath(sys.executable))
"""
_WRITE_STAMPS = """
import os, sys
for level in sys.argv[2:]:
    half = f".venv/ready-{level}.new"
    try:
        os.unlink(half)
    except FileNotFoundError:
        pass
    made = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(made, "wb") as file:
        file.write(os.fsencode(sys.argv[1]) + b"\\n")
    os.replace(half, f".venv/ready-{level}")
"""


_TOO_FULL = 20_000_000
"""With less than this many bytes free, a failure is for want of room: `venv` does not say why."""
_UNREACHED = (
    *("Temporary failure in name resolution", "Name or service not known", "NewConnectionError"),
    *(
        "(from versions: none)",
        "Connection refused",
        "Network is unreachable",
        "timed out",
        "ProxyError",
        "SSLError",
    ),
)


def find_python(account: pwd.struct_passwd | None) -> str | None:
    """An interpreter that the account can run, new enough, able to make environments.

    It is asked and not guessed: one below root's home is closed to others, and Debian's own
    has no `ensurepip` without another package.
    """
    for candidate in _candidates():
        said = run_tool([candidate, "-IS", "-c", _PROBE], account=account)
        words = said.text.split(None, 2)
        if said.code == 0 and len(words) == 3 and (int(words[0]), int(words[1])) >= _OLDEST:
            return words[2].strip()
    return None


def make(environment: Environment, level: str) -> None:
    """Make the environment, or mend it, and write its stamps last.

    Raises:
        Stop: no Python can make it, or the dependencies could not be installed.
    """
    if not any(is_ready(environment, other) for other in _ENOUGH_FOR[level]):
        print_message(f"    Python environment {environment.folder}/.venv")
        if not _has_pip(environment):
            _create(environment)
        install = ["install", "--no-input", "--progress-bar=off", "--editable", _EXTRAS[level]]
        said = _run(environment, [environment.python, "-I", "-m", "pip", *install])
        if said.code != 0:
            raise _stop(environment, said)
    reached = LEVELS[: LEVELS.index(level) + 1]
    said = _run(
        environment, [environment.python, "-IS", "-c", _WRITE_STAMPS, environment.folder, *reached]
    )
    if said.code != 0:
        raise _stop(environment, said)


def _candidates() -> Iterator[str]:
    yield sys.executable
    names = ["python3", *(f"python3.{minor}" for minor in range(14, _OLDEST[1] - 1, -1))]
    folders = ["/usr/bin", "/usr/local/bin", *os.environ.get("PATH", "").split(":")]
    seen = {sys.executable}
    for name in names:
        for folder in folders:
            path = f"{folder}/{name}"
            if path not in seen and os.access(path, os.X_OK):
                seen.add(path)
                yield path


def _has_pip(environment: Environment) -> bool:
    return _run(environment, [environment.python, "-I", "-c", "import pip"]).code == 0


def _create(environment: Environment) -> None:
    python = find_python(environment.account)
    if python is None:
        raise Stop(
            "no Python 3.10 or newer here can make a virtual environment",
            "tried: " + ", ".join(_candidates()),
            "install it (Debian, Ubuntu: apt-get install python3-venv)",
            code=UNABLE,
        )
    said = _run(environment, [python, "-I", "-m", "venv", "--clear", ".venv"])
    if said.code != 0:
        raise _stop(environment, said)


def _run(environment: Environment, argv: list[str]) -> ToolOutput:
    # A user's own pip settings must not send packages elsewhere than into the environment.
    environ = {**environment.environ, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    for name in ("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX"):
        environ.pop(name, None)
    return run_tool(argv, account=environment.account, environment=environ, cwd=environment.folder)


def _stop(environment: Environment, said: ToolOutput) -> Stop:
    again = "run the same command again: it continues from here"
    free = _free_bytes(environment.folder)
    if "No space left on device" in said.text or "quota exceeded" in said.text or free < _TOO_FULL:
        details = f"{free // 1_000_000} MB are free for {environment.folder}"
        return Stop("the disk is full", details, f"free some space, then {again}")
    lines = [line.strip() for line in said.text.splitlines()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    if errors and any(words in said.text for words in _UNREACHED):
        brief = "no Python packages: the package index does not answer, or lacks them"
        see_to = "the connection (PIP_INDEX_URL, https_proxy)"
        return Stop(brief, "\n".join(errors[:2]), f"check {see_to}, then {again}")
    return Stop("the Python packages could not be installed", said.last(15), again)


def _free_bytes(folder: str) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize
