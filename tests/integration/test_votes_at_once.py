"""Two hundred answers to one request at the same moment: exactly one outcome exists, on both engines."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from readingroom.core.audit import faults_of_chain
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.requests import Decision
from readingroom.core.roles import Role
from readingroom.errors import InvalidTransition, NotFound, PermissionDenied, ReadingRoomError
from readingroom.services import handover, releases, requests
from tests.factories import PEOPLE, add_project, checked, make_workshop, upload
from tests.reviews import review

AT_ONCE = 200
CHECKERS = [f"checker-{number}" for number in range(AT_ONCE)]
REFUSED = (InvalidTransition, PermissionDenied, NotFound)
OUTCOMES = {"request.approved", "request.returned", "request.rejected", "request.withdrawn"}


def room(tmp_path, database_url, checkers=()):
    workshop = make_workshop(tmp_path, database_url=database_url,
                             people=PEOPLE | dict.fromkeys(checkers, Role.CHECKER))
    add_project(workshop)
    asked = requests.submit(workshop, "ada", "returns", "By sex", "A paper", (upload(),))
    return workshop, checked(workshop, asked.number)


def at_once(deeds):
    """Each in a thread of its own, all let go at the same moment; what came of them: done, or the refusal's name."""
    barrier, outcomes = threading.Barrier(len(deeds)), Counter()

    def run(deed):
        barrier.wait()
        try:
            deed()
            outcomes["done"] += 1
        except ReadingRoomError as refusal:
            assert isinstance(refusal, REFUSED), refusal
            outcomes["refused"] += 1

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=300)
    return outcomes


def told(workshop, number):
    with workshop.store.reading() as tx:
        assert not faults_of_chain(list(tx.events.all()))
        return Counter(event.action for event in tx.events.of_subject(f"request:{number}"))


def test_two_hundred_checkers_approve_at_once(tmp_path, database_url):
    """Two are needed and two count; the others are told that it is decided."""
    workshop, request = room(tmp_path, database_url, CHECKERS)
    outcomes = at_once([lambda who=who: review(workshop, who, request) for who in CHECKERS])
    assert outcomes == {"done": request.checkers_required, "refused": AT_ONCE - request.checkers_required}
    with workshop.store.reading() as tx:
        after = tx.requests.get(request.number)
    events = told(workshop, request.number)
    assert after.status is RequestStatus.APPROVED and len(after.reviews) == 2
    assert events["request.reviewed"] == 2 and events["request.approved"] == 1
    workshop.store.engine.dispose()


def test_changed_minds_conclusions_and_a_withdrawal_at_once(tmp_path, database_url):
    """Both checkers change their answers, return and reject it, and its author withdraws it: one of these happened."""
    workshop, request = room(tmp_path, database_url)
    review(workshop, "freya", request, Decision.CHANGE)
    review(workshop, "imran", request)
    deeds = [lambda: requests.withdraw(workshop, "ada", request.number)]
    for turn in range(AT_ONCE - 1):
        who, outcome = ("freya", "imran")[turn % 2], (RequestStatus.RETURNED, RequestStatus.REJECTED)[turn // 2 % 2]
        decision = (Decision.APPROVE, Decision.CHANGE)[turn // 4 % 2]
        deeds.append((lambda who=who, how=outcome: requests.conclude(workshop, who, request.number, how, "Because."))
                     if turn % 3 == 0 else (lambda who=who, how=decision: review(workshop, who, request, how)))
    at_once(deeds)
    events = told(workshop, request.number)
    happened = {action: count for action, count in events.items() if action in OUTCOMES}
    status = requests.get(workshop, "ada", request.number).request.status
    if "request.returned" in happened:  # a returned request may still be withdrawn: its own author's next move
        happened.pop("request.withdrawn", None)
    assert list(happened.values()) == [1], events
    left = releases.make(workshop, request.number)
    assert (left is not None) == (status is RequestStatus.APPROVED)
    if left:
        assert handover.download(workshop, "ada", request.number)[1][:2] == b"PK"
    workshop.store.engine.dispose()


def test_those_who_wait_to_write_leave_connections_to_readers(tmp_path, database_url):
    """Forty wait behind one who writes: more than there are connections."""
    workshop = make_workshop(tmp_path, database_url=database_url)
    written = []

    def write():
        with workshop.store.transaction() as tx:
            written.append(tx.events.record("robin", "test.written", "test:1", ""))

    threads = [threading.Thread(target=write) for _ in range(40)]
    with workshop.store.transaction() as tx:
        for thread in threads:
            thread.start()
        with ThreadPoolExecutor(1) as reader:  # its own turn: this thread is the writer
            assert reader.submit(people_of, workshop).result(timeout=20)
        assert not written
        tx.events.record("robin", "test.written", "test:0", "")
    for thread in threads:
        thread.join(timeout=60)
    assert len(written) == len(threads)
    workshop.store.engine.dispose()


def people_of(workshop):
    with workshop.store.reading() as tx:
        return tx.people.find("ada")
