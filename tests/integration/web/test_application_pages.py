"""Applying and deciding in the browser: every step through the pages, nothing by the records."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import event

from readingroom.core.datasets import Column
from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.core.roles import Role
from readingroom.services import applications
from tests.integration.web.applicant import COLUMNS, Applicant, agreed, grants, revision, shown, started


@pytest.fixture
def applicant(world):
    return Applicant(world, "ada", started(world))


def status(world, slug):
    with world.store.reading() as tx:
        return tx.projects.get(slug).status


def test_from_the_first_page_to_a_project_that_opens_and_an_amendment(world, applicant):
    slug = applicant.slug
    applicant.fill(("magistrates", "pupils"))
    check = applicant.see("/check")
    assert "To compare groups." in check.text and "There is a problem" not in check.text
    assert applicant.submit().status_code == 303
    assert status(world, slug) is ProjectStatus.OWNER_REVIEW
    assert not grants(world, slug)

    olive = world.client("olive")
    assert "Reoffending after school" in olive.see("/applications").text
    assert olive.do(f"/applications/{slug}/accept", version="1").status_code == 303
    assert status(world, slug) is ProjectStatus.AGREEMENT

    assert "Reoffending after school" in world.client("mercer").see("/grants").text
    assert agreed(world, slug, "magistrates").status_code == 303
    assert status(world, slug) is ProjectStatus.AGREEMENT
    assert "Agreed" in applicant.see().text
    agreed(world, slug, "pupils")
    assert status(world, slug) is ProjectStatus.ACTIVE
    assert {grant.status for grant in grants(world, slug).values()} == {GrantStatus.ACTIVE}

    applicant.pick("magistrates", *COLUMNS["magistrates"], "defendants.age_at_offence")
    check = applicant.see("/check").text
    assert "defendants.age_at_offence" in check and "Opens more" in check
    assert "Magistrates" in check.split("Asked are the custodians of")[1][:120]
    applicant.submit()
    assert status(world, slug) is ProjectStatus.AMENDED
    page = world.client("mercer").see(f"/grants/{grants(world, slug)['magistrates'].id}")
    assert page.status_code == 200
    mine = _waiting(world, slug)
    assert [grant.dataset for grant in mine] == ["magistrates"]
    world.client("mercer").do(f"/grants/{mine[0].id}/decision", decision="agree", reason="Yes")
    assert status(world, slug) is ProjectStatus.ACTIVE
    assert "age_at_offence" in grants(world, slug)["magistrates"].columns["defendants"]
    versions = applicant.browser.see(f"/projects/{slug}/versions/2").text
    assert "defendants.age_at_offence" in versions and "Against version 1" in versions


def _waiting(world, slug):
    with world.store.reading() as tx:
        return [one for one in tx.grants.ever_of_project(slug) if one.status is GrantStatus.PROPOSED]


class TestTheForm:
    def test_what_is_wrong_is_said_and_kept(self, applicant):
        answer = applicant.save("dates", **{"ends_on-day": "31", "ends_on-month": "13", "ends_on-year": "20x7"})
        assert answer.status_code == 422 and "is not a date" in answer.text and 'value="20x7"' in answer.text
        assert 'value="20x7"' in applicant.see("/dates").text
        assert "Something is missing" in applicant.see().text

    def test_what_is_too_long_is_shown_again_and_not_kept(self, applicant):
        answer = applicant.save("aim", title="x" * 101, aim="", public_benefit="")
        assert answer.status_code == 422 and "x" * 101 in answer.text and "at most 100" in answer.text
        assert "x" * 101 not in applicant.see("/aim").text

    def test_two_tabs_do_not_overwrite_each_other(self, applicant):
        seen = revision(applicant.see("/outputs"))
        applicant.save("outputs", outputs="Written in one tab")
        answer = applicant.browser.do(f"/projects/{applicant.slug}/application/outputs", revision=seen,
                                      outputs="Written in the other")
        assert answer.status_code == 409
        assert "Written in one tab" in answer.text and "Written in the other" in answer.text
        assert "Written in one tab" in applicant.see("/outputs").text
        assert applicant.browser.do(f"/projects/{applicant.slug}/application/outputs", revision=revision(answer),
                                    outputs="Both, merged").status_code == 303
        assert "Both, merged" in applicant.see("/outputs").text

    def test_an_incomplete_form_is_not_submitted_and_says_all_that_is_missing(self, world, applicant):
        answer = applicant.submit()
        assert answer.status_code == 422 and "No dataset is chosen" in answer.text and "No end date" in answer.text
        assert status(world, applicant.slug) is ProjectStatus.DRAFT

    def test_a_filter_is_checked_with_help(self, applicant):
        applicant.fill()
        answer = applicant.save("data/magistrates/rows", **{"filter-defendants": "sex = 'F' OR 1", "then": "check"})
        assert answer.status_code == 422 and "a value where a comparison belongs" in answer.text
        assert "OR 1" in applicant.see("/data/magistrates/rows").text
        answer = applicant.save("data/magistrates/rows", **{"filter-defendants": "sex = 'F'", "then": "check"})
        assert answer.status_code == 200 and "the filters can be used" in answer.text

    def test_a_denied_column_cannot_be_picked_with_its_table(self, world, applicant):
        page = applicant.see("/data/magistrates")
        applicant.browser.do(f"/projects/{applicant.slug}/application/data/magistrates", revision=revision(page),
                             shown="", all="defendants")
        with world.store.reading() as tx:
            picked = tx.applications.draft(applicant.slug)["data/magistrates"].typed["columns"]["defendants"]
        assert "sex" in picked and "home_address" not in picked

    def test_hundreds_of_columns_are_found_and_saved_a_page_at_a_time(self, world, applicant):
        dataset, policy = world.room.policies.datasets["pupils"]
        many = tuple(Column(f"item_{number:03}", f"Answer {number}", "integer") for number in range(450))
        table = replace(dataset.tables[0], columns=(*dataset.tables[0].columns, *many))
        world.room.policies.datasets["pupils"] = (replace(dataset, tables=(table,)), policy)
        first = applicant.see("/data/pupils")
        assert "Page 1 of 3" in first.text and first.text.count('type="checkbox"') == 200
        found = applicant.see("/data/pupils?q=item_44")
        assert found.text.count('type="checkbox"') == 10
        path = f"/projects/{applicant.slug}/application/data/pupils"
        applicant.browser.do(path, revision="0", shown=shown(found), pick=["census.item_441", "census.item_449"],
                             q="item_44")
        applicant.browser.do(path, revision="1", shown="census.item_001", pick=["census.item_001"])
        with world.store.reading() as tx:
            picked = tx.applications.draft(applicant.slug)["data/pupils"].typed["columns"]["census"]
        assert list(picked) == ["item_001", "item_441", "item_449"]

    def test_scripts_and_control_characters_do_no_harm(self, applicant):
        applicant.save("aim", title="<script>alert(1)</script>\x00\x07", aim="\ud800".encode("utf-8", "replace"),
                       public_benefit="'; DROP TABLE project; --")
        page = applicant.see("/aim").text
        assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page and "\x00" not in page


class TestOthersProjects:
    PATHS = ("", "/application", "/application/aim", "/application/check", "/application/data/magistrates",
             "/application/data/magistrates/rows", "/versions", "/versions/1", "/policy", "/end",
             "/members/ada/remove")

    @pytest.mark.parametrize("path", PATHS)
    def test_a_page_of_somebody_elses_project_is_as_one_that_does_not_exist(self, world, applicant, path):
        chloe = world.client("chloe")
        theirs = chloe.see(f"/projects/{applicant.slug}{path}")
        none = chloe.see(f"/projects/nowhere-0000{path}")
        assert theirs.status_code == none.status_code == 404
        assert theirs.text.replace(applicant.slug, "…") == none.text.replace("nowhere-0000", "…")

    @pytest.mark.parametrize("path", ["/application/aim", "/application/submit", "/application/recall",
                                      "/application/discard", "/application/data/magistrates", "/end",
                                      "/members/ada/remove"])
    def test_so_is_a_change_of_it(self, world, applicant, path):
        chloe = world.client("chloe")
        theirs = chloe.do(f"/projects/{applicant.slug}{path}", reason="x", revision="1")
        none = chloe.do(f"/projects/nowhere-0000{path}", reason="x", revision="1")
        assert theirs.status_code == none.status_code == 404
        assert theirs.text.replace(applicant.slug, "…") == none.text.replace("nowhere-0000", "…")

    def test_an_owner_does_not_see_drafts(self, world, applicant):
        assert world.client("olive").see(f"/applications/{applicant.slug}").status_code == 404


class TestDeciding:
    @pytest.fixture
    def asked(self, world, applicant):
        applicant.fill(("magistrates", "pupils"))
        applicant.submit()
        world.client("olive").do(f"/applications/{applicant.slug}/accept", version="1")
        return grants(world, applicant.slug)

    def test_the_simulator_shows_what_conditions_would_open(self, world, applicant, asked):
        path = f"/grants/{asked['magistrates'].id}"
        page = world.client("mercer").see(path).text
        assert "being counted" in page and "all of it is new" in page and "Ada Marsh" in page
        tried = world.client("mercer").do(f"{path}/decision", decision="preview", without="defendants.sex",
                                          **{"rule-threshold": "25", "narrower-defendants": "age_at_offence > 20"})
        assert tried.status_code == 200 and "under these conditions" in tried.text
        assert grants(world, applicant.slug)["magistrates"].status is GrantStatus.PROPOSED

    def test_a_yes_under_conditions_opens_less(self, world, applicant, asked):
        agreed(world, applicant.slug, "magistrates", without="defendants.sex", words="Show us the draft.",
               **{"rule-threshold": "25", "narrower-defendants": "age_at_offence > 20", "expires_on-day": "1",
                  "expires_on-month": "2", "expires_on-year": "2027"})
        grant = grants(world, applicant.slug)["magistrates"]
        assert grant.columns == {"defendants": ("defendant_id",)} and "age_at_offence" in grant.row_filter["defendants"]
        assert grant.rules.threshold == 25 and grant.expires_on.isoformat() == "2027-02-01"
        assert grant.conditions == "Show us the draft."
        agreed(world, applicant.slug, "pupils")
        page = applicant.browser.see(f"/projects/{applicant.slug}/policy").text
        assert "grant of magistrates" in page and "site: 10" in page

    def test_conditions_that_are_wrong_are_said_and_nothing_typed_is_lost(self, world, applicant, asked):
        path = f"/grants/{asked['magistrates'].id}/decision"
        answer = world.client("mercer").do(path, decision="agree", reason="Fits", **{
            "rule-threshold": "many", "narrower-defendants": "sex = 'F'"})
        assert answer.status_code == 422 and "many" in answer.text and "sex = &#39;F&#39;" in answer.text
        assert "Fits" in answer.text
        assert grants(world, applicant.slug)["magistrates"].status is GrantStatus.PROPOSED

    def test_every_no_is_heard_at_once_with_a_way_to_a_yes(self, world, applicant, asked):
        world.client("mercer").do(f"/grants/{asked['magistrates'].id}/decision", decision="refuse",
                                  reason="Too broad for us.")
        assert "Too broad" not in applicant.see().text
        world.client("okafor").do(f"/grants/{asked['pupils'].id}/return", **{"comment-data": "Leave out sex."})
        assert status(world, applicant.slug) is ProjectStatus.RETURNED
        page = applicant.see().text
        assert "Too broad for us." in page and "Leave out sex." in page and "take the dataset out" in page
        mercer = world.client("mercer").see(f"/grants/{asked['magistrates'].id}").text
        assert "Leave out sex" not in mercer

    def test_nobody_decides_on_a_project_of_theirs(self, world, applicant):
        with world.store.transaction() as tx:
            kim = tx.people.get("kim")
            tx.people.save(replace(kim, roles=kim.roles | {Role.OWNER}))
        applicant.fill()
        applicant.save("people", lead="ada", members="kim")
        applicant.submit()
        assert world.client("kim").see(f"/applications/{applicant.slug}").status_code == 404
        assert world.client("kim").do(f"/applications/{applicant.slug}/accept", version="1").status_code == 403


class TestUrgent:
    def test_owner_and_custodians_are_asked_at_once_and_the_after_review_opens_itself(self, world, applicant):
        applicant.fill(dates={"urgent": "yes", "urgent_reason": "The outbreak is now."})
        applicant.submit()
        slug = applicant.slug
        assert status(world, slug) is ProjectStatus.AGREEMENT
        assert "Urgent" in world.client("olive").see("/applications").text
        number = grants(world, slug)["magistrates"].id
        assert "The outbreak is now." in world.client("mercer").see(f"/grants/{number}").text
        agreed(world, slug, "magistrates")
        assert status(world, slug) is ProjectStatus.AGREEMENT, "the owner's yes is still needed"
        world.client("olive").do(f"/applications/{slug}/accept", version="1")
        assert status(world, slug) is ProjectStatus.ACTIVE
        assert "After-review of version 1" in world.client("olive").see(f"/applications/{slug}").text
        answer = world.client("olive").do(f"/applications/{slug}/reviews/1", outcome="", words="")
        assert answer.status_code == 422
        world.client("olive").do(f"/applications/{slug}/reviews/1", outcome="lessons", words="Ask earlier.")
        assert "Ask earlier." in world.client("olive").see(f"/applications/{slug}").text


def test_a_removed_member_is_out_at_once_and_no_waiting_amendment_brings_them_back(world):
    ada = Applicant(world, "ada", "returning-defendants")
    ada.save("people", lead="ada", members="bilal dara noor")
    ada.submit()
    assert status(world, "returning-defendants") is ProjectStatus.AMENDED
    ada.browser.do("/projects/returning-defendants/members/bilal/remove", reason="Left the university")
    assert world.client("bilal").see("/projects/returning-defendants").status_code == 404
    (waiting,) = _waiting(world, "returning-defendants")
    world.client("mercer").do(f"/grants/{waiting.id}/decision", decision="agree", reason="Yes")
    with world.store.reading() as tx:
        assert tx.projects.get("returning-defendants").members == {"ada", "dara", "noor"}


class TestAmendingAroundAWithdrawal:
    @pytest.fixture
    def half(self, world):
        """A live project with two datasets, one of which was withdrawn."""
        ada = Applicant(world, "ada", started(world))
        ada.fill(("magistrates", "pupils"))
        ada.submit()
        world.client("olive").do(f"/applications/{ada.slug}/accept", version="1")
        agreed(world, ada.slug, "magistrates")
        agreed(world, ada.slug, "pupils")
        number = grants(world, ada.slug)["pupils"].id
        world.client("okafor").do(f"/grants/{number}/withdraw", reason="The agreement ended.")
        return ada

    def test_dropping_the_dataset_takes_effect_at_once_and_asks_nobody(self, world, half):
        half.save("data", datasets=["magistrates"])
        assert "takes effect at once" in half.see("/check").text
        half.submit()
        assert status(world, half.slug) is ProjectStatus.ACTIVE and set(grants(world, half.slug)) == {"magistrates"}

    def test_asking_for_it_anew_asks_its_custodian_alone(self, world, half):
        half.submit()
        assert status(world, half.slug) is ProjectStatus.AMENDED
        assert [one.dataset for one in _waiting(world, half.slug)] == ["pupils"]
        agreed_again = _waiting(world, half.slug)[0]
        world.client("okafor").do(f"/grants/{agreed_again.id}/decision", decision="agree", reason="A new agreement")
        assert {one.status for one in grants(world, half.slug).values()} == {GrantStatus.ACTIVE}

    def test_nothing_to_change_is_said(self, world):
        ada = Applicant(world, "ada", "returning-defendants")
        ada.save("outputs", outputs="Tables by sex and offence group, in a journal article.")
        assert "Nothing is changed" in ada.submit().text


def test_what_is_being_written_is_for_those_who_write_it(world):
    ada = Applicant(world, "ada", "returning-defendants")
    ada.save("aim", title="A thought", aim="Not sent yet", public_benefit="None")
    for name in ("olive", "robin", "mercer"):
        assert world.client(name).see("/projects/returning-defendants/application").status_code == 404


def test_a_further_dataset_goes_to_the_owner_again(world, applicant):
    applicant.fill()
    applicant.submit()
    world.client("olive").do(f"/applications/{applicant.slug}/accept", version="1")
    applicant.browser.do(f"/projects/{applicant.slug}/application/recall")
    applicant.save("outputs", outputs="Tables by sex.")
    applicant.submit()
    assert status(world, applicant.slug) is ProjectStatus.AGREEMENT, "nothing widened: the owner's yes holds"
    applicant.browser.do(f"/projects/{applicant.slug}/application/recall")
    applicant.fill(("magistrates", "pupils"))
    applicant.submit()
    assert status(world, applicant.slug) is ProjectStatus.OWNER_REVIEW


def test_lists_ask_the_records_as_often_for_many_as_for_few(world):
    def asked(name, path):
        seen = []

        def note(*arguments):
            seen.append(arguments[2])

        event.listen(world.store.engine, "after_cursor_execute", note)
        try:
            assert world.client(name).see(path).status_code == 200
        finally:
            event.remove(world.store.engine, "after_cursor_execute", note)
        return len(seen)

    def add(number):
        slug = f"more-{number}"
        world.project(slug, f"More {number}", ProjectStatus.AGREEMENT, 200, {"chloe"})
        world.grant(slug, "magistrates", GrantStatus.PROPOSED)
        made = applications.start(world.room, "chloe", "data-first", f"Waiting {number}")
        with world.store.transaction() as tx:
            version = tx.applications.version("courts-and-schools", 1)
            tx.applications.add(replace(version, project=made.slug, accepted_by=None, accepted_at=None))
            tx.projects.set_status(made.slug, ProjectStatus.OWNER_REVIEW)

    add(0)
    few = asked("mercer", "/grants"), asked("olive", "/applications")
    for number in range(1, 12):
        add(number)
    assert (asked("mercer", "/grants"), asked("olive", "/applications")) == few
