"""Every kind of error a user can meet, on one page.

    CapasError                  1   it failed
    ├── EngineError             1   Podman, Buildah or the API service said no
    ├── UsageError              2   bad usage
    ├── InvalidSpec             2   a spec or a Containerfile with findings
    ├── Refused                 3   refused, to protect data or a release
    └── HostUnable              4   this host cannot do it; `capas doctor` says why

The number is the exit code that the user sees. Each error has three parts: what went wrong
(`brief`), where or why (`details`), and what to do now (`resolution`). One class stands for one
exit code, not for one message.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from pipeline.lean_re import lazy_pattern
from pipeline.output.findings.finding import Finding

_FULL = lazy_pattern(
    r"no space left on device|disk quota exceeded|enough free (?:disk )?space", re.IGNORECASE
)
"""How programs tell ENOSPC and EDQUOT (strerror(3)), and apt what it foresees."""

INTERRUPTED = 130
WOULD_CHANGE = 10


class CapasError(Exception):
    """Something failed, and the user is told what, why and what to do now.

    Args:
        brief: one sentence without a full stop: what went wrong.
        details: where or why, often the engine's own last lines; may have several lines.
        resolution: what the user can do now.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, brief: str, *, details: str = "", resolution: str = "") -> None:
        super().__init__(brief)
        self.brief = brief
        self.details = details.strip()
        self.resolution = resolution

    def __str__(self) -> str:
        return "\n".join(part for part in (self.brief, self.details, self.resolution) if part)

    @property
    def remedy(self) -> str:
        """What the user can do now; on a full disk to free some space, whoever met it and why."""
        if "free some space" in self.resolution or not _FULL.search(str(self)):
            return self.resolution
        return (
            "free some space: a disk, or a limit on one, is full; then run the same command again"
        )

    @property
    def sentence(self) -> str:
        """What went wrong, and where or why, without what to do now: for use inside other words."""
        return f"{self.brief}: {self.details}" if self.details else self.brief


class EngineError(CapasError):
    """Podman, Buildah or the API service answered with an error."""


class UsageError(CapasError):
    """The command line asks for something that does not exist or does not fit together."""

    exit_code = 2


class InvalidSpec(CapasError):
    """A spec, or a file that it names, has findings; all of them are in `findings`."""

    exit_code = 2

    def __init__(self, findings: Sequence[Finding]) -> None:
        count = len(findings)
        super().__init__(f"{count} finding{'s' if count != 1 else ''} in the spec")
        self.findings = tuple(sorted(findings))

    def __str__(self) -> str:
        return "\n".join([self.brief, *map(str, self.findings)])


class Refused(CapasError):
    """Refused, because going on would lose data or change a release."""

    exit_code = 3


class HostUnsupported(CapasError):
    """This host cannot do what was asked."""

    exit_code = 4
