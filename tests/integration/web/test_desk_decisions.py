"""What is decided by programs at the desk: blind, on what was looked at, once, and in a form that can be understood."""

from __future__ import annotations

import pytest

from readingroom.services import requests
from tests.integration.web.desk import (
    IN,
    OUT,
    RELEASED,
    RETURNED,
    SETTLING,
    TO_SIGN,
    WAITING,
    address,
    ballots,
    call,
    form,
    placed,
    records,
    round_one,
)
from tests.integration.web.world import API, LOW_TABLE, SAFE_TABLE
from tests.reviews import record


class TestBlindness:
    """What a checker is told before answering is the same whatever the others did."""

    READS = ("/queue", f"/requests/{WAITING}", f"/requests/{WAITING}/review", "/requests", "/releases")

    def told(self, world, who):
        return [call(world, who, "get", path).json() for path in self.READS]

    @pytest.mark.parametrize("who", ["freya", "kim", "dara", "bilal"])
    def test_nothing_of_another_checkers_review_shows(self, again, who):
        before = self.told(again, who)
        given = {"round": 1, "votes": ballots(again, WAITING, "change-needed", "Secret words."), "note": "Secret note.",
                 "comments": [placed(again)]}
        assert call(again, "imran", "post", f"/requests/{WAITING}/review", json=given).status_code == 200
        assert self.told(again, who) == before

    def test_who_has_answered_sees_no_other_until_all_have(self, again):
        for who in ("imran", "freya"):
            given = {"round": 1, "votes": ballots(again, WAITING, "change-needed", f"Said by {who}."), "note": who}
            assert call(again, who, "post", f"/requests/{WAITING}/review", json=given).json()["phase"] == (
                "independent" if who == "imran" else "consolidating")
            seen = call(again, "imran", "get", f"/requests/{WAITING}/review").json()["reviews"]
            assert [one["checker"] for one in seen] == ["imran", "freya"][:1 if who == "imran" else 2]
        assert call(again, "tomas", "get", f"/requests/{WAITING}/review").json()["reviews"] == []

    def test_the_researcher_reads_neither_notes_nor_what_checkers_say_among_themselves(self, again):
        given = {"round": 1, "votes": ballots(again, WAITING, "change-needed", "To you."), "note": "Among us.",
                 "comments": [placed(again) | {"comment": "Between checkers."}]}
        for who in ("imran", "freya"):
            call(again, who, "post", f"/requests/{WAITING}/review", json=given)
        concluded = round_one(outcome="returned", comment="See the comments.")
        assert call(again, "freya", "post", f"/requests/{WAITING}/conclude", **concluded).json()["status"] == "returned"
        for told in (call(again, "dara", "get", f"/requests/{WAITING}").text,
                     again.workspace("dara").get(f"{API}/requests/{WAITING}").text):
            assert "To you." in told and "See the comments." in told
            assert not [word for word in ("Among us.", "Between checkers.", "imran", "freya") if word in told]

    def test_files_are_shown_as_they_were_read_and_never_as_they_were_sent(self, again):
        (table, long) = call(again, "tomas", "get", f"/requests/{WAITING}/review").json()["files"]
        assert table["shown"]["kind"] == "table" and table["shown"]["rows"][0][0] == "Violence"
        assert (long["shown"]["parts"], len(long["shown"]["rows"])) == (2, 200)
        rest = call(again, "tomas", "get", f"/requests/{WAITING}/review/files/{long['id']}?part=2").json()
        assert (rest["part"], rest["first"], rest["rows"][-1][0]) == (2, 200, "Offence 299")
        picture = next(file for file in record(again, RETURNED).files if file.name == "returns.png")
        assert not any(picture.sha256 in path for path in again.app.openapi()["paths"])


