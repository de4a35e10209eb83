"""Bringing files into a project: P1 mirrored, on real records and a real folder that its members fight over."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import threading
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from readingroom.core.egress import Phase
from readingroom.core.incoming import Scan
from readingroom.core.lifecycle import Direction, GrantStatus, RequestStatus
from readingroom.core.policy import Layer, strictest
from readingroom.core.policy.library import Policies
from readingroom.core.policy.model import Policy
from readingroom.core.requests import Decision, FileKind, Group, Vote
from readingroom.core.roles import Role
from readingroom.core.volumes import SHARED
from readingroom.db.store import Store
from readingroom.errors import (
    AccessDenied,
    IntegrityError,
    InvalidInput,
    InvalidTransition,
    NotFound,
    ReadingRoomError,
    Unavailable,
)
from readingroom.hub.names import RESEARCHER
from readingroom.services import deliveries, file_checks, freezing, grants, handover, memory, releases, requests
from readingroom.services.uploads import Upload
from readingroom.storage import arrivals
from readingroom.storage.arrivals import SharedFolders
from readingroom.storage.blobs import FileBlobs
from readingroom.storage.volumes import FolderVolumes
from tests.factories import (
    POLICIES,
    SITE,
    DirectoryExtracts,
    add_project,
    checked,
    make_workshop,
    upload,
    with_two_projects,
)
from tests.reviews import events, status

YES, NO = Decision.APPROVE, Decision.CHANGE
S = RequestStatus
PURPOSE = "Groups offence codes as in our earlier paper."
INCOMING = Policy(incoming_kinds=frozenset({"code", "table", "package"}), incoming_files=3,
                  incoming_file_bytes=100_000, incoming_bytes=150_000, incoming_checkers=1)


def policies(more: Policy = INCOMING) -> Policies:
    return Policies(Layer("site", strictest(SITE, more)), {}, POLICIES.datasets, POLICIES.undertakings)


def code(name: str = "groups.py", content: bytes = b"GROUPS = {}\n", **more) -> Upload:
    return Upload(**{"name": name, "content": content, "context": PURPOSE, "kind": FileKind.CODE,
                     "source": "written by me", "licence": "MIT"} | more)


@pytest.fixture
def workshop(tmp_path):
    return made_workshop(tmp_path)


def made_workshop(tmp_path, more: Policy = INCOMING):
    made = with_two_projects(make_workshop(tmp_path, policies=policies(more)))
    shared(made).mkdir(parents=True)
    return made


def shared(workshop) -> Path:
    """What workspaces mount at /project; here the account of the test owns it, as theirs does there."""
    return workshop.settings.homes_dir / "returns" / SHARED


def submitted(workshop, *uploads, author="ada"):
    return requests.submit(workshop, author, "returns", "Groups", "Our second paper", uploads or (code(),),
                           direction=Direction.IN)


def reviewed(workshop, request, decision=YES, checker="freya"):
    return requests.review(workshop, checker, request.number,
                           [Vote(file.id, decision, "I read it.") for file in request.files])


def approved(workshop, *uploads):
    return reviewed(workshop, checked(workshop, submitted(workshop, *uploads).number))


class TestFromOutsideIntoTheProject:
    def test_one_checker_from_outside_approves_and_the_files_arrive(self, workshop):
        request = approved(workshop, code(), code("lookup.csv", b"lsoa,decile\nE01,3\n", kind=FileKind.TABLE))
        assert request.status is S.APPROVED and request.direction is Direction.IN
        made = deliveries.make(workshop, request.number)
        assert made.folder == "/project/incoming/1" and status(workshop) is S.DELIVERED
        folder = shared(workshop) / "incoming" / "1"
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
            "groups.py": b"GROUPS = {}\n", "lookup.csv": b"lsoa,decile\nE01,3\n"}
        assert [stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder, folder / "groups.py")] == [
            0o755, 0o555, 0o444]
        (arrival,) = deliveries.arrived(workshop, "bilal", "returns")
        assert arrival.delivery == made and arrival.request.files[0].origin.licence == "MIT"
        assert events(workshop)[-1] == "incoming.delivered"

    def test_both_directions_can_be_under_way_and_each_only_once(self, workshop):
        submitted(workshop)
        requests.submit(workshop, "ada", "returns", "By sex", "A paper", (upload(),))
        with pytest.raises(InvalidTransition):
            submitted(workshop)
        assert [view.request.number for view in requests.mine(workshop, "ada")] == [2]
        assert [view.request.number for view in requests.mine(workshop, "ada", direction=Direction.IN)] == [1]

    def test_the_strictest_layer_says_how_many_look(self, tmp_path):
        workshop = made_workshop(tmp_path, strictest(INCOMING, Policy(incoming_checkers=2)))
        request = reviewed(workshop, checked(workshop, submitted(workshop).number))
        assert request.status is S.IN_REVIEW and deliveries.make(workshop, 1) is None
        assert reviewed(workshop, request, checker="imran").status is S.APPROVED

    def test_a_returned_request_is_answered_with_another_round(self, workshop):
        request = reviewed(workshop, checked(workshop, submitted(workshop).number), NO)
        assert requests.get(workshop, "freya", 1).phase is Phase.CONSOLIDATING
        requests.conclude(workshop, "freya", 1, S.RETURNED, "Which offences?")
        requests.resubmit(workshop, "ada", 1, (code(content=b"GROUPS = {1: 'theft'}\n"),))
        again = checked(workshop, 1)
        assert again.round == 2 and reviewed(workshop, again, checker="imran").status is S.APPROVED
        assert request.files[0].sha256 != again.files[0].sha256

    @pytest.mark.parametrize("uploads", [(code(licence=""),), (code(kind=FileKind.OUTPUT),), ()])
    def test_what_is_refused_leaves_nothing_behind(self, workshop, uploads):
        with pytest.raises(InvalidInput):
            requests.submit(workshop, "ada", "returns", "Groups", "A paper", uploads, direction=Direction.IN)
        assert requests.mine(workshop, "ada", direction=Direction.IN) == ()
        assert not list(workshop.settings.blobs_dir.rglob("*")) or not uploads

    def test_groups_and_kinds_of_the_other_direction_are_refused(self, workshop):
        with pytest.raises(InvalidInput) as refused:
            requests.submit(workshop, "ada", "returns", "Groups", "A paper", (code(),),
                            (Group("A", "Twenty characters or more."),), Direction.IN)
        assert refused.value.rule == "incoming.groups"
        with pytest.raises(InvalidInput) as refused:
            requests.submit(workshop, "ada", "returns", "By sex", "A paper",
                            (upload(), upload("x.csv", kind=FileKind.TABLE)))
        assert refused.value.rule == "request.kind"

    def test_where_policy_says_nothing_nothing_comes_in(self, tmp_path):
        with pytest.raises(InvalidInput):
            submitted(made_workshop(tmp_path, Policy()))

    def test_it_is_not_a_release_and_is_not_compared_with_any(self, workshop):
        approved(workshop)
        assert releases.make(workshop, 1) is None
        deliveries.make(workshop, 1)
        with pytest.raises(NotFound):
            handover.download(workshop, "ada", 1)
        memory.remember(workshop)
        with workshop.store.reading() as tx:
            assert tx.memory.of_datasets(("courts",)) == ()

    def test_what_leaves_is_not_delivered(self, workshop):
        requests.submit(workshop, "ada", "returns", "By sex", "A paper", (upload(),))
        request = checked(workshop, 1)
        for checker in ("freya", "imran"):
            reviewed(workshop, request, checker=checker)
        assert deliveries.make(workshop, 1) is None and status(workshop) is S.APPROVED

    def test_strangers_learn_nothing_of_what_arrived(self, workshop):
        approved(workshop)
        deliveries.make(workshop, 1)
        for who in ("chloe", "mercer", "freya", "robin"):
            with pytest.raises(NotFound):
                deliveries.arrived(workshop, who, "returns")
        assert deliveries.arrived(workshop, "chloe", "other") == ()


class Finds:
    def __init__(self, found="", error=None):
        self.found, self.error, self.seen = found, error, []

    def scan(self, content):
        self.seen.append(content)
        if self.error:
            raise self.error
        return Scan(self.found)


class TestP9WhatFailsDoesNotComeIn:
    @pytest.mark.parametrize("scanner", [Finds("Eicar"), Finds(error=Unavailable("No answer.", rule="scan.socket")),
                                         Finds(error=RuntimeError("broke"))])
    def test_no_approval_lets_malware_or_an_unfinished_scan_in(self, workshop, scanner):
        request = checked(workshop, submitted(workshop).number, scanner)
        assert request.files[0].verdict.word == "fail" and scanner.seen == [b"GROUPS = {}\n"]
        with pytest.raises(InvalidInput) as refused:
            reviewed(workshop, request)
        assert refused.value.rule == "review.barred"
        assert reviewed(workshop, request, NO).status is S.IN_REVIEW

    def test_nor_one_that_was_given_before_it_failed(self, workshop):
        request = approved(workshop)
        with workshop.store.transaction() as tx:
            tx.requests.set_checked(request.files[0].id, "code", max(type(request.files[0].verdict)), ())
        assert deliveries.make(workshop, 1) is None and status(workshop) is S.IN_REVIEW
        assert not (shared(workshop) / "incoming" / "1").exists()

    def test_a_clean_scan_and_none_at_all_are_told_apart(self, workshop):
        request = checked(workshop, submitted(workshop).number, Finds())
        assert [finding.rule for finding in request.files[0].findings] == ["code.read"]
        requests.withdraw(workshop, "ada", 1)
        request = checked(workshop, submitted(workshop).number)
        assert {finding.rule for finding in request.files[0].findings} == {"code.read", "scan.none"}

    def test_a_demanded_scan_can_not_be_done_without(self, tmp_path):
        workshop = made_workshop(tmp_path, strictest(INCOMING, Policy(incoming_scanned=True)))
        request = checked(workshop, submitted(workshop).number)
        with pytest.raises(InvalidInput):
            reviewed(workshop, request)


class TestP6NoMeansNow:
    def test_a_withdrawn_grant_freezes_it_before_it_arrives(self, workshop):
        approved(workshop)
        grants.withdraw(workshop, "mercer", 1, "Over.")
        assert status(workshop) is S.FROZEN
        assert deliveries.make(workshop, 1) is None and not (shared(workshop) / "incoming").exists()

    def test_what_only_time_takes_away_is_seen_at_the_last_look(self, workshop):
        approved(workshop)
        workshop.clock.forward(days=2000)
        assert deliveries.make(workshop, 1) is None
        assert status(workshop) is S.FROZEN and not (shared(workshop) / "incoming" / "1").exists()
        freezing.sweep(workshop)
        assert requests.withdraw(workshop, "ada", 1).status is S.WITHDRAWN

    def test_nobody_without_access_asks(self, tmp_path):
        workshop = make_workshop(tmp_path, policies=policies())
        add_project(workshop, grants={"courts": GrantStatus.SUSPENDED})
        with pytest.raises(AccessDenied):
            submitted(workshop)

    def test_a_checker_who_joined_since_approved_nothing(self, workshop):
        approved(workshop)
        with workshop.store.transaction() as tx:
            tx.people.save(replace(tx.people.get("freya"), roles=frozenset({Role.CHECKER, Role.RESEARCHER})))
            tx.projects.save(replace(tx.projects.get("returns"), members=frozenset({"ada", "bilal", "freya"})))
        assert deliveries.make(workshop, 1) is None
        assert status(workshop) is S.IN_REVIEW and not (shared(workshop) / "incoming" / "1").exists()


class TestTheFolder:
    def test_a_crash_after_the_files_appeared_is_taken_up_again(self, workshop, monkeypatch):
        approved(workshop)
        with workshop.arrivals.staged("returns", 10**9, "1", {"groups.py": b"GROUPS = {}\n"}) as appear:
            appear()
        first = (shared(workshop) / "incoming" / "1").stat().st_ino
        assert deliveries.make(workshop, 1) is not None and status(workshop) is S.DELIVERED
        assert (shared(workshop) / "incoming" / "1").stat().st_ino == first
        assert deliveries.make(workshop, 1) is None

    def test_what_a_member_did_to_it_before_it_was_recorded_is_undone(self, workshop):
        """The files are theirs once they appear: a pipe or a change in them neither holds the worker up nor stays."""
        approved(workshop)
        with workshop.arrivals.staged("returns", 10**9, "1", {"groups.py": b"GROUPS = {}\n"}) as appear:
            appear()
        folder = shared(workshop) / "incoming" / "1"
        assert folder.stat().st_uid == (folder / "groups.py").stat().st_uid == RESEARCHER
        (folder / "groups.py").unlink()
        os.mkfifo(folder / "groups.py")
        assert deliveries.make(workshop, 1) is not None
        assert (folder / "groups.py").read_bytes() == b"GROUPS = {}\n"

    def test_a_crash_before_leaves_something_hidden_that_the_next_try_clears_away(self, workshop):
        approved(workshop)
        incoming = shared(workshop) / "incoming"
        (incoming / ".1-killed").mkdir(parents=True)
        (incoming / ".1-killed" / "groups.py").write_bytes(b"half")
        incoming.chmod(0o755)
        assert deliveries.make(workshop, 1) is not None
        assert [path.name for path in incoming.iterdir()] == ["1"]

    def test_what_the_records_do_not_say_has_not_arrived(self, workshop, monkeypatch):
        approved(workshop)
        monkeypatch.setattr("readingroom.db.requests.Requests.add_delivery", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            deliveries.make(workshop, 1)
        assert status(workshop) is S.APPROVED and list((shared(workshop) / "incoming").iterdir()) == []

    def test_a_stored_file_that_was_changed_is_not_delivered(self, workshop):
        digest = approved(workshop).files[0].sha256
        stored = workshop.settings.blobs_dir / digest[:2] / digest
        stored.chmod(0o600)
        stored.write_bytes(b"import os\n")
        with pytest.raises(IntegrityError):
            deliveries.make(workshop, 1)
        assert not (shared(workshop) / "incoming").exists()

    @pytest.mark.parametrize("trap", ["symlink", "file", "writable folder", "fifo"])
    def test_what_a_member_put_in_its_place_is_moved_aside_and_leads_nowhere(self, workshop, tmp_path, trap):
        place, elsewhere = shared(workshop) / "incoming", tmp_path / "elsewhere"
        elsewhere.mkdir()
        {"symlink": lambda: place.symlink_to(elsewhere), "file": lambda: place.write_text("mine"),
         "writable folder": lambda: (place.mkdir(), place.chmod(0o777), (place / "1").symlink_to(elsewhere)),
         "fifo": lambda: os.mkfifo(place)}[trap]()
        approved(workshop)
        assert deliveries.make(workshop, 1) is not None
        assert list(elsewhere.iterdir()) == []
        assert not place.is_symlink() and (place / "1" / "groups.py").read_bytes() == b"GROUPS = {}\n"
        assert len(list(shared(workshop).glob("incoming-moved-*"))) == 1

    def test_a_folder_swapped_in_while_it_is_made_does_not_become_ours(self, workshop, monkeypatch):
        """A member watches for the hidden folder and puts one of theirs, with something in it, in its place."""
        approved(workshop)
        real = os.mkdir

        def swapped(path, mode=0o777, *, dir_fd=None):
            real(path, mode, dir_fd=dir_fd)
            if str(path).startswith(".incoming-"):
                made = shared(workshop) / str(path)
                made.rename(made.with_name("taken"))
                made.mkdir()
                (made / "1").symlink_to("/etc")
                os.chown(made, RESEARCHER, RESEARCHER)

        monkeypatch.setattr(arrivals.os, "mkdir", swapped)
        with pytest.raises(Unavailable) as refused:
            deliveries.make(workshop, 1)
        assert refused.value.rule == "incoming.disturbed" and not (shared(workshop) / "incoming").exists()
        monkeypatch.setattr(arrivals.os, "mkdir", real)
        assert deliveries.make(workshop, 1) is not None

    def test_a_shared_folder_that_is_a_link_is_not_followed(self, workshop, tmp_path):
        shared(workshop).rmdir()
        (tmp_path / "elsewhere").mkdir()
        shared(workshop).symlink_to(tmp_path / "elsewhere")
        approved(workshop)
        with pytest.raises(Unavailable):
            deliveries.make(workshop, 1)
        assert list((tmp_path / "elsewhere").iterdir()) == [] and status(workshop) is S.APPROVED

    def test_members_who_rename_and_replace_it_all_the_time_gain_nothing(self, workshop, tmp_path):
        """Deliveries succeed or fail whole; what arrived is in a folder of ours, and nothing is written elsewhere."""
        elsewhere, stop = tmp_path / "elsewhere", threading.Event()
        elsewhere.mkdir()
        place = shared(workshop) / "incoming"

        def fight():
            number = 0
            while not stop.is_set():
                number += 1
                try:
                    place.rename(place.with_name(f"taken-{number}"))
                    place.symlink_to(elsewhere)
                except OSError:
                    pass

        thread = threading.Thread(target=fight)
        thread.start()
        outcomes = []
        try:
            for number in range(40):
                try:
                    with workshop.arrivals.staged("returns", 10**9, str(number), {"a.py": b"x = 1\n"}) as appear:
                        appear()
                    outcomes.append(number)
                except Unavailable as error:
                    assert error.rule == "incoming.disturbed"
        finally:
            stop.set()
            thread.join()
        assert list(elsewhere.iterdir()) == []
        found = list(shared(workshop).rglob("a.py"))
        assert all(path.read_bytes() == b"x = 1\n" for path in found)
        assert {path.parent.name for path in found} >= {str(number) for number in outcomes}

    def test_a_full_folder_is_told_of_once_and_the_files_arrive_when_there_is_room(self, workshop, monkeypatch):
        approved(workshop)
        real = arrivals._write

        def full(folder, name, content, owner):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(arrivals, "_write", full)
        for _ in range(3):
            assert deliveries.make(workshop, 1) is None
        view = requests.get(workshop, "ada", 1)
        assert view.held_up and view.may["withdraw"] == "" and status(workshop) is S.APPROVED
        assert events(workshop).count("request.held-up") == 1
        assert list((shared(workshop) / "incoming").iterdir()) == []
        monkeypatch.setattr(arrivals, "_write", real)
        assert deliveries.make(workshop, 1) is not None
        assert not requests.get(workshop, "ada", 1).held_up

    def test_one_that_waits_for_room_can_be_withdrawn(self, workshop):
        approved(workshop)
        assert requests.withdraw(workshop, "ada", 1).status is S.WITHDRAWN
        assert deliveries.make(workshop, 1) is None and not (shared(workshop) / "incoming").exists()


# Every (state, action, role)


def _settled(workshop, outcome):
    reviewed(workshop, checked(workshop, submitted(workshop).number), NO)
    requests.conclude(workshop, "freya", 1, outcome, "Because.")


def _frozen(workshop):
    checked(workshop, submitted(workshop).number)
    grants.withdraw(workshop, "mercer", 1, "Over.")


STATES = {
    "submitted": (S.SUBMITTED, submitted),
    "checking": (S.CHECKING, lambda room: file_checks.begin_checks(room, submitted(room).number)),
    "in review": (S.IN_REVIEW, lambda room: checked(room, submitted(room).number)),
    "consolidating": (S.IN_REVIEW, lambda room: reviewed(room, checked(room, submitted(room).number), NO)),
    "returned": (S.RETURNED, lambda room: _settled(room, S.RETURNED)),
    "rejected": (S.REJECTED, lambda room: _settled(room, S.REJECTED)),
    "approved": (S.APPROVED, approved),
    "delivered": (S.DELIVERED, lambda room: (approved(room), deliveries.make(room, 1))),
    "withdrawn": (S.WITHDRAWN, lambda room: requests.withdraw(room, "ada", submitted(room).number)),
    "frozen": (S.FROZEN, _frozen),
}
ACTIONS = {
    "withdraw": lambda room, who: requests.withdraw(room, who, 1),
    "resubmit": lambda room, who: requests.resubmit(room, who, 1, (code(content=b"B = 2\n"),)),
    "review": lambda room, who: requests.review(room, who, 1, [
        Vote(file.id, NO, "Because.") for file in _of(room).files]),
    "return": lambda room, who: requests.conclude(room, who, 1, S.RETURNED, "Because."),
    "reject": lambda room, who: requests.conclude(room, who, 1, S.REJECTED, "Because."),
    "look": lambda room, who: requests.sights(room, who, 1),
    "read": lambda room, who: requests.file_content(room, who, 1, _of(room).files[0].id),
    "list": lambda room, who: deliveries.arrived(room, who, "returns"),
    "download": lambda room, who: handover.download(room, who, 1),
    "recall": lambda room, who: handover.recall(room, who, 1, "Because."),
}
ACTORS = {"author": "ada", "member": "bilal", "researcher elsewhere": "chloe", "custodian": "mercer",
          "administrator": "robin", "owner": "quinn", "checker of it": "freya", "other checker": "tomas"}
ANY = frozenset(STATES)
ALLOWED = {
    ("author", "withdraw"): {"submitted", "checking", "in review", "consolidating", "returned", "approved", "frozen"},
    ("author", "resubmit"): {"returned"},
    ("author", "read"): ANY, ("member", "read"): ANY, ("checker of it", "read"): ANY, ("other checker", "read"): ANY,
    ("author", "list"): ANY, ("member", "list"): ANY,
    ("checker of it", "look"): ANY, ("other checker", "look"): ANY,
    ("checker of it", "review"): {"in review", "consolidating"}, ("other checker", "review"): {"in review"},
    ("checker of it", "return"): {"consolidating"}, ("checker of it", "reject"): {"consolidating"},
}


def _of(room):
    with room.store.reading() as tx:
        return tx.requests.get(1)


def test_every_state_is_reached_but_the_draft_and_what_only_leaves():
    assert {status for status, _ in STATES.values()} == set(S) - {S.DRAFT, S.RELEASED}


@pytest.mark.parametrize("name", STATES)
def test_who_may_do_what_in_which_state(name, tmp_path):
    """Every triple that ALLOWED does not name is refused and changes nothing; each that it names succeeds."""
    workshop = made_workshop(tmp_path / "room")
    expected, lead = STATES[name]
    lead(workshop)
    before = _of(workshop)
    assert before.status is expected
    for (role, who), (action, act) in product(ACTORS.items(), ACTIONS.items()):
        if name in ALLOWED.get((role, action), ()):
            continue
        with pytest.raises(ReadingRoomError):
            act(workshop, who)
            pytest.fail(f"{role} may {action} while {name}")
        assert _of(workshop) == before
    may = [(role, action) for (role, action), states in ALLOWED.items() if name in states]
    for number, (role, action) in enumerate(may):
        ACTIONS[action](copied(workshop, tmp_path / str(number)), ACTORS[role])


def copied(workshop, directory):
    """The same room as it is now, to be acted in alone."""
    shutil.copytree(workshop.settings.state_dir, directory)
    settings = replace(workshop.settings, state_dir=directory, database_url="")
    return replace(workshop, settings=settings, store=Store(settings.database_url, workshop.clock),
                   blobs=FileBlobs(settings.blobs_dir), extracts=DirectoryExtracts(settings.extracts_dir),
                   arrivals=SharedFolders(settings.homes_dir, FolderVolumes(settings.volumes_dir), RESEARCHER))
