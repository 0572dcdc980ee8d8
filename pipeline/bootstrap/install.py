"""Install packages: wait for a busy package manager, mend a broken one, and say what went wrong.

What failed is read from the manager's own words; each sentence here was seen on a bare machine.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Literal

from pipeline.bootstrap.messages import UNABLE, Stop, print_message
from pipeline.bootstrap.packages import Manager, install_argv
from pipeline.bootstrap.tools import ToolOutput, run_tool

Trouble = Literal["busy", "half-done", "stale", "unknown", "network", "full", "rights", "other"]

BUSY_SECONDS = 300.0
_POLL_SECONDS = 2.0

# In this order: a full disk, say, also leaves packages half done.
_WORDS: tuple[tuple[Trouble, str], ...] = (
    ("full", r"No space left on device|You don't have enough free space|not enough (free )?space"),
    ("busy", r"Could not get lock|is another process using it|database is locked|unable to lock"),
    ("rights", r"Permission denied|are you root\?|a password is required|not in the sudoers"),
    ("half-done", r"dpkg was interrupted|Unmet dependencies|fix-broken install|unmet dependencies"),
    (
        "network",
        r"resolv(e|ing)|Could not connect|Unable to connect|unreachable|timed out|Curl",
    ),
    ("stale", r"404 +Not Found|Hash Sum mismatch|File has unexpected size"),
    ("unknown", r"Unable to locate package|has no installation candidate|No match for argument"),
)
_BRIEF: Mapping[Trouble, str] = {
    "busy": "the package manager is held by another process",
    "half-done": "an earlier installation is incomplete and could not be repaired",
    "stale": "the package lists do not match the mirror, even after an update",
    "unknown": "this distribution does not have all packages that capas needs",
    "network": "the packages cannot be downloaded: the network or its names do not answer",
    "full": "the disk is full",
    "rights": "root's rights are needed to install packages",
    "other": "the packages could not be installed",
}
_RESOLUTION: Mapping[Trouble, str] = {
    "busy": "wait until that process has ended, then run the same command again",
    "half-done": "`dpkg --configure -a` and `apt-get --fix-broken install` show the cause",
    "stale": "wait until the mirror is complete, then run the same command again",
    "unknown": "capas needs Podman 4: Debian 12, Ubuntu 24.04, Fedora 40 and later have it",
    "network": "check the connection (proxies: https_proxy), then run the same command again",
    "full": "free some space, then run the same command again: it continues from here",
    "rights": "ask the administrator for: {line}",
    "other": "fix what the lines above report, then run the same command again",
}
_UNABLE: frozenset[Trouble] = frozenset({"unknown", "rights"})


def trouble_of(said: str) -> Trouble:
    """What kind of failure a package manager's words tell of."""
    for trouble, words in _WORDS:
        if re.search(words, said):
            return trouble
    return "other"


def install(manager: Manager, packages: Sequence[str], *, prefix: Sequence[str] = ()) -> None:
    """Install the packages; lists are renewed and half-done work is mended where that helps.

    Args:
        manager: which package manager.
        packages: their names there.
        prefix: `sudo …`, or nothing for root.

    Raises:
        Stop: it failed, with the manager's own last words.
    """
    attempt = _Attempt(manager, prefix)
    argv, refresh = install_argv(manager, packages), [manager.name, *manager.refresh]
    renewed = ToolOutput(0, "")
    if manager.name != "apt-get" or not _apt_lists():
        renewed = attempt.run(refresh)
    said = attempt.run(argv)
    cures: dict[Trouble, list[list[str]]] = {
        "half-done": [
            ["dpkg", "--configure", "-a"],
            ["apt-get", "--fix-broken", "--yes", "install"],
        ],
        "stale": [refresh],
        "unknown": [refresh],
    }
    while said.code != 0 and (cure := cures.pop(trouble_of(said.text), None)):
        for step in cure:
            print_message(f"    {' '.join(step)}")
            cured = attempt.run(step)
            renewed = cured if step == refresh else renewed
        said = attempt.run(argv)
    if said.code != 0 and trouble_of(said.text) == "unknown":
        # Lists that could not be renewed know no package; apt's exit code does not tell that.
        said, argv = (renewed, refresh) if trouble_of(renewed.text) == "network" else (said, argv)
        raise _stop(said, argv)
    if said.code != 0:
        raise _stop(said, argv)


class _Attempt:
    """Runs the manager's commands, and waits while another process holds its lock."""

    def __init__(self, manager: Manager, prefix: Sequence[str]) -> None:
        self._manager = manager
        self._prefix = prefix
        self._deadline = time.monotonic() + float(
            os.environ.get("CAPAS_PACKAGES_WAIT") or BUSY_SECONDS
        )
        self._told = False

    def run(self, argv: Sequence[str]) -> ToolOutput:
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        while True:
            said = run_tool([*self._prefix, *argv], environment=env)
            if said.code == 0 or trouble_of(said.text) != "busy":
                return said
            left = self._deadline - time.monotonic()
            if left <= 0:
                return said
            if not self._told:
                self._told = True
                holder = re.search(r"held by process .*", said.text)
                who = f" ({holder[0].rstrip('.')})" if holder else ""
                print_message(
                    f"    {self._manager.name} is busy{who}: waiting for at most {left:.0f} s"
                )
            time.sleep(_POLL_SECONDS)  # a lock of another program tells nobody that it is free


def _apt_lists() -> bool:
    """Whether apt has package lists at all; a new image or container has none."""
    with suppress(FileNotFoundError):
        return any("_Packages" in name for name in os.listdir("/var/lib/apt/lists"))
    return False


def _stop(said: ToolOutput, argv: Sequence[str]) -> Stop:
    trouble = trouble_of(said.text)
    line = " ".join(argv)
    details = f"{line}\n{_telling(said)}"
    resolution = _RESOLUTION[trouble].format(line=line)
    code = UNABLE if trouble in _UNABLE else 1
    return Stop(_BRIEF[trouble], details, resolution, code=code)


def _telling(said: ToolOutput) -> str:
    """The lines that apt itself marks as errors, else the last ones."""
    marks = ("E:", "Err:", "W: Failed", "error")
    errors = [line for line in said.text.splitlines() if line.startswith(marks)]
    return "\n".join(errors[:4]) or said.last(4)
