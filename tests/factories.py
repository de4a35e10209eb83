"""Builds rooms and people for tests through the services, on a real database in a temporary directory."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.core.people import Person, Qualification, QualificationKind, Standing
from readingroom.core.policy import Layer, Policy
from readingroom.core.policy.library import Policies
from readingroom.core.projects import Grant, Project
from readingroom.core.requests import AirlockRequest
from readingroom.core.roles import Role
from readingroom.core.undertakings import Undertaking
from readingroom.core.walls import Finding
from readingroom.db.migrate import upgrade
from readingroom.db.store import Store
from readingroom.hub.names import RESEARCHER
from readingroom.ports import Scanner
from readingroom.services import accounts, applications, file_checks, memory, walls, workspaces
from readingroom.services.people import record_signature
from readingroom.services.uploads import Upload
from readingroom.services.workshop import Workshop
from readingroom.settings import Settings
from readingroom.storage.arrivals import SharedFolders
from readingroom.storage.blobs import FileBlobs
from readingroom.storage.secrets import FileSecrets
from readingroom.storage.volumes import FolderVolumes

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
IN_YEARS, IN_MONTHS = NOW.date() + timedelta(days=900), NOW.date() + timedelta(days=300)
PASSWORD = "correct horse battery"
CONTEXT = "Defendants by sex in all courts, 2019; every cell rests on at least 10 people."
COURTS = Dataset(
    "courts", "Courts", "Ministry of Justice", "mercer", "Defendants", synthetic=True, tables=(
        Table("defendants", "One row per defendant", privacy_unit="person_id", columns=(
            Column("person_id", "Person", "text", identifier=True),
            Column("sex", "Sex", "text", codes={"F": "Female", "M": "Male"}),
            Column("age", "Age", "integer", lower=10, upper=100))),))
SCHOOLS = Dataset(
    "schools", "Schools", "Department for Education", "okafor", "Pupils", synthetic=True, tables=(
        Table("pupils", "One row per pupil", privacy_unit="person_id", columns=(
            Column("person_id", "Person", "text", identifier=True), Column("absences", "Days", "integer"))),))
SITE = Policy(
    threshold=10, threshold_inclusive=False, zeros_disclosive=True, dominance=frozenset({(2, 90.0)}), p_percent=10,
    residual_degrees_of_freedom=10, output_types=frozenset({"csv", "png", "txt"}), max_file_bytes=1_000_000,
    max_table_rows=5000, max_files=5, checkers_required=2, max_query_micro_rho=5000, project_budget_micro_rho=20_000,
    dataset_budget_micro_rho=50_000, purposes=frozenset({"research"}), legal_gateways=frozenset({"DEA"}),
    memory_bytes=2**31, cpus=1.0, pids=256, max_age_hours=12)
UNDERTAKING = Undertaking("", "1", "I, {person} of {organisation}, will keep the data in.")
POLICIES = Policies(Layer("site", SITE), {"data-first": Layer("programme data-first", Policy())}, {
    "courts": (COURTS, Policy()), "schools": (SCHOOLS, Policy())}, (UNDERTAKING,))
PEOPLE = {
    "ada": Role.RESEARCHER, "bilal": Role.RESEARCHER, "chloe": Role.RESEARCHER, "mercer": Role.CUSTODIAN,
    "okafor": Role.CUSTODIAN, "freya": Role.CHECKER, "imran": Role.CHECKER, "tomas": Role.CHECKER,
    "robin": Role.ADMINISTRATOR, "quinn": Role.OWNER,
}


def make_secrets(directory: Path) -> FileSecrets:
    """The real ones, with a key that is always the same."""
    file = directory / "sign-in.key"
    file.write_bytes(bytes(range(32)))
    file.chmod(0o600)
    return FileSecrets(file)


class TickingClock:
    """A clock that only moves when told to."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


