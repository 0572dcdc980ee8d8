"""The small world of the deploys' own tests."""

from tests.unit.deploy.conftest import world  # noqa: F401 (a fixture)
