"""A secret's value through the whole life of a pipeline: nobody says it, and nothing keeps it.

Everything that is printed is searched for it, everything that is left behind, and the command line
of every process while all of it happens.
"""

from __future__ import annotations

import base64
import secrets
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pipeline.engine import command
from tests.integration.deploy.conftest import Project
from tests.integration.storage import Store

pytestmark = pytest.mark.integration

PORT_OF_NOBODY = ":5999/"
PAUSE = 0.01
SPEC = """
[images.app.versions]
"1.0" = {{ context = "../app", args = {{ COLOUR = "blue" }} }}
"1.1" = {{ context = "../app", args = {{ COLOUR = "red" }} }}
[volumes.data]
[secrets.key]
file = "../{file}"
[secrets.token]
environment = "THE_TOKEN"
"""


@contextmanager
def command_lines() -> Iterator[bytearray]:
    """What the command lines of all processes say, looked at again and again meanwhile."""
    seen: set[bytes] = set()
    over = threading.Event()
    found = bytearray()

    def look() -> None:
        while not over.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    seen.add(path.read_bytes())
            over.wait(PAUSE)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
        found += b"\n".join(seen)


def forms(value: str) -> list[str]:
    """A value as it is, and as what could carry it: base64 at each of its three places."""
    shifted = (base64.b64encode(b"x" * at + value.encode()) for at in range(3))
    return [value, *(text[4:-4].decode() for text in shifted)]


def left_in(folders: list[Path], values: list[str], store: Store, *skipped: str) -> str:
    """The files below folders that hold one of the values, in whatever form."""
    leave = [f"--exclude-dir={name}" for name in skipped]
    places = [str(folder) for folder in folders if folder.exists()]
    with tempfile.NamedTemporaryFile("w") as words:  # not as arguments: those are searched, too
        words.write("\n".join(form for value in values for form in forms(value)))
        words.flush()
        argv = ["buildah", "unshare", "grep", "-rslaF", *leave, "-f", words.name, "--", *places]
        return command.run(argv, environment=store.environment, check=False).stdout


def test_the_life_of_a_secret(project: Project, store: Store) -> None:
    file, variable, later = (f"s3cr3t-{secrets.token_hex(16)}" for _ in range(3))
    values = [file, variable, later]
    keys = project.folder / "keys"
    keys.mkdir()
    (keys / "key").write_text(file)
    (project.folder / ".env").write_text(f"THE_TOKEN='{variable}'\n")
    context = project.folder / "app"
    context.mkdir()
    (context / "Containerfile").write_text(
        f"FROM {project.image}\nARG COLOUR\nRUN echo $COLOUR >/colour\n"
    )

    def write(**web: object) -> None:
        keys_of = {"secrets": ["key", "token"], "volumes": ["data:/data"], "replicas": 1}
        table = {"image": "app", "version": "1.0", **keys_of, **web}
        project.write(SPEC.format(file="keys/key"), **table)

    said: list[str] = []

    def run(*arguments: str, code: int = 0) -> str:
        done = project.run(*arguments, check=False)
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        said.append(done.stdout + done.stderr)
        return done.stdout

    kept = [store.folder, store.runtime, project.folder]
    with command_lines() as lines:
        write()
        run("validate")
        run("plan")
        run("build", "--all")
        run("deploy", "--dry-run")
        run("deploy")
        name = f"{project.name}-web-1"
        assert project.podman("exec", name, "cat", "/run/secrets/key") == file
        assert project.podman("exec", name, "cat", "/run/secrets/token") == variable
        (keys / "key").write_text(later)
        run("deploy")
        assert project.podman("exec", name, "cat", "/run/secrets/key") == later
        write(
            version="1.1", healthcheck={"http": PORT_OF_NOBODY, "interval": "100ms", "retries": 2}
        )
        run("deploy", code=1)
        write()
        for arguments in (("status", "--format", "json"), ("logs",), ("events", "--since", "10m")):
            run(*arguments)
        for form in ("kubernetes", "quadlet", "compose"):
            run("export", "--format", form, "--output", str(project.folder / f"export-{form}"))
        run("volume.backup", "data", "--stop", "--output", "data.tar.gz")
        run("report")
        said.append(project.podman("inspect", name))
        said.append(project.podman("image", "inspect", "localhost/app:1.0"))
        said.append(project.podman("secret", "inspect", f"{project.name}_key"))
        # Podman keeps values in its own store, and gives each container a copy: those are meant.
        ours = left_in(kept, values, store, "secrets", "keys")
        run("down")
        run("volume.rm", "data", "--yes")
    for value in values:
        for form in forms(value):
            assert form not in "\n".join(said)
            assert form.encode() not in lines
    mine = f"{project.folder}/.env\n"
    assert ours == mine
    assert left_in(kept, values, store, "keys") == mine


def test_what_is_searched_would_be_found(tmp_path: Path, store: Store) -> None:
    """Without this the other test could not fail."""
    value = f"s3cr3t-{secrets.token_hex(16)}"
    for number in range(3):
        text = base64.b64encode(b"y" * number + value.encode() + b"more").decode()
        (tmp_path / str(number)).write_text(f'{{"{number}": "{text}"}}')
    assert len(left_in([tmp_path], [value], store).splitlines()) == 3
    with command_lines() as lines:
        command.run(["sh", "-c", "sleep 0.3; : $0", value])
    assert value.encode() in lines
