"""What the integration tests share: a store of their own, its API service, a base image, capas."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from pipeline.build.rootfs.rootfs import prepare_rootfs
from pipeline.engine import command
from pipeline.engine.buildah import build_argv
from pipeline.engine.service import api_service
from pipeline.spec.load import load
from pipeline.spec.model import ROOTFS_TAR
from tests.integration.registry import Registry, serving
from tests.integration.storage import Store, session_store

CHECKOUT = Path(__file__).parents[2]


class Capas(Protocol):
    """Runs the program as a user does, in a process of its own."""

    def __call__(
        self, *arguments: str, cwd: Path, check: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """`capas ARGUMENTS` in `cwd`; `variables` are added to its environment."""


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    """This session's own storage root, run root and label."""
    with session_store(os.environ) as made:
        yield made


@pytest.fixture(scope="session")
def environment(store: Store) -> Mapping[str, str]:
    """What every podman, buildah and capas of this session runs with."""
    return store.environment


@pytest.fixture(scope="session")
def label(store: Store) -> str:
    """`name=value` for what a test makes by hand."""
    return store.label


@pytest.fixture(scope="session")
def service(environment: Mapping[str, str]) -> Iterator[str]:
    """The URI of an API service on this session's store."""
    with api_service(environment) as uri:
        yield uri


@pytest.fixture(scope="session")
def capas(environment: Mapping[str, str]) -> Capas:
    """The program, on this session's store."""
    return capas_on(environment)


def capas_on(environment: Mapping[str, str]) -> Capas:
    """The program, on the store of an environment."""

    def run(
        *arguments: str, cwd: Path, check: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", *arguments],
            cwd=cwd,
            env={**environment, "PYTHONPATH": str(CHECKOUT), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if check and done.returncode != 0:
            pytest.fail(
                f"capas {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done

    return run


@pytest.fixture(scope="session")
def small_base(environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The reference of a small real Debian image with sh, busybox and Python 3."""
    spec = CHECKOUT / "specs" / "pytweets.toml"
    context = tmp_path_factory.mktemp("small-base")
    return made_of_debian(spec, "python-base", "localhost/capas-test-base:1", context, environment)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but the wheel installed in it; its dependencies are this Python's."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, source)
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("pipeline", "specs", "containers", "docs"):
        shutil.copytree(CHECKOUT / name, source / name, ignore=ignored)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    command.run([*pip, "wheel", "--no-deps", f"--wheel-dir={folder}", str(source)])
    (wheel,) = folder.glob("capas-*.whl")
    command.run([*pip, "install", "--no-deps", f"--target={folder / 'site'}", str(wheel)])
    return folder / "site"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """A registry with nothing in it."""
    with serving(tmp_path) as made:
        yield made


def made_of_debian(
    spec: Path, image: str, reference: str, context: Path, environment: Mapping[str, str]
) -> str:
    """Build the only version of an image that a spec makes of Debian's packages."""
    (version,) = load(spec, {}).images[image].versions.values()
    assert version.rootfs is not None
    shutil.copytree(version.context, context, dirs_exist_ok=True)
    # Packages come from the cache of the user who runs the tests, so that sessions share them.
    made = prepare_rootfs(version.rootfs, os.environ, tell=lambda _: None)
    shutil.copyfile(made, context / ROOTFS_TAR)
    argv = build_argv(
        context=context,
        containerfile=version.containerfile,
        tags=(reference,),
        args={},
        labels={},
        timestamp=0,
    )
    command.run(argv, environment=environment)
    return reference
