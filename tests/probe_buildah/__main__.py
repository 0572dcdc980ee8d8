"""`python -m tests.probe_buildah [WORD…]`: does this Buildah follow the rules known for it?

Some fifty kinds of instruction (those with a WORD in them) are built twice, in a store of its own
that is removed at the end, and compared with what `pipeline.engine.generation` knows: the words and
digests in the history, and what the second build takes. Ends with 1 when something is other than
known. See docs/new-buildah.md.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from pipeline.build.run.build_run import build
from pipeline.engine.generation import Generation
from pipeline.host.buildah_generation import generation_here
from pipeline.host.observe import observe_basics
from pipeline.output.progress import Quiet
from tests.integration.storage import session_store
from tests.probe_buildah.kinds import KINDS, Kind, write_base, write_context
from tests.probe_buildah.rules import Laboratory, Seen
from tests.probe_buildah.trial import Bench, Row


def main(words: Sequence[str]) -> int:
    """Try everything, print two tables."""
    wanted = [one for one in KINDS if not words or any(word in one.text for word in words)]
    started = time.monotonic()
    with session_store(os.environ) as store, tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder, environment = Path(name), store.environment
        generation = generation_here(environment)
        version = observe_basics(environment).version("buildah")
        _say(_title(version, generation))
        (folder / "rules").mkdir()
        rules = Laboratory(folder / "rules", environment).all(generation)
        _say(_rules(rules))
        write_base(folder / "base")
        write_context(folder / "context")
        bench = Bench(folder, environment)
        survey = bench.survey(KINDS[0], 0, "CMD first")
        build(survey, environment, Quiet(), workers=1)
        rows = [
            bench.try_kind(kind, number)
            for number, kind in enumerate(wanted, 1)
            if kind.since <= version
        ]
        _say(_kinds(rows))
    _say(_result(rules, rows, [kind for kind in wanted if kind.since > version]))
    sys.stderr.write(f"{time.monotonic() - started:.0f} s\n")
    right = [*(one.right for one in rules), *(one.right for one in rows)]
    return 0 if all(right) else 1


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _title(version: tuple[int, ...], generation: Generation) -> str:
    known = ".".join(map(str, generation.since))
    return f"# Buildah {'.'.join(map(str, version))}, generation {known} ({generation.what})\n"


def _rules(rules: list[Seen]) -> str:
    lines = ["| rule | known | seen |", "|---|---|---|"]
    lines += [f"| {one.rule} | {one.known} | {_mark(one.seen, one.right)} |" for one in rules]
    return "\n".join([*lines, ""])


def _kinds(rows: list[Row]) -> str:
    lines = ["| kind | history | digest | second build |", "|---|---|---|---|"]
    for one in rows:
        second = one.reuse or (f"not foreseen: {one.unknown}" if one.unknown else "")
        cells = (_mark(cell or "as known", not cell) for cell in (one.history, one.digest))
        told = second or "as planned"
        lines.append(
            f"| `{_short(one.kind)}` | {' | '.join(cells)} | {_mark(told, not one.reuse)} |"
        )
    return "\n".join([*lines, ""])


def _mark(said: object, right: bool) -> str:
    return f"{said}" if right else f"**{said}**"


def _short(kind: Kind) -> str:
    text = kind.text.replace("\n", " ⏎ ")
    return text if len(text) <= 60 else f"{text[:59]}…"


def _result(rules: list[Seen], rows: list[Row], later: list[Kind]) -> str:
    wrong = sum(not one.right for one in rules) + sum(not one.right for one in rows)
    unknown = sum(bool(one.unknown) for one in rows)
    return (
        f"{len(rules)} rules and {len(rows)} kinds: {wrong} other than known, "
        f"{unknown} that no plan foresees; {len(later)} kinds need a newer Buildah"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