class TestStaleAndRepeated:
    def test_a_vote_on_other_bytes_is_refused(self, again):
        votes = ballots(again, WAITING, "change-needed")
        votes[0]["sha256"] = record(again, RETURNED).files[0].sha256
        answer = call(again, "tomas", "post", f"/requests/{WAITING}/review", json={"round": 1, "votes": votes})
        assert (answer.status_code, answer.json()["rule"]) == (409, "review.file")
        assert record(again, WAITING).reviews == ()

    @pytest.mark.parametrize(("path", "body"), [
        ("review", {"votes": []}), ("comments", {"comments": []}),
        ("conclude", {"outcome": "returned", "comment": "Because."})])
    def test_a_decision_on_a_round_that_has_moved_on_is_refused(self, again, path, body):
        before = record(again, SETTLING)
        answer = call(again, "imran", "post", f"/requests/{SETTLING}/{path}", json={"round": 2, **body})
        assert answer.status_code == 409 and answer.json()["rule"] == "review.round"
        assert record(again, SETTLING) == before

    def test_a_request_that_was_answered_meanwhile_is_not_concluded(self, again):
        call(again, "freya", "post", f"/requests/{SETTLING}/conclude",
             **round_one(outcome="returned", comment="Round them."))
        requests.resubmit(again.room, "noor", SETTLING, (), keep=("returns.csv",))
        again.check(SETTLING)
        answer = call(again, "imran", "post", f"/requests/{SETTLING}/conclude",
                      **round_one(outcome="rejected", comment="Never."))
        assert answer.status_code == 409 and record(again, SETTLING).status.value == "in-review"

    @pytest.mark.parametrize(("who", "path", "sent"), [
        ("dara", f"/requests/{WAITING}/withdraw", round_one()),
        ("mercer", f"/sign-offs/{TO_SIGN}", round_one(decision="sign")),
        ("mercer", f"/releases/{RELEASED}/recall", {"json": {"reason": "A small cell."}}),
        ("imran", f"/requests/{SETTLING}/conclude", round_one(outcome="rejected", comment="No.")),
        ("tomas", f"/requests/{WAITING}/comments/1/take-back", round_one())])
    def test_the_same_decision_again_changes_nothing(self, again, who, path, sent):
        assert call(again, who, "post", path, **sent).status_code == 200
        before = records(again)
        assert call(again, who, "post", path, **sent).status_code in (403, 404, 409)
        assert records(again) == before

    def test_a_review_given_twice_while_blind_is_refused(self, again):
        sent = {"json": {"round": 1, "votes": ballots(again, WAITING, "change-needed")}}
        assert call(again, "kim", "post", f"/requests/{WAITING}/review", **sent).status_code == 200
        again_ = call(again, "kim", "post", f"/requests/{WAITING}/review", **sent)
        assert (again_.status_code, again_.json()["rule"]) == (409, "review.once")

    def test_a_submission_whose_answer_was_lost_is_found_again(self, again):
        key = {"Idempotency-Key": "0123456789abcdef"}
        first, second = (call(again, "bilal", "post", "/requests", headers=key, **form(OUT, counts_csv=SAFE_TABLE))
                         for _ in range(2))
        assert first.json() == second.json() and first.status_code == second.status_code == 201

    def test_each_download_is_counted_with_the_bytes_that_were_handed_over(self, again):
        given = [call(again, who, "post", f"/releases/{RELEASED}/package") for who in ("ada", "bilal")]
        assert {answer.content for answer in given} == {b"PK of the signed package"}
        seen = call(again, "mercer", "get", f"/releases/{RELEASED}").json()
        assert seen["downloads"] == 2 and {one["person"] for one in seen["handed_to"]} == {"ada", "bilal"}
        assert {one["sha256"] for one in seen["handed_to"]} == {seen["sha256"]}
        own = call(again, "ada", "get", f"/releases/{RELEASED}").json()["handed_to"]
        assert [one["person"] for one in own] == ["ada"]

    def test_a_recalled_release_is_handed_to_nobody(self, again):
        call(again, "mercer", "post", f"/releases/{RELEASED}/recall", json={"reason": "A small cell."})
        answer = call(again, "bilal", "post", f"/releases/{RELEASED}/package")
        assert (answer.status_code, answer.json()["rule"]) == (403, "release.recalled")
        told = again.workspace("bilal").get(f"{API}/requests/{RELEASED}").json()["release"]
        assert told["recall_reason"] == "A small cell."


