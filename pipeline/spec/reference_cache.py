"""Which images the versions of a spec read from; a Containerfile is parsed once for each text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.spec.answer_cache import AnswerCache, question_of
from pipeline.spec.model import Version
from pipeline.spec.textfile import Unreadable, read_text

_KEPT = 1000


def known_references(
    versions: Iterable[Version], environ: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """By short name: the images of its Containerfile, none if that cannot be read.

    Args:
        versions: those of a spec.
        environ: names the cache folder.
    """
    memory = AnswerCache("references", environ, kept=_KEPT)
    reader = _reader()
    found: dict[str, tuple[str, ...]] = {}
    learnt: dict[str, str] = {}
    for version in versions:
        try:
            text = read_text(version.containerfile)
        except Unreadable:
            found[version.short] = ()  # another rule says so
            continue
        args = json.dumps(dict(version.args), sort_keys=True)
        question = question_of(reader, args.encode(), text.encode())
        names = _names(memory.answer(question) or learnt.get(question))
        if names is None:
            names = _parsed(text, version)
            learnt[question] = json.dumps(names)
        found[version.short] = names
    memory.remember(learnt)
    return found


def _names(answer: str | None) -> tuple[str, ...] | None:
    """What was remembered; None for nothing, and for what nobody here wrote."""
    try:
        names = json.loads(answer or "null")
    except (ValueError, RecursionError):
        return None
    is_one = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return tuple(names) if is_one else None


def _parsed(text: str, version: Version) -> tuple[str, ...]:
    from pipeline.spec.containerfile import parse  # noqa: PLC0415 (as long as all other imports)
    from pipeline.spec.image_references import references  # noqa: PLC0415

    return references(parse(text, version.containerfile), version.args)


def _reader() -> bytes:
    """What changes when this program reads Containerfiles in another way: the files that do it."""
    here = Path(__file__).parent
    files = [here / "image_references.py", *sorted((here / "containerfile").glob("*.py"))]
    stats = [(file.name, file.stat()) for file in files]
    return repr([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]).encode()
