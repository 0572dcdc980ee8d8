from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from pipeline.engine import labels
from pipeline.spec.check_experiments import start_version
from pipeline.spec.experiments import SHELL, Execute, OwnExperiment, Request, Step
from pipeline.spec.load import examine
from pipeline.spec.model import Dependency, Mount, Pipeline, Port, Service
from pipeline.spec.step_kinds import KINDS
from pipeline.verify.acts import _ACTS, _TOLD, Acting
from pipeline.verify.own import copy_for
from pipeline.verify.throw_away import PREFIX, only_needed, ports_asked, throw_away_copy

if TYPE_CHECKING:
    from pipeline.verify.world import World

REFERENCE = Path(__file__).parents[3] / "specs" / "reference.toml"


def reference() -> Pipeline:
    pipeline = examine(REFERENCE, {"HOME": "/home/student", "LANG": "C.UTF-8"}).pipeline
    assert pipeline is not None
    return pipeline


def test_every_kind_of_step_is_read_done_and_told() -> None:
    assert KINDS.keys() == _ACTS.keys() == _TOLD.keys()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ((*SHELL, "cat /data/* | wc -c"), "run cat /data/* | wc -c in web"),
        (("ls", "a b"), "run ls 'a b' in web"),
        ((*SHELL, "echo $0", "x"), "run /bin/sh -c 'echo $0' x in web"),
    ],
)
def test_a_command_is_told_as_the_spec_has_it(argv: tuple[str, ...], words: str) -> None:
    acting = Acting(cast("World", None), end=0.0)
    assert _TOLD["exec"](Execute(argv), "web", acting) == words


def test_nothing_of_the_copy_has_a_name_or_port_of_the_deployed_one() -> None:
    pipeline = reference()
    copy = throw_away_copy(pipeline, "1-abcdef", lambda: 1234, {"web": [5000, 9000]})
    assert copy.name == f"{PREFIX}1-abcdef"
    kinds = ("volumes", "networks", "secrets")
    names = {one.engine_name for kind in kinds for one in getattr(copy, kind).values()}
    assert all(name.startswith(copy.name) for name in names)
    volumes = copy.volumes.values()
    assert not any(one.external or one.backup_before_upgrade for one in volumes)
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


def service(name: str, **keys: Any) -> Service:
    return Service(name, "localhost/x:1", built_here=False, **keys)


def small(*services: Service) -> Pipeline:
    made = {one.name: one for one in services}
    return Pipeline("small", Path("/p/s.toml"), Path("/p"), services=made)


def test_what_a_service_depends_on_comes_along_with_its_own_dependencies() -> None:
    pipeline = small(
        service("web", depends_on=(Dependency("cache"),)),
        service("cache", profiles=("more",), depends_on=(Dependency("disk"),)),
        service("disk", profiles=("more",)),
        service("other", profiles=("more",)),
    )
    kept = only_needed(pipeline, [])
    assert list(kept.services) == ["web", "cache", "disk"]
    assert not any(one.profiles for one in kept.services.values())


def test_the_users_files_are_only_read_and_udp_ports_are_no_answer_to_http() -> None:
    mounts = (Mount("bind", "/p/x", "/x"), Mount("volume", "v", "/v"), Mount("tmpfs", None, "/t"))
    web = service("web", mounts=mounts, ports=(Port(53, 53, protocol="udp"), Port(80, 80)))
    copy = throw_away_copy(small(web), "1-abcdef", lambda: 1, {"web": [53, 80]}).services["web"]
    assert [mount.read_only for mount in copy.mounts] == [True, False, False]
    assert [(port.target, port.protocol) for port in copy.ports] == [
        (53, "udp"),
        (80, "tcp"),
        (53, "tcp"),
    ]


def test_ports_that_steps_name_belong_to_their_service_or_to_the_first() -> None:
    pipeline = small(service("web"), service("admin"))
    steps = tuple(
        Step(index, "http", Request("GET", "/", port=port), service=name)
        for index, (name, port) in enumerate([("", 80), ("admin", 81), ("admin", None)])
    )
    experiment = OwnExperiment(0, "n", "c", steps)
    assert ports_asked(pipeline, experiment) == {"web": {80}, "admin": {81}}
