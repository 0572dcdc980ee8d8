"""The names of owners that Buildah sees in a build context.

Buildah's digest of a COPY holds the names of each file's owner and group, and it looks them up
inside the context, as if that were the root of the file system: `copier.go` changes its root first.
There the user is called `root` in any case, but the group `root` only where the host has the
systemd module for names (nss-systemd): the same files would have another digest, and the image
another id, on another host. So the staged context carries the two files that are looked up; an
ignore pattern keeps them out of every copy.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.build.context.inputs import Inputs
from pipeline.spec.context import leads_to, place_of
from pipeline.spec.gopath import has_meta, name_pattern

FILES = {"etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "etc/group": "root:x:0:\n"}
_FOLDER = "etc"


def carried(inputs: Inputs) -> bool:
    """Whether the context can carry the files without anybody noticing.

    Not when there is something called `etc` in what is read, when a pattern would find it, when a
    link leads there or back to the context itself, or when a RUN sees the whole context.
    """
    for (stage, place), sources in inputs.reads.items():
        bound = inputs.containerfile.stages[stage].instructions[place].keyword == "RUN"
        for source in sources:
            first = source.written.strip("/").split("/")[0]
            if has_meta(first) and name_pattern(first).matches(_FOLDER):
                return False
            if any(_is_near(path, inputs.version.context, bound=bound) for path in source.found):
                return False
    named = (name for file in inputs.files for name in (file.path, file.place))
    return all(name.split("/")[0] != _FOLDER for name in named)


def _is_near(path: str, context: Path, *, bound: bool) -> bool:
    """Whether looking for a path leads to the files, or to a folder that shows their folder."""
    names = path.split("/")
    above = ["/".join(names[:end]) for end in range(1, len(names))]
    if any(leads_to(folder, context) == "" for folder in above):
        return True
    led = leads_to(path, context)
    places = (path, led or "", place_of(path, context) or "")
    return (bound and led == "") or any(name.split("/")[0] == _FOLDER for name in places)


def ignore_text(inputs: Inputs) -> bytes:
    """The ignore file of a build whose context carries the files: the user's own, and ours."""
    own = inputs.ignore.path.read_bytes() if inputs.ignore.path else b""
    return own + f"\n{_FOLDER}\n".encode()
