"""The whole machine of a request: every (state, action, role), random histories with crashes, many votes at once."""

from __future__ import annotations

import itertools
import tempfile
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from readingroom.core.lifecycle import REQUEST_TRANSITIONS, GrantStatus, RequestStatus
from readingroom.core.policy import Policy
from readingroom.core.requests import Decision, Vote
from readingroom.core.roles import Role
from readingroom.errors import InvalidTransition, NotFound, ReadingRoomError
from readingroom.services import (
    file_checks,
    freezing,
    grants,
    handover,
    holdups,
    memory,
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


class Killed(BaseException):
    """As SIGKILL would end it: no handler of ours may catch it and go on."""


class Machine(RuleBasedStateMachine):
    """Random people do random things to one project's requests, some of which are killed at a random statement."""

    def __init__(self):
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.left: dict[int, str] = {}
        self.seen: set[int] = set()

    @initialize(insider=st.sampled_from(["ada", "bilal"]), to_sign=st.booleans())
    def an_insider_is_a_checker_too(self, insider, to_sign):
        """And the custodian may have the last word."""
        self.to_sign = to_sign
        self.workshop = make_workshop(Path(self.directory.name), policies=TO_SIGN if to_sign else POLICIES)
        add_project(self.workshop)
        with self.workshop.store.transaction() as tx:
            found = tx.people.get(insider)
            tx.people.save(replace(found, roles=found.roles | {Role.CHECKER}))

    def attempt(self, act, killed_at):
        """Do it, or be killed before its `killed_at`-th write; a refusal is fine, anything else is not."""
        session_type = type(self.workshop.store)
        original, count = session_type.transaction, itertools.count(1)

        def transaction(store):
            context = original(store)
            if killed_at and next(count) == killed_at:
                return _KilledAtTheEnd(context)
            return context

        session_type.transaction = transaction
        try:
            act()
        except (ReadingRoomError, Killed):
            pass
        finally:
            session_type.transaction = original

    def numbers(self):
        with self.workshop.store.reading() as tx:
            return [request.number for request in tx.requests.of_project("returns")]

    KILL = st.sampled_from([0, 0, 0, 1, 2])

    @rule(author=st.sampled_from(["ada", "bilal", "chloe"]), content=st.sampled_from(CONTENTS), kill=KILL)
    def submit(self, author, content, kill):
        self.attempt(lambda: requests.submit(self.workshop, author, "returns", "T", "P", (upload(content=content),)),
                     kill)

    @precondition(lambda self: self.numbers())
    @rule(kill=KILL)
    def work(self, kill):
        """What the worker does: checks and releases, whatever the records call for."""
        for number in self.numbers():
            self.attempt(lambda number=number: checked(self.workshop, number), kill)
            self.attempt(lambda number=number: memory.compare(self.workshop, number), kill)
            self.attempt(lambda number=number: releases.make(self.workshop, number), kill)

    @precondition(lambda self: self.numbers())
    @rule(who=st.sampled_from(EVERYONE), decision=st.sampled_from([Decision.APPROVE] * 3 + list(Decision)), kill=KILL,
          place=st.integers(0, 5))
    def review(self, who, decision, kill, place):
        number = self.numbers()[place % len(self.numbers())]
        with self.workshop.store.reading() as tx:
            request = tx.requests.get(number)
        self.attempt(lambda: requests.review(self.workshop, who, number, votes(request, decision)), kill)

    @precondition(lambda self: self.numbers())
    @rule(who=st.sampled_from(EVERYONE), outcome=st.sampled_from([S.RETURNED, S.REJECTED]), kill=KILL,
          place=st.integers(0, 5))
    def conclude(self, who, outcome, kill, place):
        number = self.numbers()[place % len(self.numbers())]
        self.attempt(lambda: requests.conclude(self.workshop, who, number, outcome, "Because."), kill)

    @precondition(lambda self: self.numbers())
    @rule(who=st.sampled_from(["mercer"] * 4 + ["okafor", "freya"]), signs=st.sampled_from([True, True, False]),
          kill=KILL, place=st.integers(0, 5))
    def a_custodian_has_the_last_word(self, who, signs, kill, place):
        number = self.numbers()[place % len(self.numbers())]
        with self.workshop.store.reading() as tx:
            round = tx.requests.get(number).round
        self.attempt(lambda: sign_off.give(self.workshop, who, number, round) if signs else
                     sign_off.send_back(self.workshop, who, number, round, "Because."), kill)

    @precondition(lambda self: self.numbers())
    @rule(who=st.sampled_from(["ada", "bilal"]), content=st.sampled_from(CONTENTS), kill=KILL, place=st.integers(0, 5))
    def resubmit(self, who, content, kill, place):
        number = self.numbers()[place % len(self.numbers())]
        self.attempt(lambda: requests.resubmit(self.workshop, who, number, (upload(content=content),)), kill)

    @precondition(lambda self: self.numbers())
    @rule(who=st.sampled_from(EVERYONE), what=st.sampled_from(["withdraw", "download", "recall"]), kill=KILL,
          place=st.integers(0, 5))
    def other(self, who, what, kill, place):
        number = self.numbers()[place % len(self.numbers())]
        act = {"withdraw": lambda: requests.withdraw(self.workshop, who, number),
               "download": lambda: self.left.__setitem__(number, handover.download(self.workshop, who, number)[0]),
               "recall": lambda: handover.recall(self.workshop, who, number, "Because.")}[what]
        self.attempt(act, kill)

    @rule(who=st.sampled_from(["freya", "imran"]), kill=KILL)
    def a_checker_joins_the_project_and_leaves_again(self, who, kill):
        def change():
            with self.workshop.store.transaction() as tx:
                project = tx.projects.get("returns")
                tx.projects.save(replace(project, members=project.members ^ {who}))
        self.attempt(change, kill)

    @rule(kill=KILL)
    def those_who_may_not_check_any_more_are_found(self, kill):
        self.attempt(lambda: holdups.sweep(self.workshop), kill)

    @rule()
    def the_grant_is_suspended_or_given_back(self):
        with self.workshop.store.transaction() as tx:
            grant = tx.grants.get(1)
            other = {GrantStatus.ACTIVE: GrantStatus.SUSPENDED, GrantStatus.SUSPENDED: GrantStatus.ACTIVE}
            tx.grants.save(replace(grant, status=other[grant.status]))
        freezing.sweep(self.workshop)

    @invariant()
    def p1_nothing_left_that_two_independent_people_had_not_approved(self):
        """Told from the log alone, not from the functions that decide."""
        with self.workshop.store.reading() as tx:
            events = tuple(tx.events.all())
            released = [tx.requests.get(number) for number in self.numbers_in(tx)]
        made = {event.subject: event for event in events if event.action == "release.made"}
        assert set(map("request:{}".format, self.left)) <= set(made)
        for request in released:
            subject = f"request:{request.number}"
            assert (request.status is S.RELEASED) == (subject in made)
            if subject not in made:
                continue
            for file in made[subject].detail["files"]:
                said = {}
                for event in events[:made[subject].seq]:
                    if event.subject == subject and event.action == "review.voided":
                        said.pop(event.detail["checker"], None)
                    if event.subject == subject and event.action == "request.reviewed":
                        for vote in event.detail["votes"]:
                            if vote["sha256"] == file["sha256"]:
                                said[event.actor] = vote["decision"]
                approving = {who for who, decision in said.items() if decision == "approve"}
                assert len(approving - {request.author}) >= 2, (file, said)
                assert request.author not in approving and not approving & {"ada", "bilal"}
            signed = [event.actor for event in events[:made[subject].seq] if event.subject == subject
                      and event.action == "request.signed-off" and event.detail["round"] == request.round]
            assert signed == (["mercer"] if self.to_sign else []), (request.number, signed)

    @invariant()
    def each_state_follows_from_the_one_before(self):
        with self.workshop.store.reading() as tx:
            counted = Counter((event.subject, event.action) for event in tx.events.all())
        for (_, action), count in counted.items():
            if action in ("release.made", "request.approved", "request.rejected", "request.withdrawn",
                          "release.recalled"):
                assert count == 1 or action == "request.approved"

    @staticmethod
    def numbers_in(tx):
        return [request.number for request in tx.requests.of_project("returns")]

    @invariant()
    def p1_nobody_who_joined_the_project_is_among_those_whose_approval_let_it_leave(self):
        """Told at the moment it leaves: whoever is a member then has no review that counts."""
        with self.workshop.store.reading() as tx:
            members = tx.projects.get("returns").members
            found = [tx.requests.get(number) for number in self.numbers_in(tx)]
        for request in found:
            if request.status is S.RELEASED and request.number not in self.seen:
                self.seen.add(request.number)
                assert not members & {one.checker for one in request.reviews if not one.void}, request

    def teardown(self):
        self.workshop.store.engine.dispose()
        self.directory.cleanup()


class _KilledAtTheEnd:
    """A transaction whose process is killed just before it commits."""

    def __init__(self, context):
        self.context = context

    def __enter__(self):
        return self.context.__enter__()

    def __exit__(self, kind, error, trace):
        if kind is None:
            kind, error = Killed, Killed()
        self.context.__exit__(kind, error, trace)
        raise Killed


Machine.TestCase.settings = settings(max_examples=12, stateful_step_count=25, deadline=None, derandomize=True,
                                     suppress_health_check=list(HealthCheck))
TestTheMachine = Machine.TestCase


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
