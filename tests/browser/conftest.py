"""Everyone with a browser, for the tests of one file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.people import Hall, hall
from tests.conftest import Installation


@pytest.fixture(scope="module")
def people(installation: Installation) -> Iterator[Hall]:
    with hall(installation) as made:
        yield made
