"""Signals by name or number, as Podman takes them for `--stop-signal`.

Podman refuses the same texts when a container is made (pkg/signal; 4.3 and 6.1 were asked by the
integration test), which is too late: then a deploy is half done.
"""

from __future__ import annotations

import signal

from pipeline.lean_re import lazy_pattern
from pipeline.spec.problem import BadForm, did_you_mean

_FIRST_REAL_TIME = 34
"""SIGRTMIN: 32 and 33 belong to the C library (signal(7), "Real-time signals")."""
_LAST = 64
_REAL_TIME = lazy_pattern(
    r"RT(?:MIN(?:\+(?P<above>[0-9]|1[0-5]))?|MAX(?:-(?P<below>[0-9]|1[0-4]))?)"
)
_NAMES = {
    name.removeprefix("SIG"): number
    for name, number in signal.Signals.__members__.items()
    if not name.startswith("SIGRT")
}


def signal_number(text: str) -> int:
    """The number of a signal such as `SIGTERM`, `term`, `RTMIN+3` or `15`.

    Raises:
        BadForm: Podman would refuse it.
    """
    if text.isdecimal():
        number = int(text) if len(text) < 4 else 0
        if not 1 <= number <= _LAST:
            raise BadForm("is not a signal", f"numbers go from 1 to {_LAST}")
        return number
    name = text.upper().removeprefix("SIG")
    if name in _NAMES:
        return int(_NAMES[name])
    match = _REAL_TIME.fullmatch(name)
    if match is None:
        near = did_you_mean(name, _NAMES)
        hint = near or "`kill -l` lists them; real-time ones are `SIGRTMIN+0` to `SIGRTMIN+15`"
        raise BadForm("is not a signal", hint)
    if name.startswith("RTMAX"):
        return _LAST - int(match["below"] or 0)
    return _FIRST_REAL_TIME + int(match["above"] or 0)
