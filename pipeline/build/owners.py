"""The names of owners that Buildah sees in a build context.

Buildah's digest of a COPY holds the names of each file's owner and group, and it looks them up
inside the context, as if that were the root of the file system: `copier.go` changes its root first.
There the user is called `root` in any case, but the group `root` only where the host has the
systemd module for names (nss-systemd): the same files would have another digest, and the image
another id, on another host. So the staged context carries the two files that are looked up; an
ignore pattern keeps them out of every copy.
"""

from __future__ import annotations

from pipeline.build.inputs import Inputs
from pipeline.spec.gopath import has_meta, name_pattern

FILES = {"etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "etc/group": "root:x:0:\n"}
_FOLDER = "etc"


def carried(inputs: Inputs) -> bool:
    """Whether the context can carry the files without anybody noticing.

    Not when there is something called `etc` in what is read, when a pattern would find it, or when
    a RUN sees the whole context.
    """
    for (stage, place), sources in inputs.reads.items():
        if inputs.containerfile.stages[stage].instructions[place].keyword == "RUN":
            return False
        for source in sources:
            first = source.written.strip("/").split("/")[0]
            if has_meta(first) and name_pattern(first).matches(_FOLDER):
                return False
            if any(path.split("/")[0] == _FOLDER for path in source.found):
                return False
    return all(file.path.split("/")[0] != _FOLDER for file in inputs.files)


def ignore_text(inputs: Inputs) -> bytes:
    """The ignore file of a build whose context carries the files: the user's own, and ours."""
    own = inputs.ignore.path.read_bytes() if inputs.ignore.path else b""
    return own + f"\n{_FOLDER}\n".encode()
