"""Two steps on real records: each code once, every refusal the same, wrong answers lock."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from readingroom.core.second_factor import Demand, code_of, secret_of, step_at
from readingroom.errors import IntegrityError, PermissionDenied, SettingsError
from readingroom.services import accounts, invitations, notices, people, sign_in, workspaces
from readingroom.services.sign_in import Second
from readingroom.settings import _CHOICES, load_settings
from readingroom.storage.secrets import FileSecrets
from tests.factories import PASSWORD, add_project, make_workshop

HERE = "192.0.2.7"


@pytest.fixture
def workshop(tmp_path):
    return make_workshop(tmp_path)


@pytest.fixture
def plain(tmp_path):
    """An installation that asks a second factor of checkers and administrators only."""
    return make_workshop(tmp_path, second_factor=Demand.CHECKERS_AND_ADMINISTRATORS.value)


def enrol(room, username="ada"):
    """Set the second factor up; the secret, and the recovery codes."""
    assert sign_in.first_step(room, username, PASSWORD).second is Second.ENROLMENT
    secret = secret_of(sign_in.enrolment(room, username).key)
    return secret, sign_in.second_step(room, username, code_now(room, secret)).recovery_codes


def code_now(room, secret, steps=0):
    return code_of(secret, step_at(room.now()) + steps)


def refused(room, username, code, address=""):
    with pytest.raises(PermissionDenied) as refusal:
        sign_in.second_step(room, username, code, address)
    return refusal.value.message


def last_event(room, username):
    with room.store.reading() as tx:
        return tx.events.latest_of_subject(f"person:{username}", 1)[0]


class TestTheFirstStep:
    @pytest.mark.parametrize(("username", "password"), [("ada", "wrong"), ("nobody", PASSWORD), ("ada", ""), ("", "")])
    def test_every_refusal_reads_the_same(self, workshop, username, password):
        with pytest.raises(PermissionDenied) as refusal:
            sign_in.first_step(workshop, username, password)
        assert "do not match" in refusal.value.message

    def test_a_suspended_person_is_refused_alike(self, workshop):
        people.suspend(workshop, "robin", "ada", reason="Undertaking lapsed")
        with pytest.raises(PermissionDenied) as refusal:
            sign_in.first_step(workshop, "ada", PASSWORD)
        assert "do not match" in refusal.value.message

    def test_guessing_locks_for_a_growing_time_and_then_lets_in(self, plain):
        for _ in range(7):
            with pytest.raises(PermissionDenied):
                sign_in.first_step(plain, "ada", "guess")
        with pytest.raises(PermissionDenied):
            sign_in.first_step(plain, "ada", PASSWORD)
        plain.clock.forward(minutes=16)
        assert sign_in.first_step(plain, "ada", PASSWORD).second is Second.NOTHING

    def test_an_address_that_tries_many_accounts_is_locked_out_of_all_and_no_other_is(self, workshop):
        for number in range(sign_in.FREE_FAILURES_PER_ADDRESS):
            with pytest.raises(PermissionDenied):
                sign_in.first_step(workshop, f"nobody-{number}", "guess", HERE)
        with pytest.raises(PermissionDenied):
            sign_in.first_step(workshop, "ada", PASSWORD, HERE)
        assert sign_in.first_step(workshop, "ada", PASSWORD, "192.0.2.8")
        workshop.clock.forward(minutes=16)
        assert sign_in.first_step(workshop, "ada", PASSWORD, HERE)

    def test_a_reset_replaces_the_password_and_lifts_the_lock(self, workshop):
        for _ in range(7):
            with pytest.raises(PermissionDenied):
                sign_in.first_step(workshop, "ada", "guess")
        fresh = accounts.generate_password()
        accounts.reset_password(workshop, "ada", fresh, by="robin")
        assert sign_in.first_step(workshop, "ada", fresh)
        assert not accounts.person(workshop, "ada").signed_in_since(workshop.now())
        with pytest.raises(PermissionDenied):
            sign_in.first_step(workshop, "ada", PASSWORD)

    def test_an_unknown_name_costs_as_much_work_as_a_known_one(self, workshop, monkeypatch):
        """The work is the hash; counted, as timing would depend on the machine."""
        looked = []
        monkeypatch.setattr(sign_in, "_verify", lambda hashed, password: looked.append(hashed) or False)
        for username in ("ada", "nobody"):
            with pytest.raises(PermissionDenied):
                sign_in.first_step(workshop, username, "guess")
        assert [hashed.rpartition("$")[0].rpartition("$")[0] for hashed in looked] == [looked[0].rsplit("$", 2)[0]] * 2


class TestTheSecondStep:
    def test_it_is_set_up_at_the_first_sign_in_and_asked_from_then_on(self, workshop):
        secret, codes = enrol(workshop)
        assert len(set(codes)) == 10
        assert sign_in.first_step(workshop, "ada", PASSWORD).second is Second.CODE
        workshop.clock.forward(seconds=30)
        done = sign_in.second_step(workshop, "ada", code_now(workshop, secret))
        assert (done.person.username, done.recovery_codes) == ("ada", ())
        assert (last_event(workshop, "ada").action, last_event(workshop, "ada").detail) == (
            "person.signed-in", {"way": "code"})

    def test_the_secret_stays_until_it_is_confirmed_and_is_never_shown_again(self, workshop):
        key = sign_in.enrolment(workshop, "ada").key
        assert sign_in.enrolment(workshop, "ada").key == key
        sign_in.second_step(workshop, "ada", code_now(workshop, secret_of(key)))
        with pytest.raises(PermissionDenied):
            sign_in.enrolment(workshop, "ada")

    def test_a_used_code_does_not_count_again_even_on_the_other_side_of_the_world(self, workshop):
        secret, _ = enrol(workshop)
        used = code_now(workshop, secret)
        assert "does not count" in refused(workshop, "ada", used)
        workshop.clock.forward(seconds=20)
        refused(workshop, "ada", used)

    def test_of_two_at_once_with_one_code_one_is_let_in(self, workshop):
        secret, _ = enrol(workshop)
        code, came_in, barrier = code_now(workshop, secret, 1), [], threading.Barrier(2)

        def attempt():
            barrier.wait()
            with suppress(PermissionDenied):
                came_in.append(sign_in.second_step(workshop, "ada", code))

        threads = [threading.Thread(target=attempt) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(came_in) == 1

    def test_guessing_locks_even_the_right_code_out_for_a_while(self, workshop):
        secret, _ = enrol(workshop)
        for _ in range(6):
            refused(workshop, "ada", "000000")
        assert refused(workshop, "ada", code_now(workshop, secret, 1)) == refused(workshop, "ada", "000000")
        workshop.clock.forward(minutes=16)
        assert sign_in.second_step(workshop, "ada", code_now(workshop, secret))

    def test_a_recovery_code_counts_once_and_is_told(self, workshop):
        _, codes = enrol(workshop)
        assert sign_in.second_step(workshop, "ada", f" {codes[3].upper()} ")
        refused(workshop, "ada", codes[3])
        assert sign_in.second_step(workshop, "ada", codes[4])
        assert notices.page(workshop, "ada").told[0].notice.kind == "person.recovery-code-used"

    def test_anothers_recovery_code_is_worth_nothing(self, workshop):
        _, codes = enrol(workshop, "ada")
        enrol(workshop, "bilal")
        refused(workshop, "bilal", codes[0])

    def test_new_recovery_codes_replace_the_old_for_a_code_from_the_app(self, workshop):
        secret, old = enrol(workshop)
        with pytest.raises(PermissionDenied):
            sign_in.renew_recovery_codes(workshop, "ada", "000000")
        with pytest.raises(PermissionDenied):
            sign_in.renew_recovery_codes(workshop, "ada", old[0])
        new = sign_in.renew_recovery_codes(workshop, "ada", code_now(workshop, secret, 1))
        refused(workshop, "ada", old[1])
        assert sign_in.second_step(workshop, "ada", new[0])

    def test_what_was_suspended_or_reset_between_the_steps_is_not_let_in(self, workshop):
        secret, _ = enrol(workshop)
        began = workshop.now()
        workshop.clock.forward(seconds=40)
        sign_in.sign_out_everywhere(workshop, "ada")
        with pytest.raises(PermissionDenied):
            sign_in.second_step(workshop, "ada", code_now(workshop, secret), since=began)
        people.suspend(workshop, "robin", "ada", reason="Left")
        refused(workshop, "ada", code_now(workshop, secret))

    def test_nothing_in_the_records_makes_a_code_without_the_key(self, workshop):
        secret, codes = enrol(workshop)
        stored = b"".join(file.read_bytes() for file in workshop.settings.db_dir.glob("*"))
        assert secret not in stored
        assert not any(code.encode() in stored or code.replace("-", "").encode() in stored for code in codes)
        other = workshop.settings.state_dir / "other.key"
        other.write_bytes(bytes(32))
        other.chmod(0o600)
        with pytest.raises(IntegrityError):
            sign_in.second_step(replace(workshop, secrets=FileSecrets(other)), "ada", code_now(workshop, secret, 1))

    def test_a_secret_moved_to_another_account_does_not_open(self, workshop):
        enrol(workshop, "ada")
        with workshop.store.transaction() as tx:
            tx.sign_ins.set_second_factor(replace(tx.sign_ins.second_factor("ada"), username="robin"))
        with pytest.raises(IntegrityError):
            sign_in.second_step(workshop, "robin", "123456")


class TestWhoIsAsked:
    @pytest.mark.parametrize(("username", "second"), [
        ("ada", Second.NOTHING), ("mercer", Second.NOTHING), ("freya", Second.ENROLMENT), ("robin", Second.ENROLMENT)])
    def test_checkers_and_administrators_always_are(self, plain, username, second):
        assert sign_in.first_step(plain, username, PASSWORD).second is second

    def test_who_has_one_is_asked_whatever_the_setting(self, workshop):
        enrol(workshop)
        loose = replace(workshop, settings=replace(workshop.settings, second_factor="checkers-and-administrators"))
        assert sign_in.first_step(loose, "ada", PASSWORD).second is Second.CODE

    def test_no_setting_switches_it_off_for_them(self, tmp_path):
        assert set(_CHOICES["second_factor"]) == set(Demand)
        for value in ('"nobody"', '""', "false"):
            (tmp_path / "settings.toml").write_text(f"second_factor = {value}\n")
            with pytest.raises(SettingsError):
                load_settings(tmp_path)


class TestLosingAPhone:
    def test_a_reset_ends_everything_and_a_link_sets_it_up_anew(self, workshop):
        secret, codes = enrol(workshop)
        made = people.reset_sign_in(workshop, "robin", "ada", reason="Lost in a taxi, rang from the office")
        with pytest.raises(PermissionDenied):
            sign_in.first_step(workshop, "ada", PASSWORD)
        refused(workshop, "ada", code_now(workshop, secret, 1))
        refused(workshop, "ada", codes[0])
        assert not accounts.person(workshop, "ada").signed_in_since(workshop.now())
        assert notices.page(workshop, "ada").told[0].notice.kind == "person.sign-in-reset"
        workshop.clock.forward(seconds=1)
        invitations.take(workshop, made.token, PASSWORD)
        other, _ = enrol(workshop)
        assert other != secret

    def test_signing_out_everywhere_closes_workspaces_that_were_open(self, workshop):
        add_project(workshop)
        workshop.hub.start_workspace("ada", "returns")
        workspaces.opened(workshop, "ada", "returns", "c1")
        sign_in.sign_out_everywhere(workshop, "ada")
        workspaces.sweep(workshop, workshop.hub)
        assert workshop.hub.running == set()
        workshop.clock.forward(seconds=1)
        workshop.hub.start_workspace("ada", "returns")
        workspaces.opened(workshop, "ada", "returns", "c2")
        workspaces.sweep(workshop, workshop.hub)
        assert workshop.hub.running == {("ada", "returns")}


class TestTheDemosCodes:
    def test_real_peoples_are_not_shown(self, workshop):
        enrol(workshop)
        with pytest.raises(PermissionDenied) as refusal:
            sign_in.demo_code(workshop, "ada")
        assert refusal.value.rule == "sign-in.demo"

    def test_the_demos_count_once_and_the_next_one_follows(self, workshop):
        with workshop.store.transaction() as tx:
            made_up = replace(accounts.person(workshop, "ada").qualifications[0], detail="made up for the demo")
            tx.people.add_qualification("ada", made_up)
        enrol(workshop)
        assert sign_in.second_step(workshop, "ada", sign_in.demo_code(workshop, "ada"))
        assert sign_in.demo_code(workshop, "ada") == 30
        workshop.clock.forward(seconds=30)
        assert sign_in.second_step(workshop, "ada", sign_in.demo_code(workshop, "ada"))
