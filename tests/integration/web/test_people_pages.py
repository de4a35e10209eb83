"""Looking after people in the portal, one's own account, and the link for somebody who has none yet."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from readingroom.core.roles import Role
from readingroom.core.second_factor import code_of, secret_of, step_at
from readingroom.services import accounts, dossiers, invitations, people, sign_in
from tests.factories import PASSWORD
from tests.integration.web.world import BASE, NOW

WHY = {"reason": "Agreed with their department."}


def text_of(answer) -> str:
    """What a page says, whatever its status."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def link_in(answer) -> str:
    return re.search(r'id="invitation-link">[^<]*/invitation/([\w-]+)<', answer.text)[1]


def day(name: str, on) -> dict[str, object]:
    return {f"{name}-day": on.day, f"{name}-month": on.month, f"{name}-year": on.year}


class TestTheList:
    def test_everyone_is_found_by_any_word_and_shown_where_they_stand(self, world):
        page = text_of(world.client("robin").see("/people"))
        assert "Ada" in page and "Accredited" in page
        found = text_of(world.client("mercer").see("/people?q=ADA"))
        assert "1 person found for “ADA”" in found
        assert "Every word must be in" in text_of(world.client("robin").see("/people?q=xyzzy"))

    def test_it_is_paged_and_asks_the_records_no_more_often_for_more_people(self, world):
        def queries() -> int:
            count = []

            def note(*_):
                count.append(1)

            event.listen(world.store.engine, "before_cursor_execute", note)
            assert world.client("robin").see("/people").status_code == 200
            event.remove(world.store.engine, "before_cursor_execute", note)
            return len(count)

        before = queries()
        for number in range(40):
            people.invite(world.room, "robin", f"many-{number}", f"Many {number:02}", "Org", [Role.RESEARCHER], **WHY)
        assert queries() == before
        first = world.client("robin").see("/people?q=many")
        assert first.text.count("<tr") - 1 == 25 and 'rel="next"' in first.text and 'rel="prev"' not in first.text
        second = world.client("robin").see("/people?q=many&page=2")
        assert second.text.count("<tr") - 1 == 15 and 'rel="prev"' in second.text and 'rel="next"' not in second.text

    @pytest.mark.parametrize("name", ["ada", "imran"])
    @pytest.mark.parametrize("path", ["/people", "/people/bilal", "/people/nobody-here", "/invite"])
    def test_it_is_not_for_others(self, world, name, path):
        assert world.client(name).see(path).status_code == 403

    def test_names_are_never_markup(self, world):
        people.invite(world.room, "robin", "eve", "<b>Eve</b>", "<script>x</script>", [Role.RESEARCHER], **WHY)
        for path in ("/people?q=eve", "/people/eve"):
            page = world.client("robin").see(path).text
            assert "<b>Eve" not in page and "<script>x" not in page and "&lt;b&gt;Eve" in page


FIELDS = {"username": "dara-two", "name": "Dara Okoye", "organisation": "University of Leeds", "roles": "researcher",
          "email": "", **WHY}


