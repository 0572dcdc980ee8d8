"""Where Podman and Buildah look for their settings: the files and folders, by their generation.

Until Podman 5, containers.conf: the files of /usr/share, /etc and the user are merged, with the
folder `containers.conf.d` of the last two (containers.conf(5)); 5.7 added files for all users
without root (common, pkg/config/new.go). storage.conf: the user's file, over that of /etc or else
of /usr/share (storage, types/options.go).

Since Podman 6 both are read in one way (storage, pkg/configfile/parse.go; containers-config(5)):
one main file, the user's or else that of /etc or else that of /usr/share; then what lies in the
folders `NAME.conf.d`, `NAME.rootless.conf.d` and `NAME.rootless.conf.d/UID` (root:
`NAME.rootful.conf.d`), in the order of the files' names; of two files of one name the one that is
nearer to the user.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.engine.cache import home

VENDOR = Path("/usr/share/containers")
ADMIN = Path("/etc/containers")
_VARIABLES = {"containers": "CONTAINERS_CONF", "storage": "CONTAINERS_STORAGE_CONF"}


def user_folder(environ: Mapping[str, str]) -> Path:
    """Where the user's own files are: `$XDG_CONFIG_HOME/containers`."""
    return Path(environ.get("XDG_CONFIG_HOME") or Path(home(environ), ".config"), "containers")


def unified_files(name: str, environ: Mapping[str, str], uid: int) -> list[Path]:
    """The files of `containers` or `storage` that count from Podman 6 on, the weightiest last."""
    named = environ.get(_VARIABLES[name])
    files = [Path(named)] if named else [*_main_file(name, environ), *_drop_ins(name, environ, uid)]
    if override := environ.get(f"{_VARIABLES[name]}_OVERRIDE"):
        files.append(Path(override))
    return files


def merged_files(environ: Mapping[str, str], uid: int, *, for_rootless: bool) -> list[Path]:
    """The containers.conf files that count until Podman 5, the weightiest last.

    Args:
        for_rootless: whether it looks for the files for all users without root, too.
    """
    override = environ.get("CONTAINERS_CONF_OVERRIDE")
    last = [Path(override)] if override else []
    if named := environ.get("CONTAINERS_CONF"):
        return [Path(named), *last]
    files = [
        VENDOR / "containers.conf",
        ADMIN / "containers.conf",
        *_in(ADMIN, "containers.conf.d"),
    ]
    if uid != 0 and for_rootless:
        files.append(ADMIN / "containers.rootless.conf")
        files += _in(ADMIN, "containers.rootless.conf.d")
        files += _in(ADMIN, f"containers.rootless.conf.d/{uid}")
    if uid != 0:
        own = user_folder(environ)
        files += [own / "containers.conf", *_in(own, "containers.conf.d")]
    return [path for path in files if path.is_file()] + last


def every_storage_file(environ: Mapping[str, str], uid: int) -> Iterator[Path]:
    """Each file that a storage of any generation may come from, whether it is there or not."""
    for variable in ("CONTAINERS_STORAGE_CONF", "CONTAINERS_STORAGE_CONF_OVERRIDE"):
        if named := environ.get(variable):
            yield Path(named)
    for folder in (VENDOR, ADMIN, user_folder(environ)):
        yield folder / "storage.conf"
    for folder in _drop_in_folders("storage", environ, uid):
        yield from sorted(folder.glob("*.conf"))


def _main_file(name: str, environ: Mapping[str, str]) -> list[Path]:
    files = (folder / f"{name}.conf" for folder in (user_folder(environ), ADMIN, VENDOR))
    return [path for path in files if path.exists()][:1]


def _drop_ins(name: str, environ: Mapping[str, str], uid: int) -> list[Path]:
    by_name = {
        path.name: path
        for folder in _drop_in_folders(name, environ, uid)
        for path in folder.glob("*.conf")
        if stat.S_ISREG(path.lstat().st_mode)  # a link does not count there
    }
    return [by_name[name] for name in sorted(by_name)]


def _drop_in_folders(name: str, environ: Mapping[str, str], uid: int) -> Iterator[Path]:
    for folder in (VENDOR, ADMIN):
        yield folder / f"{name}.conf.d"
        if uid == 0:
            yield folder / f"{name}.rootful.conf.d"
        else:
            yield folder / f"{name}.rootless.conf.d"
            yield folder / f"{name}.rootless.conf.d" / str(uid)
    yield user_folder(environ) / f"{name}.conf.d"


def _in(folder: Path, name: str) -> list[Path]:
    return sorted((folder / name).glob("*.conf"))
