from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import InvalidSpec
from pipeline.spec.load import examine, load
from pipeline.spec.model import Healthcheck, Mount, Port, Resources

SPEC = """\
name = "pytweets"

[images.pytweets.versions]
"1.10" = { context = "../app" }
"1.9" = { context = "../app", args = { COLOUR = "${COLOUR:-blue}" } }

[services.web]
image = "pytweets"
replicas = 2
ports = ["8080:5000"]
volumes = ["tweets:/data"]
healthcheck = { http = ":5000/healthz", interval = "1m30s" }
resources = { memory = "128m", cpus = 0.5 }

[volumes.tweets]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text("FROM scratch\n")
    return tmp_path


def write(project: Path, text: str) -> Path:
    spec = project / "specs" / "app.toml"
    spec.write_text(text)
    return spec


def test_a_spec_becomes_a_pipeline_with_defaults_filled_in(project: Path) -> None:
    pipeline = load(write(project, SPEC), {})

    assert pipeline.root == project
    assert [version.name for version in pipeline.versions] == ["1.9", "1.10"]
    assert pipeline.images["pytweets"].newest.containerfile == project / "app" / "Dockerfile"
    assert pipeline.images["pytweets"].versions["1.9"].args == {"COLOUR": "blue"}
    web = pipeline.services["web"]
    assert web.built_here
    assert web.ports == (Port(5000, 8080),)
    assert web.mounts == (Mount("volume", "tweets", "/data"),)
    assert web.healthcheck == Healthcheck(http=":5000/healthz", interval=90.0)
    assert web.resources == Resources(memory=128 * 1024 * 1024, cpus=0.5)
    assert web.networks == ()
    assert pipeline.volumes["tweets"].engine_name == "pytweets_tweets"


def test_all_errors_come_at_once(project: Path) -> None:
    spec = write(project, SPEC.replace("replicas", "replica").replace("128m", "much"))

    with pytest.raises(InvalidSpec) as caught:
        load(spec, {})

    assert {finding.rule for finding in caught.value.findings} == {"CAP003", "CAP006"}


def test_examine_gives_the_pipeline_only_without_errors(project: Path) -> None:
    assert examine(write(project, SPEC), {}).pipeline is not None
    assert examine(write(project, "name = 3"), {}).pipeline is None


def test_a_reference_alone_may_give_a_number_or_a_truth(project: Path) -> None:
    text = """\
name = "${NAME:-a}"
[services.web]
image = "localhost/a:1"
replicas = "${REPLICAS:-2}"
read_only = "${READ_ONLY}"
user = "${USER_ID:-1000}"
ports = [{ target = "${PORT:-5000}", published = 8080 }, "${HOST_PORT:-80}90:${PORT:-5000}"]
resources = { cpus = "${CPUS:-0.5}", memory = "${MEMORY:-64m}" }
"""
    web = load(write(project, text), {"READ_ONLY": "true"}).services["web"]

    assert (web.replicas, web.read_only, web.user) == (2, True, "1000")
    assert web.ports == (Port(5000, 8080), Port(5000, 8090))
    assert web.resources == Resources(memory=64 * 1024 * 1024, cpus=0.5)
    bad = examine(write(project, text), {"READ_ONLY": "perhaps", "REPLICAS": "-1"}).findings
    assert [(f.line, f.rule) for f in bad] == [(4, "CAP006"), (5, "CAP005")]


def test_variables_come_from_the_environment_and_then_from_dotenv(project: Path) -> None:
    (project / "tasks.py").write_text("")
    (project / ".env").write_text("A=file\nB=file\nTOKEN=secret\n")
    text = """\
name = "a"
[services.web]
image = "localhost/a:1"
command = ["${A}", "${B}"]
secrets = ["token"]
[secrets.token]
environment = "TOKEN"
[secrets.other]
environment = "A"
"""
    pipeline = load(write(project, text), {"A": "environment"})

    assert pipeline.services["web"].command == ("environment", "file")
    assert pipeline.secrets["token"].dotenv == project / ".env"
    assert pipeline.secrets["other"].dotenv is None


@pytest.mark.parametrize(
    ("mark", "root"),
    [(".git", ""), ("specs/tasks.py", "specs"), ("specs/deep/pyproject.toml", ""), (None, "")],
)
def test_the_project_folder(project: Path, mark: str | None, root: str) -> None:
    if mark:
        (project / mark).parent.mkdir(parents=True, exist_ok=True)
        (project / mark).write_text("")

    assert load(write(project, 'name = "a"'), {}).root == project / root
