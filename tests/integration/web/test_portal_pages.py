"""Every page in its states, for those who may see it: empty, typical, overfull, refused."""

from __future__ import annotations

import html
import json
import re
from dataclasses import asdict, replace
from datetime import timedelta
from urllib.parse import quote

import pytest
from starlette.datastructures import FormData

from readingroom.core.audit import Verification, signed
from readingroom.core.datasets import Column, Table
from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.core.privacy.ledger import Cost
from readingroom.core.requests import Decision
from readingroom.db.tables import VersionRow
from readingroom.services.uploads import Upload
from readingroom.web.private_forms import query_of
from tests.integration.web.world import CONTEXT, NOW, PEOPLE, safe_uploads, typical_uploads
from tests.private_figures import settle


def text_of(answer) -> str:
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_front_page_leads_everyone_to_their_own_home(world):
    homes = {"ada": "/projects", "mercer": "/grants", "imran": "/queue", "robin": "/health"}
    for name, home in homes.items():
        answer = world.client(name).see("/")
        assert (answer.status_code, answer.headers["location"]) == (303, "/services/portal" + home)


def test_someone_without_a_role_is_told_so(world):
    assert world.client("nobody").see("/").headers["location"].endswith("/account")
    assert "Your account opens nothing yet" in text_of(world.client("nobody").see("/account"))


def test_someone_with_two_roles_can_switch_between_them(world):
    page = text_of(world.client("kim").see("/projects"))
    assert "/services/portal/queue" in page and 'aria-label="Your roles"' in page


class TestProjects:
    def test_a_new_researcher_learns_what_a_project_is(self, world):
        assert "You are not in a project yet" in text_of(world.client("noor").see("/projects"))

    def test_a_project_that_cannot_be_opened_shows_every_reason_and_a_next_step(self, world):
        page = text_of(world.client("ada").see("/projects"))
        assert "waiting for its data custodians" in page and "waiting for its custodian&#39;s decision" in page
        assert "Not possible now, for 2 reasons" in page and "disabled" in page

    def test_a_project_page_shows_exactly_the_granted_columns(self, world):
        page = text_of(world.client("ada").see("/projects/returning-defendants"))
        assert "age_at_offence" in page and "ethnicity_desc" not in page
        assert "1 column of this table not granted" in page and "Volumes fall from 2021" in page

    def test_a_hundred_projects_are_all_listed(self, world):
        for number in range(100):
            world.project(f"project-{number}", f"Project {number}", ProjectStatus.DRAFT, 10, {"noor"})
        shown = [slug for page in range(1, 6)
                 for slug in re.findall(r'projects/(project-[0-9]+)"', text_of(world.client("noor").see(
                     f"/projects?page={page}")))]
        assert sorted(shown) == sorted(f"project-{number}" for number in range(100))

    @pytest.mark.parametrize("name", ["robin", "mercer"])
    def test_who_is_no_member_is_offered_no_workspace(self, world, name):
        page = text_of(world.client(name).see("/projects/returning-defendants"))
        assert "Returning defendants" in page and "Magistrates" in page
        for words in ("Your workspace", "Why it cannot be opened", "Ask for outputs", "Your requests from"):
            assert words not in page

    def test_an_urgent_application_is_marked_for_its_researchers(self, world):
        assert "Urgent" not in text_of(world.client("ada").see("/projects"))
        with world.store.transaction() as tx:
            version = tx.applications.version("courts-and-schools", 1)
            row = tx.applications._session.get_one(VersionRow, ("courts-and-schools", 1))
            row.application = replace(version.application, urgent="It cannot wait.").as_json()
        assert text_of(world.client("ada").see("/projects")).count("Urgent") == 1
        assert "Urgent" in text_of(world.client("ada").see("/projects/courts-and-schools"))

    def test_opening_asks_the_hub_and_shows_where_it_stands(self, world):
        ada = world.client("ada")
        answer = ada.do("/projects/returning-defendants/workspace/open")
        assert answer.headers["location"].endswith("/projects/returning-defendants/workspace")
        assert world.hub.asked == [("start", "ada", "returning-defendants")]
        page = text_of(ada.see("/projects/returning-defendants/workspace"))
        assert "Your workspace is opening" in page and '<noscript><meta http-equiv="refresh"' in page
        world.hub.states["ada", "returning-defendants"] = "running"
        assert "/user/ada/returning-defendants/" in text_of(ada.see("/projects/returning-defendants/workspace"))
        with world.store.transaction() as tx:
            tx.workspaces.open("ada", "returning-defendants", NOW)
        state = ada.get("/services/portal/projects/returning-defendants/workspace/state")
        told = state.json()
        assert (told["state"], told["preparing"]) == ("running", "") and "shown in 24 hours" in told["shown"]
        assert told["closes"] == "Closes in 72 hours, whoever uses it.", "the greatest age; nothing is known of its use"

    def test_a_refused_opening_lists_the_reasons_and_asks_the_hub_nothing(self, world):
        answer = world.client("ada").do("/projects/courts-and-schools/workspace/open")
        assert answer.status_code == 403 and "waiting for its data custodians" in answer.text
        assert world.hub.asked == []

    def test_while_an_extract_is_made_the_page_says_which(self, world):
        world.project("new", "New project", ProjectStatus.ACTIVE, 100, {"noor"})
        made = world.grant("new", "magistrates", GrantStatus.ACTIVE)
        (world.extracts.root / f"new-{made.id}-0" / "dataset.json").unlink()
        (world.extracts.root / f"new-{made.id}-0").rmdir()
        noor = world.client("noor")
        assert noor.do("/projects/new/workspace/open").status_code == 303
        assert "The extract of magistrates is still being made" in text_of(
            noor.see("/projects/new/workspace?wanted=yes")
        )
        assert world.hub.asked == []

    def test_closing_has_a_page_of_its_own_and_asks_the_hub(self, world):
        ada = world.client("ada")
        assert "Close your workspace?" in text_of(ada.see("/projects/returning-defendants/workspace/close"))
        assert world.hub.asked == []
        ada.do("/projects/returning-defendants/workspace/close")
        assert world.hub.asked == [("stop", "ada", "returning-defendants")]


