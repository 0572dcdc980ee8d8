"""Values of secrets: read when they are needed, kept nowhere, and known again when they changed.

Podman does not tell a secret's value, so something must stand for it. A plain digest in a label
could be compared with guesses by everybody who sees the label; a fingerprint is keyed (HMAC,
RFC 2104), and the key never leaves this account's state folder. Whoever deploys with another key
renews the secrets once.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress

from pipeline.engine.cache import state_folder, write_atomic
from pipeline.errors import CapasError, HostUnable
from pipeline.spec.dotenv import read_dotenv
from pipeline.spec.model import Secret

_KEY_BYTES = 32


def secret_value(secret: Secret) -> bytes:
    """The value of a secret, read now and kept nowhere.

    Raises:
        CapasError: its file or variable is not there.
    """
    if secret.file is not None:
        try:
            return secret.file.read_bytes()
        except OSError as error:
            raise no_value(secret, error.strerror or "") from None
    value = (read_dotenv(secret.dotenv, os.environ) if secret.dotenv else os.environ).get(
        secret.environment or ""
    )
    if value is None:
        raise no_value(secret)
    return value.encode()


def no_value(secret: Secret, why: str = "it cannot be read") -> CapasError:
    """The error for a secret whose source is not there (pure)."""
    if secret.file is not None:
        return CapasError(
            f"the secret {secret.name} has no value",
            details=f"{secret.file}: {why}",
            resolution="write it there, readable by nobody else",
        )
    return CapasError(
        f"the secret {secret.name} has no value",
        details=f"the variable {secret.environment} is not set",
        resolution=f"export {secret.environment}=…",
    )


def fingerprints(wanted: Iterable[Secret], environ: Mapping[str, str]) -> dict[str, str]:
    """What stands for each secret's value now, by its name in Podman; without those of no value.

    Raises:
        HostUnable: the key cannot be kept.
    """
    values = {}
    for secret in wanted:
        with suppress(CapasError):
            values[secret.engine_name] = secret_value(secret)
    if not values:
        return {}
    key = _key(environ)
    return {
        name: hmac.digest(key, name.encode() + b"\0" + value, "sha256").hex()[:32]
        for name, value in values.items()
    }


def _key(environ: Mapping[str, str]) -> bytes:
    """This account's key; made by the first who needs it, readable by nobody else."""
    path = state_folder(environ) / "fingerprint.key"
    try:
        if not path.exists():
            write_atomic(path, secrets.token_hex(_KEY_BYTES))
        return path.read_bytes()
    except OSError as error:
        raise HostUnable(
            "the key that secrets are told apart by cannot be kept",
            details=f"{path}: {error.strerror}",
            resolution="make the folder writable, or let XDG_STATE_HOME name another of yours",
        ) from None
