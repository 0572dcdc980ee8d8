"""What has to be there before any container: made, used as it is, or missed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.deploy.model.desired import desired_services
from pipeline.deploy.model.operation import Operation
from pipeline.deploy.plan.resources import plan_resources
from pipeline.engine import labels
from pipeline.errors import CapasError
from pipeline.spec.model import Mount, Network, Secret, SecretMount, Volume
from tests.unit.deploy.world import World

OURS = {labels.PIPELINE: "pytweets"}
OTHER_LABELS = (
    "volume pytweets_tweets does not have the `labels` of the spec: a volume's labels cannot be "
    "changed"
)


def planned(world: World, **observed: Any) -> tuple[list[Operation], list[str]]:
    world.observed = replace(world.observed, **observed)
    return plan_resources(world.pipeline, desired_services(world.pipeline), world.observed)


def with_volume(world: World, **changes: Any) -> None:
    volume = Volume("tweets", "pytweets_tweets", **changes)
    world.pipeline = replace(world.pipeline, volumes={"tweets": volume})


def test_a_volume_is_made_with_labels_that_say_whose_it_is(world: World) -> None:
    with_volume(world, labels={"team": "blue"})
    (create,), notes = planned(world)
    assert str(create) == "create volume pytweets_tweets (missing)"
    assert create.body == {
        "Name": "pytweets_tweets",
        "Label": {
            "team": "blue",
            "io.github.capas.pipeline": "pytweets",
            "io.github.capas.volume": "tweets",
            "com.docker.compose.project": "pytweets",
            "com.docker.compose.volume": "tweets",
        },
    }
    assert notes == []


@pytest.mark.parametrize(
    ("external", "has", "notes"),
    [
        (False, {**OURS, "team": "blue", "more": "1"}, []),
        (False, OURS, [OTHER_LABELS]),
        (False, {**OURS, "team": "red"}, [OTHER_LABELS]),
        (
            False,
            {},
            ["volume pytweets_tweets was not created by capas: it is used and not changed"],
        ),
        (True, {"team": "blue"}, []),
        (True, {}, [OTHER_LABELS]),
    ],
)
def test_a_volume_that_is_there_is_used(
    world: World, has: dict[str, str], notes: list[str], *, external: bool
) -> None:
    with_volume(world, external=external, labels={"team": "blue"})
    assert planned(world, volumes={"pytweets_tweets": has}) == ([], notes)


def test_an_external_volume_that_is_not_there_is_reported(world: World) -> None:
    with_volume(world, external=True)
    with pytest.raises(CapasError, match="external volume pytweets_tweets does not exist"):
        planned(world)


def with_network(world: World, **changes: Any) -> str:
    """The digest of the network's options that a deploy writes down."""
    world.change(networks=("default",), mounts=())
    network = Network("default", "pytweets_default", **{"internal": True, **changes})
    world.pipeline = replace(world.pipeline, networks={"default": network})
    (create,), _notes = planned(world, networks={})
    assert create.body["internal"] is network.internal
    return str(create.body["labels"][labels.CONFIG])


def test_a_network_of_ours_has_the_options_of_the_spec(world: World) -> None:
    has = {**OURS, labels.CONFIG: with_network(world)}
    assert planned(world, networks={"pytweets_default": has}) == ([], [])
    other = {**OURS, labels.CONFIG: with_network(world, labels={"a": "b"})}
    with pytest.raises(CapasError, match="options of the network pytweets_default have changed"):
        planned(world, networks={"pytweets_default": has})
    assert planned(world, networks={"pytweets_default": other}) == ([], [])


def test_a_network_of_somebody_else_is_used_and_reported(world: World) -> None:
    with_network(world)
    note = "network pytweets_default was not created by capas: it is used and not changed"
    assert planned(world, networks={"pytweets_default": {}}) == ([], [note])


def with_secret(world: World) -> None:
    world.change(secrets=(SecretMount("token", "token"),), mounts=())
    secret = Secret("token", "pytweets_token", environment="TOKEN")
    world.pipeline = replace(world.pipeline, secrets={"token": secret})


def test_a_secret_is_made_and_made_again_when_its_value_changed(world: World) -> None:
    with_secret(world)
    operations, _ = planned(world, fingerprints={"pytweets_token": "one"})
    assert [o.key for o in operations] == ["create secret pytweets_token"]
    kept = {**OURS, labels.FINGERPRINT: "one"}
    assert operations[0].labels == kept
    assert planned(world, secrets={"pytweets_token": kept}) == ([], [])
    operations, _ = planned(world, fingerprints={"pytweets_token": "two"})
    assert [o.key for o in operations] == [
        "remove secret pytweets_token", "create secret pytweets_token",
    ]  # fmt: skip
    assert operations[1].after == ("remove secret pytweets_token",)
    assert operations[1].labels[labels.FINGERPRINT] == "two"


def test_a_secret_of_somebody_else_is_never_replaced(world: World) -> None:
    with_secret(world)
    there = {"pytweets_token": {labels.FINGERPRINT: "one"}}
    assert planned(world, fingerprints={"pytweets_token": "two"}, secrets=there) == ([], [])


def test_a_secret_whose_source_is_gone_stays_and_one_that_never_was_is_reported(
    world: World,
) -> None:
    with_secret(world)
    with pytest.raises(CapasError):
        planned(world)
    assert planned(world, secrets={"pytweets_token": OURS}) == ([], [])


def test_what_is_mounted_and_is_no_volume_needs_none(world: World) -> None:
    world.change(mounts=(Mount("bind", "/srv", "/srv"), Mount("tmpfs", None, "/tmp")))
    assert planned(world) == ([], [])
