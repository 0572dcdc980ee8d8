"""Why an instruction is not taken from the store, in plain words: compared with the last build."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from pipeline.build.context.inputs import File, Inputs
from pipeline.build.plan.forecast import Forecast
from pipeline.engine import labels
from pipeline.engine.build_cache import CacheImage, Past
from pipeline.engine.generation import plain, says_times
from pipeline.engine.tar_split import LayerFile
from pipeline.layers.instruction import parse_created_by
from pipeline.lean_dataclasses import dataclass, replace
from pipeline.lean_re import lazy_pattern
from pipeline.output.shorten import one_line

OTHER_BUILDAH = "another version of Buildah built its result"
"""The cause where the cache key of the Buildah that built is not the one of the Buildah here."""

_COPIED = lazy_pattern(r"^/bin/sh -c #\(nop\) (?P<keyword>COPY|ADD) \S+ in (?P<target>.*) $")
_ARGUMENTS = lazy_pattern(r"^\|\d+ (?P<given>.*?) /bin/sh -c (?P<command>.*)$", re.DOTALL)
_LABELLED = lazy_pattern(
    rf"^/bin/sh -c #\(nop\) LABEL \"{re.escape(labels.ARGUMENTS)}\"=\"(?P<given>.*)\"$", re.DOTALL
)


@dataclass(frozen=True)
class OldLayer:
    """The layer that an instruction made last time.

    Attributes:
        files: what it brought.
        digest: of the content of one of them, in hexadecimal; None when we may not read it.
    """

    files: Sequence[LayerFile]
    digest: Callable[[str], str | None]


@dataclass(frozen=True)
class LastBuild:
    """The image that the version's tag names now.

    Attributes:
        layer: the layer that an entry of its history made, by the entry's index.
    """

    image: CacheImage
    layer: Callable[[int], OldLayer | None]


def cause_of(forecast: Forecast, inputs: Inputs, before: LastBuild | None, stamp: str) -> str:
    """The cause of the first instruction of a stage that is not found.

    Args:
        forecast: of the instruction.
        inputs: of the build.
        before: what the version's tag names now.
        stamp: the time that the build's history gets, as RFC 3339.
    """
    if before is None:
        return "never built here"
    below = forecast.below.history if forecast.below else ()
    history = before.image.history
    if history[: len(below)] != below:
        return "it is built on another image than last time"
    if len(below) >= len(history):
        return "a new instruction"
    old = history[len(below)]
    one = replace(forecast, texts=tuple(map(plain, forecast.texts)))
    by = plain(old.by)
    return (
        _written_cause(forecast.texts, old, stamp)
        or _copy_cause(one, by, len(below), inputs, before)
        or _run_cause(one.texts, by)
        or _order_cause(one.texts, by, [plain(past.by) for past in history[len(below) + 1 :]])
    )


def _written_cause(texts: Sequence[str], old: Past, stamp: str) -> str | None:
    """The cause where it is not the instruction itself that changed."""
    if old.by in texts:
        return "its result is no longer in the store"
    if says_times(old.by) != says_times(texts[0]):
        return OTHER_BUILDAH
    if plain(old.by) in map(plain, texts):
        same_times = old.created == stamp
        return OTHER_BUILDAH if same_times else "the time that files get changed"
    return None


def _copy_cause(
    forecast: Forecast, old: str, index: int, inputs: Inputs, before: LastBuild
) -> str | None:
    found, now = _COPIED.match(old), _COPIED.match(forecast.texts[0])
    if found is None or now is None or found.groups() != now.groups():
        return None
    layer = before.layer(index)
    sources = inputs.reads.get((forecast.stage, forecast.place))
    if layer is None or sources is None:
        return "what it copies has changed"
    files = {file.path: file for file in inputs.files}
    wanted = {
        entry.name: files[entry.path]
        for source in sources
        for entry in source.entries
        if entry.path in files and files[entry.path].kind != "folder"
    }
    changed = file_changes(wanted, layer)
    if not changed:
        return "its files have other owners, or are packed in another way"
    more = f" (and {len(changed) - 3} more)" if len(changed) > 3 else ""
    return "; ".join(changed[:3]) + more


def file_changes(wanted: Mapping[str, File], layer: OldLayer) -> list[str]:
    """What differs between the files that are to be copied and those that were copied.

    Args:
        wanted: by name below the destination.
        layer: what the instruction brought last time.
    """
    old = {file.path: file for file in layer.files if file.kind in ("file", "symlink")}
    left = dict(old)
    said: list[str] = []
    for name, file in wanted.items():
        path = _counterpart(name, left, alone=len(wanted) == 1)
        if path is None:
            said.append(f"{file.path} is new")
            continue
        one = left.pop(path)
        content = layer.digest(path) if one.kind == "file" else one.content
        if (one.kind == "symlink") != (file.kind == "link"):
            said.append(f"{file.path} changed between file and link")
        elif content != file.digest:
            said.append(_content_change(file, content))
        elif file.kind == "file" and one.mode != file.mode:
            said.append(f"mode of {file.path} changed {one.mode:03o}→{file.mode:03o}")
    said += [f"{path} is gone" for path in left]
    return said


def _content_change(file: File, before: str | None) -> str:
    if file.kind == "link":
        return f"{file.path} leads to {file.digest}, it led to {before}"
    if before is None:
        return f"{file.path} changed"
    return f"{file.path} changed (sha256 {before[:12]}… → {file.digest[:12]}…)"


def _counterpart(name: str, old: Mapping[str, LayerFile], *, alone: bool) -> str | None:
    """The path in the old layer that a name stands for; the shortest that ends with it."""
    ends = [path for path in old if path == name or path.endswith(f"/{name}")]
    if ends:
        return min(ends, key=len)
    return next(iter(old)) if alone and len(old) == 1 else None


def _run_cause(texts: Sequence[str], old: str) -> str | None:
    before, now = _arguments(old), _arguments(texts[0])
    if before is None or now is None or before[1] != now[1]:
        return None
    changed = [
        f"build arg {name} changed ({before[0].get(name, 'unset')} → {now[0].get(name, 'unset')})"
        for name in sorted({*before[0], *now[0]})
        if before[0].get(name) != now[0].get(name)
    ]
    return "; ".join(changed) or "a build arg changed"


def _arguments(text: str) -> tuple[dict[str, str], str] | None:
    """The build arguments of a RUN and its command, or of our LABEL after an ARG."""
    if found := _LABELLED.match(text):
        pairs = (pair.partition("=") for pair in found["given"].split(" "))
        return {name: value for name, _, value in pairs}, ""
    if found := _ARGUMENTS.match(text):
        pairs = (pair.partition("=") for pair in found["given"].split(" "))
        return {name: value for name, _, value in pairs}, found["command"]
    if text.startswith("/bin/sh -c #(nop)") or not text.startswith("/bin/sh -c "):
        return None
    return {}, text.removeprefix("/bin/sh -c ")


def _order_cause(texts: Sequence[str], old: str, later: Sequence[str]) -> str:
    if any(text in later for text in texts):
        return f"an instruction before it is gone: {_shown(old)}"
    if _keyword(old) == _keyword(texts[0]):
        return f"the instruction changed: it was {_shown(old)}"
    return "a new instruction"


def _keyword(text: str) -> str:
    return parse_created_by(text).keyword


def _shown(text: str) -> str:
    return one_line(str(parse_created_by(text)))
