"""P1 in the fast lane: only what the platform itself made from a private answer leaves by fewer approvals."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import pytest

from readingroom.core import package
from readingroom.core.lifecycle import AnswerStatus, RequestStatus
from readingroom.core.policy import Layer
from readingroom.core.requests import Assurance, Decision, Vote
from readingroom.errors import AccessDenied, IntegrityError, InvalidTransition, NotFound, PermissionDenied
from readingroom.services import grants, handover, private_answers, private_releases, releases, requests
from tests.factories import POLICIES, SITE, add_project, make_workshop, upload
from tests.private_figures import record as record_of

COUNT = {"dataset": "courts", "table": "defendants", "statistic": "count", "rho_micro": 5000}


def with_approvals(tmp_path, number):
    site = Layer("site", SITE.model_copy(update={"private_answer_checkers": number}))
    made = make_workshop(tmp_path, policies=replace(POLICIES, site=site))
    add_project(made)
    add_project(made, "other", members=("chloe",))
    return made


@pytest.fixture
def workshop(tmp_path):
    """Answers may leave at once."""
    return with_approvals(tmp_path, 0)


def answered(workshop):
    answer, _ = private_answers.ask(workshop, "ada", "returns", COUNT)
    private_answers.compute(workshop, answer.id)
    workshop.clock.forward(minutes=1)
    return private_answers.get(workshop, "ada", answer.id)


class TestP1AtOnce:
    def test_it_leaves_without_a_person_and_says_so(self, workshop):
        answer = answered(workshop)
        request = private_releases.release(workshop, "ada", answer.id)
        assert request.status is RequestStatus.APPROVED
        assert {file.assurance for file in request.files} == {Assurance.PRIVATE}
        releases.make(workshop, request.number)
        _, content = handover.download(workshop, "bilal", request.number)
        verified = package.verify(content, workshop.release_key.public_key())
        assert verified.holds
        assert (verified.manifest["private_answer"], verified.manifest["approvals_required"]) == (answer.id, 0)
        assert b"Released by rule" in content
        assert verified.manifest["datasets"][0]["version"] == "1"
        assert b"statistic,statistic" not in content and b"count,count,42" in content

    def test_asked_twice_it_is_one_request_for_the_whole_project(self, workshop):
        answer = answered(workshop)
        first = private_releases.release(workshop, "ada", answer.id)
        assert private_releases.release(workshop, "bilal", answer.id).number == first.number
        releases.make(workshop, first.number)
        assert private_releases.release(workshop, "ada", answer.id).status is RequestStatus.RELEASED

    def test_it_does_not_wait_for_the_request_that_is_active(self, workshop):
        requests.submit(workshop, "ada", "returns", "Returns", "A paper", [upload()])
        assert private_releases.release(workshop, "ada", answered(workshop).id).status is RequestStatus.APPROVED

    def test_what_is_not_answered_yet_does_not_leave(self, workshop):
        answer, _ = private_answers.ask(workshop, "ada", "returns", COUNT)
        private_answers.compute(workshop, answer.id)  # done, but its time has not come
        with pytest.raises(InvalidTransition):
            private_releases.release(workshop, "ada", answer.id)

    def test_strangers_learn_nothing_and_ended_grants_release_nothing(self, workshop):
        answer = answered(workshop)
        with pytest.raises(NotFound):
            private_releases.release(workshop, "chloe", answer.id)
        grants.withdraw(workshop, "mercer", 1, "Ended")
        with pytest.raises(AccessDenied):
            private_releases.release(workshop, "ada", answer.id)

    def test_bytes_that_the_answer_did_not_give_are_not_signed(self, workshop):
        answer = answered(workshop)
        request = private_releases.release(workshop, "ada", answer.id)
        with workshop.store.transaction() as tx:
            row = tx.requests._row(request.number).files[0]
            row.sha256 = workshop.blobs.put(b"key,value\n")
        with pytest.raises(IntegrityError):
            releases.make(workshop, request.number)
        with workshop.store.reading() as tx:
            assert tx.requests.get(request.number).status is RequestStatus.APPROVED


class TestP1WithApprovals:
    def test_policy_may_ask_for_checkers(self, tmp_path):
        workshop = with_approvals(tmp_path, 1)
        request = private_releases.release(workshop, "ada", answered(workshop).id)
        assert (request.status, request.checkers_required) == (RequestStatus.IN_REVIEW, 1)
        with pytest.raises(PermissionDenied):
            requests.review(workshop, "ada", request.number, [])
        approved = requests.review(workshop, "freya", request.number,
                                   [Vote(file.id, Decision.APPROVE) for file in request.files])
        assert approved.status is RequestStatus.APPROVED
        assert releases.make(workshop, request.number) is not None

    def test_p9_where_policy_says_nothing_it_needs_what_any_output_needs(self, tmp_path):
        workshop = with_approvals(tmp_path, None)
        assert private_releases.release(workshop, "ada", answered(workshop).id).checkers_required == 2

    def test_it_is_rejected_and_not_returned_since_nothing_of_it_can_change(self, tmp_path):
        """Returned it would stand for the answer for ever, and nobody could answer it."""
        workshop = with_approvals(tmp_path, 1)
        request = private_releases.release(workshop, "ada", answered(workshop).id)
        requests.review(workshop, "freya", request.number,
                        [Vote(file.id, Decision.CHANGE, "Explain it.") for file in request.files])
        with pytest.raises(InvalidTransition) as refused:
            requests.conclude(workshop, "freya", request.number, RequestStatus.RETURNED, "Explain it.")
        assert refused.value.rule == "request.private"
        with workshop.store.transaction() as tx:
            tx.requests.set_status(request.number, RequestStatus.RETURNED)  # as an older version left it
        with pytest.raises(PermissionDenied):
            requests.resubmit(workshop, "ada", request.number, [upload()])
        assert private_releases.release(workshop, "bilal", 1).number != request.number
        with workshop.store.reading() as tx:
            assert tx.requests.get(request.number).status is RequestStatus.WITHDRAWN

    def test_another_member_takes_it_out_whose_author_cannot_go_on(self, tmp_path):
        workshop = with_approvals(tmp_path, 0)
        answer = answered(workshop)
        request = private_releases.release(workshop, "ada", answer.id)
        with workshop.store.transaction() as tx:
            tx.projects.save(replace(tx.projects.get("returns"), members=frozenset({"bilal"})))
        assert releases.make(workshop, request.number) is None
        other = private_releases.release(workshop, "bilal", answer.id)
        assert (other.number != request.number, other.author) == (True, "bilal")
        assert releases.make(workshop, other.number) is not None

    def test_p6_data_withdrawn_since_it_was_asked_for_keep_it_in_whoever_asks_again(self, tmp_path):
        workshop = with_approvals(tmp_path, 0)
        answer = answered(workshop)
        with workshop.store.transaction() as tx:  # the project holds other data by now, and these no more
            tx.events.record("mercer", "grant.withdrawn", "grant:1", "returns")
        request = private_releases.release(workshop, "ada", answer.id)
        assert releases.make(workshop, request.number) is None
        with workshop.store.reading() as tx:
            assert tx.requests.get(request.number).status is RequestStatus.FROZEN


def test_the_crate_says_how_the_answer_was_made(workshop):
    answer, _ = private_answers.ask(workshop, "ada", "returns", COUNT)
    given = record_of(answer.query, workshop.policies.dataset("courts"), "1")
    workshop.answerer.answer = lambda *asked: given
    private_answers.compute(workshop, answer.id)
    workshop.clock.forward(minutes=1)
    request = private_releases.release(workshop, "bilal", answer.id)
    releases.make(workshop, request.number)
    _, content = handover.download(workshop, "ada", request.number)
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        crate = json.loads(opened.read("ro-crate-metadata.json"))
    entities = {one["@id"]: one for one in crate["@graph"]}
    action = entities[f"#private-answer-{answer.id}"]
    assert action["@type"] == "CreateAction" and action["description"] == given["statement"]
    assert action["agent"] == {"@id": "#person-ada"} and entities["./"]["author"] == {"@id": "#person-bilal"}
    assert {one["@id"] for one in action["result"]} == {f"files/{file.name}" for file in request.files}
    values = {entities[one["@id"]].get("propertyID"): entities[one["@id"]].get("value") for one in action["object"]}
    assert (values["rho_micro"], values["epsilon"], values["canonical"], values["mechanism"]) == (
        5000, given["epsilon"], given["canonical"], "discrete Gaussian")
    assert {entities[one["@id"]]["version"] for one in action["instrument"]} == {"1", "0.16.0"}
    assert entities["#dataset-courts"]["version"] == "1" and "v1" not in json.dumps(crate)
    assert all(one["@id"] in entities for one in (*action["object"], *action["instrument"], *action["result"]))
    assert len(entities["./"]["conformsTo"]) == 2


def test_the_record_that_leaves_holds_the_question_and_the_loss(workshop):
    answer = answered(workshop)
    request = private_releases.release(workshop, "ada", answer.id)
    record = json.loads(workshop.blobs.get(request.files[1].sha256))
    assert (answer.status, record["cost_micro_rho"], record["value"]) == (AnswerStatus.ANSWERED, 5000, 42)
    assert "v1" not in json.dumps(record)  # a version's name is a hash of the data
