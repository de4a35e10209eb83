"""The custodian's sign-off in the portal: seen only once it is theirs, signed or sent back with one form."""

from __future__ import annotations

import pytest

from readingroom.core.lifecycle import RequestStatus
from readingroom.core.requests import Decision
from readingroom.services import requests
from readingroom.services.uploads import Upload
from tests.integration.web.world import CONTEXT


@pytest.fixture
def number(world):
    courts = world.room.policies.datasets["magistrates"]
    world.room.policies.datasets["magistrates"] = (
        courts[0], courts[1].model_copy(update={"custodian_sign_off": True}))
    request = world.in_review()
    for checker in ("imran", "freya"):
        world.vote(checker, request, Decision.APPROVE, "Large counts only.")
    return request.number


def status(world, number):
    return requests.get(world.room, "ada", number).request.status


def test_it_is_listed_and_shows_files_findings_and_why_checkers_approve(world, number):
    mercer = world.client("mercer")
    assert f"/sign-offs/{number}" in mercer.see("/sign-offs").text
    page = mercer.see(f"/sign-offs/{number}").text
    assert "Robbery" in page and page.count("Large counts only.") == 6
    assert f"/sign-offs/{number}/files/" in page and "Imran" not in page
    image = next(part.split('"')[0] for part in page.split('src="') if "image.png" in part.split('"')[0])
    assert mercer.get(image).headers["content-type"] == "image/png"


def test_it_shows_all_that_the_checkers_judged_by_and_told_the_researcher(world):
    """Comments on places, what changed since the round before, what was asked for then, and what was released."""
    dataset, policy = world.room.policies.datasets["magistrates"]
    world.room.policies.datasets["magistrates"] = dataset, policy.model_copy(update={"custodian_sign_off": True})
    table = b"offence,F\nRobbery,4\nTheft,310\n"
    request = world.in_review(uploads=(Upload("returns.csv", table, CONTEXT, "Rounded to 5."),))
    for checker in ("imran", "freya"):
        world.vote(checker, request, Decision.CHANGE, "Merge the small row.")
    world.client("freya").do(f"/requests/{request.number}/conclude", round="1", outcome="returned", comment="Please.")
    requests.resubmit(world.room, "ada", request.number, (
        Upload("returns.csv", table.replace(b"Robbery,4", b"Robbery,40"), CONTEXT, "Rounded to 5."),))
    again = world.check(request.number)
    file = again.files[0].id
    for audience, words in (("researcher", "Say which year."), ("checkers", "Between us.")):
        world.client("imran").do(f"/requests/{again.number}/comments", **{
            "round": "2", f"at-{file}": "cell:1,2", f"say-{file}": words, f"audience-{file}": audience})
    mercer = world.client("mercer")
    assert mercer.see(f"/sign-offs/{again.number}").status_code == 404
    for checker in ("imran", "freya"):
        world.vote(checker, again, Decision.APPROVE, "Large counts only.")
    page = mercer.see(f"/sign-offs/{again.number}").text
    for words in ("Say which year.", "1 cell in 1 row changed since round 1", "<del>4</del> <ins>40</ins>",
                  "Merge the small row.", "Please.", "Rounded to 5.", "Rules in force", "Released before", "Ada"):
        assert words in page, words
    assert "Between us." not in page and "Imran" not in page and "Freya" not in page


def test_others_find_nothing(world, number):
    for who in ("okafor", "ada", "imran", "robin"):
        assert world.client(who).see(f"/sign-offs/{number}").status_code == 404


def test_signing_approves_it(world, number):
    done = world.client("mercer").do(f"/sign-offs/{number}", round="1", decision="sign")
    assert done.status_code == 303 and status(world, number) is RequestStatus.APPROVED
    assert "Nothing waits for your sign-off" in world.client("mercer").see("/sign-offs").text


def test_returning_needs_a_reason_that_the_author_reads(world, number):
    mercer = world.client("mercer")
    assert mercer.do(f"/sign-offs/{number}", round="1", decision="return").status_code == 422
    typed = mercer.do(f"/sign-offs/{number}", round="1", decision="", comment="Half a sent")
    assert typed.status_code == 422 and "Half a sent" in typed.text
    assert mercer.do(f"/sign-offs/{number}", round="1", decision="return", comment="Name no court.").status_code == 303
    assert "Name no court." in world.client("ada").see(f"/requests/{number}").text


@pytest.mark.parametrize("fields", [
    {"decision": "sign"}, {"decision": "", "round": "1"}, {"decision": "drop", "round": "1"},
    {"decision": "sign", "round": "x"}])
def test_a_form_that_says_nothing_definite_changes_nothing(world, number, fields):
    assert world.client("mercer").do(f"/sign-offs/{number}", **fields).status_code == 422
    assert status(world, number) is RequestStatus.IN_REVIEW


def test_a_form_of_an_earlier_round_is_refused(world, number):
    assert world.client("mercer").do(f"/sign-offs/{number}", round="7", decision="sign").status_code == 409
    assert status(world, number) is RequestStatus.IN_REVIEW
