"""The records of containers-storage: how they are read, and what each must look like.

Podman, Buildah and skopeo write them; anybody who may write the store could have, too.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.bootstrap.safe_files import read_bytes
from pipeline.engine.json_input import InvalidJson, parse_json
from pipeline.engine.json_shape import ANY, Shape, fit, like, maybe, whole
from pipeline.errors import CapasError, EngineError
from pipeline.lean_re import lazy_pattern

_PLAIN_NAME = lazy_pattern(r"[A-Za-z0-9._-]*")
RECORD = 8 << 20
"""Bytes of a manifest or a configuration: twice what skopeo and Podman take from a registry
(containers/image, iolimits.go)."""
_LIST = 256 << 20
"""Bytes of a list of the store: about 300,000 layers."""
_SIZE = whole(0, 2**63 - 1)
_ID = like("[A-Za-z0-9_-]{1,128}")
"""Of an image or a layer: it becomes the name of a folder."""
_ODD = "capas: odd"
LAYER = {
    "id": _ID,
    "parent?": str,
    "diff-digest?": maybe(str),
    "diff-size?": maybe(_SIZE),
    "compressed-diff-digest?": str,
    "compressed-size?": _SIZE,
}
IMAGE = {
    "id": _ID,
    "names?": [str],
    "digest?": str,
    "layer?": str,
    "big-data-digests?": {str: str},
}
MANIFEST = {"mediaType?": maybe(str), "config?": maybe({"digest": str})}
CONFIG = {
    "created?": str,
    "rootfs?": {"diff_ids?": [str]},
    "history?": [
        {
            "created_by?": str,
            "created?": str,
            "comment?": str,
            "author?": str,
            "empty_layer?": bool,
        }
    ],
    "config?": {
        **dict.fromkeys(("Env?", "Cmd?", "Entrypoint?", "OnBuild?"), maybe([str])),
        **dict.fromkeys(("User?", "WorkingDir?", "StopSignal?"), maybe(str)),
        **dict.fromkeys(("Volumes?", "ExposedPorts?"), maybe({str: ANY})),
        "Labels?": maybe({str: str}),
    },
}
"""What is taken from an image's configuration (OCI image-spec, config.md)."""


def file_name(key: str) -> str:
    """The file that holds an image's record `key` (containers/storage, images.go)."""
    if _PLAIN_NAME.fullmatch(key):
        return key
    return "=" + base64.b64encode(key.encode()).decode()


def records(path: Path, shape: Shape) -> list[dict[str, Any]]:
    """One of the store's lists; an empty one when there is none.

    A record that does not have the shape is there with its id and names, and is told when it is
    used (`whole_record`): one image that is damaged takes no other one with it.

    Raises:
        EngineError: it cannot be read, or is not what containers-storage writes.
    """
    try:
        found = fit(parse_json(read_bytes(path, limit=_LIST) or b"[]"), [{"id": _ID}])
    except FileNotFoundError:
        return []
    except OSError as error:
        raise EngineError(
            "the store's records cannot be read",
            details=f"{path}: {error.strerror}",
            resolution="the store has to be yours: `podman info` says which one is used",
        ) from None
    except ValueError as error:
        raise _no_records(path, str(error)) from None
    return [_fitted(one, shape) for one in found]


def whole_record(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record that is used.

    Raises:
        Odd: it is not what containers-storage writes.
    """
    if why := record.get(_ODD):
        raise InvalidJson(why)
    return record


def _fitted(one: dict[str, Any], shape: Shape) -> dict[str, Any]:
    try:
        fitted: dict[str, Any] = fit(one, shape)
    except InvalidJson as error:
        names = one.get("names")
        named = [n for n in names if isinstance(n, str)] if isinstance(names, list) else []
        return {**fit({"id": one["id"]}, shape), "names": named, _ODD: str(error)}
    return fitted


def _no_records(path: Path, why: str) -> CapasError:
    return EngineError(
        "the store's records are damaged",
        details=f"{path}: {why}",
        resolution="`podman system reset` makes a new store: it removes all images and containers",
    )
