"""One COPY of a folder as several: first what stayed equal in all versions, then the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.engine.tar_split import LayerFile
from pipeline.layers.blueprint import AnnotatedLine
from pipeline.lean_dataclasses import replace

_MOST_INSTRUCTIONS = 6
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+")
_BLOCK, _END = 512, 1024


def split_line(
    layouts: Sequence[tuple[AnnotatedLine, ...]], line: AnnotatedLine
) -> tuple[tuple[AnnotatedLine, ...], ...] | None:
    """All layouts with `line` split, or None when it cannot be, or need not."""
    same = [one for layout in layouts for one in layout if _is_same(one, line)]
    groups = [_by_name(one) for one in same]
    if not line.source or len(same) < 2 or any(group is None for group in groups):
        return None
    entries = [group for group in groups if group is not None]
    stable = {
        name
        for name, files in entries[0].items()
        if all(_effect(other.get(name, ())) == _effect(files) for other in entries)
    }
    moving = {name for group in entries for name in group} - stable
    if not stable or not moving or not all(_is_plain(name) for name in stable | moving):
        return None
    split = []
    for layout in layouts:
        lines: list[AnnotatedLine] = []
        for one in layout:
            if not _is_same(one, line):
                lines.append(one)
                continue
            parts = [*_parts(one, stable), *_parts(one, moving)]
            if len(parts) > _MOST_INSTRUCTIONS:
                return None
            lines += [_with_comments(parts[0], one), *parts[1:]]
        split.append(tuple(lines))
    return tuple(split)


def _is_same(one: AnnotatedLine, line: AnnotatedLine) -> bool:
    return one.keyword == "COPY" and one.text == line.text and one.size > 0


def _by_name(line: AnnotatedLine) -> dict[str, tuple[LayerFile, ...]] | None:
    """The files of a COPY by the first name below its target; None when one lies elsewhere."""
    start = f"{line.target.strip('/')}/".lstrip("/")
    found: dict[str, list[LayerFile]] = {}
    for file in line.files:
        if file.path.startswith(start):
            name = file.path[len(start) :].partition("/")[0]
            found.setdefault(name, []).append(file)
        elif file.kind != "directory":
            return None
    return {name: tuple(files) for name, files in found.items()}


def _parts(line: AnnotatedLine, names: set[str]) -> Iterator[AnnotatedLine]:
    """COPY instructions that together bring `names`: one of all files, one of each folder."""
    groups = _by_name(line) or {}
    target = line.target.rstrip("/")
    start = f"{target.strip('/')}/".lstrip("/")
    source = line.source.removesuffix("/.").rstrip("/").removeprefix("./")
    source = "" if source == "." else f"{source}/"
    folders = [
        name
        for name in sorted(groups)
        if name in names
        and any(f.path == f"{start}{name}" and f.kind == "directory" for f in groups[name])
    ]
    files = [name for name in sorted(groups) if name in names and name not in folders]
    flags = "".join(f"{flag} " for flag in line.flags)
    if files:
        named = " ".join(f"{source}{name}" for name in files)
        yield _part(line, f"COPY {flags}{named} {target}/", [groups[name] for name in files])
    for name in folders:
        yield _part(line, f"COPY {flags}{source}{name} {target}/{name}", [groups[name]])


def _part(line: AnnotatedLine, text: str, groups: Sequence[tuple[LayerFile, ...]]) -> AnnotatedLine:
    files = tuple(file for group in groups for file in group)
    folders = tuple(f for f in line.files if f.kind == "directory" and _is_above(f.path, files))
    files = (*folders, *files)
    size = _END + sum(_BLOCK + file.size + (-file.size % _BLOCK) for file in files)
    return replace(line, text=text, chunk=f"{text}\n", files=files, size=size, source="")


def _is_above(folder: str, files: Sequence[LayerFile]) -> bool:
    return any(file.path.startswith(f"{folder}/") for file in files) and not any(
        file.path == folder for file in files
    )


def _with_comments(part: AnnotatedLine, line: AnnotatedLine) -> AnnotatedLine:
    """The first part keeps the comments that stood above the whole."""
    above = []
    for row in line.chunk.splitlines(keepends=True):
        if row.strip() and not row.lstrip().startswith("#"):
            break
        above.append(row)
    return replace(part, chunk="".join(above) + part.chunk)


def _effect(files: Sequence[LayerFile]) -> frozenset[tuple[object, ...]]:
    return frozenset((f.path, f.kind, f.size, f.content, f.mode, f.uid, f.gid) for f in files)


def _is_plain(name: str) -> bool:
    return bool(name) and not name.startswith("-") and not set(name) - _PLAIN
