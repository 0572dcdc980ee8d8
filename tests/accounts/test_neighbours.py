"""What two accounts on one machine see of each other: nothing but ports that are taken."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipeline.engine import command
from pipeline.engine.service import api_service
from tests.accounts.conftest import Neighbour
from tests.integration.build.project import make_project
from tests.integration.conftest import Capas
from tests.integration.storage import Store

pytestmark = pytest.mark.accounts


def test_they_are_two_accounts_and_neither_is_root(second: Neighbour) -> None:
    other = int(second.run(["id", "-u"]).stdout)
    assert 0 not in {other, os.getuid()}
    assert other != os.getuid()


def test_one_cannot_enter_the_others_store_or_talk_to_its_service(
    second: Neighbour, store: Store, base_of_both: str
) -> None:
    with pytest.raises(PermissionError):
        list((second.folder / "data").iterdir())
    assert second.run(["ls", str(store.graph)], check=False).returncode != 0
    with api_service(store.environment) as uri:
        talk = ["podman", "--remote", f"--url={uri}", "ps"]
        assert command.run(talk, environment=store.environment).returncode == 0
        refused = second.run(talk, check=False)
        assert refused.returncode != 0
        assert "permission denied" in refused.stderr.lower()


def test_equal_names_do_not_meet(
    second: Neighbour, environment: Mapping[str, str], label: str, base_of_both: str
) -> None:
    run = [*("podman", "run", "--detach", "--name=web", "--init"), base_of_both, "sleep", "600"]
    command.run([*run[:-3], f"--label={label}", *run[-3:]], environment=environment)
    second.run(run)
    try:
        listing = ["podman", "ps", "--format={{.Names}}"]
        assert second.run(listing).stdout.split() == ["web"]
        assert "web" in command.run(listing, environment=environment).stdout.split()
        second.run(["podman", "rm", "--force", "--time=0", "web"])
        assert "web" in command.run(listing, environment=environment).stdout.split()
    finally:
        remove = ["podman", "rm", "--force", "--time=0", "web"]
        command.run(remove, environment=environment)


def test_a_port_of_a_neighbour_is_taken(
    second: Neighbour, environment: Mapping[str, str], base_of_both: str
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = ["python3", "-m", "http.server", "5000", "--directory", "/etc"]
    publish = f"--publish=127.0.0.1:{port}:5000"
    second.run(["podman", "run", "--detach", "--name=held", publish, base_of_both, *server])
    try:
        run = ["podman", "run", "--rm", publish, base_of_both, "true"]
        refused = command.run(run, environment=environment, check=False)
        assert refused.returncode != 0
        assert "address already in use" in refused.stderr.lower()
    finally:
        second.run(["podman", "rm", "--force", "--time=0", "held"])


@pytest.fixture
def readable() -> Iterator[Path]:
    """A folder of this account that the other one can read."""
    with tempfile.TemporaryDirectory(prefix="capas-same-", dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_both_build_what_keeps_files_between_builds(
    second: Neighbour, capas: Capas, readable: Path
) -> None:
    """One folder for all accounts, as Buildah 1.28 has it, would let the second one's fail."""
    project = make_project(readable, "kept")
    app = project / "app" / "1.0"
    (app / "sh").write_bytes(Path("/bin/busybox").read_bytes())
    (app / "sh").chmod(0o755)
    (app / "Containerfile").write_text(
        "FROM localhost/base:1\nCOPY sh /bin/sh\n"
        "RUN --mount=type=cache,target=/kept echo one >>/kept/seen\n"
    )
    command.run(["chmod", "-R", "go+rX", str(readable)], environment={**os.environ})
    build = ("build", "--version", "1.0", "--spec", str(project / "specs" / "kept.toml"))
    capas(*build, cwd=project)
    try:
        second.capas(*build)
    finally:  # its store is that of all these tests
        second.run(["podman", "rmi", "--force", "localhost/app:1.0", "localhost/base:1"])
