"""A process killed before any of its statements, and after any of its commits: all of an action, or nothing of it.

Each action runs in a child process that is killed by SIGKILL right before its n-th statement to the database, for
every n until it gets through; then the action is taken up again as a restarted process would.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import event

from readingroom.core.audit import faults_of_chain
from readingroom.core.lifecycle import GrantStatus, ProjectStatus, RequestStatus
from readingroom.core.requests import Decision, Vote
from readingroom.db.store import Store
from readingroom.errors import Unavailable
from readingroom.services import grants, handover, private_answers, releases, requests, workspaces
from tests.factories import add_project, checked, make_workshop, upload

QUESTION = {"dataset": "courts", "table": "defendants", "statistic": "count", "rho_micro": 100}
CONTENT = b"sex,people\nF,120\nM,130\n"


@pytest.fixture
def workshop(tmp_path):
    made = make_workshop(tmp_path)
    add_project(made)
    made.store.engine.dispose()
    return made


def killed_at(workshop, number, action):
    """Run the action in a child killed before its statement of that number. False if it got through unhurt.

    The commit counts as a statement, and so does the moment right after it.
    """
    child = os.fork()
    if child == 0:
        store = Store(workshop.settings.database_url, workshop.clock)
        left = [number]

        def count(*_):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(store.engine, "before_cursor_execute", count)
        event.listen(store.engine, "commit", count)
        event.listen(store.engine, "checkin", count)
        try:
            action(replace(workshop, store=store))
        except BaseException as error:  # noqa: BLE001  a child has nobody to raise to
            os.write(2, repr(error).encode())
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def at_every_statement(workshop, action, check):
    """Kill the action at each of its statements in turn, checking the records after each; how many there were."""
    number = 0
    while killed_at(workshop, number, action):
        assert_chain_holds(workshop)
        check()
        number += 1
    assert_chain_holds(workshop)
    assert number > 2, "the action was not killed in its middle"
    return number


def assert_chain_holds(workshop):
    with workshop.store.reading() as tx:
        assert not faults_of_chain(list(tx.events.all()))


def actions(workshop, subject):
    with workshop.store.reading() as tx:
        return Counter(one.action for one in tx.events.of_subject(subject))


def submit(workshop):
    return requests.submit(workshop, "ada", "returns", "Returns by sex", "A paper", [upload(content=CONTENT)])


def in_review(workshop):
    request = submit(workshop)
    checked(workshop, request.number)
    return requests.get(workshop, "ada", request.number).request


def votes(request):
    return [Vote(file.id, Decision.APPROVE, "Counts are far above ten.") for file in request.files]


def test_a_submission_is_there_with_its_file_and_event_or_not_at_all(workshop):
    number, after = 0, 0
    while killed_at(workshop, number, submit):
        found = [view for view in requests.mine(workshop, "ada")
                 if view.request.status is not RequestStatus.WITHDRAWN]
        assert len(found) <= 1
        for view in found:
            after += 1
            assert view.request.status is RequestStatus.SUBMITTED
            assert workshop.blobs.get(view.request.files[0].sha256) == CONTENT
            assert actions(workshop, f"request:{view.request.number}") == {"request.submitted": 1}
            requests.withdraw(workshop, "ada", view.request.number)
        assert_chain_holds(workshop)
        number += 1
    assert number > 5 and after >= 1


def test_checks_taken_up_again_are_recorded_once(workshop):
    request = submit(workshop)
    at_every_statement(workshop, lambda room: checked(room, request.number), lambda: None)
    assert actions(workshop, f"request:{request.number}") == {
        "request.submitted": 1, "request.checking": 1, "file.checked": 1, "request.in-review": 1}


def test_a_second_approval_counts_whole_or_not_at_all(workshop):
    request = in_review(workshop)
    requests.review(workshop, "freya", request.number, votes(request))

    def review(room):
        if requests.get(room, "imran", request.number).request.status is RequestStatus.IN_REVIEW:
            requests.review(room, "imran", request.number, votes(request))

    def whole():
        told = actions(workshop, f"request:{request.number}")
        approved = requests.get(workshop, "ada", request.number).request.status is RequestStatus.APPROVED
        assert told["request.approved"] == approved
        assert told["request.reviewed"] == (2 if approved else 1)

    at_every_statement(workshop, review, whole)
    assert actions(workshop, f"request:{request.number}")["request.approved"] == 1


def test_a_release_is_made_once(workshop):
    request = in_review(workshop)
    for checker in ("freya", "imran"):
        requests.review(workshop, checker, request.number, votes(request))

    def whole():
        view = requests.get(workshop, "ada", request.number)
        released = view.request.status is RequestStatus.RELEASED
        assert (view.release is not None) == released
        assert actions(workshop, f"request:{request.number}")["release.made"] == released

    at_every_statement(workshop, lambda room: releases.make(room, request.number), whole)
    assert handover.download(workshop, "ada", request.number)[1][:2] == b"PK"
    assert actions(workshop, f"request:{request.number}")["release.made"] == 1


def test_an_answer_is_charged_with_its_reservation_or_not_at_all_and_computed_into_one_answer(workshop):
    def balanced():
        lines, answers = private_answers.statement(workshop, "ada", "returns")
        assert sum(line.spent for line in lines) == sum(answer.cost_micro_rho for answer in answers)
        assert len(answers) <= 1

    at_every_statement(workshop, lambda room: private_answers.ask(room, "ada", "returns", QUESTION), balanced)
    balanced()
    (answer,) = private_answers.statement(workshop, "ada", "returns")[1]
    assert actions(workshop, f"answer:{answer.id}")["answer.paid"] == 1
    at_every_statement(workshop, lambda room: private_answers.compute(room, answer.id), balanced)
    assert actions(workshop, f"answer:{answer.id}")["answer.answered"] == 1


def test_a_withdrawal_and_what_follows_it_happen_once(workshop):
    workspaces.opened(workshop, "ada", "returns", "c1")
    workshop.hub.start_workspace("ada", "returns")
    copy = workspaces.plan(workshop, "ada", "returns").mounts[0][1]

    def withdraw(room):
        if grants.get(room, "mercer", 1).grant.status is GrantStatus.ACTIVE:
            grants.withdraw(room, "mercer", 1, "The purpose has ended")

    def follow(room):
        workspaces.destroy_dead_extracts(room)
        workspaces.sweep(room, room.hub)

    at_every_statement(workshop, withdraw, lambda: None)
    at_every_statement(workshop, follow, lambda: None)
    assert not copy.exists()
    assert actions(workshop, "grant:1") == {"extract.made": 1, "grant.withdrawn": 1, "extract.destroyed": 1}
    assert actions(workshop, "workspace:ada/returns") == {"workspace.opened": 1, "workspace.closed": 1}


def test_an_extract_is_recorded_once(workshop):
    add_project(workshop, "second", grants={"courts": GrantStatus.PROPOSED}, status=ProjectStatus.AGREEMENT)
    grants.agree(workshop, "mercer", 2, "Fits")
    at_every_statement(workshop, workspaces.prepare_extracts, lambda: None)
    assert actions(workshop, "grant:2") == {"grant.agreed": 1, "grant.activated": 1, "extract.made": 1}
    assert len(workshop.extracts.stored()) == 2


class TestOneFailureDoesNotSaveTheOthers:
    @pytest.fixture
    def two_open(self, workshop):
        for member in ("ada", "bilal"):
            workshop.hub.start_workspace(member, "returns")
            workspaces.opened(workshop, member, "returns", f"c-{member}")
        return workshop

    def test_a_hub_that_fails_for_one_still_closes_the_rest(self, two_open):
        class OneFails(type(two_open.hub)):
            def stop_workspace(self, username, project):
                if username == "ada":
                    raise Unavailable("The Hub did not stop it.")
                super().stop_workspace(username, project)

        two_open.hub.__class__ = OneFails
        grants.withdraw(two_open, "mercer", 1, "The purpose has ended")
        with pytest.raises(Unavailable):
            workspaces.sweep(two_open, two_open.hub)
        assert two_open.hub.running == {("ada", "returns")}
        assert [opening.username for opening in workspaces.open_now(two_open)] == ["ada"]

    def test_a_sweep_closes_the_opening_that_it_saw_and_not_the_next(self, two_open):
        class Reopens(type(two_open.hub)):
            def workspace_state(self, username, project):
                workspaces.opened(two_open, username, project, f"next-{username}")
                return "stopped"

        two_open.hub.__class__ = Reopens
        workspaces.sweep(two_open, two_open.hub)
        assert {opening.container for opening in workspaces.open_now(two_open)} == {"next-ada", "next-bilal"}

    def test_an_extract_that_cannot_be_destroyed_does_not_save_the_others(self, workshop):
        first = workshop.extracts.stored()[0]
        add_project(workshop, "second")

        class OneFails(type(workshop.extracts)):
            def destroy(self, extract_id):
                if extract_id == first:
                    raise OSError(5, "Input/output error")
                super().destroy(extract_id)

        workshop.extracts.__class__ = OneFails
        for grant in (1, 2):
            grants.withdraw(workshop, "mercer", grant, "The purpose has ended")
        with pytest.raises(OSError, match="Input/output"):
            workspaces.destroy_dead_extracts(workshop)
        assert workshop.extracts.stored() == (first,)

    def test_what_nobody_recorded_and_nobody_needs_is_destroyed(self, workshop):
        needed = workshop.extracts.stored()
        (workshop.extracts.root / "returns-9-feedfeedfeed").mkdir()
        workspaces.destroy_dead_extracts(workshop)
        assert workshop.extracts.stored() == needed
