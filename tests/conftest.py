"""A whole installation, made once for all tests that walk it with real containers."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from rich.console import Console
from sqlalchemy import create_engine, make_url, text

from readingroom.ops.down import clean_demo
from readingroom.ops.up import up
from readingroom.settings import Settings
from readingroom.tour.run import temporary_installation
from readingroom.tour.visitor import Visitor
from tests import postgres

PEOPLE = 5000

# A push tries the same examples each time; `HYPOTHESIS_PROFILE=search make test` looks for new ones.
hypothesis_settings.register_profile("push", derandomize=True, deadline=None)
hypothesis_settings.register_profile("search", derandomize=False, deadline=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "push"))


@dataclass(frozen=True)
class Installation:
    """A running demo programme: hub, portal, worker, door, containers. `passwords` are the demo accounts'."""

    settings: Settings
    passwords: dict[str, str]

    def visitor(self, username: str) -> Visitor:
        """That person, signed in."""
        made = Visitor(self.settings.public_url, username, self.passwords[username])
        made.sign_in()
        return made


def make_installation(settings: Settings | None = None) -> Installation:
    settings = settings or temporary_installation(PEOPLE)
    started = up(settings, demo=True, console=Console(quiet=True))
    return Installation(settings, {account.username: account.password for account in started.accounts})


def remove_installation(installation: Installation) -> None:
    clean_demo(installation.settings, Console(quiet=True))
    shutil.rmtree(installation.settings.state_dir, ignore_errors=True)


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """A fresh installation for the tests of one module."""
    made = make_installation()
    yield made
    remove_installation(made)


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL database of the module's own."""
    with tempfile.TemporaryDirectory(prefix="rr-pg-") as parent:
        Path(parent).chmod(0o755)  # the server runs under an account of its own
        with postgres.server(Path(parent) / "server") as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, once of each kind that an installation may have."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.sqlite'}"
    url = make_url(request.getfixturevalue("postgres_server"))
    name = f"t{uuid.uuid4().hex}"
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    return url.set(database=name).render_as_string(hide_password=False)
