"""How Buildah finds the results of earlier builds, and how it writes history: per generation.

This is the only place that knows what differs between versions of Buildah. A new generation is one
more entry of `GENERATIONS`: `replace` of the one before it, with what changed and where that was
read. `python -m tests.probe_buildah` shows whether an installed Buildah follows the rules of its
generation (docs/new-buildah.md). Files are those of github.com/containers/buildah.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Literal

from pipeline.lean_dataclasses import dataclass, replace
from pipeline.lean_re import lazy_pattern

_MARK = lazy_pattern(
    r"(?: *\|(?:unsetLabel|inheritLabels|unsetAnnotation|inheritAnnotations|force-mtime"
    r"|clamp-mtime)=[^|\s]*)+ *$"
)
_FILES_ADDED = lazy_pattern(r"^/bin/sh -c #\(nop\) (?:COPY|ADD) ")
_TIMES = lazy_pattern(r"\|(?:force|clamp)-mtime=\d+ *$")


@dataclass(frozen=True)
class Generation:
    """The habits of Buildah from one version on, until the next entry of `GENERATIONS`.

    Attributes:
        since: the first version.
        what: how it differs from the one before, in a few plain words.
        comments: whether a step on an image without a name says `FROM` and 12 digits of its id in
            its history's comment; later ones leave the comment empty there.
        heredocs: when a RUN's history has the lines of its heredocs.
        mounts: whether a RUN's history has digests of what `--mount=type=bind` shows it.
        link: whether `COPY --link` is written, and is a layer apart from what is below it.
        spaces: behind the destination of COPY and ADD.
        times: whether history says the time that `--timestamp` gives the files.
        owners: whether the digest of copied files has the names of their owners and groups.
        slashes: whether the digest of copied files has a `/` behind names of folders.
        folder_bits: whether folders under `--chmod` have Go's own bit for folders in that digest.
        newest: of several images that match, whether the last made one is taken; else the first.
        platform: whether an image of another platform is passed over.
        volumes: whether a RUN's changes below a VOLUME that was declared above it are kept.
        inherits: whether a stage knows the ARGs of the stage that it goes on from, and whether
            variables in their defaults are replaced before.
    """

    since: tuple[int, ...]
    what: str
    comments: bool = True
    heredocs: Literal["never", "without arguments", "always"] = "never"
    mounts: bool = False
    link: bool = False
    spaces: int = 1
    times: bool = False
    owners: bool = True
    slashes: bool = False
    folder_bits: bool = False
    newest: bool = False
    platform: bool = False
    volumes: bool = False
    inherits: Literal["no", "as written", "replaced"] = "no"

    @property
    def key(self) -> tuple[object, ...]:
        """What decides about a cache hit: equal keys take each other's results."""
        said = (self.heredocs, self.mounts, self.link, self.spaces, self.times)
        return (*said, self.owners, self.slashes, self.folder_bits)

    def ending(self, seconds: int, *, copies: bool) -> str:
        """What history has behind an instruction (`stage_executor.go`, buildMetadata).

        Args:
            seconds: what `--timestamp` says.
            copies: whether it is a COPY or ADD.
        """
        mark = f"|force-mtime={seconds}" if self.times else ""
        if not copies:
            return mark
        return " " * self.spaces + (f"{mark} " if self.times else "")


_1_28 = Generation(since=(1, 28), what="the oldest that is looked after")
"""Debian 12's. `stage_executor.go`: getCreatedBy, intermediateImageExists,
historyAndDiffIDsMatch; `image.go`: the comment `FROM`; `copier/copier.go`: copierHandlerGetOne."""

_1_35 = replace(
    _1_28,
    since=(1, 35),
    what="the lines of a heredoc count, unless there are build arguments",
    heredocs="without arguments",
)
"""`stage_executor.go` of 1.35.0, getCreatedBy: `node.Heredocs`, in the branch without arguments."""

_1_37 = replace(
    _1_35, since=(1, 37), what="RUN may write into a VOLUME that is declared above it", volumes=True
)
"""`docs/buildah-build.1.md` of 1.37.0: `--compat-volumes` brings the old way back."""