class TestBadInput:
    @pytest.mark.parametrize(("path", "body"), [
        (f"/requests/{WAITING}/review", {"votes": []}), (f"/requests/{WAITING}/review", {"round": "1", "votes": []}),
        (f"/requests/{WAITING}/review", {"round": 1, "votes": [{"file": "returns.csv", "decision": "approve"}]}),
        (f"/requests/{WAITING}/review", {"round": 1, "votes": "all"}),
        (f"/requests/{WAITING}/review", {"round": 1, "votes": [], "as": "imran"}),
        (f"/requests/{WAITING}/comments", {"round": 1, "comments": []}),
        (f"/requests/{SETTLING}/conclude", {"round": 1, "outcome": "approved", "comment": "Fine."}),
        (f"/requests/{SETTLING}/conclude", {"round": 1, "outcome": "returned", "comment": " "}),
        (f"/requests/{SETTLING}/conclude", {"round": 1, "outcome": "returned", "comment": "x" * 5001}),
        (f"/requests/{WAITING}/review", [1, 2]), (f"/requests/{WAITING}/review", None)])
    def test_it_is_refused_in_words(self, again, path, body):
        before = records(again)
        answer = call(again, "imran", "post", path, json=body)
        assert answer.status_code == 422 and answer.json()["rule"] and answer.json()["next_step"], answer.text
        assert records(again) == before

    def test_a_body_that_is_too_large_is_refused_by_its_size(self, again):
        given = {"round": 1, "votes": [], "note": "x" * 2**21}
        answer = call(again, "imran", "post", f"/requests/{WAITING}/review", json=given)
        assert (answer.status_code, answer.json()["rule"]) == (413, "portal.body_bytes")

    def test_a_file_that_is_too_large_is_refused(self, again):
        answer = call(again, "bilal", "post", "/requests", **form(OUT, counts_csv=b"x" * 2_000_001))
        assert (answer.status_code, answer.json()["rule"]) == (422, "request.max-file-bytes")

    def test_files_that_come_in_are_held_to_their_own_policy(self, again):
        wrong = IN | {"files": [IN["files"][0] | {"licence": ""}]}
        answer = call(again, "bilal", "post", "/incoming", **form(wrong, groups_py=b"GROUPS = {}\n"))
        assert answer.status_code == 422 and answer.json()["rule"].startswith("incoming.")

    def test_a_long_file_is_not_approved_before_all_of_it_was_opened(self, again):
        votes = ballots(again, WAITING)
        sent = {"json": {"round": 1, "votes": votes}}
        call(again, "tomas", "get", f"/requests/{WAITING}/review")
        answer = call(again, "tomas", "post", f"/requests/{WAITING}/review", **sent)
        assert (answer.status_code, answer.json()["rule"]) == (422, "review.unopened")
        call(again, "tomas", "get", address(again, f"/requests/{WAITING}/review/files/FILE?part=2"))
        assert call(again, "tomas", "post", f"/requests/{WAITING}/review", **sent).status_code == 200


def test_three_people_bring_a_request_from_asking_to_its_release(again):
    """All of it by programs: two rounds, blind, settled together, and approved by the last vote."""
    made = call(again, "bilal", "post", "/requests", **form(OUT, counts_csv=LOW_TABLE)).json()
    at = f"/requests/{made['number']}"
    again.check(made["number"])
    for who in ("imran", "freya"):
        votes = ballots(again, made["number"], "change-needed", "Merge the small groups.")
        assert call(again, who, "post", f"{at}/review", json={"round": 1, "votes": votes}).status_code == 200
    call(again, "imran", "post", f"{at}/conclude", **round_one(outcome="returned", comment="Merge them."))
    told = call(again, "bilal", "get", at).json()
    assert told["status"] == "returned" and told["may"]["resubmit"] == ""
    said = {"round": 1, "files": [OUT["files"][0]]}
    assert call(again, "bilal", "post", f"{at}/resubmit", **form(said, counts_csv=SAFE_TABLE)).status_code == 201
    again.check(made["number"])
    votes = ballots(again, made["number"])
    stands = [call(again, who, "post", f"{at}/review", json={"round": 2, "votes": votes}).json()
              for who in ("tomas", "kim")]
    assert [one["status"] for one in stands] == ["in-review", "approved"]
