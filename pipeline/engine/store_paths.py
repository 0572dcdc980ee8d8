"""Where the store of Buildah, Podman and skopeo lies: Buildah's own answer, remembered.

`buildah info` costs as much as everything else that a report does. Its answer follows from the
user, some variables, the configuration files and the program itself, so it is asked again when
one of these is another.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.engine import command
from pipeline.engine.cache import cache_folder, read_json, write_atomic
from pipeline.engine.conf_files import every_storage_file
from pipeline.engine.json_input import parse_json
from pipeline.engine.json_shape import fit
from pipeline.engine.programs import find_program
from pipeline.errors import EngineError
from pipeline.lean_dataclasses import dataclass

_VARIABLES = (
    "CONTAINERS_",
    "STORAGE_",
    "HOME=",
    "USER=",
    "XDG_CONFIG_",
    "XDG_DATA_",
    "XDG_RUNTIME_",
)
DRIVERS = ("overlay", "vfs", "btrfs", "zfs")


@dataclass(frozen=True)
class StorePlace:
    """Where a store lies.

    Attributes:
        driver: `overlay`, `vfs`, …
        roots: the store's folder, then those of read-only stores below it.
    """

    driver: str
    roots: tuple[Path, ...]


def find_store(environment: Mapping[str, str]) -> StorePlace:
    """The place of the store that is used with this environment.

    Raises:
        EngineError: Buildah failed.
        HostUnable: Buildah is not installed.
    """
    note = cache_folder(environment) / "store.json"
    facts = decided_by(environment)
    known = read_json(note)
    if known.get("decided_by") == facts and (place := _place(known)):
        return place
    settings = _told(command.run(["buildah", "info"], environment=environment).stdout)
    driver, root = settings["GraphDriverName"], settings["GraphRoot"]
    below = [
        option.partition("=")[2]
        for option in settings["GraphOptions"]
        if option.partition("=")[0].endswith("imagestore")
    ]
    found = {"decided_by": facts, "driver": driver, "roots": [root, *below]}
    with suppress(OSError):  # without a cache the next command asks again
        write_atomic(note, json.dumps(found))
    return StorePlace(driver, tuple(map(Path, (root, *below))))


def _told(answer: str) -> dict[str, Any]:
    """The part of `buildah info` that is about the store.

    Raises:
        EngineError: it is not what Buildah answers.
    """
    shape = {"GraphDriverName": str, "GraphRoot": str, "GraphOptions?": [str]}
    try:
        return dict(fit(parse_json(answer), {"store": shape})["store"])
    except ValueError as error:
        raise EngineError(
            "Buildah does not say where its store is",
            details=f"buildah info: {error}",
            resolution="`capas doctor` examines this host",
        ) from None


def _place(known: Mapping[str, object]) -> StorePlace | None:
    """What was remembered; None when no store, or one of another driver too, is there now."""
    driver, roots = known.get("driver"), known.get("roots")
    if not isinstance(driver, str) or not isinstance(roots, list) or not roots:
        return None
    place = StorePlace(driver, tuple(Path(str(root)) for root in roots))
    there = [name for name in DRIVERS if (place.roots[0] / f"{name}-images").is_dir()]
    return place if there == [driver] else None


def decided_by(environment: Mapping[str, str]) -> str:
    """Stands for everything that decides the answer."""
    facts = [str(os.getuid())]
    facts += sorted(
        f"{name}={value}"
        for name, value in environment.items()
        if f"{name}=".startswith(_VARIABLES)
    )
    facts += [f"{path} {_age(path)}" for path in _files(environment)]
    return hashlib.sha256("\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    """The program, and every storage.conf that it may read."""
    yield Path(find_program("buildah", path=environment.get("PATH")) or "buildah")
    yield from every_storage_file(environment, os.getuid())


def _age(path: Path) -> str:
    try:
        info = path.stat()
    except OSError:
        return "is missing"
    return f"{info.st_mtime_ns} {info.st_size}"
