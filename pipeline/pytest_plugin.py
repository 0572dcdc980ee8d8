"""The pytest plugin: fixtures `pipeline`, `service` and `podman_client` for tests of one's own.

Everything else is imported when a fixture is used: pytest loads this module in every run.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from podman import PodmanClient

    from pipeline.verify.under_test import PipelineUnderTest, ServiceUnderTest

_SCOPES = ("function", "class", "module", "package", "session")
_KEY = pytest.StashKey["PipelineUnderTest"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plugin."""
    group = parser.getgroup("capas")
    group.addoption("--capas-spec", help="the spec to test; else capas finds it as its commands do")
    group.addoption("--capas-version", help="the version that runs first; else the newest")
    parser.addini("capas_spec", "the spec to test")
    parser.addini("capas_scope", "how long a `pipeline` lives: session, module, …, function")
    parser.addini("capas_service", "the service of the fixture `service`")


def _scope(fixture_name: str, config: pytest.Config) -> Any:  # noqa: ARG001 (pytest names both)
    scope = str(config.getini("capas_scope")) or "session"
    if scope not in _SCOPES:
        raise pytest.UsageError(f"capas_scope = {scope} is not one of {', '.join(_SCOPES)}")
    return scope


@pytest.fixture(scope="session")
def capas_uri() -> Iterator[str]:
    """The URI of Podman's API service, with the settings that fit this host."""
    import os

    from pipeline.engine.service import api_service
    from pipeline.host.profile import effective_profile

    with _told(), api_service(effective_profile(os.environ).environment) as uri:
        yield uri


@pytest.fixture(scope=_scope)
def pipeline(request: pytest.FixtureRequest, capas_uri: str) -> Iterator[PipelineUnderTest]:
    """The spec's services, deployed under a name that is thrown away, with all that they made."""
    import os

    from pipeline.engine.podman_writer import PodmanWriter
    from pipeline.host.profile import effective_profile
    from pipeline.verify.sweep import sweep
    from pipeline.verify.throw_away import only_needed, throw_away_copy
    from pipeline.verify.under_test import PipelineUnderTest
    from pipeline.verify.world import World, free_port, new_token

    with _told(), PodmanWriter(capas_uri) as api:
        sweep(api)
        spec = only_needed(_spec(request.config), ())
        copy = throw_away_copy(spec, new_token(), free_port)
        world = World(api, capas_uri, copy, effective_profile(os.environ).environment)
        made = PipelineUnderTest(world)
        request.config.stash[_KEY] = made
        try:
            version = request.config.getoption("--capas-version")
            if version:
                world.upgrade(str(version))
            else:
                world.deploy()
            yield made
        finally:
            del request.config.stash[_KEY]
            world.clean()


@pytest.fixture(scope=_scope)
def service(request: pytest.FixtureRequest, pipeline: PipelineUnderTest) -> ServiceUnderTest:
    """The service of the spec that `capas_service` names, else the first that publishes a port."""
    return pipeline.service(str(request.config.getini("capas_service")))


@pytest.fixture(scope="session")
def podman_client(capas_uri: str) -> Iterator[PodmanClient]:
    """podman-py's client, on the service and the store that capas uses on this host."""
    try:
        from podman import PodmanClient
    except ImportError:
        pytest.fail("podman-py is not installed: `pip install podman`", pytrace=False)
    with PodmanClient(base_url=capas_uri) as client:
        yield client


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach logs, states and events of the containers to the report of a test that failed."""
    report = yield
    made = item.config.stash.get(_KEY, None)
    used = {"pipeline", "service"} & set(getattr(item, "fixturenames", ()))
    if made is not None and used and report.failed and call.when == "call":
        from pipeline.errors import CapasError

        try:
            report.sections += [(f"capas: {title}", text) for title, text in made.report()]
        except CapasError as error:
            report.sections.append(("capas", f"the containers cannot be described: {error}"))
    return report


class _told:  # noqa: N801 (it reads as what it does)
    """Errors of capas while a fixture is made, in their three parts and without a traceback."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is None or not kind.__module__.startswith("pipeline."):
            return
        pytest.fail(str(cast("Exception", error)), pytrace=False)


def _spec(config: pytest.Config) -> Any:
    import os
    from pathlib import Path

    from pipeline.spec.discover import discover
    from pipeline.spec.load import load

    named = config.getoption("--capas-spec") or str(config.getini("capas_spec")) or None
    return load(discover(named, Path(config.rootpath), os.environ), os.environ)
