"""`python -m benchmarks.ledger`: processes racing for a privacy budget, beside a bare counter on the same database.

Sixteen processes try a hundred times each for a cap that holds five hundred. The ledger looks the question up and
checks both accounts without the write lock; what may fit is checked again under it, debited and reserved, with its
audit event, in one durable transaction. The counter only counts.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console
from sqlalchemy import text

from benchmarks.result import Result
from readingroom.core.lifecycle import ProjectStatus
from readingroom.core.people import Person, Standing
from readingroom.core.privacy.ledger import Account, Cost, check_affordable
from readingroom.core.projects import Project
from readingroom.db.migrate import upgrade
from readingroom.db.store import Store, Transaction
from readingroom.errors import BudgetExceeded
from readingroom.settings import Settings

PROCESSES, ATTEMPTS, CAP = 16, 100, 500


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


def attempt(store: Store, key: str) -> None:
    """What a question does to the records, with one micro-rho as its price: a look without a lock, then the debit."""
    with store.reading() as tx:
        check(tx, key)
    with store.transaction() as tx:
        check(tx, key)
        tx.accounts.debit("courts", "returns", Cost(1))
        now = datetime.now(UTC)
        answer = tx.accounts.reserve(key=key, project="returns", dataset="courts", version="v1", query={},
                                     asked_by="ada", asked_at=now, deliver_at=now, cost=Cost(1))
        tx.events.record("ada", "answer.paid", f"answer:{answer.id}", "returns")


def check(tx: Transaction, key: str) -> None:
    assert tx.accounts.find_by_key(key) is None
    check_affordable(Cost(1), [Account(rule, rule, tx.accounts.spent(["courts"], project), Cost(CAP))
                               for rule, project in (("own", "returns"), ("shared", ""))], 1)


def count(store: Store, _key: str) -> None:
    """The least that a durable count below a cap can be."""
    with store.transaction() as tx:
        tx.accounts._session.execute(text("UPDATE counter SET n = n + 1 WHERE n < :cap"), {"cap": CAP})


def race(url: str, number: int, work: Callable[[Store, str], None], gate: object) -> None:
    store = Store(url, Now())
    with store.reading():
        pass
    gate.wait()  # type: ignore[attr-defined]
    for step in range(ATTEMPTS):
        with suppress(BudgetExceeded):
            work(store, f"{number}-{step}")
    gate.wait()  # type: ignore[attr-defined]


def seconds_of(url: str, work: Callable[[Store, str], None]) -> float:
    """From when every process is ready until the last has made its attempts: without starting and ending Python."""
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(PROCESSES + 1)
    processes = [context.Process(target=race, args=(url, number, work, gate)) for number in range(PROCESSES)]
    for process in processes:
        process.start()
    gate.wait()
    begun = time.monotonic()
    gate.wait()
    taken = time.monotonic() - begun
    for process in processes:
        process.join()
    return taken


def measure(directory: Path) -> Result:
    settings = Settings(state_dir=directory)
    upgrade(settings)
    store = Store(settings.database_url, Now())
    today = date.today()
    with store.transaction() as tx:
        tx.people.add(Person("ada", "Ada", "Org", Standing.ACTIVE, frozenset()))
        tx.projects.add(Project("returns", "Returns", "data-first", "", "", "", "", ProjectStatus.ACTIVE, today,
                                frozenset({"ada"})))
        tx.accounts._session.execute(text("CREATE TABLE counter (n INTEGER)"))
        tx.accounts._session.execute(text("INSERT INTO counter VALUES (0)"))
    ours, bare = seconds_of(settings.database_url, attempt), seconds_of(settings.database_url, count)
    with store.reading() as tx:
        granted, spent = len(tx.accounts.unanswered()), tx.accounts.spent(["courts"]).micro_rho
        counted = tx.accounts._session.execute(text("SELECT n FROM counter")).scalar_one()
    assert granted == spent == counted == CAP, (granted, spent, counted)
    return Result(f"{PROCESSES} processes, {ATTEMPTS} attempts each, {granted} granted", ours, bare,
                  "a bare counter on the same database", "500 granted, under 2 s")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rr-ledger-") as directory:
        result = measure(Path(directory))
    Console().print(f"{result.what}: {result.shown(result.ours)}, {result.ratio:.2f}x {result.baseline_name} "
                    f"({result.shown(result.baseline)}). Target: {result.target}.")


if __name__ == "__main__":
    main()
