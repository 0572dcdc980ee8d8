"""Whom `--chown` names: numbers are taken as they are, names as the image so far knows them.

Tried with Buildah 1.28.2 on an image that has a user `app` (7) of group 9: `7` is 7:7, known or
not; `app` is 7:9; `app:5` is 7:5; `8` is 8:8 though nobody has that number.
"""

from __future__ import annotations

from collections.abc import Callable

from pipeline.build.go_tar.go_tar_reader import CannotTell
from pipeline.build.go_tar.image_files import ImageFiles


def owner_of(text: str, files: Callable[[], ImageFiles]) -> tuple[int, int]:
    """The user and group ids that `--chown=text` gives; root's without it.

    Args:
        text: of the flag, variables replaced; may be empty.
        files: of the image so far, asked for only when a name is to be looked up.

    Raises:
        CannotTell: the image so far is not known, may not be read, or has no such name.
    """
    user, _, group = text.partition(":")
    uid, gid = _user(user, files) if user else (0, 0)
    return uid, _group(group, files) if group else gid


def _user(name: str, files: Callable[[], ImageFiles]) -> tuple[int, int]:
    if name.isdecimal():
        return int(name), int(name)
    fields = _entry(files(), "etc/passwd", name, numbers=(2, 3))
    return int(fields[2]), int(fields[3])


def _group(name: str, files: Callable[[], ImageFiles]) -> int:
    return int(name) if name.isdecimal() else int(_entry(files(), "etc/group", name, (2,))[2])


def _entry(files: ImageFiles, path: str, name: str, numbers: tuple[int, ...]) -> list[bytes]:
    for fields in files.table(path):
        told = fields[0] == name.encode() and len(fields) > max(numbers)
        if told and all(fields[number].isdigit() for number in numbers):
            return fields
    raise CannotTell(f"{name} is not in /{path} of the image so far")