_1_38 = replace(
    _1_37,
    since=(1, 38),
    what="no comment on a step that stands on an image without a name",
    comments=False,
)
"""`image.go` of 1.38.0: the comment is left out where the name is a beginning of the id
(`strings.HasPrefix(i.fromImageID, i.fromImageName)`)."""

_1_39 = replace(_1_38, since=(1, 39), what="what a bind mount shows to a RUN counts", mounts=True)
"""`stage_executor.go` of 1.39.0, getCreatedBy: `appendCheckSum`; `util.go`:
generatePathChecksum."""

_1_40 = replace(_1_39, since=(1, 40), what="the lines of a heredoc count", heredocs="always")
"""`stage_executor.go` of 1.40.0, getCreatedBy: `heredoc` stands behind both branches."""

_1_41 = replace(
    _1_40,
    since=(1, 41),
    what="the newest result of the platform is taken; COPY --link; ARG reaches later stages",
    link=True,
    spaces=4,
    newest=True,
    platform=True,
    inherits="as written",
)
"""`stage_executor.go` of 1.41.0: buildMetadata, `cacheCandidates`, `imageArchitecture`,
`hasLink`. Its openshift/imagebuilder is 1.2.16: `builder.go`, setStageInheritedArgs."""

_1_41_1 = replace(_1_41, since=(1, 41, 1), what="the times of files count", spaces=5, times=True)
"""`stage_executor.go` of 1.41.1, buildMetadata: `layerMutations`."""

_1_41_2 = replace(
    _1_41_1,
    since=(1, 41, 2),
    what="names of owners do not count; names of folders end with a slash",
    owners=False,
    slashes=True,
)
"""`copier/copier.go` of 1.41.2, copierHandlerGetOne: `hdr.Uname, hdr.Gname = "", ""`, and
`hdr.Name += "/"`."""

_1_43_2 = replace(
    _1_41_2,
    since=(1, 43, 2),
    what="variables in the ARGs of a stage below are replaced",
    inherits="replaced",
)
"""openshift/imagebuilder 1.2.20, `builder.go`, setStageInheritedArgs: ProcessWord. It came with
1.44.0; 1.43.1 has 1.2.19, and 1.43.2 was seen to do it."""

_1_45 = replace(
    _1_43_2,
    since=(1, 45),
    what="folders under --chmod are written with Go's own bit for folders",
    folder_bits=True,
)
"""Seen in what 1.45.0 writes: the mode of a folder is that of `--chmod` and `1<<31` (`os.ModeDir`),
which only a GNU header can hold. The source was read up to June 2026, where it is not yet so."""

GENERATIONS: tuple[Generation, ...] = (
    *(_1_28, _1_35, _1_37, _1_38, _1_39, _1_40),
    *(_1_41, _1_41_1, _1_41_2, _1_43_2, _1_45),
)
"""Oldest first."""


def generation_of(version: Sequence[int], *, times: bool | None = None) -> Generation:
    """The generation that a version of Buildah belongs to; the newest for an unknown version.

    Args:
        version: numbers, the first one first; empty when it is not known.
        times: whether a build of this very program was seen to write the time into history:
            distributions carry changes back to older versions, and what was seen wins.
    """
    wanted = tuple(version)
    found = [*takewhile(lambda one: not wanted or one.since <= wanted, GENERATIONS)]
    known = found[-1] if found else GENERATIONS[0]
    if times is None or times == known.times:
        return known
    return next(one for one in reversed(GENERATIONS) if one.times == times)


def plain(created_by: str) -> str:
    """An entry of history as the first generation would write it: comparable between all."""
    found = _MARK.search(created_by)
    text = created_by[: found.start()] if found else created_by
    return f"{text.rstrip(' ')} " if _FILES_ADDED.match(text) else text


def says_times(created_by: str) -> bool:
    """Whether an entry of history says how the times of files were set."""
    return _TIMES.search(created_by) is not None
