"""P1: nothing leaves unreviewed. The rules of a request, its reviews, and the last look before release."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from readingroom.core import egress
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.egress import Phase, phase
from readingroom.core.lifecycle import REQUEST_TRANSITIONS, RequestStatus, check_transition
from readingroom.core.policy import Policy
from readingroom.core.requests import AirlockRequest, Assurance, Decision, FileKind, OutputFile, Review, Vote
from readingroom.errors import InvalidInput, InvalidTransition, PermissionDenied

NOW = datetime(2026, 11, 24, tzinfo=UTC)
POLICY = Policy(max_files=2, max_file_bytes=1000)
CONTEXT = "Defendants by sex, all courts, 2019"
FILES = tuple(OutputFile(i, f"f{i}.csv", "0" * 64, 10, "csv", Assurance.DECLARED, CONTEXT, "", verdict=Verdict.PASS)
              for i in (1, 2))
REQUEST = AirlockRequest(1, "p", "ada", "T", "P", RequestStatus.IN_REVIEW, 1, NOW, NOW, FILES, (), 2)


def review_by(checker: str, *decisions: Decision, round: int = 1, comment: str = "fine") -> Review:
    return Review(checker, round, NOW, tuple(Vote(file.id, decision, comment)
                                             for file, decision in zip(FILES, decisions, strict=True)))


YES = (Decision.APPROVE, Decision.APPROVE)
APPROVED = replace(REQUEST, reviews=(review_by("freya", *YES), review_by("imran", *YES)))


def test_p1_two_independent_approvals_of_every_file_release():
    egress.check_releasable(APPROVED, {"ada"})


@pytest.mark.parametrize("reviews", [
    (),
    (review_by("freya", *YES),),
    (review_by("freya", *YES), review_by("freya", *YES)),
    (review_by("freya", *YES), review_by("imran", Decision.APPROVE, Decision.UNDECIDED)),
    (review_by("freya", *YES), review_by("imran", Decision.CHANGE, Decision.APPROVE)),
    (review_by("freya", *YES), review_by("imran", *YES, round=0)),
    (review_by("freya", *YES), review_by("ada", *YES)),
    (review_by("freya", *YES), review_by("bilal", *YES)),
], ids=["none", "one", "same person twice", "undecided", "change", "earlier round", "author", "member"])
def test_p1_anything_less_does_not(reviews):
    with pytest.raises(PermissionDenied):
        egress.check_releasable(replace(REQUEST, reviews=reviews), {"ada", "bilal"})


def test_p1_no_number_of_checkers_can_be_zero():
    with pytest.raises(PermissionDenied):
        egress.check_releasable(replace(REQUEST, checkers_required=0), {"ada"})


def verified(request, count=1, **changes):
    files = tuple(replace(file, assurance=Assurance.VERIFIED, **changes) for file in request.files)
    return replace(request, verified_checkers=count, files=files)


ONE_YES = replace(REQUEST, reviews=(review_by("freya", *YES),))


def test_p1_one_approval_of_what_is_all_verified_and_passes_releases_where_policy_says_so():
    egress.check_releasable(verified(ONE_YES), {"ada"})
    assert phase(verified(REQUEST)) is Phase.INDEPENDENT and phase(verified(ONE_YES)) is Phase.CONSOLIDATING


@pytest.mark.parametrize("request_", [
    verified(ONE_YES, None), verified(ONE_YES, 2), verified(ONE_YES, 5), verified(REQUEST), verified(REQUEST, 0),
    verified(REQUEST, -1), verified(ONE_YES, verdict=Verdict.REVIEW), verified(ONE_YES, verdict=None),
    replace(verified(ONE_YES), files=(verified(ONE_YES).files[0], FILES[1])),
    replace(verified(ONE_YES), files=(*verified(ONE_YES).files, replace(FILES[0], id=9, kind=FileKind.CODE))),
    replace(verified(ONE_YES), reviews=(review_by("ada", *YES),)),
    replace(verified(ONE_YES), reviews=(review_by("freya", Decision.APPROVE, Decision.CHANGE),)),
], ids=["not said", "two", "five", "nobody", "nobody and zero", "below zero", "review", "unchecked", "mixed",
        "with code", "author", "change"])
def test_p1_and_nothing_else_leaves_with_one(request_):
    with pytest.raises(PermissionDenied):
        egress.check_releasable(request_, {"ada"})


@pytest.mark.parametrize(
    "name", ["../x.csv", "a/b.csv", ".hidden", "", "x" * 101, "a\u202egnp.csv", "a\nb", "x.csv ", "é.csv"])
def test_names_that_are_more_than_names_are_refused(name):
    with pytest.raises(InvalidInput):
        egress.check_names(["good.csv", name])


@pytest.mark.parametrize(("files", "rule"), [
    ([], "request.files"),
    ([("a.csv", 1, CONTEXT)] * 3, "request.max-files"),
    ([("a.csv", 1, CONTEXT), ("A.csv", 1, CONTEXT)], "request.file-name"),
    ([("a.csv", 1001, CONTEXT)], "request.max-file-bytes"),
    ([("a.csv", 1, "too short")], "request.context"),
])
def test_what_cannot_be_asked_for_names_its_rule(files, rule):
    with pytest.raises(InvalidInput) as refusal:
        egress.check_files(files, POLICY)
    assert refusal.value.rule == rule
    assert refusal.value.next_step


def test_phases_follow_the_reviews():
    assert phase(REQUEST) is Phase.INDEPENDENT
    assert phase(replace(REQUEST, reviews=APPROVED.reviews[:1])) is Phase.INDEPENDENT
    assert phase(APPROVED) is Phase.CONSOLIDATING
    assert phase(replace(APPROVED, round=2)) is Phase.INDEPENDENT


@pytest.mark.parametrize("status", RequestStatus)
def test_every_status_has_a_phase(status):
    assert phase(replace(REQUEST, status=status)) in Phase


class TestReviews:
    def test_a_second_answer_before_consolidating_is_refused(self):
        given = replace(REQUEST, reviews=APPROVED.reviews[:1])
        with pytest.raises(InvalidTransition):
            egress.check_review(given, "freya", APPROVED.reviews[0].votes)

    def test_a_third_checker_is_one_too_many(self):
        with pytest.raises(InvalidTransition):
            egress.check_review(APPROVED, "tomas", APPROVED.reviews[0].votes)

    def test_every_file_needs_exactly_one_vote(self):
        votes = APPROVED.reviews[0].votes
        for wrong in (votes[:1], (*votes, votes[0]), (votes[0], replace(votes[1], file_id=99))):
            with pytest.raises(InvalidInput):
                egress.check_review(REQUEST, "freya", wrong)

    def test_a_change_needs_a_comment(self):
        votes = review_by("freya", Decision.CHANGE, Decision.APPROVE, comment="").votes
        with pytest.raises(InvalidInput, match="without saying which"):
            egress.check_review(REQUEST, "freya", votes)

    @pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.REVIEW, None])
    def test_p9_approving_what_did_not_pass_needs_a_reason(self, verdict):
        risky = replace(REQUEST, files=(replace(FILES[0], verdict=verdict), FILES[1]))
        with pytest.raises(InvalidInput):
            egress.check_review(risky, "freya", review_by("freya", *YES, comment=" ").votes)
        egress.check_review(risky, "freya", review_by("freya", *YES, comment="all cells over 100").votes)


@pytest.mark.parametrize(("current", "target"), list(itertools.product(RequestStatus, RequestStatus)))
def test_only_tabled_transitions_happen(current, target):
    if target in REQUEST_TRANSITIONS[current]:
        check_transition(REQUEST_TRANSITIONS, current, target, "request")
    else:
        with pytest.raises(InvalidTransition) as refusal:
            check_transition(REQUEST_TRANSITIONS, current, target, "request")
        assert refusal.value.next_step


def test_p1_released_is_reached_only_from_approved():
    before = {status for status, following in REQUEST_TRANSITIONS.items() if RequestStatus.RELEASED in following}
    assert before == {RequestStatus.APPROVED}
