"""What `--to` and `--from` name: a registry, or a folder (pure)."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.engine.distribution import ImageLocation
from pipeline.errors import UsageError
from pipeline.lean_re import lazy_pattern

_FOLDER = lazy_pattern(r"(?:oci:)?(?P<path>(?:\.{1,2}|~)?/.*|\.{1,2})|oci:(?P<bare>.+)", re.DOTALL)
_HOST = r"(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|\[[0-9a-f:]+\])(?::\d+)?|[a-z0-9-]+:\d+"
_REGISTRY = lazy_pattern(
    rf"(?:docker://)?(?P<name>(?:{_HOST})(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)/?"
)
"""A host that cannot be taken for a folder or a user's name (distribution's reference grammar)."""


def parse_location(text: str, *, tls_verify: bool = True) -> ImageLocation:
    """The place that a user means.

    Raises:
        UsageError: it is neither a registry nor a folder, or a folder that skopeo cannot name.
    """
    if found := _FOLDER.fullmatch(text):
        folder = Path(found["path"] or found["bare"]).expanduser().absolute()
        if ":" in str(folder):
            raise UsageError(
                f"the folder {folder} has a colon in its path",
                details="in an OCI layout a colon begins the image's name",
                resolution="name another folder",
            )
        return ImageLocation(text, folder=folder)
    if found := _REGISTRY.fullmatch(text):
        return ImageLocation(text, registry=found["name"], tls_verify=tls_verify)
    raise UsageError(
        f"{text!r} names neither a registry nor a folder",
        details="a registry begins with its host, in small letters: `registry.example.org/team`, "
        "`127.0.0.1:5000`",
        resolution="a folder begins with `./`, `/` or `oci:`",
    )
