"""The demo programme: Data First with synthetic people, real policies and a project in each state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from readingroom.core.datasets import TWIN
from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.core.people import (
    ACCREDITATION_YEARS,
    MADE_UP,
    SETUP,
    TRAINING_YEARS,
    Accreditation,
    Person,
    Qualification,
    QualificationKind,
    Standing,
    last_day,
)
from readingroom.core.projects import NOTEBOOK_IMAGE, Grant, Project
from readingroom.core.roles import Role
from readingroom.demo import generate
from readingroom.errors import NotFound
from readingroom.ports import Vault
from readingroom.services import accounts, applications
from readingroom.services.people import record_signature
from readingroom.services.room import ReadingRoom

SEED = 20_260_801
TWIN_PEOPLE = 5_000  # of the made-up data on which questions are tried
OWNER = "quinn"
R_IMAGE = "notebook-r"
GATEWAY = "Digital Economy Act 2017, Part 5, Chapter 5"
MOJ, SECOND = "Ministry of Justice", "Department for Education"
CAST = (
    ("ada", "Ada Marsh", "University of Leeds", Role.RESEARCHER),
    ("bilal", "Bilal Hussain", "University of Leeds", Role.RESEARCHER),
    ("chloe", "Chloe Nkemelu", "Cardiff University", Role.RESEARCHER),
    ("rhian", "Rhian Pryce", "Cardiff University", Role.RESEARCHER),
    ("mercer", "Jo Mercer", MOJ, Role.CUSTODIAN),
    ("okafor", "Sam Okafor", SECOND, Role.CUSTODIAN),
    ("imran", "Imran Qureshi", "Secure Research Service", Role.CHECKER),
    ("freya", "Freya Lindqvist", "Secure Research Service", Role.CHECKER),
    ("tomas", "Tomas Reyes", "Secure Research Service", Role.CHECKER),
    ("robin", "Robin Adeyemi", "Secure Research Service", Role.ADMINISTRATOR),
    (OWNER, "Quinn Abara", "Data First programme", Role.OWNER),
)


@dataclass(frozen=True)
class DemoAccount:
    """A demo account with its generated password: shown once, stored only as an argon2 hash."""

    username: str
    display_name: str
    role: Role
    password: str


def exists(room: ReadingRoom) -> bool:
    with room.store.reading() as tx:
        return tx.projects.find("returning-defendants") is not None


def load(room: ReadingRoom, vault: Vault, *, people: int, seed: int | None = None) -> tuple[DemoAccount, ...]:
    """Generate the synthetic data into the vault and record people, projects and grants.

    Returns the accounts; none if the demo exists already. After a crash half-way, running it again completes it:
    the records appear in one transaction at the end.
    """
    if exists(room):
        return ()
    chosen = SEED if seed is None else seed
    for dataset, tables in generate(people, seed=chosen).items():
        vault.add(dataset, tables)
    for dataset, tables in generate(min(people, TWIN_PEOPLE), seed=chosen + 1).items():
        vault.add(dataset + TWIN, tables)
    made = tuple(DemoAccount(name, shown, role, accounts.generate_password())
                 for name, shown, _, role in CAST)
    hashes = {account.username: accounts.hash_password(account.password) for account in made}
    with room.store.transaction() as tx:
        for name, shown, organisation, role in CAST:
            person = _person(room, name, shown, organisation, role)
            accounts.record(tx, person, hashes[name], by=SETUP)
            undertaking = room.policies.undertaking(organisation)
            if role is Role.RESEARCHER and undertaking is not None:
                record_signature(tx, person, undertaking, room.now())
        for project, grants in _projects(room):
            project = applications.record(room, tx, project, grants, OWNER)
            tx.events.record(SETUP, "project.recorded", f"project:{project.slug}", project.slug,
                             status=project.status.value, members=sorted(project.members))
            for grant in grants:
                stored = tx.grants.add(grant)
                tx.events.record(SETUP, f"grant.{grant.status.value}", f"grant:{stored.id}", project.slug,
                                 dataset=grant.dataset)
    return made


def _person(room: ReadingRoom, username: str, display_name: str, organisation: str, role: Role) -> Person:
    """Everyone's identity is verified; researchers were trained two months ago and accredited last year."""
    today, now = room.today(), room.now()
    trained, accredited = today - timedelta(days=65), today - timedelta(days=365)

    def fact(kind: QualificationKind, detail: str, since: date, until: date | None = None) -> Qualification:
        return Qualification(kind, detail, since, until, "", SETUP, now)

    known = [fact(QualificationKind.IDENTITY, MADE_UP, today)]
    if role is Role.RESEARCHER:
        known += [
            fact(QualificationKind.TRAINING, "Safe researcher training", trained, last_day(trained, TRAINING_YEARS)),
            fact(QualificationKind.ACCREDITATION, Accreditation.FULL.value, accredited,
                 last_day(accredited, ACCREDITATION_YEARS)),
        ]
    return Person(username, display_name, organisation, Standing.ACTIVE, frozenset({role}), tuple(known))


