"""Every (state, action, role): what the tables allow succeeds, everything else changes nothing and is on the log."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from readingroom.core.lifecycle import (
    GRANT_ACTIONS,
    PROJECT_ACTIONS,
    GrantAction,
    GrantStatus,
    ProjectAction,
    ProjectStatus,
)
from readingroom.core.people import Standing
from readingroom.core.permissions import GRANT_PARTS, PROJECT_PARTS, Part
from readingroom.core.roles import Role
from readingroom.db.tables import VersionRow
from readingroom.errors import InvalidTransition, NotFound, PermissionDenied
from readingroom.services import applications, grants, members, owners
from tests.factories import PEOPLE, add_project, make_workshop, person

REFUSED = (PermissionDenied, InvalidTransition, NotFound)
MEMBERS = ("ada", "bilal", "noor", "vera", "mira")

# Who is who in each project, and what that makes them there: written by hand, not asked of the code under test.
CAST: dict[str, tuple[str, frozenset[Part]]] = {
    "lead": ("ada", frozenset({Part.LEAD, Part.MEMBER})),
    "member": ("bilal", frozenset({Part.MEMBER})),
    "researcher elsewhere": ("chloe", frozenset()),
    "programme owner": ("quinn", frozenset({Part.OWNER})),
    "owner who is a member": ("vera", frozenset({Part.MEMBER})),
    "custodian": ("mercer", frozenset({Part.CUSTODIAN})),
    "another dataset's custodian": ("okafor", frozenset()),
    "administrator who is a member": ("mira", frozenset({Part.MEMBER})),
    "checker": ("freya", frozenset()),
    "administrator": ("robin", frozenset({Part.ADMINISTRATOR})),
}
PROJECT_DEEDS = {
    ProjectAction.SAVE: lambda room, who, slug: applications.save(room, who, slug, "outputs", {"outputs": "Maps"}, 1),
    ProjectAction.SUBMIT: applications.submit,
    ProjectAction.RECALL: applications.recall,
    ProjectAction.DISCARD: applications.discard,
    ProjectAction.ACCEPT: lambda room, who, slug: owners.accept(room, who, slug, 1),
    ProjectAction.RETURN: lambda room, who, slug: owners.send_back(room, who, slug, 1, {"aim": "Say more."}),
    ProjectAction.REMOVE_MEMBER: lambda room, who, slug: members.remove(room, who, slug, "noor", "Left the university"),
    ProjectAction.NAME_LEAD: lambda room, who, slug: members.name_lead(room, who, slug, "noor", "The lead is away"),
    ProjectAction.CLOSE: lambda room, who, slug: members.close(room, who, slug, "Finished"),
    ProjectAction.FINISH: members.finish,
}
GRANT_DEEDS = {
    GrantAction.AGREE: lambda room, who, number: grants.agree(room, who, number, "Fits"),
    GrantAction.RETURN: lambda room, who, number: grants.send_back(room, who, number, {"data": "Fewer columns."}),
    GrantAction.REFUSE: lambda room, who, number: grants.refuse(room, who, number, "No"),
    GrantAction.SUSPEND: lambda room, who, number: grants.suspend(room, who, number, "Look into it"),
    GrantAction.RESUME: lambda room, who, number: grants.resume(room, who, number, ""),
    GrantAction.WITHDRAW: lambda room, who, number: grants.withdraw(room, who, number, "Over"),
    GrantAction.RENEW: lambda room, who, number: grants.renew(room, who, number, date(2027, 11, 24), "It goes on"),
}
NOT_LIVE = (GrantStatus.PROPOSED, GrantStatus.AGREED, GrantStatus.RETURNED, GrantStatus.REFUSED)


class Stage:
    """A room with a project in every state; `again` puts its records back as they were."""

    def __init__(self, directory) -> None:
        extra = {"noor": Role.RESEARCHER}
        self.room = make_workshop(directory, people={**PEOPLE, **extra})
        with self.room.store.transaction() as tx:
            for name, role in (("vera", Role.OWNER), ("mira", Role.ADMINISTRATOR)):
                tx.people.add(replace_roles(name, {Role.RESEARCHER, role}))
        self.grants = {}
        for status in ProjectStatus:
            self._project(status)
        for status in GrantStatus:
            project = ProjectStatus.AGREEMENT if status in NOT_LIVE else ProjectStatus.ACTIVE
            for kind, people in (("", MEMBERS), ("own-", (*MEMBERS, "mercer"))):
                made = add_project(self.room, f"g-{kind}{status.value}", members=people, status=project,
                                   grants={"courts": status, "schools": GrantStatus.PROPOSED
                                           if project is ProjectStatus.AGREEMENT else GrantStatus.ACTIVE})
                self.grants[kind, status] = made[0].id
                with self.room.store.transaction() as tx:  # it ends before its project, so that it can be renewed
                    tx.grants.save(replace(made[0], expires_on=date(2027, 6, 1)))
        self.file = self.room.settings.db_dir / "readingroom.sqlite"
        self.kept = directory / "kept.sqlite"
        with closing(sqlite3.connect(self.file)) as source, closing(sqlite3.connect(self.kept)) as target:
            source.backup(target)

    def _project(self, status: ProjectStatus) -> None:
        live = {ProjectStatus.ACTIVE, ProjectStatus.AMENDED}
        grant = GrantStatus.ACTIVE if status in live else GrantStatus.PROPOSED
        if status not in (*live, ProjectStatus.AGREEMENT):
            grant = GrantStatus.SUPERSEDED
        slug = f"p-{status.value}"
        add_project(self.room, slug, members=MEMBERS, status=status, grants={"courts": grant})
        with self.room.store.transaction() as tx:
            row = tx.applications._session.get_one(VersionRow, (slug, 1))
            row.accepted_by = row.accepted_at = None
            waits = status in (ProjectStatus.OWNER_REVIEW, ProjectStatus.AGREEMENT, ProjectStatus.AMENDED)
            row.outcome = "waiting" if waits else "agreed" if status in live else "returned"
            for key, typed in {
                "aim": {"title": "Returns", "aim": "Aim", "public_benefit": "Benefit"},
                "gateway": {"purpose": "research", "legal_gateway": "DEA"},
                "dates": {"ends_on": "2027-11-24", "urgent": "", "urgent_reason": ""},
                "people": {"lead": "ada", "members": " ".join(MEMBERS)},
                "settings": {"tier": "standard", "image": "notebook"}, "outputs": {"outputs": "Tables"},
                "data": {"datasets": ["courts"]},
                "data/courts": {"columns": {"defendants": {"sex": "Compare", "person_id": "Count", "age": "Bands"}},
                                "row_filter": {}, "budget_micro_rho": "20000"},
            }.items():
                tx.applications.save(slug, key, applications.Saved(typed, 1, "ada", self.room.now()))

    def again(self) -> None:
        self.room.store.engine.dispose()
        for suffix in ("-wal", "-shm"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(self.kept, self.file)

    def shut_the_lead_out(self) -> None:
        with self.room.store.transaction() as tx:
            tx.people.save(replace(tx.people.get("ada"), standing=Standing.SUSPENDED))

    def records(self) -> list[str]:
        with closing(sqlite3.connect(self.file)) as connection:
            return [line for line in connection.iterdump() if "audit_event" not in line]

    def events(self) -> int:
        with closing(sqlite3.connect(self.file)) as connection:
            return connection.execute("SELECT count(*) FROM audit_event").fetchone()[0]

    def last_event(self) -> tuple[str, str, str]:
        with closing(sqlite3.connect(self.file)) as connection:
            return connection.execute(
                "SELECT actor, action, detail FROM audit_event ORDER BY seq DESC LIMIT 1").fetchone()


def replace_roles(name, roles):
    return replace(person(name, Role.RESEARCHER), roles=frozenset(roles))


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    return Stage(tmp_path_factory.mktemp("stage"))


def check(stage, deed, who, target, *, allowed) -> None:
    before, events = stage.records(), stage.events()
    if allowed:
        deed(stage.room, who, target)
        assert stage.records() != before
        stage.again()
        return
    with pytest.raises(REFUSED) as refusal:
        deed(stage.room, who, target)
    assert stage.records() == before
    assert stage.events() == events + 1
    actor, action, detail = stage.last_event()
    assert (actor, action) == (who, "attempt.refused") and refusal.value.rule in detail
    assert refusal.value.next_step


@pytest.mark.parametrize(("status", "action"), list(product(ProjectStatus, PROJECT_DEEDS)))
def test_projects_only_what_is_tabled_succeeds(stage, status, action):
    for who, parts in CAST.values():
        allowed = status in PROJECT_ACTIONS[action] and bool(parts & PROJECT_PARTS[action])
        if action is ProjectAction.NAME_LEAD:
            stage.shut_the_lead_out()
        check(stage, PROJECT_DEEDS[action], who, f"p-{status.value}", allowed=allowed)
    stage.again()


@pytest.mark.parametrize(("status", "action"), list(product(GrantStatus, GRANT_DEEDS)))
def test_grants_only_what_is_tabled_succeeds(stage, status, action):
    for who, parts in CAST.values():
        allowed = status in GRANT_ACTIONS[action] and bool(parts & GRANT_PARTS[action])
        check(stage, GRANT_DEEDS[action], who, stage.grants["", status], allowed=allowed)


@pytest.mark.parametrize("status", list(GrantStatus))
def test_a_custodian_decides_nothing_in_a_project_of_theirs(stage, status):
    for deed in GRANT_DEEDS.values():
        check(stage, deed, "mercer", stage.grants["own-", status], allowed=False)


def test_every_action_of_a_person_is_in_the_matrix():
    by_people = {action for action, parts in PROJECT_PARTS.items() if parts != {Part.SYSTEM}}
    assert by_people == set(PROJECT_DEEDS)
    assert {action for action, parts in GRANT_PARTS.items() if parts != {Part.SYSTEM}} == set(GRANT_DEEDS)
    assert set(PROJECT_ACTIONS) == set(ProjectAction) and set(GRANT_ACTIONS) == set(GrantAction)


@pytest.mark.parametrize("deed", [*PROJECT_DEEDS.values(), applications.form])
def test_somebody_elses_project_answers_as_one_that_does_not_exist(stage, deed):
    def answer(slug):
        with pytest.raises(NotFound) as refusal:
            deed(stage.room, "chloe", slug)
        return {name: str(said).replace(slug, "…") for name, said in refusal.value.as_dict().items()}

    assert answer("p-active") == answer("p-nowhere")


@pytest.mark.parametrize("deed", GRANT_DEEDS.values())
def test_somebody_elses_grant_answers_as_one_that_does_not_exist(stage, deed):
    def answer(number):
        with pytest.raises(NotFound) as refusal:
            deed(stage.room, "okafor", number)
        return {name: str(said).replace(str(number), "…") for name, said in refusal.value.as_dict().items()}

    assert answer(stage.grants["", GrantStatus.PROPOSED]) == answer(987_654)
