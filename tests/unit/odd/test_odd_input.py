"""Whatever lies in a file, a label or an answer that is read, it is used, rebuilt or told.

`CAPAS_MUTATIONS=20000` tries twenty thousand slips instead of the few hundred of every day;
`CAPAS_SEED` begins elsewhere.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.deploy.observe.snapshot import broken_labels, containers_of, observe
from pipeline.deploy.plan.removal import plan_down
from pipeline.engine import labels
from pipeline.engine.api_answers import ANSWERS
from pipeline.errors import CapasError
from tests.unit.deploy.world import World
from tests.unit.odd import api
from tests.unit.odd.mutate import PLANTED, VALUES, mutated_bytes, mutated_json
from tests.unit.odd.readers import READERS

ROUNDS = int(os.environ.get("CAPAS_MUTATIONS", "600"))
SEED = int(os.environ.get("CAPAS_SEED", "0"))
LONGEST = 2.0
"""Seconds, of the processor: a busy machine makes nobody wait for a file."""
JSON_ANSWERS = [(method, pattern) for method, pattern, _shape in ANSWERS]
RAW_ANSWERS = [("", kind) for kind in api.RAW]
LABELS = sorted(
    value for name, value in vars(labels).items() if name.isupper() and isinstance(value, str)
)
SUBJECTS = len(READERS) + len(JSON_ANSWERS) + len(RAW_ANSWERS) + 1
EACH = max(1, ROUNDS // SUBJECTS)


def told(act: Callable[[], object], what: str) -> None:
    """Run it: it ends well, or with an error in three parts, and soon."""
    began = time.process_time()
    said = None
    try:
        act()
    except CapasError as error:
        said = error
    except Exception as error:
        raise AssertionError(what) from error
    assert time.process_time() - began < LONGEST, what
    if said is not None:
        assert (said.brief, said.details, said.resolution).count("") == 0, (what, str(said))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", READERS)
def test_a_file_with_slips(name: str, tmp_path: Path) -> None:
    reader = READERS[name]
    for number in range(EACH):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = reader.right(folder)
        raw = reader.mutate(path.read_bytes(), random.Random(f"{SEED} {name} {number}"))
        path.write_bytes(raw)
        path.chmod(0o600)
        told(lambda: reader.read(folder, path), f"{name}, slip {number}: {raw[:2000]!r}")  # noqa: B023
        shutil.rmtree(folder)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("what", PLANTED)
@pytest.mark.parametrize("name", [name for name, reader in READERS.items() if reader.file])
def test_something_else_in_place_of_a_file(name: str, what: str, tmp_path: Path) -> None:
    reader = READERS[name]
    path = reader.right(tmp_path)
    path.unlink()
    PLANTED[what](path)
    told(lambda: reader.read(tmp_path, path), f"{what} for {name}")


@pytest.mark.parametrize("name", READERS)
def test_a_right_one_is_read(name: str, tmp_path: Path) -> None:
    reader = READERS[name]
    reader.read(tmp_path, reader.right(tmp_path))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("answer", [*JSON_ANSWERS, *RAW_ANSWERS], ids=" ".join)
def test_an_answer_of_the_engine_with_slips(answer: tuple[str, str], world: World) -> None:
    api.use(api.Service({}), world.pipeline)
    for number in range(EACH):
        chance = random.Random(f"{SEED} {answer} {number}")
        if answer[0] and chance.random() < 0.8:
            odd = mutated_json(api.SAMPLES[answer], chance)
        elif answer[0]:
            odd = mutated_bytes(json.dumps(api.SAMPLES[answer]).encode(), chance)
        else:
            odd = mutated_bytes(api.raw_sample(answer[1]), chance)
        service = api.Service({answer: odd})
        told(lambda: api.use(service, world.pipeline), f"{answer}, slip {number}: {odd[:2000]!r}")  # noqa: B023


@pytest.mark.timeout(3600)
def test_a_label_of_any_value_leaves_the_others_alone(world: World) -> None:
    texts = [value for value in VALUES if isinstance(value, str)]
    for number in range(max(EACH, len(LABELS))):
        chance = random.Random(f"{SEED} labels {number}")
        odd = dict(api.OURS)
        for label in (LABELS[number % len(LABELS)], *chance.sample(LABELS, chance.randrange(3))):
            odd[label] = chance.choice(texts)
            if chance.random() < 0.1:
                del odd[label]
        forged = {**api.CONTAINER, "Id": "9" * 64, "Names": ["forged"], "Labels": odd}
        listing = json.dumps([api.CONTAINER, forged]).encode("utf-8", "surrogatepass")
        service = api.Service({("GET", r"/containers/json"): listing})
        told(lambda: api.use(service, world.pipeline), f"labels, slip {number}: {odd}")  # noqa: B023
        names = [container.name for container in containers_of(service, "pytweets")]
        assert "pytweets-web-1" in names, odd


@pytest.mark.parametrize("number", ["abc", "", "-1", "0", "1e3", "٣", " 1", "1\n", "9" * 30])
def test_a_replica_that_is_no_number_is_named_and_left_alone(number: str, world: World) -> None:
    odd = {**api.OURS, labels.REPLICA: number}
    forged = {**api.CONTAINER, "Id": "9" * 64, "Names": ["forged"], "Labels": odd}
    listing = json.dumps([api.CONTAINER, forged]).encode()
    service = api.Service({("GET", r"/containers/json"): listing})
    observed = observe(service, "pytweets", ["localhost/pytweets:1.2"])
    (said,) = observed.broken
    assert said.startswith("forged is left alone: no deploy made it, its label")
    assert [c.name for c in observed.containers] == ["pytweets-web-1"]
    down = plan_down(world.pipeline, observed)
    assert said in down.notes
    assert "forged" not in {operation.name for operation in down.operations}
    assert said in broken_labels(service, "pytweets")
