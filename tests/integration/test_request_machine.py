"""The whole machine of a request: every (state, action, role), random histories with crashes, many votes at once."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from dataclasses import replace

import pytest

from readingroom.core.lifecycle import REQUEST_TRANSITIONS, RequestStatus
from readingroom.core.policy import Policy
from readingroom.core.requests import Decision, Vote
from readingroom.core.roles import Role
from readingroom.errors import InvalidTransition, NotFound, ReadingRoomError
from readingroom.services import (
    file_checks,
    freezing,
    grants,
    handover,
    releases,
    requests,
    sign_off,
)
from tests.factories import COURTS, POLICIES, add_project, checked, make_workshop, person, upload

S = RequestStatus
CONTENTS = (b"sex,people\nF,120\nM,130\n", b"sex,people\nF,3\nM,130\n", b"sex,people\nF,140\nM,150\n")
STRANGERS = ("chloe", "okafor", "robin")
CHECKERS = ("freya", "imran", "tomas")
TO_SIGN = replace(POLICIES, datasets={**POLICIES.datasets, "courts": (COURTS, Policy(custodian_sign_off=True))})
EVERYONE = ("ada", "bilal", *STRANGERS, "mercer", *CHECKERS)


def votes(request, decision):
    return [Vote(file.id, decision, "Because.") for file in request.files]


def submit(workshop, author="ada"):
    return requests.submit(workshop, author, "returns", "By sex", "A paper", (upload(content=CONTENTS[0]),))


def _settled(workshop, outcome):
    request = checked(workshop, submit(workshop).number)
    for checker in ("freya", "imran"):
        requests.review(workshop, checker, request.number, votes(request, Decision.CHANGE))
    requests.conclude(workshop, "freya", request.number, outcome, "Because.")


def _approved(workshop):
    request = checked(workshop, submit(workshop).number)
    for checker in ("freya", "imran"):
        requests.review(workshop, checker, request.number, votes(request, Decision.APPROVE))


def _released(workshop):
    _approved(workshop)
    releases.make(workshop, 1)


def _frozen(workshop):
    checked(workshop, submit(workshop).number)
    grants.withdraw(workshop, "mercer", 1, "Over.")
    freezing.sweep(workshop)


def _consolidating(workshop):
    request = checked(workshop, submit(workshop).number)
    for checker in ("freya", "imran"):
        requests.review(workshop, checker, request.number, votes(request, Decision.CHANGE))


# How a request gets into each state; a state that nothing leads to would be missed by `test_every_state_is_reached`.
STATES = {
    "submitted": (S.SUBMITTED, submit),
    "checking": (S.CHECKING, lambda room: file_checks.begin_checks(room, submit(room).number)),
    "in review": (S.IN_REVIEW, lambda room: checked(room, submit(room).number)),
    "consolidating": (S.IN_REVIEW, _consolidating),
    "to sign off": (S.IN_REVIEW, _approved),
    "returned": (S.RETURNED, lambda room: _settled(room, S.RETURNED)),
    "rejected": (S.REJECTED, lambda room: _settled(room, S.REJECTED)),
    "approved": (S.APPROVED, _approved),
    "released": (S.RELEASED, _released),
    "withdrawn": (S.WITHDRAWN, lambda room: requests.withdraw(room, "ada", submit(room).number)),
    "frozen": (S.FROZEN, _frozen),
}

ACTIONS = {
    "withdraw": lambda room, who: requests.withdraw(room, who, 1),
    "resubmit": lambda room, who: requests.resubmit(room, who, 1, (upload(content=CONTENTS[2]),)),
    "review": lambda room, who: requests.review(room, who, 1, votes(_of(room), Decision.CHANGE)),
    "return": lambda room, who: requests.conclude(room, who, 1, S.RETURNED, "Because."),
    "reject": lambda room, who: requests.conclude(room, who, 1, S.REJECTED, "Because."),
    "sign off": lambda room, who: sign_off.give(room, who, 1, _of(room).round),
    "send back": lambda room, who: sign_off.send_back(room, who, 1, _of(room).round, "Because."),
    "look": lambda room, who: requests.sights(room, who, 1),
    "download": lambda room, who: handover.download(room, who, 1),
    "recall": lambda room, who: handover.recall(room, who, 1, "Because."),
}

ACTORS = {"author": "ada", "member": "bilal", "stranger": "chloe", "custodian": "mercer",
          "custodian of other data": "okafor", "administrator": "robin", "checker of it": "freya",
          "other checker": "tomas"}

# Who may do what in which state; everything else is refused and changes nothing.
ALLOWED = {
    ("author", "withdraw"): {"submitted", "checking", "in review", "consolidating", "to sign off", "returned",
                             "approved", "frozen"},
    ("author", "resubmit"): {"returned"},
    ("author", "download"): {"released"},
    ("member", "download"): {"released"},
    ("custodian", "recall"): {"released"},
    ("custodian", "sign off"): {"to sign off"},
    ("custodian", "send back"): {"to sign off"},
    ("checker of it", "recall"): {"released"},
    ("checker of it", "review"): {"in review", "consolidating", "to sign off"},
    ("checker of it", "return"): {"consolidating"},
    ("checker of it", "reject"): {"consolidating"},
    ("checker of it", "look"): set(STATES),
    ("other checker", "review"): {"in review"},
    ("other checker", "look"): set(STATES),
}


def _of(room):
    with room.store.reading() as tx:
        return tx.requests.get(1)


def _status(room):
    return _of(room).status


def led_to(state, directory):
    """A room whose one request is in this state."""
    workshop = make_workshop(directory, policies=TO_SIGN if state == "to sign off" else POLICIES)
    add_project(workshop)
    expected, lead = STATES[state]
    lead(workshop)
    assert _status(workshop) is expected
    return workshop


@pytest.fixture(params=STATES)
def state(request, tmp_path):
    return request.param, led_to(request.param, tmp_path)


def test_every_state_is_reached_but_the_draft_that_no_service_leaves_behind():
    assert {status for status, _ in STATES.values()} == set(S) - {S.DRAFT, S.DELIVERED}


def test_who_may_do_what_in_which_state(state):
    """Every triple that is not named in ALLOWED is refused, leaves all as it was, and is on the log."""
    name, workshop = state
    wrong = []
    for (role, who), (action, act) in itertools.product(ACTORS.items(), ACTIONS.items()):
        if name in ALLOWED.get((role, action), ()):
            continue
        before = _of(workshop)
        try:
            act(workshop, who)
            wrong.append((role, action))
        except ReadingRoomError as refused:
            assert refused.rule and refused.message and refused.next_step, (role, action)
            with workshop.store.reading() as tx:
                head = tx.events.head()
            logged = (head.actor, head.action, head.detail.get("rule")) == (who, "attempt.refused", refused.rule)
            assert logged or action == "look", (role, action)
        assert _of(workshop) == before, (role, action)
    assert not wrong, name


@pytest.mark.parametrize(("role", "action", "where"), [
    (role, action, where) for (role, action), states in ALLOWED.items() for where in sorted(states)])
def test_what_is_allowed_is_done(role, action, where, tmp_path):
    workshop = led_to(where, tmp_path)
    before = _status(workshop)
    ACTIONS[action](workshop, ACTORS[role])
    after = _status(workshop)
    assert after is before or after in REQUEST_TRANSITIONS[before]


def crowd(workshop):
    """200 checkers answer one request at once: each is one person, two are enough."""
    names = [f"checker-{number}" for number in range(200)]
    with workshop.store.transaction() as tx:
        for name in names:
            tx.people.add(person(name, Role.CHECKER))
    request = checked(workshop, submit(workshop).number)
    start, outcomes = threading.Barrier(20), []

    def vote(mine):
        start.wait()
        for name in mine:
            try:
                answered = requests.review(workshop, name, request.number, votes(request, Decision.APPROVE))
                outcomes.append(answered.status)
            except InvalidTransition as refused:
                outcomes.append(refused.rule)

    threads = [threading.Thread(target=vote, args=(names[place::20],)) for place in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted = Counter(outcomes)
    assert len(outcomes) == 200 and counted[S.IN_REVIEW] == 1 and counted[S.APPROVED] == 1, counted
    with workshop.store.reading() as tx:
        told = Counter(event.action for event in tx.events.of_subject(f"request:{request.number}"))
    assert (told["request.reviewed"], told["request.approved"]) == (2, 1)
    releases.make(workshop, request.number)
    assert requests.get(workshop, "ada", request.number).release is not None


def test_two_hundred_votes_at_once_have_one_outcome(tmp_path, database_url):
    workshop = make_workshop(tmp_path / "room", database_url=database_url)
    add_project(workshop)
    crowd(workshop)
    workshop.store.engine.dispose()


def test_a_stranger_learns_nothing_in_any_state(state):
    _, workshop = state
    with pytest.raises(NotFound):
        requests.get(workshop, "chloe", 1)
