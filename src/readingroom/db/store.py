"""Transactions on the records: one writer at a time, the audit event in the same commit.

`Store.transaction()` gives a `Transaction`; leaving it normally commits durably, leaving it by an error undoes
everything. On SQLite a write transaction takes the write lock at its start, so what a service loaded is still
true when it saves; on PostgreSQL an advisory lock does the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session

from readingroom.db.accounts import Accounts
from readingroom.db.applications import Applications
from readingroom.db.comments import Comments
from readingroom.db.events import Events
from readingroom.db.grants import Extracts, Grants
from readingroom.db.lapsing import Lapses
from readingroom.db.memory import Memory
from readingroom.db.notices import Notices
from readingroom.db.packages import Packages
from readingroom.db.people import People
from readingroom.db.projects import Projects
from readingroom.db.register import RegisterRecords
from readingroom.db.releases import Releases
from readingroom.db.requests import Requests
from readingroom.db.row_counts import RowCounts
from readingroom.db.shown import ShownBytes
from readingroom.db.sign_ins import SignIns
from readingroom.db.training import Training
from readingroom.db.turns import Turns
from readingroom.db.walls import Walls
from readingroom.db.workspaces import Workspaces
from readingroom.db.writers import WritersTurn, unavailable
from readingroom.ports import Clock

BUSY_SECONDS = 30
AUDIT_LOCK = 7305


class Transaction:
    """The repositories of one database transaction. They return core dataclasses, never rows."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self.people = People(session)
        self.sign_ins = SignIns(session)
        self.projects = Projects(session)
        self.grants = Grants(session)
        self.applications = Applications(session)
        self.row_counts = RowCounts(session)
        self.extracts = Extracts(session)
        self.workspaces = Workspaces(session)
        self.turns = Turns(session)
        self.walls = Walls(session)
        self.shown = ShownBytes(session)
        self.requests = Requests(session)
        self.comments = Comments(session)
        self.releases = Releases(session)
        self.memory = Memory(session)
        self.accounts = Accounts(session)
        self.packages = Packages(session)
        self.events = Events(session, clock)
        self.notices = Notices(session, clock)
        self.lapses = Lapses(session)
        self.register = RegisterRecords(session)
        self.training = Training(session)


def make_engine(url: str) -> Engine:
    """An engine with the settings that durability needs: WAL and full synchronisation on SQLite."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON",
                       f"busy_timeout={BUSY_SECONDS * 1000}"):
            connection.execute(f"PRAGMA {pragma}").close()

    return engine


class Store:
    def __init__(self, url: str, clock: Clock) -> None:
        self.engine = make_engine(url)
        self._clock = clock
        self._sqlite = url.startswith("sqlite")
        file = self.engine.url.database if self._sqlite else None
        self._turn = WritersTurn(f"{file}-turn" if file else None)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A write transaction. Raises Unavailable when the database can't be reached, locked or written."""
        yield from self._run("BEGIN IMMEDIATE")

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A consistent view for reading only; nothing is kept."""
        yield from self._run("BEGIN", keep=False)

    def _run(self, begin: str, *, keep: bool = True) -> Iterator[Transaction]:
        try:
            with self._turn.held() if keep else nullcontext(), Session(self.engine, expire_on_commit=False) as session:
                if self._sqlite:
                    session.execute(text(begin))
                elif keep:
                    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": AUDIT_LOCK})
                else:  # else each statement would see what was committed since the one before
                    session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
                yield Transaction(session, self._clock)
                if keep:
                    session.commit()
        except OperationalError as error:
            raise unavailable(error.orig) from error
        except NoConnection as error:
            raise unavailable("all connections are in use") from error
