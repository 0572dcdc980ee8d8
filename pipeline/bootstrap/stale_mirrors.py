"""Mirrors of folders that are gone: a checkout's has an environment of 100 MB and more.

What was mirrored is noted in root's own home: a mirror itself does not say of what it is one, and
what the account could write there would make root look at any path that it likes to know of. The
account removes the mirrors, with no more rights than it has.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
from collections.abc import Sequence

from pipeline.bootstrap.messages import print_message
from pipeline.bootstrap.mirror import place_of
from pipeline.bootstrap.privileges import child_as
from pipeline.bootstrap.safe_files import read_text, write_whole

_MOST = 1000
"""Folders that are remembered; the oldest are forgotten."""


def note_path() -> str:
    """Where root notes what it mirrored; its home is the system's word, not the caller's."""
    return f"{pwd.getpwuid(os.geteuid()).pw_dir}/.local/state/capas/mirrored.json"


def remember(sources: Sequence[str], note: str) -> None:
    """Note that these folders have mirrors; without a note they are only kept longer."""
    known = _known(note)
    if new := [source for source in sources if source not in known]:
        _write([*known, *new][-_MOST:], note)


def sweep(account: pwd.struct_passwd, note: str, *, remove: bool) -> None:
    """Tell the mirrors of folders that are gone, and remove them.

    Args:
        remove: without it they are only told.
    """
    known = _known(note)
    gone = [source for source in known if not os.path.lexists(source)]
    left = {source: os.path.dirname(place_of(source, account.pw_dir)) for source in gone}

    def as_account() -> int:
        there = [folder for folder in left.values() if os.path.lexists(folder)]
        if remove:
            for folder in there:
                shutil.rmtree(folder, ignore_errors=True)
        return min(len(there), 100)

    if gone:
        code = os.waitstatus_to_exitcode(os.waitpid(child_as(account, as_account), 0)[1])
        if code:
            what = "removed" if remove else "`prune --yes` removes"
            print_message(f"{what} {code} mirrors of folders that are gone: {', '.join(gone)}")
        if remove:
            _write([source for source in known if source not in left], note)


def _known(note: str) -> list[str]:
    try:
        told = json.loads(read_text(note))
    except (OSError, ValueError, RecursionError):
        return []
    is_one = isinstance(told, list) and all(isinstance(source, str) for source in told)
    return [source for source in told if source.startswith("/")] if is_one else []


def _write(sources: Sequence[str], note: str) -> None:
    from pathlib import Path  # only a new folder, or one that is gone, costs this

    from pipeline.bootstrap.private import private_folder

    try:
        private_folder(Path(note).parent, ours=False)
        write_whole(note, json.dumps(sources).encode())
    except OSError:
        pass
