"""Events of the engine in words (pure)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

_WORDS = {"died": "ended"}


def event_line(event: Mapping[str, Any]) -> str:
    """One event: local time, container, what happened, and how it ended."""
    actor = event["Actor"]["Attributes"]
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event["time"]))
    what = _WORDS.get(event["Action"], event["Action"])
    code = actor.get("containerExitCode")
    ended = f" with {code}" if code is not None and what == "ended" else ""
    return f"{moment}  {actor.get('name', '?')}  {what}{ended}"
