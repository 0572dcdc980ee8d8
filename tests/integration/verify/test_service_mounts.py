"""A program that does not start without what its service mounts is experimented on all the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.engine.podman_writer import PodmanWriter
from pipeline.spec.model import Mount
from pipeline.verify.run import carry_out, select
from pipeline.verify.subject import ExperimentSubject
from tests.integration.verify.conftest import left_behind

pytestmark = pytest.mark.integration

PROGRAM = """
import http.server, pathlib, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
pathlib.Path("/data/kept").touch()
pathlib.Path("/scratch/some").touch()
assert pathlib.Path("/conf/settings").read_text() == "mine"
try:
    pathlib.Path("/conf/more").touch()
except OSError:
    http.server.HTTPServer(("", 5000), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
MEANT = ["life-cycle", "copy-on-write", "write-layer-removal", "volume-container"]


def test_throw_away_volumes_and_folders_that_are_only_read_stand_for_the_services(
    api: PodmanWriter, subject: ExperimentSubject, environment: Mapping[str, str], tmp_path: Path
) -> None:
    (tmp_path / "settings").write_text("mine")
    tmp_path.chmod(0o755)
    mounts = (
        Mount("volume", "data", "/data"),
        Mount("tmpfs", None, "/scratch"),
        Mount("bind", str(tmp_path), "/conf"),
    )
    needy = replace(subject, command=("python3", "-c", PROGRAM), entrypoint=(), mounts=mounts)
    results = carry_out(select(MEANT), api, needy, environment, lambda e: None)
    assert [(r.experiment.name, r.verdict, r.reason) for r in results] == [
        (name, "held", "") for name in MEANT
    ]
    assert left_behind(api) == []
    assert [path.name for path in tmp_path.iterdir()] == ["settings"]
