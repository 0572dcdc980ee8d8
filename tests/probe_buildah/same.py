"""`python -m tests.probe_buildah.same`: layers and ids of fixed inputs, to compare engines by.

Prints a line of JSON for the Buildah here. With files that hold such lines, `same.py FILE…` prints
the table of docs/hosts.md instead: which of these engines give equal layers, and equal ids.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.build.observe.survey import observe_build
from pipeline.build.run.build_run import build
from pipeline.engine.images import inspect_image
from pipeline.host.build_engine import build_engine_here
from pipeline.output.progress import Quiet
from pipeline.spec.model import Image, Pipeline, Version
from tests.integration.storage import session_store
from tests.probe_buildah.kinds import BUSYBOX, write_context

_SHELL = "FROM scratch\nCOPY bin /bin\nCOPY tree /data\n"
_ON_IT = "FROM localhost/sameshell:1\nRUN {}\n"
CASES: Mapping[str, str] = {
    "COPY of a file": "FROM scratch\nCOPY one.txt /app/\n",
    "COPY of a folder": "FROM scratch\nCOPY tree /tree\n",
    "COPY --chown --chmod of a folder": "FROM scratch\nCOPY --chown=7:8 --chmod=750 tree /tree\n",
    "ADD of an archive": "FROM scratch\nADD gnu.tar /\n",
    "COPY into a folder that is there": "FROM localhost/samebase:1\nCOPY one.txt /tree/sub/\n",
    "RUN that makes a file": _ON_IT.format("true > /made"),
    "RUN that makes a file in a folder that is there": _ON_IT.format("true > /data/sub/made"),
    "configuration only": "FROM scratch\nCOPY one.txt /\nENV ONE=1\nCMD one\n",
}
_BASES = {"sameshell": _SHELL, "samebase": "FROM scratch\nCOPY tree /tree\n"}
_NO_ID = frozenset(case for case, text in CASES.items() if "sameshell" in text)
"""Whose id depends on the host's own busybox."""


def main(files: Sequence[str]) -> int:
    """Build, or print the table."""
    if files:
        seen = [json.loads(line) for name in files for line in Path(name).read_text().splitlines()]
        sys.stdout.write(table(seen))
        return 0
    with session_store(os.environ) as store, tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        sys.stdout.write(json.dumps(_measured(Path(name), store.environment)) + "\n")
    return 0


def _measured(folder: Path, environment: Mapping[str, str]) -> dict[str, object]:
    context = folder / "context"
    write_context(context)
    (context / "bin").mkdir()
    (context / "bin" / "sh").write_bytes(BUSYBOX.read_bytes())
    (context / "bin" / "sh").chmod(0o755)
    texts = {**_BASES, **{f"case{n}": text for n, text in enumerate(CASES.values())}}
    images = {}
    for name, text in texts.items():
        containerfile = folder / f"{name}.Containerfile"
        containerfile.write_text(text)
        images[name] = Image(name, {"1": Version(name, "1", context, containerfile)})
    pipeline = Pipeline("same", folder / "same.toml", folder, images=images)
    results = build(
        observe_build(pipeline, pipeline.versions, environment), environment, Quiet(), workers=1
    )
    for error in results.errors.values():
        raise error
    found: dict[str, list[str]] = {}
    for number, case in enumerate(CASES):
        image = inspect_image(environment, f"localhost/case{number}:1")
        found[case] = [image.diff_ids[-1], "" if case in _NO_ID else image.id]
    maker = build_engine_here(environment)
    engine = f"{maker.engines['buildah']}, {maker.engines['storage']}"
    return {"engine": engine, "cases": found}


def table(seen: Sequence[Mapping[str, object]]) -> str:
    """Equal letters are equal digests: of the top layer, and of the image."""
    engines = [str(one["engine"]) for one in seen]
    lines = [f"| | {' | '.join(engines)} |", f"|---|{'---|' * len(engines)}"]
    for case in CASES:
        columns = [_digests(one, case) for one in seen]
        lettered = [_letters([column[at] for column in columns]) for at in (0, 1)]
        cells = [
            f"layer {layer}" + (f", id {image}" if columns[at][1] else "")
            for at, (layer, image) in enumerate(zip(*lettered, strict=True))
        ]
        lines.append(f"| {case} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _digests(one: Mapping[str, object], case: str) -> list[str]:
    cases = one["cases"]
    assert isinstance(cases, dict)
    return list(cases[case])


def _letters(digests: Sequence[str]) -> list[str]:
    known: dict[str, str] = {}
    return [known.setdefault(digest, chr(ord("A") + len(known))) for digest in digests]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
