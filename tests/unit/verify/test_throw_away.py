from __future__ import annotations

from pathlib import Path

from pipeline.engine import labels
from pipeline.spec.check_experiments import start_version
from pipeline.spec.load import examine
from pipeline.spec.model import Pipeline
from pipeline.spec.step_kinds import KINDS
from pipeline.verify.acts import _ACTS, _TOLD
from pipeline.verify.own import copy_for
from pipeline.verify.throw_away import PREFIX, only_needed, throw_away_copy

REFERENCE = Path(__file__).parents[3] / "specs" / "reference.toml"


def reference() -> Pipeline:
    pipeline = examine(REFERENCE, {"HOME": "/home/student", "LANG": "C.UTF-8"}).pipeline
    assert pipeline is not None
    return pipeline


def test_every_kind_of_step_is_read_done_and_told() -> None:
    assert KINDS.keys() == _ACTS.keys() == _TOLD.keys()


def test_nothing_of_the_copy_has_a_name_or_port_of_the_deployed_one() -> None:
    pipeline = reference()
    copy = throw_away_copy(pipeline, "1-abcdef", lambda: 1234, {"web": [5000, 9000]})
    assert copy.name == f"{PREFIX}1-abcdef"
    kinds = ("volumes", "networks", "secrets")
    names = {one.engine_name for kind in kinds for one in getattr(copy, kind).values()}
    assert all(name.startswith(copy.name) for name in names)
    assert not any(volume.external for volume in copy.volumes.values())
    ports = [port for service in copy.services.values() for port in service.ports]
    assert {(port.published, port.address, port.strict) for port in ports} == {
        (None, "127.0.0.1", False)
    }
    assert {5000, 9000} <= {port.target for port in copy.services["web"].ports}
    ingresses = [s.ingress for s in copy.services.values() if s.ingress is not None]
    assert {(one.port, one.address) for one in ingresses} <= {(1234, "127.0.0.1")}
    binds = [m for s in copy.services.values() for m in s.mounts if m.kind == "bind"]
    assert binds
    assert all(mount.read_only for mount in binds)
    its_labels = [one.labels for one in copy.services.values()]
    its_labels += [one.labels for one in copy.volumes.values()]
    assert {has[labels.EXPERIMENT] for has in its_labels} == {"1-abcdef"}
    assert pipeline == reference()


def test_services_of_a_profile_are_left_out_unless_a_step_names_them() -> None:
    pipeline = reference()
    profiled = {name for name, one in pipeline.services.items() if one.profiles}
    assert profiled
    assert not profiled & only_needed(pipeline, []).services.keys()
    kept = only_needed(pipeline, profiled).services
    assert profiled <= kept.keys()
    assert not any(one.profiles for one in kept.values())


def test_an_experiment_begins_before_its_first_upgrade() -> None:
    pipeline = reference()
    (experiment,) = pipeline.experiments
    assert start_version(pipeline, experiment) == "1.0"
    copy = copy_for(pipeline, experiment)
    assert copy.name.startswith(PREFIX)
    assert copy_for(pipeline, experiment).name != copy.name
