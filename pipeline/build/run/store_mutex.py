"""Builds on one store, one after the other.

Buildah gives an image that it has just made a temporary name (`buildah/commit.go`), and says the
first name of what a step builds on in the history of the next. When two builds make the same image
at one moment, one finds the other's temporary name there: the same content gets another id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from pipeline.engine.mutex import mutex
from pipeline.engine.store_paths import find_store

_DEADLINE = 6 * 3600.0
"""Seconds to wait for other builds: a long one may download much."""


@contextmanager
def turn(environment: Mapping[str, str], waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the store's builds for the time of the block.

    Args:
        waiting: told who builds, once, when it has to be waited for.

    Raises:
        CapasError: the others did not end.
        HostUnable: nothing can be locked here.
    """
    root = str(find_store(environment).roots[0])
    name = f".builds-{hashlib.sha256(root.encode()).hexdigest()[:12]}"
    with mutex(name, environment, waiting, deadline=_DEADLINE, what="another build"):
        yield
