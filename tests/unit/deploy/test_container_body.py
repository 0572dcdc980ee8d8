"""What Podman is told to make a replica."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.deploy.model.desired import desired_services, digest
from pipeline.deploy.model.ports import Binding
from pipeline.deploy.observe.features import Features
from pipeline.deploy.observe.snapshot import ImageFacts
from pipeline.deploy.plan.container_body import blueprint, container_body
from pipeline.deploy.plan.limits import DEFAULT_PIDS
from pipeline.errors import HostUnsupported
from pipeline.spec.model import Mount, Resources, Secret, SecretMount
from tests.unit.deploy.world import World

EVERYTHING = Features(limits=frozenset({"memory", "cpu", "pids"}), init=True)


def body(world: World, abilities: Features = EVERYTHING) -> dict[str, Any]:
    (desired,) = desired_services(world.pipeline)
    plan = blueprint(world.pipeline, desired, ImageFacts("sha"), abilities, {})
    binding = Binding(5000, 8080, "127.0.0.1")
    return container_body(
        world.pipeline,
        plan,
        1,
        name="pytweets-web-1",
        bindings=(binding,),
        previous="1.1",
        numbers={"io.github.capas.deploy": "7"},
    )


def test_the_label_of_its_parts_has_six_digits_of_each(world: World) -> None:
    (desired,) = desired_services(world.pipeline)
    plan = blueprint(world.pipeline, desired, ImageFacts("sha"), EVERYTHING, {})
    told = dict(part.split("=") for part in plan.part_digests.split(","))
    assert told == {name: digest(part)[:6] for name, part in plan.parts.items()}


def test_an_init_that_the_host_got_does_not_replace_a_replica(world: World) -> None:
    (desired,) = desired_services(world.pipeline)
    one, other = (
        blueprint(world.pipeline, desired, ImageFacts("sha"), Features(init=init), {})
        for init in (True, False)
    )
    assert one.config == other.config
    assert (one.body["init"], "init" in other.body) == (True, False)


def test_a_replica_is_made_exactly_like_this(world: World) -> None:
    made = body(world)
    labels = made.pop("labels")
    assert made == {
        "name": "pytweets-web-1",
        "image": "sha",
        "init": True,
        "env": {"PYTWEETS_DB": "/data/tweets.db"},
        "volumes": [{"Name": "pytweets_tweets", "Dest": "/data", "Options": []}],
        "mounts": [],
        "cap_drop": ["ALL"],
        "cap_add": [],
        "no_new_privileges": True,
        "read_only_filesystem": False,
        "restart_policy": "no",
        "resource_limits": {"pids": {"limit": DEFAULT_PIDS}},
        "stop_timeout": 10,
        "healthconfig": {"Test": ["NONE"]},
        "image_volume_mode": "ignore",
        "portmappings": [
            {
                "container_port": 5000,
                "host_ip": "127.0.0.1",
                "host_port": 8080,
                "protocol": "tcp",
            }
        ],
    }
    config = labels.pop("io.github.capas.config")
    labels.pop("io.github.capas.config-parts")
    assert labels == {
        "io.github.capas.pipeline": "pytweets",
        "io.github.capas.service": "web",
        "io.github.capas.replica": "1",
        "io.github.capas.version": "1.2",
        "io.github.capas.previous-version": "1.1",
        "io.github.capas.deploy": "7",
        "com.docker.compose.project": "pytweets",
        "com.docker.compose.service": "web",
        "com.docker.compose.container-number": "1",
        "com.docker.compose.config-hash": config,
        "com.docker.compose.oneoff": "False",
    }


@pytest.mark.parametrize(("grace", "seconds"), [(0.0, 0), (0.001, 1), (0.5, 1), (1.4, 2)])
def test_a_grace_is_never_cut_to_a_shorter_one(world: World, grace: float, seconds: int) -> None:
    world.change(stop_grace_period=grace, stop_signal="SIGRTMIN+3")
    made = body(world)
    assert (made["stop_timeout"], made["stop_signal"]) == (seconds, 37)


def test_settings_are_put_into_podmans_words(world: World) -> None:
    world.change(
        command=("serve",),
        entrypoint=("/bin/app",),
        user="1000:1000",
        read_only=True,
        cap_add=("CHOWN",),
        restart="on-failure",
        stop_signal="INT",
        stop_grace_period=3.0,
        resources=Resources(memory=64 << 20, cpus=0.5, pids=50),
        mounts=(
            Mount("bind", "/p/site", "/site", read_only=True),
            Mount("tmpfs", None, "/tmp", size=1 << 20),
        ),
    )
    made = body(world)
    expected = {
        "command": ["serve"],
        "entrypoint": ["/bin/app"],
        "user": "1000:1000",
        "read_only_filesystem": True,
        "cap_add": ["CHOWN"],
        "restart_policy": "on-failure",
        "restart_tries": 10,
        "stop_signal": signal.SIGINT,
        "stop_timeout": 3,
        "resource_limits": {
            "memory": {"limit": 64 << 20},
            "cpu": {"quota": 50_000, "period": 100_000},
            "pids": {"limit": 50},
        },
        "mounts": [
            {
                "type": "bind",
                "source": "/p/site",
                "destination": "/site",
                "options": ["rbind", "ro"],
            },
            {
                "type": "tmpfs",
                "destination": "/tmp",
                "options": ["nosuid", "nodev", "size=1048576"],
            },
        ],
    }
    assert {key: made[key] for key in expected} == expected


def test_a_secret_is_named_and_its_value_is_nowhere(world: World) -> None:
    secret = Secret("token", "pytweets_token", file=Path("/p/token"))
    world.pipeline = replace(world.pipeline, secrets={"token": secret})
    world.change(secrets=(SecretMount("token", "token"), SecretMount("token", "TOKEN", kind="env")))
    made = body(world, replace(EVERYTHING, hides_variables=True))
    assert made["secrets"] == [{"Source": "pytweets_token", "Target": "token", "Mode": 0o444}]
    assert made["secret_env"] == {"TOKEN": "pytweets_token"}


def test_a_secret_that_the_engine_shows_is_refused_unless_that_is_meant(world: World) -> None:
    secret = Secret("token", "pytweets_token", file=Path("/p/token"))
    world.pipeline = replace(world.pipeline, secrets={"token": secret})
    shown = SecretMount("token", "TOKEN", kind="env")
    world.change(secrets=(shown,))
    with pytest.raises(HostUnsupported, match="would show the secret token"):
        body(world)
    world.change(secrets=(replace(shown, visible=True),))
    assert body(world)["secret_env"] == {"TOKEN": "pytweets_token"}


def test_what_the_image_asks_for_is_granted(world: World) -> None:
    (desired,) = desired_services(world.pipeline)
    facts = ImageFacts("sha", capabilities=("CHOWN",))
    plan = blueprint(world.pipeline, desired, facts, EVERYTHING, {})
    assert plan.body["cap_add"] == ["CHOWN"]


def test_a_host_without_pids_limits_is_not_asked_for_one(world: World) -> None:
    assert "resource_limits" not in body(world, Features())


def test_the_label_of_an_image_from_elsewhere_does_not_pass_for_a_version(world: World) -> None:
    assert body(world)["labels"]["io.github.capas.version"] == "1.2"
    world.change(image="localhost/python-base:3.11", built_here=False)
    assert body(world)["labels"]["io.github.capas.version"] == ""
