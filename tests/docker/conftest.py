"""What the tests of one file share: a door, or an installation's settings and its wired services."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from readingroom import bootstrap
from readingroom.services.room import ReadingRoom
from readingroom.settings import Settings
from tests.conftest import Installation
from tests.docker.doorway import Doorway
from tests.docker.hub_installation import HubInstallation


@pytest.fixture(scope="module")
def doorway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doorway]:
    made = Doorway(tmp_path_factory.mktemp("door"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubInstallation]:
    made = HubInstallation(tmp_path_factory.mktemp("hub"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def settings(installation: Installation) -> Settings:
    """Those of the installation that all share; a file that makes one of its own says so itself."""
    return installation.settings


@pytest.fixture(scope="module")
def room(settings: Settings) -> ReadingRoom:
    return bootstrap.build(settings)
