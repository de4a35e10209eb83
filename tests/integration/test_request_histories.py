"""Random histories of requests of both directions, with crashes: P1 and blindness after each step, no dead end.

What left, what came in and who knew what are told from the log, the disk and the pages' own views, not from the
functions that decide.
"""

from __future__ import annotations

import hashlib
import itertools
import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from readingroom.core.comments import Audience, Remark
from readingroom.core.egress import Phase, phase
from readingroom.core.lifecycle import Direction, GrantStatus, RequestStatus
from readingroom.core.people import Standing
from readingroom.core.permissions import check_can_sign_off
from readingroom.core.policy import Layer, Policy
from readingroom.core.policy.model import strictest
from readingroom.core.requests import Decision, FileKind, Vote
from readingroom.core.roles import Role
from readingroom.core.volumes import SHARED
from readingroom.errors import ReadingRoomError, refusal_of
from readingroom.services import deliveries, freezing, handover, holdups, releases, requests, sign_off
from readingroom.services.checking import may_check
from readingroom.services.uploads import Upload
from readingroom.storage import arrivals
from tests.factories import COURTS, POLICIES, SITE, add_project, checked, make_workshop, upload

S = RequestStatus
TABLES = (b"sex,people\nF,120\nM,130\n", b"sex,people\nF,3\nM,130\n", b"sex,people\nF,140\nM,150\n")
CODES = (b"GROUPS = {}\n", b"GROUPS = {1: 'theft'}\n")
CHECKERS, MEMBERS = ("freya", "imran", "tomas"), ("ada", "bilal")
EVERYONE = (*MEMBERS, "chloe", "okafor", "robin", "mercer", *CHECKERS)
DECIDED = (S.RETURNED, S.REJECTED, S.APPROVED, S.RELEASED, S.DELIVERED)
SITE_IN = strictest(SITE, Policy(incoming_kinds=frozenset({"code"}), incoming_files=3, incoming_file_bytes=100_000,
                                 incoming_bytes=150_000, incoming_checkers=1))


class Killed(BaseException):
    """As SIGKILL would end it: no handler of ours may catch it and go on."""


class _Dying:
    """A transaction whose process is killed just before it commits, or just after; then nothing is tidied up."""

    def __init__(self, context, machine, after):
        self.context, self.machine, self.after = context, machine, after

    def __enter__(self):
        return self.context.__enter__()

    def __exit__(self, kind, error, trace):
        if kind is None and not self.after:
            kind, error = Killed, Killed()
        self.context.__exit__(kind, error, trace)
        self.machine.dead = True
        raise Killed


