"""Data with one writer in Kubernetes, and what of networks and ports is lost there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.export.kubernetes import export_kubernetes
from pipeline.spec.model import Mount, Network, Pipeline, Port, Service, Volume

WEB = Service(
    "web",
    "localhost/web:1",
    built_here=False,
    restart="always",
    mounts=(Mount("volume", "data", "/data"),),
)


def pipeline(web: Service = WEB, **more: Any) -> Pipeline:
    volumes = {"volumes": {"data": Volume("data", "shop_data")}, **more}
    return Pipeline("shop", Path("/p/shop.toml"), Path("/p"), services={"web": web}, **volumes)


def strategy(one: Pipeline) -> Any:
    (text,) = export_kubernetes(one).files.values()
    (deployment,) = (d for d in yaml.safe_load_all(text) if d["kind"] == "Deployment")
    return deployment["spec"].get("strategy")


@pytest.mark.parametrize(
    ("web", "exclusive", "recreated"),
    [
        (WEB, True, True),
        (WEB, None, False),
        (replace(WEB, mounts=(Mount("volume", "data", "/data", read_only=True),)), True, False),
        # The data of a database has one writer without a word in the spec.
        (replace(WEB, image="redis:7"), None, True),
        (replace(WEB, image="redis:7"), False, False),
    ],
)
def test_a_pod_that_writes_alone_ends_before_the_next_one_starts(
    web: Service, exclusive: bool | None, *, recreated: bool
) -> None:
    data = Volume("data", "shop_data", exclusive=exclusive)
    found = strategy(pipeline(web, volumes={"data": data}))
    assert found == ({"type": "Recreate"} if recreated else None)


def test_an_external_volume_is_a_claim_to_be_made() -> None:
    data = Volume("data", "shop_data", external=True, labels={"a": "b"})
    notes = export_kubernetes(pipeline(volumes={"data": data})).notes
    assert "data: make the claim shop-data there: the volume is external" in notes
    assert "data: its `labels` are left out: an external volume is used as it is" in notes


def test_a_closed_default_network_is_told_of_services_that_name_none() -> None:
    default = Network("default", "shop_default", internal=True)
    notes = export_kubernetes(pipeline(networks={"default": default})).notes
    lost = "`networks` (shop_default internal) is left out: there every pod reaches every other"
    assert f"web: {lost}" in notes
    others = {"back": Network("back", "shop_back", internal=True)}
    assert not any(
        "networks" in note for note in export_kubernetes(pipeline(networks=others)).notes
    )


def test_a_port_whose_number_is_taken_in_a_service_is_told() -> None:
    ports = (
        Port(5000, 8080),
        Port(5000, 8080, "::1"),
        Port(5001, 8080, "127.0.0.2"),
        Port(5001, 8080, protocol="udp"),
    )
    notes = export_kubernetes(pipeline(replace(WEB, ports=ports))).notes
    assert [note for note in notes if "leads to" in note] == [
        "web: the container's port 5001 is left out: port 8080 of its Service leads to 5000"
    ]
