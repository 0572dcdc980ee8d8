"""Events of the engine in words (pure)."""

from __future__ import annotations

import time

from pipeline.engine.inspected import ContainerEvent

_WORDS = {"died": "ended"}


def event_line(event: ContainerEvent) -> str:
    """One event: local time, container, what happened, and how it ended."""
    actor = event.attributes
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.time))
    what = _WORDS.get(event.action, event.action)
    code = actor.get("containerExitCode")
    ended = f" with {code}" if code is not None and what == "ended" else ""
    return f"{moment}  {actor.get('name', '?')}  {what}{ended}"
