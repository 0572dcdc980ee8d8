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
from pathlib import Path

from pipeline.bootstrap.safe_files import read_bytes
from pipeline.engine.cache import state_folder, write_atomic
from pipeline.errors import CapasError, HostUnsupported
from pipeline.lean_re import lazy_pattern
from pipeline.spec.dotenv import read_dotenv
from pipeline.spec.model import Secret

_KEY_BYTES = 32
_KEY = lazy_pattern(rb"[0-9a-f]{%d}" % (2 * _KEY_BYTES))
_KEY_MOST = 4096
_SECRET_MOST = 512_000
"""Bytes: Podman takes no more (containers/common, secrets.go, maxSecretSize)."""


def secret_value(secret: Secret) -> bytes:
    """The value of a secret, read now and kept nowhere.

    Raises:
        CapasError: its file or variable does not exist.
    """
    if secret.file is not None:
        try:
            return read_bytes(secret.file.resolve(), limit=_SECRET_MOST)
        except OSError as error:
            raise no_value(secret, error.strerror or str(error)) from None
        except (ValueError, RuntimeError) as error:  # a circle of links is the latter before 3.13
            raise no_value(secret, str(error)) from None
    value = (read_dotenv(secret.dotenv, os.environ) if secret.dotenv else os.environ).get(
        secret.environment or ""
    )
    if value is None:
        raise no_value(secret)
    return value.encode()


def no_value(secret: Secret, why: str = "it cannot be read") -> CapasError:
    """The error for a secret whose source does not exist (pure)."""
    if secret.file is not None:
        return CapasError(
            f"the secret {secret.name} has no value",
            details=f"{secret.file}: {why}",
            resolution="write the secret there, readable only by you",
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
        if not os.path.lexists(path):
            _make_key(path)
        key = read_bytes(path, limit=_KEY_MOST)
    except OSError as error:
        raise HostUnsupported(
            "the key for comparing secrets cannot be saved",
            details=f"{path}: {error.strerror}",
            resolution="make the folder writable, or set XDG_STATE_HOME to another folder of yours",
        ) from None
    except ValueError as error:
        raise _no_key(path, str(error)) from None
    if not _KEY.fullmatch(key):
        # An empty or a short one would let guesses be compared with what stands for a secret.
        raise _no_key(path, f"it is not {2 * _KEY_BYTES} hexadecimal digits")
    return key


def _make_key(path: Path) -> None:
    """Make the key; of two commands that do, both have the one that was there first."""
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    write_atomic(half, secrets.token_hex(_KEY_BYTES))
    try:
        with suppress(FileExistsError):
            os.link(half, path)
    finally:
        half.unlink(missing_ok=True)


def _no_key(path: Path, why: str) -> HostUnsupported:
    return HostUnsupported(
        "the key for comparing secrets cannot be read",
        details=f"{path}: {why}",
        resolution="remove it: the next deploy creates a new key and renews each secret once",
    )
