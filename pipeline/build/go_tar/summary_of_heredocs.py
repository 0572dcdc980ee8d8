"""The content summary of a COPY or ADD of heredocs: see `summary`.

Buildah (`stage_executor.go`, performCopy) writes each document into a folder of its own, with mode
644, and copies it from there as root's; nothing in that folder tells names of owners.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

from pipeline.build.go_tar import go_tar_writer
from pipeline.build.go_tar.content_summary import Given, together
from pipeline.build.go_tar.go_tar_reader import CannotTell
from pipeline.engine.generation import Generation
from pipeline.spec.containerfile import Heredoc
from pipeline.spec.containerfile.steps import BuildStep

_MODE = 0o644


def summaries_of_documents(
    step: BuildStep, given: Given, generation: Generation
) -> tuple[str, ...]:
    """What Buildah would write; several when the destination or the host decides.

    Raises:
        CannotTell: there are variables in a document, or files beside the documents.
    """
    *sources, target = step.arguments
    if any(not source.startswith("<<") for source in sources):
        raise CannotTell("it copies files beside what it writes itself")
    if any(one.expand and "$" in one.content for one in step.heredocs):
        raise CannotTell("there are variables in what it writes")
    return tuple(
        dict.fromkeys(
            together(_item(one, name, given, called) for one in step.heredocs)
            for called in _called(generation)
            for name in _names(step, target)
        )
    )


def _names(step: BuildStep, target: str) -> Iterator[str]:
    """The name that a document gets: its own in a folder, and else that of the destination."""
    yield ""
    if len(step.heredocs) == 1 and not target.endswith("/"):
        yield target.rpartition("/")[2]


def _called(generation: Generation) -> list[tuple[bytes, bytes]]:
    """What root and its group may be called where no file tells it: nss-systemd knows both."""
    return [(b"root", b""), (b"root", b"root")] if generation.owners else [(b"", b"")]


def _item(
    document: Heredoc, name: str, given: Given, called: tuple[bytes, bytes]
) -> tuple[str, str]:
    content = document.content.encode("utf-8", "surrogateescape")
    uid, gid = given.owner or (0, 0)
    header = go_tar_writer.Header(
        name=os.fsencode(name or document.name),
        mode=_MODE if given.mode is None else given.mode,
        uid=uid,
        gid=gid,
        size=len(content),
        user=called[0],
        group=called[1],
    )
    stream = (
        go_tar_writer.encode(header)
        + content
        + go_tar_writer.padding(len(content))
        + go_tar_writer.END
    )
    return "file", hashlib.sha256(stream).hexdigest()