class TestRequests:
    def submit(self, client, **fields):
        return client.do(
            "/requests",
            files={"file-1": ("t.csv", b"a,b\n100,200\n", "text/csv")},
            **{"project": "returning-defendants", "title": "A table", "purpose": "An article", "context-1": CONTEXT}
            | fields,
        )

    def test_an_empty_list_teaches(self, world):
        assert "None yet." in text_of(world.client("noor").see("/requests"))

    def test_a_request_is_submitted_with_its_files_and_can_be_followed(self, world):
        ada = world.client("ada")
        answer = self.submit(ada)
        assert answer.status_code == 303
        page = text_of(ada.see("/requests/1"))
        assert "t.csv" in page and "Waiting for the automatic checks" in page and "next in the queue" in page

    def test_what_was_typed_survives_a_refusal(self, world):
        answer = self.submit(world.client("ada"), **{"context-1": "too short"})
        assert answer.status_code == 422
        assert "A table" in answer.text and "too short" in answer.text and "There is a problem" not in answer.text
        assert "has no context that a checker could use" in answer.text and "choose it again" in answer.text

    def test_the_form_says_why_when_nothing_can_be_asked_for(self, world):
        assert "cannot be asked for now" in text_of(
            world.client("ada").see("/requests/new?project=courts-and-schools")
        )

    def test_a_file_over_the_limit_is_refused_by_name(self, world):
        answer = world.client("ada").do(
            "/requests",
            files={"file-1": ("big.csv", b"x" * 2_000_001, "text/csv")},
            **{"project": "returning-defendants", "title": "A", "purpose": "B", "context-1": CONTEXT},
        )
        assert answer.status_code == 422 and "big.csv has 2,000,001 bytes; policy allows 2,000,000" in answer.text

    def test_findings_are_told_in_plain_words_with_rule_and_way_out(self, world):
        request = world.in_review()
        page = text_of(world.client("ada").see(f"/requests/{request.number}"))
        assert "Robbery" in page and "To fix it:" in page and "Rule threshold" in page

    def test_a_returned_request_shows_comments_and_takes_a_new_round(self, world):
        request = world.returned()
        ada = world.client("ada")
        page = text_of(ada.see(f"/requests/{request.number}"))
        assert "Please merge the small groups." in page and "Merge the small groups into Other." in page
        assert "Seen the like in 2025." not in page and "Imran" not in page and "Freya" not in page
        answer = ada.do(
            f"/requests/{request.number}/resubmit",
            files={"file-1": ("t.csv", b"a,b\n100,200\n", "text/csv")},
            **{"context-1": CONTEXT},
        )
        assert answer.status_code == 303
        assert "round 2" in text_of(ada.see(f"/requests/{request.number}"))

    def test_a_release_is_downloaded_with_the_line_that_verifies_it(self, world):
        request = world.released()
        ada = world.client("ada")
        page = text_of(ada.see(f"/requests/{request.number}"))
        assert f"readingroom release verify release-{request.number}-returning-defendants.zip" in page
        answer = ada.see(f"/requests/{request.number}/release")
        assert answer.content == b"PK of the signed package" and "attachment" in answer.headers["content-disposition"]

    def test_withdrawing_asks_first(self, world):
        request = world.submit()
        ada = world.client("ada")
        assert "Nothing leaves." in text_of(ada.see(f"/requests/{request.number}/withdraw"))
        ada.do(f"/requests/{request.number}/withdraw")
        assert "Withdrawn by its author" in text_of(ada.see(f"/requests/{request.number}"))