class TestInviting:
    def test_from_the_form_to_a_password_by_the_link(self, world):
        robin = world.client("robin")
        assert robin.see("/invite").status_code == 200
        token = link_in(robin.do("/invite", **FIELDS))
        stranger = world.stranger()
        page = stranger.get(f"{BASE}/invitation/{token}")
        assert page.status_code == 200 and "Welcome, Dara Okoye" in text_of(page)
        wrong = stranger.post(f"{BASE}/invitation/{token}", data={"password": PASSWORD, "again": "other"})
        assert wrong.status_code == 422 and "not the same" in wrong.text
        short = stranger.post(f"{BASE}/invitation/{token}", data={"password": "short", "again": "short"})
        assert short.status_code == 422
        done = stranger.post(f"{BASE}/invitation/{token}", data={"password": PASSWORD, "again": PASSWORD})
        assert done.status_code == 303
        assert sign_in.first_step(world.room, "dara-two", PASSWORD).second is sign_in.Second.ENROLMENT
        again = stranger.get(f"{BASE}/invitation/{token}")
        assert again.status_code == 403 and "Dara" not in again.text

    def test_another_site_cannot_send_the_password_form(self, world):
        token = link_in(world.client("robin").do("/invite", **FIELDS))
        answer = world.stranger().post(f"{BASE}/invitation/{token}", data={"password": PASSWORD, "again": PASSWORD},
                                       headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
        assert invitations.invited(world.room, token)

    @pytest.mark.parametrize("wrong", [{"username": "Not Good"}, {"name": ""}, {"organisation": ""}, {"email": "x"},
                                       {"roles": ""}, {"reason": ""}, {"username": "ada"}])
    def test_bad_input_is_named_and_nothing_typed_is_lost(self, world, wrong):
        answer = world.client("robin").do("/invite", **{**FIELDS, **wrong})
        assert answer.status_code == 422 and "There is a problem" in text_of(answer)
        for name, value in {**FIELDS, **wrong}.items():
            if name != "roles" and value:
                assert html.escape(value) in answer.text, name

    def test_a_custodian_is_offered_and_can_choose_researchers_only(self, world):
        mercer = world.client("mercer")
        assert 'value="administrator"' not in mercer.see("/invite").text
        assert mercer.do("/invite", **{**FIELDS, "roles": "administrator"}).status_code == 403
        assert link_in(mercer.do("/invite", **FIELDS))


class TestOnePerson:
    def test_the_page_says_where_they_stand_why_not_and_what_comes_next(self, world):
        people.invite(world.room, "robin", "eli", "Eli", "Leeds", [Role.RESEARCHER], **WHY)
        page = text_of(world.client("robin").see("/people/eli"))
        for words in ("Invited", "Verify their identity", "Nobody has verified who you are", "no training on record",
                      "Agreed with their department"):
            assert words in page

    def test_each_step_is_a_form_on_it(self, world):
        people.invite(world.room, "robin", "eli", "Eli", "Leeds", [Role.RESEARCHER], **WHY)
        robin = world.client("robin")
        today = NOW.date()
        steps = (("verify", {"method": "Passport seen"}, "Identity verified"),
                 ("train", {"course": "Safe researcher", **day("passed", today)}, "Trained"),
                 ("accredit", {"kind": "full", "reference": "R1", **day("granted", today)}, "Accredited"),
                 ("suspend", {}, "Suspended"), ("reinstate", {}, "Accredited"), ("bar", {}, "Barred"))
        for action, fields, tag in steps:
            assert f"/people/eli/{action}" in robin.see("/people/eli").text, action
            assert robin.do(f"/people/eli/{action}", **fields, **WHY).status_code == 303, action
            assert tag in text_of(robin.see("/people/eli"))
        assert "/people/eli/train" not in robin.see("/people/eli").text

    @pytest.mark.parametrize(("action", "fields"), [
        ("train", {"course": "A course", "passed-day": "31", "passed-month": "2", "passed-year": "2026"}),
        ("train", {"course": "A course"}),
        ("train", {"course": "A course", "passed-day": "１", "passed-month": "2", "passed-year": "2026"}),
        ("accredit", {"kind": "neither", "reference": "R1", **day("granted", NOW.date())}),
        ("accredit", {"kind": "full", "reference": "R1", **day("granted", NOW.date() + timedelta(days=2))}),
        ("change", {"name": "", "organisation": "Leeds", "roles": "researcher"}),
        ("change", {"name": "Ada", "organisation": "Leeds"}),
        ("suspend", {"reason": " "})])
    def test_bad_input_changes_nothing_and_keeps_what_was_typed(self, world, action, fields):
        before = accounts.person(world.room, "ada")
        answer = world.client("robin").do(f"/people/ada/{action}", **{**WHY, **fields})
        assert answer.status_code == 422 and "Nothing was recorded yet" in text_of(answer)
        assert accounts.person(world.room, "ada") == before
        if "course" in fields:
            assert 'value="A course"' in answer.text

    def test_what_the_status_does_not_allow_is_a_conflict(self, world):
        answer = world.client("robin").do("/people/ada/reinstate", **WHY)
        assert answer.status_code == 409 and "From here" in text_of(answer)

    def test_ones_own_page_offers_nothing_and_takes_nothing(self, world):
        robin = world.client("robin")
        assert "your own record" in text_of(robin.see("/people/robin"))
        assert robin.do("/people/robin/suspend", **WHY).status_code == 403

    def test_a_reset_gives_a_link(self, world):
        token = link_in(world.client("robin").do("/people/ada/reset", **WHY))
        assert invitations.invited(world.room, token).username == "ada"

    @pytest.mark.parametrize("path", ["/people/nobody-here", "/people/ada/fly", "/people/ada/sign"])
    def test_what_does_not_exist(self, world, path):
        robin = world.client("robin")
        assert (robin.see(path) if path.count("/") == 2 else robin.do(path, **WHY)).status_code == 404


class TestMyAccount:
    def test_it_says_what_is_on_record_and_what_is_missing(self, world):
        page = text_of(world.client("ada").see("/account"))
        assert "Nothing on your record keeps you from data" in page and "SHA-256" in page
        people.invite(world.room, "robin", "eli", "Eli", "Leeds", [Role.RESEARCHER], **WHY)
        eli = world.client("eli")
        assert eli.see("/").headers["location"].endswith("/account")
        missing = text_of(eli.see("/account"))
        for words in ("What is missing", "Nobody has verified who you are", "Read and sign the undertaking"):
            assert words in missing

    def test_signing_keeps_exactly_the_words_that_were_shown(self, world):
        people.invite(world.room, "robin", "eli", "Eli", "Leeds", [Role.RESEARCHER], **WHY)
        eli = world.client("eli")
        page = eli.see("/account/undertaking").text
        sha256 = re.search(r'name="sha256" value="([0-9a-f]{64})"', page)[1]
        refused = eli.do("/account/undertaking", sha256=sha256)
        assert refused.status_code == 422 and "did not tick" in text_of(refused)
        assert eli.do("/account/undertaking", sha256="0" * 64, agreed="yes").status_code == 422
        assert accounts.person(world.room, "eli").undertaking is None
        assert eli.do("/account/undertaking", sha256=sha256, agreed="yes").status_code == 303
        ((signed, words),) = dossiers.dossier(world.room, "eli", "eli").signatures
        assert signed.sha256 == sha256 and words == "I, Eli of Leeds, will keep the data in."
        assert "You have signed exactly these words" in text_of(eli.see("/account/undertaking"))

    def test_new_recovery_codes_for_a_code_from_the_app(self, world):
        secret = secret_of(sign_in.enrolment(world.room, "ada").key)
        sign_in.second_step(world.room, "ada", code_of(secret, step_at(world.room.now())))
        ada = world.client("ada")
        assert "10 recovery codes left" in text_of(ada.see("/account"))
        wrong = ada.do("/account/recovery-codes", code="000000")
        assert wrong.status_code == 422 and "does not count" in text_of(wrong)
        made = ada.do("/account/recovery-codes", code=code_of(secret, step_at(world.room.now()) + 1))
        assert len(re.findall(r"<li><code[^>]*>[a-z0-9-]{14}<", made.text)) == 10
        assert made.headers["cache-control"] == "no-store"

    def test_signing_out_everywhere_ends_every_session_at_once(self, world):
        laptop, phone = world.client("ada"), world.client("ada")
        assert phone.see("/projects").status_code == 200
        world.clock.time = datetime.now(UTC)  # cookies carry the real time
        assert laptop.do("/account/sign-out-everywhere").headers["location"] == "/hub/logout"
        for browser in (laptop, phone):
            assert "/sign-in" in browser.see("/projects").headers["location"]
        assert world.client("bilal").see("/projects").status_code == 200

    def test_another_site_cannot_do_any_of_it(self, world):
        ada = world.client("ada")
        for path in ("/account/undertaking", "/account/recovery-codes", "/account/sign-out-everywhere",
                     "/account/second-factor", "/invite", "/people/bilal/suspend"):
            assert ada.post(BASE + path, data={"agreed": "yes"}).status_code == 403, path
        assert accounts.person(world.room, "ada").signed_out_at is None

    def test_a_second_factor_can_be_asked_for_where_it_is_not_demanded(self, world):
        room = replace(world.room, settings=replace(world.settings, second_factor="checkers-and-administrators"))
        accounts.create(room, replace(accounts.person(room, "ada"), username="eli", undertaking=None), PASSWORD,
                        by="setup")
        assert sign_in.first_step(room, "eli", PASSWORD).second is sign_in.Second.NOTHING
        sign_in.want_second_factor(room, "eli")
        assert sign_in.first_step(room, "eli", PASSWORD).second is sign_in.Second.ENROLMENT
