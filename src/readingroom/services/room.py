"""The wired application that every service takes as its first argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from readingroom.core.days import day_of
from readingroom.core.policy.library import Policies
from readingroom.ports import Blobs, Clock, Extracts, Secrets
from readingroom.settings import Settings


@dataclass(frozen=True)
class ReadingRoom:
    """What hub, portal and command line need. `Workshop` adds what only the worker may hold."""

    settings: Settings
    store: Any
    clock: Clock
    policies: Policies
    blobs: Blobs
    extracts: Extracts
    secrets: Secrets

    def now(self) -> datetime:
        return self.clock.now()

    def today(self) -> date:
        return day_of(self.clock.now())
