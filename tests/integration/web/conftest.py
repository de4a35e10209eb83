"""One small installation per test, and one with every state of the desk per module."""

from __future__ import annotations

import pytest

from tests.integration.web import desk
from tests.integration.web.world import World


@pytest.fixture()
def world(tmp_path):
    made = World(tmp_path / "state")
    yield made
    made.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Requests in every state at the desk."""
    world = desk.open_desk(tmp_path_factory.mktemp("desk") / "state")
    yield world
    world.close()


@pytest.fixture
def again(site):
    """The same, as it was made, whatever the tests before did to it."""
    site.again()
    return site
