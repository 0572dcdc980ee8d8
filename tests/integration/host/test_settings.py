"""Wherever an administrator or a user says where the store is: capas finds the one of Podman."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.engine import command

pytestmark = pytest.mark.integration

ROUNDS = int(os.environ.get("CAPAS_PLACING_ROUNDS", "6"))
SEED = int(os.environ.get("CAPAS_PLACING_SEED", "1"))


def test_the_store_is_podmans_wherever_files_of_settings_lie(
    environment: Mapping[str, str],
) -> None:
    script = str(Path(__file__).with_name("placing.py"))
    argv = ["buildah", "unshare", sys.executable, script, str(SEED), str(ROUNDS)]
    told = command.run(argv, environment=environment).stdout.splitlines()
    rounds = [json.loads(line) for line in told]
    assert len(rounds) == ROUNDS
    agreed = [one for one in rounds if "refused" not in one and one["podman"] == one["buildah"]]
    for one in agreed:
        root, driver = one["podman"]
        assert one["capas"] == [[root, root, driver]] * 2, one
    # Podman 5.4 and Buildah 1.39 differ where an administrator's path meets a user's own file.
    assert len(agreed) >= ROUNDS / 2
