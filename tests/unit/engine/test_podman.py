from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.engine.podman import PodmanReader


class Vanishing(PodmanReader):
    """Podman 4.3, with a secret that is removed between two calls."""

    def __init__(self) -> None:
        pass

    def _list(self, path: str, params: Mapping[str, Any]) -> list[Any]:
        return [{"ID": name, "Spec": {"Name": name}} for name in ("gone", "kept")]

    def _object_or_none(self, path: str) -> Any:
        return {"ID": "kept", "Spec": {"Name": "kept", "Labels": {}}} if "kept" in path else None


def test_a_secret_that_is_removed_meanwhile_is_left_out() -> None:
    assert [one.name for one in Vanishing().secrets()] == ["kept"]
