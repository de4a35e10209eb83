"""Who does what about whom, on real records: every status, action and role; and what is kept of it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, timedelta

import pytest
from alembic import command
from sqlalchemy import text

from readingroom.core.lifecycle import GrantStatus, PersonStatus, ProjectStatus
from readingroom.core.people import Accreditation, Person, Standing, status
from readingroom.core.person_actions import ACTION_PERMISSION, PERSON_ACTIONS, PersonAction
from readingroom.core.policy import Layer, Policy
from readingroom.core.roles import Permission, Role
from readingroom.core.undertakings import sha256_of
from readingroom.db.migrate import config
from readingroom.db.store import Store, make_engine
from readingroom.errors import InvalidInput, InvalidTransition, NotFound, PermissionDenied
from readingroom.services import (
    access,
    accounts,
    applications,
    dossiers,
    grants,
    invitations,
    lapsing,
    members,
    notices,
    people,
    projects,
    sign_in,
)
from readingroom.settings import REPOSITORY
from readingroom.storage.policies import load_policies
from tests.factories import NOW, PASSWORD, PEOPLE, UNDERTAKING, TickingClock, add_project, make_workshop, qualifications

TODAY = NOW.date()
OVER_OTHERS = [action for action in PersonAction if ACTION_PERMISSION[action] is not None]
WHY = "Agreed on the telephone."
ACTORS = {Role.RESEARCHER: "ada", Role.CUSTODIAN: "mercer", Role.CHECKER: "freya", Role.ADMINISTRATOR: "robin",
          Role.OWNER: "quinn"}
SOON, LATER, PAST = (TODAY + timedelta(days=by) for by in (10, 900, -1))
IN_STATUS = {
    PersonStatus.INVITED: ((), Standing.ACTIVE),
    PersonStatus.VERIFIED: (qualifications(accredited=None, trained=None), Standing.ACTIVE),
    PersonStatus.TRAINED: (qualifications(accredited=None), Standing.ACTIVE),
    PersonStatus.ACCREDITED: (qualifications(), Standing.ACTIVE),
    PersonStatus.EXPIRING: (qualifications(trained=SOON), Standing.ACTIVE),
    PersonStatus.EXPIRED: (qualifications(accredited=PAST), Standing.ACTIVE),
    PersonStatus.SUSPENDED: (qualifications(), Standing.SUSPENDED),
    PersonStatus.BARRED: (qualifications(), Standing.BARRED),
}


@pytest.fixture
def workshop(tmp_path):
    return make_workshop(tmp_path)


def replace_policy(policy: Policy, **said: object) -> Policy:
    return policy.model_copy(update=said)


def act(room, by: str, username: str, action: PersonAction) -> None:
    """Each action as its service, the plainest way."""
    person = accounts.person(room, username)
    deeds = {
        PersonAction.INVITE: lambda: people.invite_again(room, by, username, reason=WHY),
        PersonAction.VERIFY: lambda: people.verify(room, by, username, "Passport seen", reason=WHY),
        PersonAction.TRAIN: lambda: people.record_training(room, by, username, "Course", TODAY, reason=WHY),
        PersonAction.ACCREDIT: lambda: people.accredit(room, by, username, Accreditation.FULL, TODAY, reference="A1",
                                                       reason=WHY),
        PersonAction.SUSPEND: lambda: people.suspend(room, by, username, reason=WHY),
        PersonAction.REINSTATE: lambda: people.reinstate(room, by, username, reason=WHY),
        PersonAction.BAR: lambda: people.bar(room, by, username, reason=WHY),
        PersonAction.CHANGE: lambda: people.change(room, by, username, display_name="New Name", organisation="Other",
                                                   roles=person.roles, reason=WHY),
        PersonAction.LINK: lambda: people.link_provider(room, by, username, f"subject of {username}", reason=WHY),
        PersonAction.RESET: lambda: people.reset_sign_in(room, by, username, reason=WHY),
        PersonAction.SIGN: lambda: people.sign_undertaking(room, by, sha256_of(UNDERTAKING.words_for(
            accounts.person(room, by)))),
    }
    deeds[action]()


def add(room, username: str, now: PersonStatus, role: Role = Role.RESEARCHER) -> Person:
    held, standing = IN_STATUS[now]
    with room.store.transaction() as tx:
        tx.people.add(Person(username, "Some One", "Org", standing, frozenset({role}), held))
    found = accounts.person(room, username)
    assert status(found, TODAY) is now
    return found


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    return make_workshop(tmp_path_factory.mktemp("matrix"), oidc_issuer="https://id.example.org", oidc_client_id="rr")


class TestTheMatrix:
    """Every status x action x who acts x whom it is about."""

    @pytest.mark.parametrize(("action", "actor"), list(itertools.product(OVER_OTHERS, Role)))
    def test_only_what_is_tabled_succeeds_and_the_rest_changes_nothing_and_is_logged(self, room, action, actor):
        for now, subject_role in itertools.product(PersonStatus, (Role.RESEARCHER, Role.CHECKER)):
            username = f"{action.value}-{actor.value[:5]}-{now.value[:8]}-{subject_role.value[:2]}"
            before = add(room, username, now, subject_role)
            may = actor is Role.ADMINISTRATOR or (
                actor is Role.CUSTODIAN and ACTION_PERMISSION[action] is Permission.VOUCH_FOR_RESEARCHERS
                and subject_role is Role.RESEARCHER)
            if may and action in PERSON_ACTIONS[now]:
                act(room, ACTORS[actor], username, action)
                assert status(accounts.person(room, username), TODAY) in PERSON_ACTIONS[now][action]
                assert self.last_event(room, username).detail["reason"] == WHY
            else:
                with pytest.raises((PermissionDenied, InvalidTransition)) as refusal:
                    act(room, ACTORS[actor], username, action)
                assert accounts.person(room, username) == before
                event = self.last_event(room, username)
                assert (event.actor, event.action, event.detail) == (
                    ACTORS[actor], "person.act-refused", {"act": action.value, "rule": refusal.value.rule})
                assert refusal.value.next_step

    @pytest.mark.parametrize(("now", "action"), list(itertools.product(PersonStatus, PersonAction)))
    def test_nobody_does_anything_about_themselves_but_sign(self, room, now, action):
        """Even an administrator: what they could do to others is what a second one is for."""
        username = f"self-{now.value}-{action.value}"
        before = add(room, username, now, Role.ADMINISTRATOR)
        if action is PersonAction.SIGN and action in PERSON_ACTIONS[now]:
            act(room, username, username, action)
            assert accounts.person(room, username).undertaking is not None
        else:
            with pytest.raises((PermissionDenied, InvalidTransition)):
                act(room, username, username, action)
            assert accounts.person(room, username) == before
            assert self.last_event(room, username).action == "person.act-refused"

    @pytest.mark.parametrize("now", [PersonStatus.INVITED, PersonStatus.SUSPENDED, PersonStatus.BARRED])
    def test_an_administrator_who_is_not_in_standing_may_nothing(self, room, now):
        add(room, f"out-{now.value}", now, Role.ADMINISTRATOR)
        add(room, f"about-{now.value}", PersonStatus.VERIFIED)
        with pytest.raises(PermissionDenied):
            people.suspend(room, f"out-{now.value}", f"about-{now.value}", reason=WHY)

    @staticmethod
    def last_event(room, username):
        with room.store.reading() as tx:
            return tx.events.latest_of_subject(f"person:{username}", 1)[0]


class TestInviting:
    def test_the_link_sets_a_password_once(self, workshop):
        made = people.invite(workshop, "robin", "dara", "Dara Okoye", "Leeds", [Role.RESEARCHER], reason=WHY)
        assert invitations.invited(workshop, made.token).display_name == "Dara Okoye"
        assert invitations.take(workshop, made.token, PASSWORD) == "dara"
        assert sign_in.first_step(workshop, "dara", PASSWORD).person.username == "dara"
        with pytest.raises(PermissionDenied):
            invitations.take(workshop, made.token, "another good password")

    def test_a_short_password_leaves_the_link_good(self, workshop):
        made = people.invite(workshop, "robin", "dara", "Dara", "Leeds", [Role.RESEARCHER], reason=WHY)
        with pytest.raises(InvalidInput):
            invitations.take(workshop, made.token, "short")
        assert invitations.take(workshop, made.token, PASSWORD)

    def test_it_lapses_and_a_new_one_replaces_it(self, workshop):
        first = people.invite(workshop, "robin", "dara", "Dara", "Leeds", [Role.RESEARCHER], reason=WHY)
        second = people.invite_again(workshop, "robin", "dara", reason=WHY)
        with pytest.raises(PermissionDenied):
            invitations.invited(workshop, first.token)
        workshop.clock.forward(days=invitations.INVITATION_DAYS)
        with pytest.raises(PermissionDenied):
            invitations.take(workshop, second.token, PASSWORD)

    def test_no_stored_byte_is_the_link(self, workshop):
        made = people.invite(workshop, "robin", "dara", "Dara", "Leeds", [Role.RESEARCHER], reason=WHY)
        stored = b"".join(file.read_bytes() for file in workshop.settings.db_dir.glob("*"))
        assert made.token.encode() not in stored

    def test_a_suspended_person_takes_no_invitation(self, workshop):
        made = people.invite(workshop, "robin", "dara", "Dara", "Leeds", [Role.RESEARCHER], reason=WHY)
        people.suspend(workshop, "robin", "dara", reason=WHY)
        with pytest.raises(PermissionDenied):
            invitations.take(workshop, made.token, PASSWORD)

    @pytest.mark.parametrize("wrong", [
        {"username": "Dara"}, {"username": "dara x"}, {"username": "d" * 33}, {"username": "-d"}, {"username": ""},
        {"username": "dara\n"}, {"display_name": " "}, {"display_name": "a\u202eb"}, {"organisation": "x" * 201},
        {"email": "dara"}, {"email": "a@b.c\nBcc: x@y.z"}, {"roles": []}])
    def test_what_cannot_be_recorded_is_refused_by_name(self, workshop, wrong):
        given = {"username": "dara", "display_name": "Dara", "organisation": "Leeds", "roles": [Role.RESEARCHER],
                 "email": "", **wrong}
        with pytest.raises(InvalidInput) as refusal:
            people.invite(workshop, "robin", **given, reason=WHY)
        assert refusal.value.next_step and refusal.value.rule

    def test_one_person_has_one_record(self, workshop):
        people.invite(workshop, "robin", "dara", "Dara", "Leeds", [Role.RESEARCHER], email="D@x.org", reason=WHY)
        for username, email in (("dara", ""), ("dara-two", "d@X.org")):
            with pytest.raises(InvalidInput) as refusal:
                people.invite(workshop, "robin", username, "Dara", "Leeds", [Role.RESEARCHER], email=email, reason=WHY)
            assert "one person, one record" in refusal.value.message

    def test_a_custodian_invites_researchers_and_makes_no_administrator(self, workshop):
        assert people.invite(workshop, "mercer", "dara", "Dara", "Leeds", [Role.RESEARCHER], reason=WHY)
        for roles in ([Role.ADMINISTRATOR], [Role.RESEARCHER, Role.CHECKER]):
            with pytest.raises(PermissionDenied):
                people.invite(workshop, "mercer", "eli", "Eli", "Leeds", roles, reason=WHY)
        with pytest.raises(NotFound):
            accounts.person(workshop, "eli")


class TestQualifications:
    def test_from_invitation_to_a_workspace_and_out_again(self, workshop):
        people.invite(workshop, "robin", "dara", "Dara", "Leeds", [Role.RESEARCHER], reason=WHY)
        add_project(workshop, members=("dara", "ada"))

        def rules():
            return {reason.rule for reason in access.decide(workshop, "dara", "returns").reasons}

        assert rules() == {"person.identity", "person.training", "person.accreditation", "person.undertaking"}
        people.verify(workshop, "robin", "dara", "Passport seen", reason=WHY)
        people.record_training(workshop, "mercer", "dara", "Safe researcher", TODAY, reason=WHY)
        people.accredit(workshop, "robin", "dara", Accreditation.PROVISIONAL, TODAY, reference="A1", reason=WHY)
        assert rules() == {"person.undertaking"}
        people.sign_undertaking(workshop, "dara", sha256_of("I, Dara of Leeds, will keep the data in."))
        assert rules() == set()
        workshop.clock.forward(days=365)
        assert rules() == {"person.training"}
        people.record_training(workshop, "robin", "dara", "Safe researcher", workshop.today(), reason=WHY)
        assert rules() == set()

    def test_the_history_keeps_what_was_replaced(self, workshop):
        people.record_training(workshop, "robin", "ada", "A newer course", TODAY, reason=WHY)
        kept = dossiers.dossier(workshop, "robin", "ada").qualifications
        assert [one.detail for one in kept if one.kind.value == "training"] == [
            "A newer course", "Safe researcher training"]
        assert accounts.person(workshop, "ada").trained_until == kept[0].held_until

    @pytest.mark.parametrize(("begins", "until"), [
        (TODAY + timedelta(days=1), None), (TODAY, TODAY - timedelta(days=1)), (TODAY, TODAY + timedelta(days=1826))])
    def test_no_accreditation_begins_tomorrow_or_lasts_longer_than_five_years(self, workshop, begins, until):
        with pytest.raises(InvalidInput):
            people.accredit(workshop, "robin", "ada", Accreditation.FULL, begins, until, reference="", reason=WHY)

    def test_every_act_needs_a_reason(self, workshop):
        with pytest.raises(InvalidInput) as refusal:
            people.suspend(workshop, "robin", "ada", reason="  ")
        assert refusal.value.rule == "person.reason"
        assert accounts.person(workshop, "ada").standing is Standing.ACTIVE


class TestTwoPeopleVouch:
    @pytest.fixture
    def strict(self, workshop):
        site = Layer("site", replace_policy(workshop.policies.site.policy, two_people_vouch=True))
        return replace(workshop, policies=replace(workshop.policies, site=site))

    def bring(self, room, verifier: str) -> None:
        people.invite(room, verifier, "dara", "Dara", "Leeds", [Role.RESEARCHER], reason=WHY)
        people.verify(room, verifier, "dara", "Passport seen", reason=WHY)
        people.record_training(room, verifier, "dara", "Course", TODAY, reason=WHY)

    def accredit(self, room, by: str) -> None:
        people.accredit(room, by, "dara", Accreditation.FULL, TODAY, reference="A1", reason=WHY)

    @pytest.mark.parametrize(("verifier", "other"), [("mercer", "okafor"), ("mercer", "robin"), ("robin", "mercer")])
    def test_who_verified_does_not_accredit(self, strict, verifier, other):
        self.bring(strict, verifier)
        before = accounts.person(strict, "dara")
        with pytest.raises(PermissionDenied) as refused:
            self.accredit(strict, verifier)
        assert refused.value.rule == "person.accredit.two-people" and "another" in refused.value.next_step
        assert accounts.person(strict, "dara") == before
        with strict.store.reading() as tx:
            assert tx.events.head().action == "person.act-refused"
        seen = {name: dossiers.dossier(strict, name, "dara") for name in (verifier, other)}
        assert PersonAction.ACCREDIT not in seen[verifier].possible and seen[verifier].second_person
        assert PersonAction.ACCREDIT in seen[other].possible and not seen[other].second_person
        self.accredit(strict, other)
        assert status(accounts.person(strict, "dara"), TODAY) is PersonStatus.ACCREDITED

    def test_where_policy_does_not_ask_for_it_one_is_enough(self, workshop):
        self.bring(workshop, "mercer")
        self.accredit(workshop, "mercer")

    def test_the_distributed_site_asks_for_it(self):
        assert load_policies(REPOSITORY / "policies").site.policy.two_people_vouch is True


class TestProvisional:
    """Whoever is accredited provisionally works beside a fully accredited member."""

    def rules(self, room) -> set[str]:
        return {reason.rule for reason in access.decide(room, "ada", "returns").reasons}

    @pytest.fixture
    def provisional(self, workshop):
        people.accredit(workshop, "robin", "ada", Accreditation.PROVISIONAL, TODAY, reference="P", reason=WHY)
        add_project(workshop, members=("ada", "bilal"))
        return workshop

    def test_beside_one_who_is_fully_accredited_it_opens(self, provisional):
        assert self.rules(provisional) == set()

    @pytest.mark.parametrize("away", ["suspended", "provisional", "lapsed", "gone"])
    def test_without_one_it_closes_and_says_why(self, provisional, away):
        if away == "suspended":
            people.suspend(provisional, "robin", "bilal", reason=WHY)
        elif away == "provisional":
            people.accredit(provisional, "robin", "bilal", Accreditation.PROVISIONAL, TODAY, reference="P", reason=WHY)
        elif away == "lapsed":
            people.accredit(provisional, "robin", "bilal", Accreditation.FULL, TODAY - timedelta(10),
                            TODAY - timedelta(1), reference="F", reason=WHY)
        else:
            members.remove(provisional, "bilal", "returns", "bilal", WHY)
        assert self.rules(provisional) == {"person.colleague"}
        people.accredit(provisional, "robin", "ada", Accreditation.FULL, TODAY, reference="F", reason=WHY)
        assert self.rules(provisional) == set()

    def test_the_page_of_projects_says_the_same(self, provisional):
        people.suspend(provisional, "robin", "bilal", reason=WHY)
        (card,) = projects.mine(provisional, "ada")
        assert {reason.rule for reason in card.access.reasons} == {"person.colleague"}


class TestLeads:
    """A project whose lead is shut out gets another from an administrator, and everyone concerned hears of both."""

    @pytest.fixture
    def leaderless(self, workshop):
        add_project(workshop, members=("ada", "bilal", "chloe"))
        people.suspend(workshop, "robin", "ada", reason=WHY)
        return workshop

    def test_everyone_who_can_help_is_told(self, leaderless):
        for name in ("robin", "quinn"):
            assert "project.lead-away" in [one.notice.kind for one in notices.page(leaderless, name).told]
        assert projects.get(leaderless, "bilal", "returns").lead_away

    def test_an_administrator_names_a_member_who_can_submit(self, leaderless):
        assert members.name_lead(leaderless, "robin", "returns", "bilal", WHY).lead == "bilal"
        assert applications.form(leaderless, "bilal", "returns").may_submit
        assert not projects.get(leaderless, "bilal", "returns").lead_away
        for name in ("bilal", "chloe", "mercer", "quinn"):
            assert notices.page(leaderless, name).told[0].notice.kind == "project.lead-named"

    @pytest.mark.parametrize("by", ["bilal", "mercer", "freya", "quinn"])
    def test_nobody_else_does(self, leaderless, by):
        with pytest.raises((PermissionDenied, NotFound)):
            members.name_lead(leaderless, by, "returns", "bilal", WHY)
        with leaderless.store.reading() as tx:
            assert tx.projects.get("returns").lead == "ada" and tx.events.head().action == "attempt.refused"

    @pytest.mark.parametrize("who", ["freya", "nobody", "ada"])
    def test_only_a_member_who_can_act(self, leaderless, who):
        with pytest.raises(InvalidTransition):
            members.name_lead(leaderless, "robin", "returns", who, WHY)

    def test_a_lead_who_can_act_is_not_replaced(self, workshop):
        add_project(workshop)
        with pytest.raises(InvalidTransition) as refused:
            members.name_lead(workshop, "robin", "returns", "bilal", WHY)
        assert "amendment" in refused.value.next_step

    def test_a_version_that_waits_does_not_bring_the_old_one_back(self, workshop):
        """What was submitted names the lead who is suspended by the time its custodian agrees."""
        add_project(workshop, status=ProjectStatus.AGREEMENT, grants={"courts": GrantStatus.PROPOSED})
        people.suspend(workshop, "robin", "ada", reason=WHY)
        members.name_lead(workshop, "robin", "returns", "bilal", WHY)
        grants.agree(workshop, "mercer", 1, "Yes.")
        with workshop.store.reading() as tx:
            project = tx.projects.get("returns")
        assert (project.status, project.lead) == (ProjectStatus.ACTIVE, "bilal")


class TestUndertakingsThatEnd:
    @pytest.fixture
    def ending(self, workshop):
        undertaking = replace(UNDERTAKING, days=100)
        ending = replace(workshop, policies=replace(workshop.policies, undertakings=(undertaking,)))
        add_project(ending)
        with ending.store.transaction() as tx:
            people.record_signature(tx, tx.people.get("ada"), undertaking, NOW)
        return ending

    def told(self, room) -> list[str]:
        return [one.notice.kind for one in reversed(notices.page(room, "ada").told)
                if one.notice.kind.startswith("undertaking")]

    def test_it_warns_ends_closes_and_is_signed_again(self, ending):
        end = TODAY + timedelta(days=99)
        assert accounts.person(ending, "ada").bound_until == end
        for left, kind, standing in ((30, "ends-soon", PersonStatus.EXPIRING), (14, "ends-soon", PersonStatus.EXPIRING),
                                     (3, "ends-soon", PersonStatus.EXPIRING), (-1, "ended", PersonStatus.EXPIRED)):
            ending.clock.at = NOW + timedelta(days=99 - left)
            lapsing.sweep(ending)
            lapsing.sweep(ending)
            assert self.told(ending)[-1] == f"undertaking.{kind}"
            assert status(accounts.person(ending, "ada"), ending.today()) is standing
            assert access.decide(ending, "ada", "returns").allowed == (left >= 0)
        assert self.told(ending) == ["undertaking.ends-soon"] * 3 + ["undertaking.ended"]
        (reason,) = access.decide(ending, "ada", "returns").reasons
        assert reason.rule == "person.undertaking"
        assert "ended on" in reason.message and "account page" in reason.next_step
        people.sign_undertaking(ending, "ada", sha256_of("I, Ada of Org, will keep the data in."))
        lapsing.sweep(ending)
        assert access.decide(ending, "ada", "returns").allowed
        assert self.told(ending)[-1] == "undertaking.renewed"

    def test_one_without_an_end_never_warns(self, workshop):
        add_project(workshop)
        workshop.clock.forward(days=290)
        lapsing.sweep(workshop)
        assert self.told(workshop) == [] and accounts.person(workshop, "ada").bound_until is None

    def test_days_that_change_hold_for_what_is_signed_from_then_on(self, ending):
        longer = replace(ending, policies=replace(ending.policies, undertakings=(replace(UNDERTAKING, days=3000),)))
        longer.clock.forward(days=100)
        assert not access.decide(longer, "ada", "returns").allowed


class TestUndertakings:
    def test_exactly_what_was_signed_is_kept(self, workshop):
        ((signed, words),) = dossiers.dossier(workshop, "ada", "ada").signatures
        assert words == "I, Ada of Org, will keep the data in."
        assert signed.sha256 == sha256_of(words)
        assert signed.signed_at == NOW

    def test_a_new_version_asks_everybody_again_and_keeps_the_old_signature(self, workshop):
        add_project(workshop)
        newer = replace(UNDERTAKING, version="2", text="I, {person}, promise more.")
        after = replace(workshop, policies=replace(workshop.policies, undertakings=(newer,)))
        (reason,) = access.decide(after, "ada", "returns").reasons
        assert reason.rule == "person.undertaking" and "version 2" in reason.message
        people.sign_undertaking(after, "ada", sha256_of("I, Ada, promise more."))
        assert access.decide(after, "ada", "returns").allowed
        assert [signed.version for signed, _ in dossiers.dossier(after, "ada", "ada").signatures] == ["2", "1"]

    def test_words_that_changed_while_they_were_read_are_not_signed(self, workshop):
        with pytest.raises(InvalidInput) as refusal:
            people.sign_undertaking(workshop, "ada", sha256_of("other words"))
        assert "Read it again" in refusal.value.next_step

    def test_a_move_asks_for_the_new_organisations(self, workshop):
        add_project(workshop)
        people.change(workshop, "robin", "ada", display_name="Ada", organisation="Cardiff",
                      roles=[Role.RESEARCHER], reason=WHY)
        (reason,) = access.decide(workshop, "ada", "returns").reasons
        assert "for Org" in reason.message and "Cardiff" in reason.message


class TestLooking:
    def test_lists_are_found_by_any_word_and_paged(self, workshop):
        found, count = dossiers.search(workshop, "robin", "", 4, 4)
        assert (len(found), count) == (4, len(PEOPLE))
        assert [one.username for one in dossiers.search(workshop, "mercer", "ADA org", 10)[0]] == ["ada"]
        assert dossiers.search(workshop, "robin", "100%", 10) == ((), 0)

    @pytest.mark.parametrize("viewer", ["ada", "freya"])
    def test_others_see_only_themselves(self, workshop, viewer):
        with pytest.raises(PermissionDenied):
            dossiers.search(workshop, viewer, "", 10)
        for about in ("bilal", "nobody"):
            with pytest.raises(PermissionDenied):
                dossiers.dossier(workshop, viewer, about)
        assert dossiers.dossier(workshop, viewer, viewer).person.username == viewer


@pytest.fixture
def old_database(database_url):
    """A database as it was before qualifications had a history, with two people in it."""
    command.upgrade(config(database_url), "0009")
    engine = make_engine(database_url)
    with engine.begin() as connection:
        for name, until in (("ada", "'2029-05-01'"), ("robin", "NULL")):
            connection.execute(text(
                "INSERT INTO person (username, display_name, organisation, status, roles, accredited_until, "
                f"trained_until, undertaking_signed_on) VALUES ('{name}', 'Some One', 'Org', 'active', "
                f"'[\"researcher\"]', {until}, {until}, NULL)"))
    engine.dispose()
    return database_url


def test_records_of_before_become_the_first_entries_of_the_history(old_database):
    command.upgrade(config(old_database), "head")
    store = Store(old_database, TickingClock())
    with store.reading() as tx:
        ada, robin = tx.people.get("ada"), tx.people.get("robin")
        assert (ada.accredited_until, ada.trained_until) == (date(2029, 5, 1), date(2029, 5, 1))
        assert status(ada, TODAY) is PersonStatus.ACCREDITED
        assert status(robin, TODAY) is PersonStatus.VERIFIED
        assert ada.undertaking is None
        assert [one.username for one in tx.people.search("some", 1)] == ["ada"]
    store.engine.dispose()
