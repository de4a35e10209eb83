"""`python -m benchmarks.lapsing`: the sweep over ten thousand grants, beside one that asks for each grant by itself.

Both decide by the same function (core.lapsing.news_of); the baseline loads every grant with its project and what was
told of it, as one would write it first. Then what tells and closes: a day on which some end, and all of them at once.
Last, what the worker asks twice a second: which extracts are wanted, beside the questions that it asked before.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import insert, text

from benchmarks.result import Result
from readingroom.core.datasets import Column, Dataset
from readingroom.core.datasets import Table as DataTable
from readingroom.core.lapsing import Means, Term, news_of
from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.core.people import Person, Standing
from readingroom.core.policy import Layer, Policy
from readingroom.core.policy.library import Policies
from readingroom.core.projects import Project
from readingroom.core.roles import Role
from readingroom.db.migrate import upgrade
from readingroom.db.store import Store
from readingroom.db.tables import GrantRow
from readingroom.services import lapsing
from readingroom.services.changes import Changes
from readingroom.services.room import ReadingRoom
from readingroom.settings import Settings
from readingroom.storage.blobs import FileBlobs
from readingroom.storage.extracts import FoundExtracts

PROJECTS, DATASETS, MEMBERS, SOME = 200, 50, 5, 100
TODAY = date(2026, 11, 24)


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 24, 9, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def make_room(directory: Path, clock: Clock) -> ReadingRoom:
    """200 projects of 50 grants each, of which a hundred end or warn tomorrow; five members each, one custodian."""
    settings = Settings(state_dir=directory)
    upgrade(settings)
    column = Column("person_id", "Person", "text", identifier=True)
    datasets = {f"d{number}": (Dataset(f"d{number}", f"D{number}", "Ministry", "mercer", "", (
        DataTable("people", "People", (column,), "person_id"),)), Policy()) for number in range(DATASETS)}
    room = ReadingRoom(settings=settings, store=Store(settings.database_url, clock), clock=clock,
                       policies=Policies(Layer("site", Policy()), {}, datasets),
                       blobs=FileBlobs(settings.blobs_dir), extracts=FoundExtracts(settings.extracts_dir),
                       secrets=None)  # type: ignore[arg-type]
    members = [f"r{number}" for number in range(MEMBERS)]
    with room.store.transaction() as tx:
        for name in (*members, "mercer"):
            tx.people.add(Person(name, name, "Org", Standing.ACTIVE, frozenset({Role.RESEARCHER})))
        for number in range(PROJECTS):
            tx.projects.add(Project(f"p{number}", "P", "data-first", "", "", "", "", ProjectStatus.ACTIVE,
                                    TODAY + timedelta(days=900), frozenset(members)))
        rows = []
        for number in range(PROJECTS * DATASETS):
            left = 400 if number >= SOME else 0 if number % 2 else 31
            rows.append({"project": f"p{number // DATASETS}", "dataset": f"d{number % DATASETS}", "status": "active",
                         "columns": {"people": ["person_id"]}, "row_filter": {}, "budget_micro_rho": 0, "rules": {},
                         "expires_on": TODAY + timedelta(days=left), "conditions": "", "policy_hash": "", "version": 1,
                         "decision_reason": ""})
        tx.grants._session.execute(insert(GrantRow), rows)
    return room


def one_by_one(room: ReadingRoom) -> int:
    """Look at every grant by itself; how many there is news of."""
    found = 0
    with room.store.reading() as tx:
        for grant in tx.grants.all():
            project = tx.projects.get(grant.project)
            told = tx.lapses.told(Means.GRANT, str(grant.id))
            term = Term(Means.GRANT, str(grant.id), grant.expires_on, told, project.slug)
            if project.status is ProjectStatus.ACTIVE and grant.status is GrantStatus.ACTIVE:
                found += news_of(term, room.today()) is not None
    return found


def wanted_one_by_one(room: ReadingRoom) -> int:
    """Live grants with project and newest extract, each asked for by itself, as the worker did before."""
    found = 0
    with room.store.reading() as tx:
        for grant in tx.grants.all():
            project = tx.projects.get(grant.project)
            if grant.status is GrantStatus.ACTIVE and project.status is ProjectStatus.ACTIVE:
                found += tx.extracts.live_of_grant(grant.id) is None
    return found


def wanted(room: ReadingRoom) -> int:
    with room.store.reading() as tx:
        return len(tx.extracts.wanted(room.today()))


def wanted_since(room: ReadingRoom, changes: Changes) -> int:
    """What the worker asks when nothing happened since it asked last."""
    with room.store.reading() as tx:
        projects = changes.look(tx, room.now(), tx.extracts.datasets(room.today()))
        found = tx.extracts.wanted(room.today(), projects) if projects != () else ()
    changes.looked()
    return len(found)


def timed(act: Callable[..., Any], *arguments: object, times: int = 1) -> tuple[float, Any]:
    """The shortest of so many runs, and what the last returned."""
    seconds, result = [], None
    for _ in range(times):
        begun = time.perf_counter()
        result = act(*arguments)
        seconds.append(time.perf_counter() - begun)
    return min(seconds), result


def measure(directory: Path) -> list[Result]:
    clock = Clock()
    room = make_room(directory, clock)
    lapsing.sweep(room)
    naive, none = timed(one_by_one, room)
    idle, swept = timed(lapsing.sweep, room, times=3)
    asked, many = timed(wanted_one_by_one, room)
    joined, found = timed(wanted, room, times=3)
    changes = Changes()
    assert wanted_since(room, changes) == 10_000
    quiet, nothing = timed(wanted_since, room, changes, times=3)
    assert (none, swept, many, found, nothing) == (0, 0, 10_000, 10_000, 0)
    clock.at += timedelta(days=1)
    news = one_by_one(room)
    some, told = timed(lapsing.sweep, room)
    assert told == news == SOME, (told, news)
    with room.store.transaction() as tx:
        tx.grants._session.execute(text("UPDATE dataset_grant SET expires_on = :day"), {"day": "2026-11-01"})
    everything, ended = timed(lapsing.sweep, room)
    with room.store.reading() as tx:
        left = sum(grant.status is GrantStatus.ACTIVE for grant in tx.grants.all())
    assert left == 0 and ended >= 9_900, (left, ended)
    name = "a question for each grant"
    return [
        Result("Sweep of 10,000 grants, nothing due", idle, naive, name, "under 1 s"),
        Result(f"The same, {SOME} warn or end (told to 600 people in all)", some, naive, name, "under 1 s"),
        Result(f"The same, {ended:,} end at once", everything, naive, name),
        Result("Wanted extracts of 10,000 grants, once a minute", joined, asked, name),
        Result("The same twice a second, while nothing happens", quiet, asked, name),
    ]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rr-lapsing-") as directory:
        results = measure(Path(directory))
    table = Table("What", "Ours", "Baseline", "Ratio", "Target", "Baseline is", box=None, header_style="bold")
    for one in results:
        table.add_row(one.what, one.shown(one.ours), one.shown(one.baseline), f"{one.ratio:.3f}x", one.target,
                      one.baseline_name)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
