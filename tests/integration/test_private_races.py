"""P4 under real processes: raced and killed, spent is what was reserved, and never above the cap."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from readingroom.db import writers
from readingroom.db.store import Store
from readingroom.db.tables import AccountRow, AnswerRow
from readingroom.errors import BudgetExceeded, Unavailable
from readingroom.services import private_answers
from readingroom.services.workshop import Workshop
from tests.factories import POLICIES, TickingClock, add_project, make_workshop

PROCESSES, ATTEMPTS, COST = 6, 15, 500
CAP = 20_000  # of the project, by tests.factories


def count(number: int) -> dict[str, object]:
    return {"dataset": "courts", "table": "defendants", "statistic": "count", "rho_micro": COST,
            "where": [{"column": "age", "op": ">=", "value": 10 + number}]}


def ask_much(directory: Path, url: str, process: int, attempts: int, told) -> None:
    """One process of the portal: asks different questions, and says how many were granted."""
    os.environ["READINGROOM_STATE"] = str(directory)
    clock = TickingClock()
    from readingroom.settings import Settings
    from readingroom.storage.blobs import FileBlobs
    from tests.factories import DirectoryExtracts

    settings = Settings(state_dir=directory, database_url=url)
    room = Workshop(settings=settings, store=Store(url, clock), clock=clock, policies=POLICIES,
                    blobs=FileBlobs(settings.blobs_dir), extracts=DirectoryExtracts(settings.extracts_dir),
                    vault=None, answerer=None, secrets=None, hub=None, meter=None, audit_key=None, release_key=None,
                    arrivals=None)
    granted = 0
    for attempt in range(attempts):
        try:
            private_answers.ask(room, "ada", "returns", count(process * attempts + attempt))
            granted += 1
        except (BudgetExceeded, Unavailable):
            pass
    told.put(granted)


@pytest.fixture
def workshop(workshop):
    add_project(workshop)
    return workshop


def started(workshop, attempts=ATTEMPTS):
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    processes = [context.Process(target=ask_much, args=(workshop.settings.state_dir, workshop.settings.database_url,
                                                        number, attempts, told)) for number in range(PROCESSES)]
    for process in processes:
        process.start()
    return processes, told


def booked(workshop) -> tuple[int, int, int]:
    """Spent by the project, spent on the dataset, and the sum of all reservations."""
    with workshop.store.reading() as tx:
        session = tx.accounts._session
        accounts = {row.project: row.spent_micro_rho for row in session.scalars(select(AccountRow))}
        reserved = session.scalar(select(func.coalesce(func.sum(AnswerRow.cost_micro_rho), 0)))
    return accounts.get("returns", 0), accounts.get("", 0), reserved


def test_p4_processes_racing_get_exactly_what_the_cap_holds(workshop):
    processes, told = started(workshop)
    granted = sum(told.get(timeout=120) for _ in processes)
    for process in processes:
        process.join()
    assert granted == CAP // COST < PROCESSES * ATTEMPTS
    assert booked(workshop) == (CAP, CAP, CAP)


def test_p4_processes_killed_at_any_moment_leave_the_books_balanced(workshop):
    chance = random.Random(7)
    processes, _ = started(workshop, attempts=1000)
    deadline = time.monotonic() + 60
    while not booked(workshop)[2] and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in processes:
        time.sleep(chance.random() / 10)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        own, shared, reserved = booked(workshop)
        assert own == shared == reserved <= CAP
    assert booked(workshop)[2] > 0


def test_a_writer_who_never_ends_its_turn_only_delays_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(writers, "PATIENCE_SECONDS", 0.05)
    workshop = make_workshop(tmp_path)
    with writers.WritersTurn(f"{workshop.store.engine.url.database}-turn").held():
        add_project(workshop)  # the turn says who tries next; the database itself is free
    with workshop.store.reading() as tx:
        assert tx.projects.find("returns") is not None


def test_a_turn_ends_with_its_process(tmp_path):
    path = str(tmp_path / "records-turn")
    context = multiprocessing.get_context("spawn")
    holding = context.Event()
    process = context.Process(target=hold_turn, args=(path, holding))
    process.start()
    assert holding.wait(60)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with Path(path).open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def hold_turn(path: str, holding) -> None:
    with writers.WritersTurn(path).held():
        holding.set()
        time.sleep(60)