class TestOutputs:
    def test_a_table_is_shown_as_a_grid_with_its_flagged_cells(self, world):
        request = world.in_review()
        page = text_of(world.client("imran").see(f"/requests/{request.number}/review"))
        assert page.count('class="rr-flag"') == 2 and "fails a rule" in page

    def test_a_picture_is_served_as_encoded_here_and_sandboxed(self, world):
        request = world.in_review()
        answer = world.client("imran").see(f"/requests/{request.number}/files/{request.files[1].id}/image.png")
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["content-security-policy"].startswith("sandbox")
        assert answer.content != typical_uploads()[1].content

    @pytest.mark.parametrize("name", ["x.csv", "x.html", "x.svg", "x.txt", "x.ipynb", "x.png"])
    def test_hostile_content_is_never_live(self, world, name):
        attack = b'<script>alert(1)</script>,<img src=x onerror=alert(1)>\n"><svg onload=alert(1)>,{{ 7*7 }}\n'
        request = world.in_review(uploads=(Upload(name, attack, CONTEXT),))
        for path in (f"/requests/{request.number}/review", f"/requests/{request.number}/files/{request.files[0].id}"):
            page = text_of(world.client("imran").see(path))
            assert (
                "<script>alert" not in page
                and "<img src=x" not in page
                and "<svg onload" not in page
                and ">49<" not in page
            )

    def test_what_cannot_be_shown_says_so(self, world):
        request = world.in_review(uploads=(Upload("x.csv", b"\x00\x01\x02MZ" * 10, CONTEXT),))
        assert "This cannot be shown." in text_of(world.client("imran").see(f"/requests/{request.number}/review"))


class TestReview:
    def votes(self, request, decision="approve", comment="Fine because counts are large."):
        return {"round": str(request.round)} | {
            key: value
            for file in request.files
            for key, value in ((f"decision-{file.id}", decision), (f"comment-{file.id}", comment))
        }

    def test_an_empty_queue_says_when_something_comes(self, world):
        assert "Nothing is waiting." in text_of(world.client("imran").see("/queue"))

    def test_the_queue_puts_what_waits_for_you_first(self, world):
        first, second = world.in_review(author="ada"), world.in_review(author="bilal", title="Another")
        world.vote("imran", first, Decision.APPROVE, "Large enough.")
        page = text_of(world.client("imran").see("/queue"))
        assert page.index(f"/requests/{second.number}/review") < page.index(f"/requests/{first.number}/review")

    def test_two_approvals_given_through_the_pages_approve_the_request(self, world):
        request = world.in_review(uploads=safe_uploads())
        for name in ("imran", "freya"):
            answer = world.client(name).do(f"/requests/{request.number}/review", **self.votes(request))
            assert answer.status_code == 303
        assert "Approved" in text_of(world.client("ada").see(f"/requests/{request.number}"))

    def test_an_unexplained_approval_of_a_fail_is_sent_back_with_what_was_typed(self, world):
        request = world.in_review()
        votes = self.votes(request, comment="") | {"note": "My thoughts so far"}
        answer = world.client("imran").do(f"/requests/{request.number}/review", **votes)
        assert answer.status_code == 422 and "approving it needs your reason" in answer.text
        assert "My thoughts so far" in answer.text

    def test_a_form_of_an_earlier_round_is_refused(self, world):
        request = world.in_review()
        answer = world.client("imran").do(
            f"/requests/{request.number}/review", **self.votes(request) | {"round": "0"}
        )
        assert answer.status_code == 409 and "round 0" in answer.text

    def test_consolidating_shows_both_sides_and_returns_with_a_comment(self, world):
        request = world.in_review()
        world.vote("imran", request, Decision.CHANGE, "Merge robbery.", "Seen before.")
        world.vote("freya", request, Decision.APPROVE, "Known from the press.")
        page = text_of(world.client("freya").see(f"/requests/{request.number}/review"))
        assert "Checkers disagree" in page and "Merge robbery." in page and "Seen before." in page
        answer = world.client("freya").do(
            f"/requests/{request.number}/conclude", round="1", outcome="returned", comment="Merge robbery, please."
        )
        assert answer.status_code == 303
        assert "Merge robbery, please." in text_of(world.client("ada").see(f"/requests/{request.number}"))


