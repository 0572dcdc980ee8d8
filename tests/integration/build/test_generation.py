"""The Buildah here follows the rules that are known for it: the first table of the probe."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.host.builder import generation_here
from tests.probe_buildah.rules import Laboratory

pytestmark = pytest.mark.integration


def test_each_rule_of_the_generation_is_what_its_experiment_shows(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    rules = Laboratory(tmp_path, environment).all(generation_here(environment))
    assert [one for one in rules if not one.right] == [], "see docs/new-buildah.md"