def _projects(room: ReadingRoom) -> tuple[tuple[Project, tuple[Grant, ...]], ...]:
    today = room.today()
    first, second = _datasets(room)

    def project(slug: str, title: str, aim: str, benefit: str, status: ProjectStatus, days: int,
                *members: str, image: str = NOTEBOOK_IMAGE) -> Project:
        return Project(slug=slug, title=title, programme="data-first", aim=aim, public_benefit=benefit,
                       purpose="research-not-operational", legal_gateway=GATEWAY, status=status,
                       expires_on=today + timedelta(days=days), members=frozenset(members), image=image)

    def grant(slug: str, dataset: str, status: GrantStatus, days: int) -> Grant:
        decided = status is not GrantStatus.PROPOSED
        registered = room.policies.dataset(dataset)
        denied = room.policies.datasets[dataset][1].denied_columns or frozenset()
        columns = {table.name: tuple(column.name for column in table.columns
                                     if not column.sensitive and f"{table.name}.{column.name}" not in denied)
                   for table in registered.tables}
        return Grant(id=0, project=slug, dataset=dataset, status=status, columns=columns, row_filter={},
                     expires_on=today + timedelta(days=days), budget_micro_rho=20_000, version=1,
                     decided_by=registered.custodian if decided else None,
                     decided_at=room.now() - timedelta(days=20) if decided else None,
                     decision_reason="Fits the programme’s areas of research interest." if decided else "",
                     policy_hash=room.policies.fingerprint("data-first", dataset) if decided else "")

    return (
        (project("returning-defendants", "Returning defendants",
                 "How often, how soon and after which disposals defendants return to the criminal courts.",
                 "Shows where support after sentence could prevent the next case.", ProjectStatus.ACTIVE, 365,
                 "ada", "bilal"),
         (grant("returning-defendants", first, GrantStatus.ACTIVE, 300),
          grant("returning-defendants", second, GrantStatus.ACTIVE, 300))),
        (project("courts-and-schools", "Across two departments",
                 "How contact with one service precedes contact with the other.",
                 "Helps two departments act earlier, together.", ProjectStatus.AGREEMENT, 500, "ada", "chloe"),
         (grant("courts-and-schools", first, GrantStatus.AGREED, 300),
          grant("courts-and-schools", second, GrantStatus.PROPOSED, 300))),
        (project("plea-timing", "Timing of pleas",
                 "When in a case a guilty plea is entered, and what it changes.",
                 "Informs guidance on early advice.", ProjectStatus.ACTIVE, 200, "chloe"),
         (grant("plea-timing", first, GrantStatus.ACTIVE, -1),)),
        (project("sentence-lengths", "Lengths of sentences",
                 "How long sentences are for like offences, and where that differs.",
                 "Informs guidance on consistent sentencing.", ProjectStatus.ACTIVE, 365, "rhian", image=R_IMAGE),
         (grant("sentence-lengths", first, GrantStatus.ACTIVE, 300),)),
    )


def _datasets(room: ReadingRoom) -> tuple[str, str]:
    """The first dataset of each of the two departments' custodians."""
    found = []
    for custodian in ("mercer", "okafor"):
        owned = sorted(slug for slug, (dataset, _) in room.policies.datasets.items()
                       if dataset.custodian == custodian)
        if not owned:
            raise NotFound(f"policies/datasets registers none of {custodian}'s datasets.", rule="demo.datasets",
                           value=custodian, next_step="Restore policies/ as distributed, then run it again.")
        found.append(owned[0])
    return found[0], found[1]
