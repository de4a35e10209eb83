"""A whole installation, made once for all tests that walk it with real containers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from rich.console import Console

from readingroom.ops.up import clean_demo, up
from readingroom.settings import Settings
from readingroom.tour.run import temporary_installation
from readingroom.tour.visitor import Visitor

PEOPLE = 5000


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


def make_installation() -> Installation:
    settings = temporary_installation(PEOPLE)
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