class TestPrivateAnswers:
    ASKED = {"table": "magistrates/defendants", "statistic": "people", "by-1": "sex", "rho_micro": "1000"}  # noqa: RUF012

    def ask(self, client, **fields):
        return client.do("/projects/returning-defendants/private/price", **self.ASKED | fields)

    def test_the_price_is_shown_before_anything_is_paid(self, world):
        ada = world.client("ada")
        page = text_of(self.ask(ada))
        assert "Number of people by Sex in defendants" in page and "0.001 rho" in page and "Pay" in page
        assert "Nothing was asked yet" in text_of(ada.see("/projects/returning-defendants/private"))

    def test_a_confirmed_question_is_paid_and_followed(self, world):
        ada = world.client("ada")
        query = '{"dataset":"magistrates","table":"defendants","statistic":"count","rho_micro":1000}'
        answer = ada.do("/projects/returning-defendants/private/ask", query=query)
        assert answer.status_code == 303
        assert "being computed" in text_of(ada.get(answer.headers["location"]))
        assert "0.001 rho of 0.020 rho spent" in text_of(ada.see("/projects/returning-defendants/private"))

    def answered(self, world, client, **fields):
        """The page of an answer to what was typed; its figures are made up."""
        page = text_of(self.ask(client, **fields))
        query = html.unescape(re.findall(r'private/ask">.*?name="query" value="([^"]*)"', page, re.DOTALL)[0])
        paid = client.do("/projects/returning-defendants/private/ask", query=query)
        number = int(paid.headers["location"].rpartition("/")[2])
        with world.store.reading() as tx:
            answer = tx.accounts.get(number)
        settle(world.store, answer, world.room.policies.dataset("magistrates"), NOW)
        world.clock.time += timedelta(minutes=5)
        return f"/private-answers/{number}"

    FORMS = {  # noqa: RUF012 - what is typed, and what the answer's page says
        "people": ({"by-2": "age_at_offence", "values-2": "10 18 90"}, ("10 to under 18", "Female", "People, with")),
        "only some": ({"values-1": "female, m"}, ("Female", "Male")),
        "count": ({"statistic": "count", "by-1": "", "rows_per_person": "2"}, ("at most 2", "1,000")),
        "found": ({"statistic": "found", "find": "disposal_date"}, ("2020-01-02", "found privately", "or fewer")),
        "sum": ({"statistic": "sum", "number": "age_at_offence"}, ("Sum, with noise", "Female")),
        "mean": ({"statistic": "mean", "number": "age_at_offence", "lower": "18", "upper": "60", "by-1": ""},
                 ("18 to 60, set by whoever asked", "95% interval")),
        "variance": ({"statistic": "variance", "number": "age_at_offence"}, ("Variance", "Rows, with noise")),
        "sd": ({"statistic": "sd", "number": "age_at_offence"}, ("set by the data’s custodian",)),
        "proportion": ({"statistic": "proportion", "of-1": "age_at_offence", "of-op-1": "<", "of-value-1": "18"},
                       ("Age at offence is at most 17", "Share")),
        "quantile": ({"statistic": "quantile", "number": "age_at_offence", "quantiles": "0.25 0.9"},
                     ("Quantile", "0.25", "No half-width of a value can be given")),
        "top": ({"statistic": "top", "category": "offence_group", "k": "2"}, ("Place", "Sexual offences")),
        "synthetic": ({"statistic": "synthetic", "categories": ["sex", "offence_group"], "rows": "40"},
                      ("The first 10 of 40 made-up rows", "2 output checkers")),
        "where": ({"where-1": "offence_group", "where-op-1": "in", "where-value-1": "Robbery; theft",
                   "where-2": "age_at_offence", "where-op-2": "present"},
                  ("Offence group is one of Robbery, Theft", "Age at offence is not missing")),
    }

    @pytest.mark.parametrize(("fields", "said"), FORMS.values(), ids=FORMS)
    def test_every_statistic_is_asked_and_shown(self, world, fields, said):
        ada = world.client("ada")
        statistic = fields.get("statistic", "people")
        form = text_of(ada.see(f"/projects/returning-defendants/private?statistic={statistic}"))
        assert all(f'name="{name}"' in form for name in fields if name != "statistic")
        page = html.unescape(text_of(ada.see(self.answered(world, ada, **fields))))
        for words in (*said, "What it promises", "How it was made", "Differentially private", "discrete Gaussian"
                      if statistic not in ("quantile", "top") else "exponential mechanism"):
            assert words in page, words

    def test_an_answer_is_drawn_and_tabulated(self, world):
        page = text_of(world.client("bilal").see(self.answered(world, world.client("ada"))))
        assert "<svg" in page and page.count("1,037") == 2 and "of the exact one in 95 of 100" in page

    def test_counts_are_changed_for_nothing_and_labelled(self, world):
        ada = world.client("ada")
        path = self.answered(world, ada)
        page = text_of(ada.see(f"{path}?show=10"))
        assert "rounded to multiples of 10" in page and "costs no privacy" in page and "1,040" in page
        assert "costs no privacy" not in text_of(ada.see(f"{path}?show=11"))

    def test_another_spend_is_chosen_on_the_page_of_the_price(self, world):
        ada = world.client("ada")
        page = text_of(self.ask(ada))
        assert "What would another spend buy?" in page and "made up" in page and "leave out what clipping" in page
        cheaper = html.unescape(re.findall(r'name="query" value="([^"]*)"><button', page)[0])
        again = ada.do("/projects/returning-defendants/private/price", query=cheaper, table="magistrates/defendants")
        assert "Pay 0.0001 rho and ask" in text_of(again)

    def test_a_slider_prices_other_spends_without_a_script(self, world):
        ada = world.client("ada")
        page = text_of(self.ask(ada))
        raw = html.unescape(re.findall(r'name="query" value="([^"]*)"><input type="hidden" name="table"', page)[0])
        places = re.findall(r'<option value="(\d+)" label="([^"]*)"', page)
        assert [int(place) for place, _ in places] == list(range(25))
        assert re.search(r'type="range"[^>]* value="8"', page) and places[8][1].startswith("0.001 rho")
        address = "/projects/returning-defendants/private/price"
        moved = text_of(ada.see(f"{address}?query={quote(raw)}&step=12&table=magistrates/defendants"))
        assert "Pay 0.003162 rho and ask" in moved and places[12][1] in moved
        assert "more than is left" in places[24][1]
        for wrong in (f"query={quote(raw)}&step=25", "query=rubbish&step=3", "query=[]&step=3", "query={}&step=3"):
            assert ada.get(f"/services/portal{address}?{wrong}").status_code == 422
        assert "Nothing was asked yet" in text_of(ada.see("/projects/returning-defendants/private"))

    def test_ranges_of_several_numbers_are_narrowed(self, world):
        page = text_of(world.client("ada").see("/projects/returning-defendants/private?statistic=correlation"))
        assert 'name="lower-age_at_offence"' in page
        numbers = tuple(Column(name, name, "integer", lower=0, upper=100) for name in ("age", "cases", "fines"))
        typed = FormData({"table": "courts/defendants", "statistic": "regression", "outcome": "cases", "rho": "0.001",
                          "numbers": "age", "lower-age": "18", "upper-cases": "10", "upper-fines": "5"})
        assert query_of(typed, Table("defendants", "", numbers, "pid"))["bounds"] == {
            "age": [18, None], "cases": [None, 10]}

    def test_a_table_adds_up_to_margins_that_were_asked_for(self, world):
        ada = world.client("ada")
        path = self.answered(world, ada, **{"by-2": "offence_group"})
        assert "Adding up to its margins" not in text_of(ada.see(path))
        self.answered(world, ada)
        assert "Adding up to its margins" not in text_of(ada.see(path)), "one margin is not enough"
        self.answered(world, ada, **{"by-1": "offence_group"})
        page = text_of(ada.see(f"{path}?show=margins"))
        assert "adjusted to add up" in page and "costs no privacy" in page and "The release holds" in page

    def test_a_page_with_two_hundred_groups_draws_some_and_tabulates_all(self, world):
        edges = " ".join(map(str, range(10, 91)))
        fields = {"by-2": "age_at_offence", "values-2": edges}
        page = text_of(world.client("ada").see(self.answered(world, world.client("ada"), **fields)))
        assert page.count('scope="row"') == 324 and "The first 40 are drawn; 284 more" in page

    def test_a_question_outside_the_grammar_is_explained_beside_the_form(self, world):
        answer = self.ask(world.client("ada"), **{"by-1": "age_at_offence", "values-1": "ten twenty"})
        assert answer.status_code == 422 and "is not a number" in answer.text and "ten twenty" in answer.text

    def test_a_question_over_budget_shows_why_and_no_way_to_pay(self, world):
        with world.store.transaction() as tx:
            tx.accounts.debit("magistrates", "returning-defendants", Cost(19_900))
        page = text_of(self.ask(world.client("ada")))
        assert "cannot be asked at this price" in page and "Pay 0.001" not in page


