"""Where a context comes from, as git knows it; nothing where git knows nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.engine import git
from pipeline.errors import CapasError, UsageError
from pipeline.lean_dataclasses import dataclass
from pipeline.lean_re import lazy_pattern

_SHORT_SSH = lazy_pattern(r"^(?:[^/@:]+@)?(?P<host>[\w.-]+\.[\w.-]+):(?P<path>[^/].*)$")
_URL = lazy_pattern(
    r"^(?P<scheme>https?|ssh|git)://(?:[^/@]*@)?(?P<host>[\w.-]+)(?P<port>:\d+)?/(?P<path>.+)$"
)


@dataclass(frozen=True)
class Provenance:
    """Where a context comes from.

    Attributes:
        created: when its content was last changed, in seconds since the epoch: SOURCE_DATE_EPOCH,
            else the time of the last commit that touched it, else 0.
        revision: that commit, with `-dirty` behind it when there are changes on top; or empty.
        source: where the repository was cloned from, the same for every way of cloning it, and
            without credentials; empty when it was cloned from this machine.
    """

    created: int = 0
    revision: str = ""
    source: str = ""


def source_date_epoch(environ: Mapping[str, str]) -> int | None:
    """SOURCE_DATE_EPOCH, in seconds, or None when it is not set.

    The reproducible-builds.org specification asks for a clear error when it is not a number.

    Raises:
        UsageError: it is no whole number.
    """
    given = environ.get("SOURCE_DATE_EPOCH")
    if not given:
        return None
    if not (given.isascii() and given.isdecimal()):
        raise UsageError(f"SOURCE_DATE_EPOCH must be a number of seconds, not {given!r}")
    return int(given)


def provenance_of(context: Path, environ: Mapping[str, str]) -> Provenance:
    """Where `context` comes from. Never fails: without git there is nothing to say."""
    epoch = source_date_epoch(environ)
    try:
        logged = git.last_commit(context, environ)
    except CapasError:  # no git, no repository, no commit, or one that git does not trust
        logged = ""
    if not logged:
        return Provenance(epoch or 0)
    revision, committed = logged.split()
    dirty = "-dirty" if _is_changed(context, environ) else ""
    try:
        source = source_url(git.origin(context, environ))
    except CapasError:  # it was cloned from nowhere
        source = ""
    return Provenance(int(committed) if epoch is None else epoch, revision + dirty, source)


def source_url(remote: str) -> str:
    """The address of a repository: one for `git@host:a/b.git` and `https://me@host/a/b`.

    Two checkouts of one repository would otherwise give two images: the address is a label.
    """
    found = _URL.match(remote) or _SHORT_SSH.match(remote)
    if found is None:
        return ""
    parts = found.groupdict()
    web = (parts.get("scheme") or "").startswith("http")
    scheme, port = (parts["scheme"], parts["port"] or "") if web else ("https", "")
    return f"{scheme}://{parts['host']}{port}/{parts['path'].strip('/').removesuffix('.git')}"


def _is_changed(context: Path, environ: Mapping[str, str]) -> bool:
    try:
        return git.is_changed(context, environ)
    except CapasError:  # what git cannot tell is not called clean
        return True
