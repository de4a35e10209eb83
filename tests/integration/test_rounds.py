"""A second round: only what changed is judged again, and what was released before is remembered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readingroom.core import package
from readingroom.core.egress import Phase
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.policy import Layer
from readingroom.core.policy.library import Policies
from readingroom.core.requests import Decision
from readingroom.core.roles import Role
from readingroom.errors import InvalidInput, PermissionDenied
from readingroom.services import handover, memory, releases, requests
from tests.factories import POLICIES, SITE, checked, make_workshop, upload, with_two_projects
from tests.reviews import vote

GOOD, BAD, MENDED = (b"sex,people\nF,120\nM,130\n", b"sex,people\nF,3\nM,130\n", b"sex,people\nF,\nM,130\n")
YES, NO = Decision.APPROVE, Decision.CHANGE


@pytest.fixture
def workshop(tmp_path):
    return with_two_projects(make_workshop(tmp_path))


def returned(workshop):
    """A first round of two files: both checkers approve the good one and ask to change the bad one."""
    asked = requests.submit(workshop, "ada", "returns", "By sex", "A paper",
                            (upload("good.csv", GOOD), upload("bad.csv", BAD)))
    first = checked(workshop, asked.number)
    for checker in ("freya", "imran"):
        vote(workshop, checker, first, good=YES, bad=NO)
    return requests.conclude(workshop, "freya", first.number, RequestStatus.RETURNED, "Hide the small cell.")


def second(workshop, number, *uploads):
    return checked(workshop, requests.resubmit(workshop, "ada", number, uploads).number)


class TestOnlyWhatChangedIsJudgedAgain:
    def test_approvals_of_an_unchanged_file_are_carried_and_the_release_names_their_round(self, workshop):
        again = second(workshop, returned(workshop).number, upload("good.csv", GOOD), upload("bad.csv", MENDED))
        view = requests.get(workshop, "tomas", again.number)
        assert view.carried == {again.files[0].id} and view.phase is Phase.INDEPENDENT
        vote(workshop, "tomas", again, bad=YES)
        assert vote(workshop, "imran", again, bad=YES).status is RequestStatus.APPROVED
        releases.make(workshop, again.number)
        _, content = handover.download(workshop, "ada", again.number)
        manifest = package.verify(content, workshop.release_key.public_key()).manifest
        assert {file["name"]: {(one["checker"], one["round"]) for one in file["approvals"]}
                for file in manifest["files"]} == {
                    "good.csv": {("freya", 1), ("imran", 1)}, "bad.csv": {("tomas", 2), ("imran", 2)}}
        assert handover.get(workshop, "freya", again.number).may["recall"] == ""

    @pytest.mark.parametrize("change", [
        {"content": GOOD + b"U,40\n"}, {"context": "Something else is said of it now, at length."},
        {"controls": "Rounded to ten."}, {"evidence": {"kind": "table"}}, {"name": "better.csv"}])
    def test_any_change_of_the_file_or_of_what_is_said_resets_its_reviews(self, workshop, change):
        again = second(workshop, returned(workshop).number,
                       upload(**{"name": "good.csv", "content": GOOD, **change}), upload("bad.csv", MENDED))
        assert requests.get(workshop, "tomas", again.number).carried == frozenset()
        with pytest.raises(InvalidInput):
            vote(workshop, "tomas", again, bad=YES)

    def test_a_policy_that_tightened_in_between_resets_them(self, workshop):
        number = returned(workshop).number
        tight = Policies(Layer("site", SITE.model_copy(update={"threshold": 500})), {}, POLICIES.datasets,
                         POLICIES.undertakings)
        asked = requests.resubmit(workshop, "ada", number, (upload("good.csv", GOOD), upload("bad.csv", MENDED)))
        again = checked(replace(workshop, policies=tight), asked.number)
        before = next(file.verdict for file in again.earlier if file.name == "good.csv")
        assert again.files[0].verdict > before
        assert requests.get(workshop, "tomas", again.number).carried == frozenset()

    def test_a_checker_may_still_change_their_mind_about_a_carried_file(self, workshop):
        again = second(workshop, returned(workshop).number, upload("good.csv", GOOD), upload("bad.csv", MENDED))
        vote(workshop, "tomas", again, bad=YES)
        after = vote(workshop, "imran", again, good=NO, bad=YES)
        assert after.status is RequestStatus.IN_REVIEW

    def test_an_approval_by_someone_who_joined_the_project_since_does_not_let_it_leave(self, workshop):
        again = second(workshop, returned(workshop).number, upload("good.csv", GOOD), upload("bad.csv", MENDED))
        with workshop.store.transaction() as tx:
            tx.people.save(replace(tx.people.get("freya"), roles=frozenset({Role.RESEARCHER})))
            tx.projects.save(replace(tx.projects.get("returns"), members=frozenset({"ada", "bilal", "freya"})))
        with pytest.raises(InvalidInput):  # hers counts for nothing now, so the file has to be judged again
            vote(workshop, "tomas", again, bad=YES)

    def test_a_carried_file_does_not_do_without_reviews_of_the_round(self, workshop):
        again = second(workshop, returned(workshop).number, upload("good.csv", GOOD))
        assert again.status is RequestStatus.IN_REVIEW
        assert vote(workshop, "tomas", again).status is RequestStatus.IN_REVIEW
        assert vote(workshop, "freya", again).status is RequestStatus.APPROVED


class TestWhatWasReleasedBefore:
    def released(self, workshop, content=GOOD, author="chloe", project="other"):
        asked = requests.submit(workshop, author, project, "By sex", "A paper", (upload("earlier.csv", content),))
        first = checked(workshop, asked.number)
        for checker in ("freya", "imran"):
            vote(workshop, checker, first, earlier=YES)
        releases.make(workshop, asked.number)
        return asked.number

    def test_the_same_table_with_two_people_more_in_another_project_is_found(self, workshop):
        before = self.released(workshop)
        asked = requests.submit(workshop, "ada", "returns", "By sex", "A paper",
                                (upload("now.csv", GOOD.replace(b"120", b"122")),))
        now = checked(workshop, asked.number)
        (found,) = memory.of_request(workshop, "freya", now.number)[now.files[0].id]
        assert (found.request, found.file, found.shared, found.equal, found.few) == (before, "earlier.csv", 2, 1, 1)

    def test_only_a_checker_of_it_may_know(self, workshop):
        self.released(workshop)
        now = checked(workshop, requests.submit(workshop, "ada", "returns", "By sex", "A paper", (upload(),)).number)
        for who in ("ada", "bilal", "mercer"):
            with pytest.raises(PermissionDenied):
                memory.of_request(workshop, who, now.number)

    def test_what_is_not_released_is_not_remembered(self, workshop):
        checked(workshop, requests.submit(workshop, "chloe", "other", "By sex", "A paper", (upload(),)).number)
        now = checked(workshop, requests.submit(workshop, "ada", "returns", "By sex", "A paper", (upload(),)).number)
        assert memory.of_request(workshop, "freya", now.number) == {now.files[0].id: ()}

    def test_a_file_that_cannot_be_read_is_not_called_unlike(self, workshop):
        asked = requests.submit(workshop, "ada", "returns", "By sex", "A paper", (upload(),))
        digest = asked.files[0].sha256
        (workshop.settings.blobs_dir / digest[:2] / digest).unlink()
        now = checked(workshop, asked.number)
        assert memory.of_request(workshop, "freya", now.number) == {}
