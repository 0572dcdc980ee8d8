"""The labels that carry our state: the truth is on images, containers, volumes and networks.

Three namespaces: our own, the OCI annotations that every tool shows, and Compose's project labels
so that other tools group our containers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pipeline.lean_re import lazy_pattern

NAMESPACE: Final = "io.github.capas"

# On everything that a spec made.
PIPELINE: Final = f"{NAMESPACE}.pipeline"
"""The spec's `name`."""

# On images.
IMAGE: Final = f"{NAMESPACE}.image"
"""The image's key in the spec."""
VERSION: Final = f"{NAMESPACE}.version"
"""The version's name in the spec; on a container, the version that it runs."""
IDENTITY: Final = f"{NAMESPACE}.identity"
"""Digest of all inputs of a build: equal identities need no second build."""
BASES: Final = f"{NAMESPACE}.bases"
"""Of the images that it was built from, `reference=id` each: their names may move or go."""
ARGUMENTS: Final = f"{NAMESPACE}.arguments"
"""The build arguments of the last stage, those with a value."""
ROOTFS: Final = f"{NAMESPACE}.rootfs"
"""Of which prepared root file system the image was made: its key and its content's digest."""

# On containers.
SERVICE: Final = f"{NAMESPACE}.service"
"""The service's key in the spec."""
REPLICA: Final = f"{NAMESPACE}.replica"
"""The replica's number, from 1."""
CONFIG: Final = f"{NAMESPACE}.config"
"""Digest of what a container was made from; another digest means another container. Only a deploy
sets it: it tells our containers from those that a user runs from our images."""
PARTS: Final = f"{NAMESPACE}.config-parts"
"""A short digest of each part of the configuration, so that a plan can say what changed."""
PREVIOUS: Final = f"{NAMESPACE}.previous-version"
"""The version that ran in this replica's place before; `rollback` goes back by it."""
DEPLOY: Final = f"{NAMESPACE}.deploy"
"""The number of the deploy that made it; on a secret: that deploy was healthy as a whole."""
BACK_TO: Final = f"{NAMESPACE}.back-to"
"""The number of the deploy that a rollback goes back to."""
INGRESS: Final = f"{NAMESPACE}.ingress"
"""On the ingress of a service: the program that it runs."""
FORMER_INGRESS: Final = f"{NAMESPACE}.door"
"""What an ingress carries that was made before the word changed; Podman cannot change a label."""

# On volumes, networks and secrets.
VOLUME: Final = f"{NAMESPACE}.volume"
"""The volume's key in the spec."""
NETWORK: Final = f"{NAMESPACE}.network"
"""The network's key in the spec."""

# On everything that an experiment of `verify` makes.
EXPERIMENT: Final = f"{NAMESPACE}.experiment"
"""Number of the process and a token of the experiment; nothing with it outlives the process."""

# On the record of a deploy that was healthy as a whole.
SERVICES: Final = f"{NAMESPACE}.services"
"""What each service was: JSON, `{service: [version, config, replicas]}`."""
REPLACED: Final = f"{NAMESPACE}.replaced"
"""The number of the deploy that was healthy before it, or 0."""

FINGERPRINT: Final = f"{NAMESPACE}.fingerprint"
"""On a secret: what stands for its value; keyed, so that no guess can be compared with it."""

# What other tools read (opencontainers/image-spec, annotations.md).
OCI_VERSION: Final = "org.opencontainers.image.version"
OCI_CREATED: Final = "org.opencontainers.image.created"
OCI_REVISION: Final = "org.opencontainers.image.revision"
OCI_SOURCE: Final = "org.opencontainers.image.source"
OCI_TITLE: Final = "org.opencontainers.image.title"
OCI_BASE_NAME: Final = "org.opencontainers.image.base.name"
OCI_BASE_DIGEST: Final = "org.opencontainers.image.base.digest"

# Buildah's own: it is left out of what we build.
BUILDER: Final = "io.buildah.version"

# Compose's own (docker/compose, pkg/api/labels.go).
COMPOSE_PROJECT: Final = "com.docker.compose.project"
COMPOSE_SERVICE: Final = "com.docker.compose.service"
COMPOSE_NUMBER: Final = "com.docker.compose.container-number"
COMPOSE_VOLUME: Final = "com.docker.compose.volume"
COMPOSE_NETWORK: Final = "com.docker.compose.network"
COMPOSE_ONEOFF: Final = "com.docker.compose.oneoff"
COMPOSE_CONFIG: Final = "com.docker.compose.config-hash"

_SERVICE_NAME: Final = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_NUMBER: Final = lazy_pattern(r"[1-9][0-9]{0,4}")


def is_ingress(its_labels: Mapping[str, str]) -> bool:
    """Whether a container with these labels is the ingress of a service."""
    return INGRESS in its_labels or FORMER_INGRESS in its_labels


def role_of(its_labels: Mapping[str, str]) -> tuple[str, int]:
    """Which service a container of ours belongs to, and its number as a replica; 0 for an ingress.

    Labels are input: anybody can give a container any.

    Raises:
        ValueError: a deploy writes no such labels; the message says which one.
    """
    service, number = its_labels.get(SERVICE, ""), its_labels.get(REPLICA, "")
    if not _SERVICE_NAME.fullmatch(service):
        raise ValueError(f"{SERVICE} is {service[:_SHOWN]!r}")
    if is_ingress(its_labels):
        return service, 0
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"{REPLICA} is {number[:_SHOWN]!r}")
    return service, int(number)


_SHOWN: Final = 40