class TestCustodian:
    def test_an_empty_inbox_says_what_will_come(self, world):
        assert "Nothing is waiting for you" in text_of(world.client("mercer").see("/grants"))

    def test_accounts_are_a_click_from_grants(self, world):
        mercer = world.client("mercer")
        assert all('/datasets/magistrates/account"' in text_of(mercer.see(path))
                   for path in ("/grants", f"/grants/{world.live.id}"))

    def test_a_proposal_shows_exactly_what_a_yes_opens(self, world):
        page = text_of(world.client("okafor").see(f"/grants/{world.proposed.id}"))
        assert "1 kept closed" in page and "No sensitive columns" in page and "Ada Marsh" in page
        assert "Digital Economy Act" in page and "0.020 rho" in page

    def test_sensitive_columns_are_marked(self, world):
        world.project("more", "More", ProjectStatus.AGREEMENT, 100, {"noor"})
        grant = world.grant(
            "more", "pupils", GrantStatus.PROPOSED, columns={"census": ("defendant_id", "ethnicity_desc")}
        )
        assert "1 sensitive column" in text_of(world.client("okafor").see(f"/grants/{grant.id}"))

    def test_a_refusal_needs_a_reason(self, world):
        okafor = world.client("okafor")
        answer = okafor.do(f"/grants/{world.proposed.id}/decision", decision="refuse", reason=" ")
        assert answer.status_code == 422 and "No reason was given" in answer.text
        okafor.do(f"/grants/{world.proposed.id}/decision", decision="refuse", reason="Not within our purpose.")
        assert "Not within our purpose." in text_of(world.client("ada").see("/projects"))

    def test_agreeing_opens_the_project(self, world):
        world.client("okafor").do(f"/grants/{world.proposed.id}/decision", decision="agree", reason="Fits.")
        assert "waiting for its data custodians" not in text_of(world.client("ada").see("/projects"))

    def test_withdrawing_says_whose_workspace_closes_then_does_it(self, world):
        with world.store.transaction() as tx:
            tx.workspaces.open("ada", "returning-defendants", NOW - timedelta(hours=1))
        mercer = world.client("mercer")
        page = text_of(mercer.see(f"/grants/{world.live.id}/withdraw"))
        assert "1 open workspace will be closed" in page and "Ada Marsh" in page and "Within 60 seconds" in page
        mercer.do(f"/grants/{world.live.id}/withdraw", reason="The project changed its aim.")
        assert "The project changed its aim." in text_of(world.client("ada").see("/projects"))
        assert "grant.withdrawn" in text_of(mercer.see(f"/grants/{world.live.id}"))


