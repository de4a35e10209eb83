"""A release after it was made: on whose terms it goes out, and taking it back in one act."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from readingroom.core import package
from readingroom.core.policy import Layer
from readingroom.core.requests import Decision, Vote
from readingroom.core.roles import Role
from readingroom.errors import InvalidInput, InvalidTransition, NotFound, PermissionDenied, ReadingRoomError
from readingroom.services import handover, notices, releases, requests
from tests.factories import POLICIES, SITE, checked, make_workshop, upload, with_two_projects
from tests.reviews import events

BAD = b"sex,people\nF,3\nM,130\n"


def workshop_with(tmp_path, **policy):
    site = Layer("site", SITE.model_copy(update=policy))
    return with_two_projects(make_workshop(tmp_path, policies=replace(POLICIES, site=site)))


@pytest.fixture
def workshop(tmp_path):
    return workshop_with(tmp_path, release_days=30, release_downloads=3)


def released(workshop, author="ada", project="returns", content=b"sex,people\nF,120\nM,130\n"):
    request = requests.submit(workshop, author, project, "By sex", "A paper", (upload(content=content),))
    checked(workshop, request.number)
    for checker in ("freya", "imran"):
        requests.review(workshop, checker, request.number,
                        [Vote(request.files[0].id, Decision.APPROVE, "Rounded and large.")])
    releases.make(workshop, request.number)
    return request.number


def refusal(workshop, who, number):
    with pytest.raises(PermissionDenied) as refused:
        handover.download(workshop, who, number)
    return refused.value.rule


class TestTerms:
    def test_each_download_is_counted_and_logged_and_the_last_is_the_last(self, workshop):
        number = released(workshop)
        for who in ("ada", "bilal", "ada"):
            handover.download(workshop, who, number)
        assert refusal(workshop, "ada", number) == "release.downloads"
        assert events(workshop, number).count("release.downloaded") == 3
        assert handover.get(workshop, "ada", number).given == 3

    def test_a_link_expires_to_the_second(self, workshop):
        number = released(workshop)
        workshop.clock.forward(days=30, seconds=-1)
        handover.download(workshop, "ada", number)
        workshop.clock.forward(seconds=1)
        assert refusal(workshop, "ada", number) == "release.expired"

    def test_simultaneous_downloads_never_exceed_the_count(self, workshop):
        number, outcomes = released(workshop), []

        def fetch():
            try:
                handover.download(workshop, "ada", number)
                outcomes.append("given")
            except ReadingRoomError as error:
                outcomes.append(error.rule)

        threads = [threading.Thread(target=fetch) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["given"] * 3 + ["release.downloads"] * 5

    @pytest.mark.parametrize(("named", "allowed"), [
        (None, {"ada", "bilal"}), ({"author"}, {"ada"}), ({"custodians"}, {"mercer"}), (set(), set()),
        ({"author", "members", "custodians"}, {"ada", "bilal", "mercer"})])
    def test_only_those_whom_policy_names(self, tmp_path, named, allowed):
        workshop = workshop_with(tmp_path, release_recipients=None if named is None else frozenset(named))
        number = released(workshop)
        got = set()
        for who in ("ada", "bilal", "mercer", "freya", "robin"):
            try:
                handover.download(workshop, who, number)
                got.add(who)
            except PermissionDenied as refused:
                assert refused.rule == "release.recipient"
        assert got == allowed

    def test_people_who_have_nothing_to_do_with_it_see_none(self, workshop):
        number = released(workshop)
        for stranger in ("chloe", "okafor"):
            with pytest.raises(NotFound):
                handover.download(workshop, stranger, number)
            assert handover.newest(workshop, stranger) == ((), 0)

    def test_the_list_shows_what_a_release_page_shows_and_to_the_same_people(self, workshop):
        numbers = [released(workshop), released(workshop, "chloe", "other")]
        handover.download(workshop, "ada", numbers[0])
        handover.recall(workshop, "freya", numbers[1], "Wrong.")
        for who in ("ada", "bilal", "chloe", "mercer", "okafor", "freya", "robin"):
            listed = {line.listed.request: line for line in handover.newest(workshop, who)[0]}
            for number in numbers:
                try:
                    view = handover.get(workshop, who, number)
                except NotFound:
                    assert number not in listed, who
                    continue
                line = listed[number]
                assert (line.terms, line.listed.given, line.listed.recalled, line.listed.files) == (
                    view.terms, view.given, view.recall is not None, 1)

    def test_bytes_that_cannot_be_read_are_not_counted(self, workshop):
        number = released(workshop)
        digest = handover.get(workshop, "ada", number).release.sha256
        (workshop.settings.blobs_dir / digest[:2] / digest).unlink()
        with pytest.raises(ReadingRoomError):
            handover.download(workshop, "ada", number)
        assert handover.get(workshop, "ada", number).given == 0


class TestRecall:
    def test_one_act_closes_it_lists_who_has_it_and_tells_everyone_concerned(self, workshop):
        number = released(workshop)
        _, content = handover.download(workshop, "bilal", number)
        done = handover.recall(workshop, "mercer", number, "A suppressed cell can be solved for.")
        assert refusal(workshop, "ada", number) == "release.recalled"
        digest = handover.get(workshop, "mercer", number).release.sha256
        with workshop.store.reading() as tx:
            incident = tx.walls.incidents()[0]
        assert incident.id == done.incident and incident.rule == "release.recalled"
        assert [f"bilal downloaded sha256 {digest}" in line for line in incident.detail] == [True]
        for who in ("ada", "bilal", "mercer", "freya", "imran", "robin"):
            assert next(told.notice.kind for told in notices.page(workshop, who).told) == "release.recalled", who
        assert package.verify(content, workshop.release_key.public_key()).holds  # its bytes are what was signed
        assert requests.get(workshop, "ada", number).recalled

    @pytest.mark.parametrize("who", ["freya", "imran", "mercer"])
    def test_custodian_and_checkers_of_it_may(self, workshop, who):
        number = released(workshop)
        assert handover.get(workshop, who, number).may["recall"] == ""
        handover.recall(workshop, who, number, "Wrong.")
        with pytest.raises(InvalidTransition):
            handover.recall(workshop, who, number, "Again.")

    @pytest.mark.parametrize("who", ["ada", "bilal", "tomas", "robin"])
    def test_nobody_else_may(self, workshop, who):
        number = released(workshop)
        with pytest.raises(PermissionDenied) as refused:
            handover.recall(workshop, who, number, "Wrong.")
        assert refused.value.rule == "release.recall"
        assert handover.get(workshop, who, number).recall is None

    def test_a_recall_needs_a_reason(self, workshop):
        number = released(workshop)
        with pytest.raises(InvalidInput):
            handover.recall(workshop, "mercer", number, "  ")
        handover.download(workshop, "ada", number)

    def test_a_custodian_who_lost_the_role_may_not(self, workshop):
        number = released(workshop)
        with workshop.store.transaction() as tx:
            tx.people.save(replace(tx.people.get("mercer"), roles=frozenset({Role.RESEARCHER})))
        with pytest.raises(NotFound):
            handover.recall(workshop, "mercer", number, "Wrong.")

    def test_what_was_released_since_is_checked_again_once(self, workshop):
        earlier = released(workshop, content=b"sex,people\nF,220\nM,230\n")
        workshop.clock.forward(hours=1)
        number = released(workshop)
        workshop.clock.forward(hours=1)
        same = released(workshop, "bilal")
        elsewhere = released(workshop, "chloe", "other", BAD)
        assert handover.siblings(workshop, number) == ()
        handover.recall(workshop, "freya", number, "Wrong.")
        assert handover.siblings(workshop, number) == (same, elsewhere)
        assert earlier not in handover.siblings(workshop, number)
        with workshop.store.reading() as tx:
            assert tx.releases.to_recheck() == (number,)
        found = [one for other in (same, elsewhere) for one in handover.recheck(workshop, number, other)]
        handover.finish_recheck(workshop, number, found)
        handover.finish_recheck(workshop, number, [])  # a repeat after a crash changes nothing
        kept = handover.get(workshop, "freya", number).recall.rechecks
        assert [(one.request, one.same_bytes, one.is_worse) for one in kept] == [
            (same, True, True), (elsewhere, False, False)]
        assert kept[1].now.word == "fail"
        with workshop.store.reading() as tx:
            assert tx.releases.to_recheck() == ()
        assert events(workshop, number)[-2:] == ["release.recalled", "release.rechecked"]

    def test_a_later_release_that_cannot_be_read_fails_the_check(self, workshop):
        number = released(workshop)
        other = released(workshop, "bilal", content=b"sex,people\nF,220\nM,230\n")
        digest = requests.get(workshop, "bilal", other).request.files[0].sha256
        (workshop.settings.blobs_dir / digest[:2] / digest).unlink()
        handover.recall(workshop, "freya", number, "Wrong.")
        assert [(one.now.word, one.is_worse) for one in handover.recheck(workshop, number, other)] == [("fail", True)]

    def test_members_see_that_others_downloaded_it_but_not_who(self, workshop):
        number = released(workshop)
        handover.download(workshop, "bilal", number)
        seen = handover.get(workshop, "ada", number)
        assert (seen.given, seen.downloads) == (1, ())
        assert [one.person for one in handover.get(workshop, "freya", number).downloads] == ["bilal"]
