"""One small installation per test."""

from __future__ import annotations

import pytest

from tests.integration.web.world import World


@pytest.fixture()
def world(tmp_path):
    made = World(tmp_path / "state")
    yield made
    made.close()
