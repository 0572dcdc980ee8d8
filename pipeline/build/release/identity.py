"""What a version is made of, and its identity: one digest over all that decides the image."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from pipeline.build.context.inputs import File, Inputs
from pipeline.lean_dataclasses import dataclass
from pipeline.spec.containerfile import Instruction
from pipeline.spec.model import Version

_FORMAT = 3
"""Raised whenever the same inputs would give another image."""


@dataclass(frozen=True)
class Content:
    """What a version is made of, small enough for the lock and precise enough to name a change.

    Attributes:
        instructions: digest over the Containerfile's instructions, comments left out.
        settings: digest over build arguments, target, labels and packages of the spec.
        files: by path, `mode sha256` of a file, `link target` or `folder mode`.
    """

    instructions: str
    settings: str
    files: Mapping[str, str]


def content_of(inputs: Inputs) -> Content:
    """What a version is made of now."""
    version = inputs.version
    instructions = [
        [one.text for one in inputs.containerfile.global_args],
        [[stage.origin.text, *map(_written, stage.instructions)] for stage in inputs.stages],
    ]
    rootfs = version.rootfs
    settings = [
        version.target,
        sorted(version.args.items()),
        sorted(version.labels.items()),
        rootfs and [rootfs.suite, sorted(rootfs.packages), sorted(rootfs.exclude)],
    ]
    files = {file.path: _described(file) for file in inputs.files}
    return Content(_digest(instructions), _digest(settings), files)


def identity_of(
    version: Version, content: Content, bases: Mapping[str, str], timestamp: int, pipeline: str
) -> str:
    """The identity of a build, as 64 hexadecimal digits: equal ones need no second build.

    Comments, blank lines, files that nothing reads and the times of files are no part of it, nor
    is where the context comes from.

    Args:
        version: as the spec says.
        content: what it is made of.
        bases: the ids of the images that it reads from, by reference.
        timestamp: that the image's files get.
        pipeline: the spec's name: a label of the image.
    """
    return _digest(
        [
            _FORMAT,
            [pipeline, version.image, version.name],
            [content.instructions, content.settings, sorted(content.files.items())],
            sorted(bases.items()),
            timestamp,
        ]
    )


def _described(file: File) -> str:
    """`mode sha256` of a file, `link target`, or `folder mode`."""
    if file.kind == "link":
        return f"link {file.digest}"
    return f"{file.mode:03o} {file.digest}" if file.kind == "file" else f"folder {file.mode:03o}"


def _written(instruction: Instruction) -> list[str]:
    return [instruction.text, *(heredoc.content for heredoc in instruction.heredocs)]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode("ascii")).hexdigest()
