"""Everything that experiments made is found again by its labels, and removed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pipeline.engine import labels
from pipeline.engine.podman_writer import PodmanWriter
from pipeline.lean_re import lazy_pattern
from pipeline.verify.throw_away import PREFIX

_THROW_AWAY = lazy_pattern(rf"{re.escape(PREFIX)}([0-9]+-[0-9a-f]{{6}})")


def clean(api: PodmanWriter, token: str) -> None:
    """Remove everything that carries an experiment's token."""
    wanted = [f"{labels.EXPERIMENT}={token}"]
    for container in api.containers(wanted):
        api.remove_container(container.id, force=True)
    for volume in api.volumes(wanted):
        api.remove_volume(volume.name)
    for image in api.images(wanted):
        for name in image.names or [image.id]:  # one without names goes with its child
            api.remove_image(name)
    for name, its_token in _networks(api):
        if its_token == token:
            api.remove_network(name)
    for name, its_token in _secrets(api):
        if its_token == token:
            api.remove_secret(name)


def sweep(api: PodmanWriter) -> None:
    """Remove what experiments left behind that were killed: their process is gone."""
    mine = [labels.EXPERIMENT]
    left = [one.labels for one in api.containers(mine)]
    left += [one.labels for one in api.volumes(mine)]
    left += [one.labels for one in api.images(mine)]
    tokens = {its.get(labels.EXPERIMENT, "") for its in left}
    tokens |= {token for _name, token in [*_networks(api), *_secrets(api)]}
    for token in tokens:
        process = token.partition("-")[0]
        if process.isdigit() and not Path("/proc", process).exists():
            clean(api, token)


def _networks(api: PodmanWriter) -> list[tuple[str, str]]:
    """The networks of throw-away pipelines, each with its token."""
    found = ((one.name, _token(one.labels)) for one in api.networks())
    return [(name, token) for name, token in found if token]


def _secrets(api: PodmanWriter) -> list[tuple[str, str]]:
    """The secrets of throw-away pipelines, each with its token."""
    found = ((one.name, _token(one.labels)) for one in api.secrets())
    return [(name, token) for name, token in found if token]


def _token(its_labels: Mapping[str, str]) -> str:
    """The token in the name of a throw-away pipeline, or ""."""
    made = _THROW_AWAY.fullmatch(its_labels.get(labels.PIPELINE, ""))
    return made[1] if made else ""