class TestAdministrator:
    def test_health_counts_people_workspaces_and_requests(self, world):
        world.submit()
        page = text_of(world.client("robin").see("/health"))
        assert f"<dd>{len(PEOPLE)}</dd>" in page and "Submitted" in page and "/people" in page

    def test_the_log_is_paged_and_proved(self, world):
        for _ in range(30):
            with world.store.transaction() as tx:
                tx.events.record("setup", "test.one", "test:1")
                tx.events.record("setup", "test.two", "test:1")
        world.checkpoint()
        robin = world.client("robin")
        page = text_of(robin.see("/audit"))
        assert "The log holds." in page and page.count("<tr") == 51 and "all of them verified just now" in page
        told = signed(Verification(3, (NOW - timedelta(hours=2)).isoformat(), (), ""), world.audit_key)
        world.settings.verification_file.write_text(json.dumps(asdict(told)))
        page = text_of(robin.see("/audit"))
        assert "The log holds." in page and "the first 3 verified together 2 hours ago" in page
        assert "Newest events" in text_of(robin.see("/audit?before=11"))

    def test_a_log_that_was_edited_is_said_so(self, world):
        world.checkpoint()
        with world.store.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE audit_event SET actor = 'someone' WHERE seq = 2")
        assert "The log does not hold" in text_of(world.client("robin").see("/audit"))
