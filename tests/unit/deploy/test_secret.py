"""Secrets are told apart by fingerprints that nobody without the key can make."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.deploy.model.secret import fingerprints, secret_value
from pipeline.engine import labels
from pipeline.errors import CapasError, HostUnsupported
from pipeline.spec.model import Secret, SecretMount
from tests.unit.deploy.world import World


@pytest.fixture
def token(tmp_path: Path) -> Secret:
    (tmp_path / "token").write_text("1234")
    return Secret("token", "p_token", file=tmp_path / "token")


def test_a_fingerprint_follows_value_name_and_key_only(token: Secret, tmp_path: Path) -> None:
    mine, theirs = ({"XDG_STATE_HOME": str(tmp_path / name)} for name in ("mine", "theirs"))
    first = fingerprints([token], mine)
    assert fingerprints([token], mine) == first
    assert fingerprints([token], theirs) != first
    other = replace(token, engine_name="p_other")
    assert fingerprints([other], mine)["p_other"] != first["p_token"]
    assert token.file is not None
    token.file.write_text("1235")
    assert fingerprints([token], mine) != first
    key = tmp_path / "mine" / "capas" / "fingerprint.key"
    assert key.stat().st_mode & 0o777 == 0o600
    digests = (hashlib.new(name, b"1234").hexdigest() for name in ("md5", "sha1", "sha256"))
    assert not any(first["p_token"] in digest for digest in digests)


def test_a_value_that_is_not_there_has_no_fingerprint_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    variable = Secret("token", "p_token", environment="NO_SUCH_TOKEN")
    assert fingerprints([variable], {"XDG_STATE_HOME": str(tmp_path)}) == {}
    with pytest.raises(CapasError, match="NO_SUCH_TOKEN is not set"):
        secret_value(variable)
    with pytest.raises(CapasError, match="No such file"):
        secret_value(Secret("token", "p_token", file=tmp_path / "no"))


def test_a_key_that_cannot_be_kept_is_reported(token: Secret, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HostUnsupported, match="cannot be saved"):
        fingerprints([token], {"XDG_STATE_HOME": str(tmp_path / "file")})


def with_secret(world: World, **fingerprint: str) -> None:
    """Let the service have a secret whose value stands for `fingerprint`."""
    secret = Secret("token", "token", environment="TOKEN")
    world.pipeline = replace(world.pipeline, secrets={"token": secret})
    world.change(secrets=(SecretMount("token", "token"),), replicas=1)
    world.observed = replace(world.observed, fingerprints=fingerprint)


def test_a_changed_value_renews_the_secret_and_who_uses_it(world: World) -> None:
    with_secret(world, token="one")
    made = next(o for o in world.deploy().operations if o.kind == "secret")
    assert made.labels[labels.FINGERPRINT] == "one"
    assert not world.deploy().changes
    with_secret(world, token="two")
    plan = world.deploy()
    said = [str(o) for o in plan.operations]
    assert said[:2] == [
        "remove secret token (its value has changed)",
        "create secret token (its value has changed)",
    ]
    assert "create container pytweets-web-1.next (replica 1: secrets changed)" in said


def test_a_source_that_is_gone_leaves_what_podman_keeps(world: World) -> None:
    with_secret(world)
    with pytest.raises(CapasError, match="the variable TOKEN is not set"):
        world.plan()
    with_secret(world, token="one")
    world.deploy()
    with_secret(world)
    assert not world.plan().changes
