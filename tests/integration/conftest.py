"""The records that most of these tests are about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from readingroom.services.workshop import Workshop
from tests.factories import make_workshop


@pytest.fixture
def workshop(tmp_path: Path, database_url: str) -> Iterator[Workshop]:
    """An installation without projects, once on SQLite and once on PostgreSQL."""
    made = make_workshop(tmp_path, database_url=database_url)
    yield made
    made.store.engine.dispose()