class DirectoryExtracts:
    """The Extracts port without data: an extract is a directory with one file."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def build(self, extract_id, dataset, version, columns, row_filter, project):
        (self.root / extract_id).mkdir(parents=True, exist_ok=True)
        (self.root / extract_id / "dataset.json").write_text(json.dumps({"slug": dataset.slug, "version": version}))
        return self.root / extract_id

    def destroy(self, extract_id):
        for file in (self.root / extract_id).glob("*"):
            file.unlink()
        if (self.root / extract_id).exists():
            (self.root / extract_id).rmdir()

    def path(self, extract_id):
        found = self.root / extract_id
        return found if found.exists() else None

    def stored(self):
        return tuple(path.name for path in self.root.glob("*"))


class OneVersionVault:
    """The Vault port without data: every dataset has version v1."""

    def versions(self, dataset):
        return ("v1",)


class CountingAnswerer:
    """Answers every query with 42 and counts how often it was asked to compute."""

    def __init__(self) -> None:
        self.computed = 0

    def answer(self, query, dataset, table, version):
        self.computed += 1
        return {"statistic": "count", "value": 42}


class NothingShown:
    def read(self):
        return ()


class StillHub:
    """The Hub port as a set of running servers."""

    def __init__(self) -> None:
        self.running: set[tuple[str, str]] = set()

    def start_workspace(self, username, project):
        self.running.add((username, project))

    def stop_workspace(self, username, project):
        self.running.discard((username, project))

    def workspace_state(self, username, project):
        return "running" if (username, project) in self.running else "stopped"

    def workspace_states(self, username):
        return {project: "running" for name, project in self.running if name == username}


def make_workshop(directory: Path, *, policies: Policies = POLICIES, people: dict[str, Role] = PEOPLE,
                  database_url: str = "", **settings_given: object) -> Workshop:
    """A room with everyone in it: PEOPLE, each with PASSWORD, and no project yet. SQLite unless told otherwise."""
    policies = replace(policies, undertakings=policies.undertakings or (UNDERTAKING,))
    settings = Settings(state_dir=directory, database_url=database_url, **settings_given)
    upgrade(settings)
    clock = TickingClock()
    workshop = Workshop(
        settings=settings, store=Store(settings.database_url, clock), clock=clock, policies=policies,
        blobs=FileBlobs(settings.blobs_dir), extracts=DirectoryExtracts(settings.extracts_dir),
        secrets=make_secrets(directory),
        vault=OneVersionVault(), answerer=CountingAnswerer(), hub=StillHub(), meter=NothingShown(),
        audit_key=Ed25519PrivateKey.from_private_bytes(bytes(range(32))),
        release_key=Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))),
        arrivals=SharedFolders(settings.homes_dir, FolderVolumes(settings.volumes_dir), RESEARCHER))
    hashed = accounts.hash_password(PASSWORD)
    with workshop.store.transaction() as tx:
        for username, role in people.items():
            accounts.record(tx, person(username, role), hashed, by="setup")
            record_signature(tx, tx.people.get(username), UNDERTAKING, NOW)
    walls.record_probe(workshop, [Finding("only loopback", True, "lo")])
    return workshop


def qualifications(*, accredited: date | None = IN_YEARS,
                   trained: date | None = IN_MONTHS) -> tuple[Qualification, ...]:
    """An identity, and whatever of the others has a last day."""
    day = NOW.date() - timedelta(days=900)
    facts = ((QualificationKind.TRAINING, "Safe researcher training", trained),
             (QualificationKind.ACCREDITATION, "full", accredited))
    return (Qualification(QualificationKind.IDENTITY, "passport", day, None, "", "setup", NOW),
            *(Qualification(kind, detail, day, until, "", "setup", NOW) for kind, detail, until in facts if until))


def person(username: str, role: Role) -> Person:
    return Person(username, username.title(), "Org", Standing.ACTIVE, frozenset({role}), qualifications())


def add_project(workshop: Workshop, slug: str = "returns", *, members: tuple[str, ...] = ("ada", "bilal"),
                grants: dict[str, GrantStatus] | None = None, status: ProjectStatus = ProjectStatus.ACTIVE,
                expires_on: date = date(2027, 11, 24)) -> tuple[Grant, ...]:
    """A project with a grant per dataset, live ones with their extract made."""
    project = Project(slug, slug.title(), "data-first", "Aim", "Benefit", "research", "DEA", status, expires_on,
                      frozenset(members))
    wanted = []
    for dataset, grant_status in (grants or {"courts": GrantStatus.ACTIVE}).items():
        table = workshop.policies.dataset(dataset).tables[0]
        wanted.append(Grant(0, slug, dataset, grant_status,
                            {table.name: tuple(column.name for column in table.columns)}, {}, expires_on, 20_000,
                            version=1))
    with workshop.store.transaction() as tx:
        applications.record(workshop, tx, project, wanted, "quinn")
        made = [tx.grants.add(grant) for grant in wanted]
    workspaces.prepare_extracts(workshop)
    return tuple(made)


def with_two_projects(workshop: Workshop) -> Workshop:
    """The same room with "returns" of ada and bilal, and "other" of chloe."""
    add_project(workshop)
    add_project(workshop, "other", members=("chloe",))
    return workshop


def upload(name: str = "table.csv", content: bytes = b"sex,people\nF,120\nM,130\n", **changes) -> Upload:
    return Upload(**{"name": name, "content": content, "context": CONTEXT, **changes})


def checked(workshop: Workshop, number: int, scanner: Scanner | None = None) -> AirlockRequest:
    """What the worker does with a submitted request, in one go: its files checked and brought to the checkers."""
    file_checks.begin_checks(workshop, number)
    file_checks.check_files(workshop, number, scanner)
    memory.compare(workshop, number)
    return file_checks.finish_checks(workshop, number)
