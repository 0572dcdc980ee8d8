"""Where the store is and which files say how it is kept: in question only where files speak of it.

From Buildah 1.39 on the place that it uses stands in its help as the default of `--root`, and the
driver as that of `--storage-driver`: they are asked, for no version number tells in which way a
distribution's build reads its files (Debian's Podman 5.8 reads storage.conf as Podman 6 does, that
of others as Podman 5). Buildah 1.28 does not tell; the rules of its time are in
`settings.graphroot`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from pipeline.engine import command
from pipeline.engine.conf_files import every_storage_file, unified_files
from pipeline.engine.store_paths import decided_by
from pipeline.errors import CapasError
from pipeline.host import settings
from pipeline.host.fact_cache import FactCache
from pipeline.host.facts import Program, Version
from pipeline.lean_dataclasses import dataclass

_TELLS_SINCE: Version = (1, 39)
_PROBE_SECONDS = 10.0


@dataclass(frozen=True)
class StoreSettings:
    """What the files say.

    Attributes:
        graphroot: the folder of images, containers and volumes.
        files: those that count, the weightiest last, with their contents.
    """

    graphroot: str
    files: tuple[tuple[Path, settings.Toml], ...]


def observe_store_settings(
    environ: Mapping[str, str], uid: int, buildah: Program | None, memory: FactCache
) -> StoreSettings:
    """What is configured for this user; Buildah is asked once per change of the files."""
    older = settings.storage_conf_file(environ, uid)
    old_way = _read([older] if older else [])
    if not any(path.is_file() for path in every_storage_file(environ, uid)):
        return StoreSettings(settings.graphroot(environ, uid, None), ())
    told = _told(environ, buildah, memory)
    if told is None:
        conf = old_way[0] if old_way else None
        return StoreSettings(settings.graphroot(environ, uid, conf), old_way)
    graphroot, driver = told
    new_way = _read(unified_files("storage", environ, uid))
    heard = new_way if _driver(new_way) in ("", driver) else old_way
    return StoreSettings(graphroot, heard)


def _told(
    environ: Mapping[str, str], buildah: Program | None, memory: FactCache
) -> tuple[str, str] | None:
    """The place and the driver that Buildah names in its help; None when it names none."""
    if buildah is None or buildah.version < _TELLS_SINCE:
        return None
    key = f"store {decided_by(environ)}"
    known = memory.recall(key, [str])
    if known is None or len(known) != 2:
        asked = {name: value for name, value in environ.items() if not name.startswith("STORAGE_")}
        try:
            argv = [buildah.path, "--help"]
            said = command.run(argv, environment=asked, check=False, timeout=_PROBE_SECONDS)
        except CapasError:
            return None
        known = [_default(said.stdout, "root"), _default(said.stdout, "storage-driver")]
        memory.remember("store", key, known)
    root, driver = known
    return (root, driver) if os.path.isabs(root) else None  # noqa: PTH117 (a text that was told)


def _default(text: str, option: str) -> str:
    found = re.search(rf"^ *--{option} .*\(default \"(.*)\"\)$", text, re.MULTILINE)
    return found[1] if found else ""


def _driver(files: tuple[tuple[Path, settings.Toml], ...]) -> str:
    chosen = settings.chosen({}, (), files)
    return chosen["driver"].value if "driver" in chosen else ""


def _read(paths: list[Path]) -> tuple[tuple[Path, settings.Toml], ...]:
    return tuple((path, settings.read_toml(path)) for path in paths)
