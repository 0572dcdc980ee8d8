"""How the files of a version are described."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import read_inputs
from pipeline.build.release.identity import content_of
from pipeline.spec.model import Version


def test_each_kind_of_file_is_described_in_its_own_way(tmp_path: Path) -> None:
    (tmp_path / "src/empty").mkdir(parents=True)
    (tmp_path / "src/empty").chmod(0o755)
    (tmp_path / "src/run").write_text("x")
    (tmp_path / "src/run").chmod(0o755)
    (tmp_path / "src/link").symlink_to("run")
    (tmp_path / "Containerfile").write_text("FROM scratch\nCOPY src /app/\n")
    version = Version("web", "1", tmp_path, tmp_path / "Containerfile")
    assert content_of(read_inputs(version, Digests(None))).files == {
        "src/empty": "folder 755",
        "src/link": "link run",
        "src/run": f"755 {hashlib.sha256(b'x').hexdigest()}",
    }
