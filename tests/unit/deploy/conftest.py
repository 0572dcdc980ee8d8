"""The world that most tests of deploying begin in."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.deploy.observe.features import Features
from pipeline.deploy.observe.snapshot import ImageFacts, Observed
from pipeline.spec.model import Healthcheck, Mount, Pipeline, Port, Service, Volume
from tests.unit.deploy.world import World, image


@pytest.fixture
def world() -> World:
    """PyTweets: two replicas with ports and a volume, three versions."""
    web = Service(
        "web",
        "pytweets",
        built_here=True,
        replicas=2,
        ports=(Port(5000, 8080),),
        mounts=(Mount("volume", "tweets", "/data"),),
        environment={"PYTWEETS_DB": "/data/tweets.db"},
        healthcheck=Healthcheck(http=":5000/healthz"),
    )
    pipeline = Pipeline(
        "pytweets",
        Path("/p/specs/pytweets.toml"),
        Path("/p"),
        images={"pytweets": image("pytweets", "1.0", "1.1", "1.2")},
        services={"web": web},
        volumes={"tweets": Volume("tweets", "pytweets_tweets")},
    )
    images = {f"localhost/pytweets:{v}": ImageFacts(f"sha-{v}") for v in ("1.0", "1.1", "1.2")}
    images["localhost/proxy:1"] = ImageFacts("sha-proxy")
    images["localhost/redis:7"] = ImageFacts("sha-redis")
    return World(pipeline, Observed(images=images, abilities=Features(init=True)))