class Machine(RuleBasedStateMachine):
    """Random people do random things to one project's requests, some of which are killed around a random commit."""

    def __init__(self):
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.downloaded: set[int] = set()
        self.let_go: set[int] = set()
        self.touched = 0
        self.dead = False

    @initialize(insider=st.sampled_from(MEMBERS), to_sign=st.booleans(), both=st.booleans())
    def an_insider_is_a_checker_too(self, insider, to_sign, both):
        """And the custodian may have the last word, and be a checker as well."""
        self.to_sign = to_sign
        self.workshop = make_workshop(Path(self.directory.name), policies=replace(
            POLICIES, site=Layer("site", SITE_IN),
            datasets={"courts": (COURTS, Policy(custodian_sign_off=True if to_sign else None))}))
        add_project(self.workshop)
        (self.workshop.settings.homes_dir / "returns" / SHARED).mkdir(parents=True)
        with self.workshop.store.transaction() as tx:
            for name in (insider, *(("mercer",) if both else ())):
                found = tx.people.get(name)
                tx.people.save(replace(found, roles=found.roles | {Role.CHECKER}))

    def attempt(self, act, kill=0):
        """Do it, or be killed before (or, below zero, after) its so-manieth commit; a refusal is fine, no other end."""
        store, rmtree, count = type(self.workshop.store), shutil.rmtree, itertools.count(1)
        original, self.dead = store.transaction, False

        def transaction(this):
            context = original(this)
            return _Dying(context, self, kill < 0) if kill and next(count) == abs(kill) else context

        def remove(*arguments, **more):
            if self.dead:
                raise Killed
            return rmtree(*arguments, **more)

        store.transaction, arrivals.shutil.rmtree = transaction, remove
        try:
            act()
        except (ReadingRoomError, Killed):
            pass
        finally:
            store.transaction, arrivals.shutil.rmtree = original, rmtree

    def every(self):
        with self.workshop.store.reading() as tx:
            return tx.requests.of_project("returns")

    def one(self, place):
        found = self.every()
        self.touched = found[place % len(found)].number
        return found[place % len(found)]

    KILL, PLACE = st.sampled_from([0, 0, 0, 0, 1, 2, -1]), st.integers(0, 5)
    asked = precondition(lambda self: self.every())

    @rule(author=st.sampled_from([*MEMBERS, "chloe"]), way=st.sampled_from(Direction), content=st.integers(0, 5),
          kill=KILL)
    def submit(self, author, way, content, kill):
        self.attempt(lambda: requests.submit(self.workshop, author, "returns", "T", "P", self.files(way, content),
                                             direction=way), kill)

    @staticmethod
    def files(way, content):
        if way is Direction.OUT:
            return (upload(content=TABLES[content % len(TABLES)]),)
        return (Upload("groups.py", CODES[content % len(CODES)], "Groups offence codes as before.", kind=FileKind.CODE,
                       source="written by me", licence="MIT"),)

    @asked
    @rule(who=st.sampled_from(MEMBERS), content=st.integers(0, 5), kill=KILL, place=PLACE)
    def resubmit(self, who, content, kill, place):
        request = self.one(place)
        self.attempt(lambda: requests.resubmit(self.workshop, who, request.number,
                                               self.files(request.direction, content)), kill)

    @asked
    @rule(kill=KILL)
    def work(self, kill):
        """What the worker does: checks, releases, deliveries and what follows recalls, as the records call for them."""
        for number in [request.number for request in self.every()]:
            for act in (checked, releases.make, deliveries.make, self.recheck):
                self.attempt(lambda act=act, number=number: act(self.workshop, number), kill)

    @staticmethod
    def recheck(workshop, number):
        with workshop.store.reading() as tx:
            if number not in tx.releases.to_recheck():
                return
        found = [one for sibling in handover.siblings(workshop, number)
                 for one in handover.recheck(workshop, number, sibling)]
        handover.finish_recheck(workshop, number, found)

    @asked
    @rule(who=st.sampled_from([*CHECKERS * 3, *EVERYONE]), decision=st.sampled_from([Decision.APPROVE] * 4 + list(
        Decision)), says=st.sampled_from([None, None, *Audience]), kill=KILL, place=PLACE)
    def review(self, who, decision, says, kill, place):
        request = self.one(place)
        votes = [Vote(file.id, decision, "Because.") for file in request.files]
        self.attempt(lambda: requests.review(self.workshop, who, request.number, votes,
                                             remarks=self.remarks(request, who, says)), kill)

    @staticmethod
    def remarks(request, who, says):
        """Each names its writer, so that a page on which it stands tells whose words these are."""
        at = "cell:1,2" if request.direction is Direction.OUT else "line:1"
        return [Remark(file.id, at, f"{who} in round {request.round}", says) for file in request.files if says]

    @asked
    @rule(who=st.sampled_from([*CHECKERS * 2, *EVERYONE]), says=st.sampled_from(Audience), kill=KILL, place=PLACE)
    def comment(self, who, says, kill, place):
        request = self.one(place)
        self.attempt(lambda: requests.remark(self.workshop, who, request.number, request.round,
                                             self.remarks(request, who, says)), kill)

    @asked
    @rule(who=st.sampled_from(CHECKERS), kill=KILL, place=PLACE)
    def take_a_comment_back(self, who, kill, place):
        request = self.one(place)
        with self.workshop.store.reading() as tx:
            ids = [one.id for one in tx.comments.of_request(request.number)]
        self.attempt(lambda: requests.take_comment_back(self.workshop, who, request.number, request.round,
                                                        ids[-1] if ids else 0), kill)

    @asked
    @rule(who=st.sampled_from(EVERYONE), outcome=st.sampled_from([S.RETURNED, S.RETURNED, S.REJECTED]), kill=KILL,
          place=PLACE)
    def conclude(self, who, outcome, kill, place):
        number = self.one(place).number
        self.attempt(lambda: requests.conclude(self.workshop, who, number, outcome, "Because."), kill)

    @asked
    @rule(who=st.sampled_from(["mercer"] * 4 + ["okafor", "freya"]), signs=st.sampled_from([True, True, False]),
          kill=KILL, place=PLACE)
    def a_custodian_has_the_last_word(self, who, signs, kill, place):
        request = self.one(place)
        act = sign_off.give if signs else sign_off.send_back
        self.attempt(lambda: act(self.workshop, who, request.number, request.round, "Because."), kill)

    @asked
    @rule(who=st.sampled_from(EVERYONE), what=st.sampled_from(["withdraw", "download", "recall", "recall"]), kill=KILL,
          place=PLACE)
    def other(self, who, what, kill, place):
        number = self.one(place).number
        self.attempt({"withdraw": lambda: requests.withdraw(self.workshop, who, number),
                      "download": lambda: self.download(who, number),
                      "recall": lambda: handover.recall(self.workshop, who, number, "Because.")}[what], kill)

    def download(self, who, number):
        handover.download(self.workshop, who, number)
        with self.workshop.store.reading() as tx:
            assert tx.releases.recall(number) is None, "a recalled release went out"
        self.downloaded.add(number)

    @rule(who=st.sampled_from([*CHECKERS, "mercer"]), kill=KILL)
    def somebody_who_decides_joins_the_project_or_leaves_it(self, who, kill):
        def change():
            with self.workshop.store.transaction() as tx:
                project = tx.projects.get("returns")
                tx.projects.save(replace(project, members=project.members ^ {who}))
        self.attempt(change, kill)

    @rule(who=st.sampled_from([*CHECKERS, "mercer", "ada"]), kill=KILL)
    def somebody_is_suspended_or_reinstated(self, who, kill):
        def change():
            with self.workshop.store.transaction() as tx:
                found = tx.people.get(who)
                other = {Standing.ACTIVE: Standing.SUSPENDED, Standing.SUSPENDED: Standing.ACTIVE}
                tx.people.save(replace(found, standing=other[found.standing]))
        self.attempt(change, kill)

    @rule(kill=KILL)
    def the_sweeps_run(self, kill):
        self.attempt(lambda: holdups.sweep(self.workshop), kill)
        self.attempt(lambda: freezing.sweep(self.workshop), kill)

    @rule(hours=st.sampled_from([1, 30]))
    def time_passes(self, hours):
        self.workshop.clock.forward(hours=hours)

    @rule(kill=KILL)
    def the_grant_is_suspended_or_given_back(self, kill):
        def change():
            with self.workshop.store.transaction() as tx:
                grant = tx.grants.get(1)
                other = {GrantStatus.ACTIVE: GrantStatus.SUSPENDED, GrantStatus.SUSPENDED: GrantStatus.ACTIVE}
                tx.grants.save(replace(grant, status=other[grant.status]))
        self.attempt(change, kill)
        self.attempt(lambda: freezing.sweep(self.workshop), kill)

    @rule()
    def policy_asks_for_a_third_checker(self):
        site = Layer("site", strictest(self.workshop.policies.site.policy, Policy(checkers_required=3)))
        self.workshop = replace(self.workshop, policies=replace(self.workshop.policies, site=site))

    def told(self):
        """The log, the requests, and whether each request's events say that it left or came in."""
        with self.workshop.store.reading() as tx:
            return tuple(tx.events.all()), tx.requests.of_project("returns")

    @staticmethod
    def approving(events, subject, sha256):
        """Who, by the log up to here, approves these bytes: of each the last vote, unless it was voided."""
        said = {}
        for event in events:
            if event.subject == subject and event.action == "review.voided":
                said.pop(event.detail["checker"], None)
            if event.subject == subject and event.action == "request.reviewed":
                for vote in event.detail["votes"]:
                    if vote["sha256"] == sha256:
                        said[event.actor] = vote["decision"]
        return {who for who, decision in said.items() if decision == "approve"}

    @invariant()
    def p1_nothing_left_or_came_in_that_independent_people_had_not_approved(self):
        events, found = self.told()
        gone = {event.subject: event for event in events if event.action in ("release.made", "incoming.delivered")}
        assert {f"request:{number}" for number in self.downloaded} <= set(gone)
        for request in found:
            subject = f"request:{request.number}"
            assert (request.status in (S.RELEASED, S.DELIVERED)) == (subject in gone)
            if subject not in gone:
                continue
            assert gone[subject].action == {Direction.OUT: "release.made", Direction.IN: "incoming.delivered"}[
                request.direction]
            before = events[:gone[subject].seq]
            for file in gone[subject].detail["files"]:
                approving = self.approving(before, subject, file["sha256"])
                assert len(approving - {request.author, *MEMBERS}) >= (2 if request.direction is Direction.OUT else 1)
                assert not approving & {request.author, *MEMBERS}
            signed = set()
            for event in before:
                if event.subject == subject and event.detail.get("round") == request.round:
                    signed |= {event.actor} if event.action == "request.signed-off" else set()
                    signed -= {event.detail["custodian"]} if event.action == "sign-off.voided" else set()
            wanted = {"mercer"} if self.to_sign and request.direction is Direction.OUT else set()
            assert signed == wanted, (request.number, signed)
            assert not signed & approving, "one person in two parts"

    @invariant()
    def p1_what_is_in_the_folder_was_approved_as_it_is(self):
        """Also after a crash between the files' appearing and the record of it."""
        incoming = self.workshop.settings.homes_dir / "returns" / SHARED / "incoming"
        if not incoming.is_dir():
            return
        events, found = self.told()
        for folder in (path for path in incoming.iterdir() if not path.name.startswith(".")):
            request = next(one for one in found if str(one.number) == folder.name)
            assert request.direction is Direction.IN
            there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
            assert there == {file.name: file.sha256 for file in request.crossing}
            subject = f"request:{request.number}"
            approved = [event.seq for event in events
                        if (event.subject, event.action) == (subject, "request.approved")]
            assert approved and all(self.approving(events[:approved[-1]], subject, sha256) - set(MEMBERS)
                                    for sha256 in there.values())
        arrived = {str(one.number) for one in found if one.status is S.DELIVERED}
        assert arrived <= {path.name for path in incoming.iterdir()}

    @invariant()
    def each_state_follows_from_the_one_before(self):
        counted = Counter((event.subject, event.action) for event in self.told()[0])
        assert all(count == 1 for (_, action), count in counted.items() if action in (
            "release.made", "incoming.delivered", "request.rejected", "request.withdrawn", "release.recalled",
            "release.rechecked"))

    @invariant()
    def p1_nobody_who_belongs_to_the_project_is_among_those_whose_answer_let_it_leave(self):
        """Told at the moment it leaves: whoever is a member then has no answer that counts."""
        with self.workshop.store.reading() as tx:
            members = tx.projects.get("returns").members
        for request in self.every():
            if request.status in (S.RELEASED, S.DELIVERED) and request.number not in self.let_go:
                self.let_go.add(request.number)
                answers = (*request.reviews, *(one for one in request.sign_offs if one.round == request.round))
                named = {getattr(one, "checker", None) or one.custodian for one in answers if not one.void}
                assert not members & named, request

    @invariant()
    def blind_nobody_knows_what_another_said_before_they_may(self):
        """Of the request that was touched last, through what its pages are made from."""
        request = next((one for one in self.every() if one.number == self.touched), None)
        if request is None:
            return
        answered = {one.checker for one in request.reviews if one.round == request.round and not one.void}
        decided = request.status in DECIDED
        if request.status is S.WITHDRAWN:  # after a decision it stays known
            with self.workshop.store.reading() as tx:
                acts = [event.action for event in tx.events.of_subject(f"request:{request.number}")]
            last = acts[len(acts) - acts[::-1].index("request.submitted"):]
            decided = "request.returned" in last or "request.approved" in last
        together = len(answered) >= request.checkers_required and request.status is S.IN_REVIEW
        for who in (*CHECKERS, *MEMBERS, "mercer"):
            try:
                view = requests.get(self.workshop, who, request.number)
            except ReadingRoomError:
                continue
            now = [one for one in view.comments if one.round == request.round]
            theirs = {one.checker for one in view.reviews if one.round == request.round} - {who}
            if who in view.project.members:
                assert all(one.audience is Audience.RESEARCHER for one in view.comments)
                assert decided or (not now and not theirs), (who, now, theirs)
                assert not any(one.note for one in view.reviews) and theirs <= {"a checker"}
            elif not decided and not (together and who in answered):
                assert {one.checker for one in now} <= {who}, (who, now)
                assert not theirs, (who, theirs)
        self.a_custodian_reads_no_words_between_checkers(request)

    def a_custodian_reads_no_words_between_checkers(self, request):
        with self.workshop.store.reading() as tx:
            private = {one.id for one in tx.comments.of_request(request.number) if one.audience is Audience.CHECKERS}
        try:
            view = sign_off.look(self.workshop, "mercer", request.number)
        except ReadingRoomError:
            return
        assert not private & {one.id for one in view.comments}
        assert phase(request) is Phase.SIGN_OFF or "mercer" in {one.custodian for one in request.sign_offs}

    def teardown(self):
        """Whatever happened: once the sweeps have run, each request can be taken further, or its page says why not."""
        if hasattr(self, "workshop"):
            freezing.sweep(self.workshop)
            holdups.sweep(self.workshop)
            self.no_dead_end()
            self.workshop.store.engine.dispose()
        self.directory.cleanup()

    def no_dead_end(self):
        for request in self.every():
            with self.workshop.store.reading() as tx:
                held = holdups.current(tx, request)
                gone = freezing.reasons(self.workshop, tx, request)
                few = len(may_check(self.workshop, tx, request)) < request.checkers_required
                project = tx.projects.get("returns")
                cannot = [one for one in request.sign_off_by - {given.custodian for given in request.sign_offs
                                                               if given.round == request.round and not given.void}
                          if refusal_of(check_can_sign_off, tx.people.get(one), request, project)]
            if request.status is S.FROZEN:
                assert gone, request.number
            if request.status is S.IN_REVIEW:
                assert bool(held) == (few or bool(cannot)), (request.number, held, few, cannot)
            if request.status is S.APPROVED:
                assert not gone


Machine.TestCase.settings = settings(max_examples=20, stateful_step_count=30, deadline=None, derandomize=True,
                                     suppress_health_check=list(HealthCheck))
TestHistories = Machine.TestCase
