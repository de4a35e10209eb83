"""A door for the tests of one file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.docker.doorway import Doorway


@pytest.fixture(scope="module")
def doorway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doorway]:
    made = Doorway(tmp_path_factory.mktemp("door"))
    yield made
    made.close()
