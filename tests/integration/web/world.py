"""A small installation for the portal's tests: real records (SQLite), real services and checks, a Hub of our own.

The Hub is the one thing played: it knows who holds which token and remembers what it was asked to start or stop.
"""

from __future__ import annotations

import hashlib
import io
import json
import secrets
import shutil
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image, ImageDraw
from starlette.testclient import TestClient

from readingroom.core.applications import Outcome, Version, recorded
from readingroom.core.audit import sign_checkpoint
from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.lifecycle import GrantStatus, ProjectStatus, RequestStatus
from readingroom.core.people import Person, Standing
from readingroom.core.policy import Layer, Policy
from readingroom.core.policy.library import Policies
from readingroom.core.projects import Extract, Grant, Project
from readingroom.core.requests import AirlockRequest, Decision, Release, Vote
from readingroom.core.roles import Role
from readingroom.core.walls import Finding
from readingroom.db import migrate
from readingroom.db.store import Store
from readingroom.errors import NotFound, PermissionDenied
from readingroom.services import requests, walls
from readingroom.services.people import record_signature
from readingroom.services.room import ReadingRoom
from readingroom.services.uploads import Upload
from readingroom.settings import Settings
from readingroom.tour.run import free_ports
from readingroom.web.app import create_app
from readingroom.web.sessions import COOKIE, Seal, Session
from tests.factories import UNDERTAKING, checked, make_secrets, qualifications

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
TODAY = NOW.date()
GATEWAY = "Digital Economy Act 2017, Part 5, Chapter 5"
PURPOSE = "research-not-operational"
BASE = "/services/portal"
API = f"{BASE}/api/v1"
R, D, C, A = Role.RESEARCHER, Role.CUSTODIAN, Role.CHECKER, Role.ADMINISTRATOR
PEOPLE = (
    ("ada", "Ada Marsh", {R}),
    ("bilal", "Bilal Hussain", {R}),
    ("chloe", "Chloe Nkemelu", {R}),
    ("noor", "Noor Haddad", {R}),
    ("dara", "Dara Quinn", {R}),
    ("mercer", "Jo Mercer", {D}),
    ("okafor", "Sam Okafor", {D}),
    ("imran", "Imran Qureshi", {C}),
    ("freya", "Freya Lindqvist", {C}),
    ("tomas", "Tomas Reyes", {C}),
    ("kim", "Kim Osei", {R, C}),
    ("robin", "Robin Adeyemi", {A}),
    ("olive", "Olive Hart", {Role.OWNER}),
    ("nobody", "Nell Obody", set()),
)


class StoppedClock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time


class MemoryBlobs:
    """ports.Blobs without a disk."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self._known[digest] = content
        return digest

    def get(self, sha256: str) -> bytes:
        if sha256 not in self._known:
            raise NotFound("no such blob")
        return self._known[sha256]


@dataclass
class FinishedExtracts:
    """ports.Extracts as the portal uses it: it only asks where a finished one lies."""

    root: Path

    def path(self, extract_id: str) -> Path | None:
        found = self.root / extract_id
        return found if found.exists() else None


@dataclass
class PlayedHub:
    """ports.Hub and the sign-in questions. `states` maps (person, project) to a workspace's state."""

    models: dict[str, dict[str, object]] = field(default_factory=dict)
    states: dict[tuple[str, str], str] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def browser_token(self, username: str) -> str:
        token = secrets.token_hex(8)
        self.models[token] = {
            "kind": "user",
            "name": username,
            "scopes": ["access:services!service=portal", f"read:users:name!user={username}"],
        }
        return token

    def workspace_token(self, username: str, project: str) -> str:
        token = secrets.token_hex(8)
        self.models[token] = {
            "kind": "user",
            "name": username,
            "scopes": [f"access:servers!server={username}/{project}", f"read:users:name!user={username}"],
        }
        return token

    def identify(self, token: str) -> dict[str, object]:
        if token not in self.models:
            raise PermissionDenied("The Hub does not know this token.", rule="token.unknown")
        return self.models[token]

    def exchange_code(self, code: str, verifier: str) -> str:
        assert 43 <= len(verifier) <= 128
        return self.browser_token(code.removeprefix("code-of-"))

    def start_workspace(self, username: str, project: str) -> None:
        self.asked.append(("start", username, project))
        self.states[username, project] = "starting"

    def stop_workspace(self, username: str, project: str) -> None:
        self.asked.append(("stop", username, project))
        self.states[username, project] = "stopping"

    def workspace_state(self, username: str, project: str) -> str:
        return self.states.get((username, project), "stopped")

    def workspace_states(self, username: str) -> dict[str, str]:
        return {project: state for (name, project), state in self.states.items() if name == username}


def datasets() -> dict[str, tuple[Dataset, Policy]]:
    person = Column("defendant_id", "Person", "text", identifier=True)
    sex = Column("sex", "Sex", "text", codes={"F": "Female", "M": "Male", "U": "Not recorded"})
    age = Column("age_at_offence", "Age at offence", "integer", lower=10, upper=90)
    offence = Column(
        "offence_group",
        "Offence group",
        "text",
        codes={
            "1": "Violence against the person",
            "2": "Sexual offences",
            "3": "Robbery",
            "4": "Theft",
            "5": "Drug offences",
            "6": "Public order",
            "7": "Summary motoring",
            "8": "Summary non-motoring",
        },
    )
    ethnicity = Column("ethnicity_desc", "Ethnicity as recorded", "text", sensitive=True)
    disposal = Column("disposal_date", "Date of disposal", "date")
    courts = Dataset(
        "magistrates",
        "Magistrates’ courts defendants",
        "Ministry of Justice",
        "mercer",
        "One row per defendant per case in the magistrates’ courts of England and Wales, 2011 to 2022.",
        (
            Table("defendants", "Defendants", (person, sex, age, offence, ethnicity, disposal), "defendant_id", 5),
            Table("offences", "Offences", (person, offence, disposal), "defendant_id", 8),
        ),
        synthetic=True,
        synthetic_twin=True,
        known_issues=(
            "Volumes fall from 2021: cases on the Common Platform are absent.",
            "Ethnicity is missing in a third of summary cases.",
        ),
    )
    schools = Dataset(
        "pupils",
        "Pupil records",
        "Department for Education",
        "okafor",
        "School census and exclusions.",
        (
            Table(
                "census",
                "School census",
                (person, sex, replace(age, name="age", label="Age"), ethnicity),
                "defendant_id",
            ),
        ),
        synthetic=True,
    )
    policy = Policy(
        purposes=frozenset({PURPOSE}),
        legal_gateways=frozenset({GATEWAY}),
        dataset_budget_micro_rho=1_000_000,
        project_budget_micro_rho=20_000,
        dataset_budget_femto_delta=10**8,
        project_budget_femto_delta=10**8,
        max_query_micro_rho=10_000,
        denied_columns=frozenset({"defendants.home_address"}),
    )
    return {"magistrates": (courts, policy), "pupils": (schools, policy)}


SITE = Layer(
    "site",
    Policy(
        threshold=10,
        threshold_inclusive=False,
        zeros_disclosive=True,
        dominance=frozenset({(2, 90.0)}),
        p_percent=10,
        residual_degrees_of_freedom=10,
        output_types=frozenset({"csv", "png", "jpeg", "txt", "json", "ipynb", "md"}),
        max_file_bytes=2_000_000,
        max_table_rows=5000,
        max_files=6,
        checkers_required=2,
        pids=256,
        memory_bytes=2**31,
        cpus=1.0,
        max_age_hours=72,
    ),
)


class World:
    """The installation, with a project in each state. `client(name)` is that person's signed-in browser."""

    def __init__(self, root: Path) -> None:
        port, = free_ports(1)  # not the default: an installation may be running there, and pages frame its workspaces
        self.settings = Settings(state_dir=root, policies_dir=root, port=port)
        keys = self.settings.keys_dir
        keys.mkdir(parents=True)
        (keys / "portal-session").write_text(secrets.token_hex(32))
        self.clock, self.hub = StoppedClock(), PlayedHub()
        migrate.upgrade(self.settings)
        self.store = Store(self.settings.database_url, self.clock)
        self.extracts = FinishedExtracts(root / "extracts")
        self.room = ReadingRoom(
            settings=self.settings,
            store=self.store,
            clock=self.clock,
            blobs=MemoryBlobs(),
            policies=Policies(SITE, {"data-first": Layer("programme data-first", Policy())}, datasets(),
                              (UNDERTAKING,)),
            extracts=self.extracts,
            secrets=make_secrets(root),
        )
        self.audit_key = Ed25519PrivateKey.generate()
        self.app = create_app(self.room, self.hub, self.audit_key.public_key())
        self.seal = Seal((keys / "portal-session").read_text())
        self._record_people()
        self._record_projects()
        walls.record_probe(self.room, [Finding("only loopback", True, "lo")])

    def keep(self) -> None:
        """Remember the records as they are now, for `again`."""
        with closing(sqlite3.connect(self._records)) as now, closing(sqlite3.connect(self._kept)) as kept:
            now.backup(kept)

    def again(self) -> None:
        """The records as they were when last kept."""
        self.store.engine.dispose()
        for suffix in ("-wal", "-shm"):
            self._records.with_name(self._records.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(self._kept, self._records)

    @property
    def _records(self) -> Path:
        return self.settings.db_dir / "readingroom.sqlite"

    @property
    def _kept(self) -> Path:
        return self.settings.state_dir / "kept.sqlite"

    def close(self) -> None:
        self.store.engine.dispose()

    # people at their browsers

    def session(self, username: str) -> Session:
        return Session(username, self.hub.browser_token(username), secrets.token_urlsafe(12))

    def client(self, username: str) -> Browser:
        session = self.session(username)
        return Browser(self.app, session, self.seal.session_cookie(session))

    def stranger(self) -> TestClient:
        return TestClient(self.app, base_url="http://testserver", follow_redirects=False)

    def workspace(self, username: str, project: str = "returning-defendants") -> TestClient:
        client = self.stranger()
        client.headers["Authorization"] = f"token {self.hub.workspace_token(username, project)}"
        return client

    # records

    def _record_people(self) -> None:
        with self.store.transaction() as tx:
            for name, shown, roles in PEOPLE:
                researcher = Role.RESEARCHER in roles
                tx.people.add(
                    Person(
                        name,
                        shown,
                        "University of Leeds" if researcher else "Secure Research Service",
                        Standing.ACTIVE,
                        frozenset(roles),
                        qualifications(
                            accredited=TODAY + timedelta(900) if researcher else None,
                            trained=TODAY + timedelta(300) if researcher else None,
                        ),
                    )
                )
                if researcher:
                    record_signature(tx, tx.people.get(name), UNDERTAKING, NOW)

    def _record_projects(self) -> None:
        self.project(
            "returning-defendants", "Returning defendants", ProjectStatus.ACTIVE, 365, {"ada", "bilal", "dara"}
        )
        self.project(
            "courts-and-schools", "Across two departments", ProjectStatus.AGREEMENT, 500, {"ada", "chloe"}
        )
        self.project("plea-timing", "Timing of pleas", ProjectStatus.ACTIVE, -30, {"chloe"})
        self.live = self.grant("returning-defendants", "magistrates", GrantStatus.ACTIVE)
        self.grant("courts-and-schools", "magistrates", GrantStatus.AGREED)
        self.proposed = self.grant("courts-and-schools", "pupils", GrantStatus.PROPOSED)
        self.grant("plea-timing", "magistrates", GrantStatus.EXPIRED)
        for slug in ("returning-defendants", "courts-and-schools", "plea-timing"):
            self.record_version(slug)

    def project(self, slug: str, title: str, status: ProjectStatus, days: int, members: set[str]) -> None:
        with self.store.transaction() as tx:
            tx.projects.add(
                Project(
                    slug,
                    title,
                    "data-first",
                    "How often, how soon and after which disposals defendants return.",
                    "Shows where support could prevent the next case.",
                    PURPOSE,
                    GATEWAY,
                    status,
                    TODAY + timedelta(days),
                    frozenset(members),
                    lead=min(members),
                )
            )
            tx.events.record("setup", "project.recorded", f"project:{slug}", slug, status=status.value)

    def record_version(self, slug: str) -> None:
        """What the project is, as the application that it came from."""
        with self.store.transaction() as tx:
            project = tx.projects.get(slug)
            live = project.status is ProjectStatus.ACTIVE
            application = recorded(project, tx.grants.of_project(slug))
            application = replace(application, outputs="Tables by sex and offence group, in a journal article.")
            tx.applications.add(Version(slug, 1, application, project.lead, NOW,
                                        Outcome.AGREED if live else Outcome.WAITING, NOW if live else None,
                                        "olive", NOW))
            tx.projects.save(replace(project, version=1 if live else 0))

    def grant(
        self, project: str, dataset: str, status: GrantStatus, *, columns: dict[str, tuple[str, ...]] | None = None
    ) -> Grant:
        found = self.room.policies.dataset(dataset)
        columns = columns or {
            table.name: tuple(c.name for c in table.columns if not c.sensitive) for table in found.tables
        }
        decided = status is not GrantStatus.PROPOSED
        with self.store.transaction() as tx:
            made = tx.grants.add(
                Grant(
                    0,
                    project,
                    dataset,
                    status,
                    columns,
                    {},
                    TODAY + timedelta(300),
                    20_000,
                    decided_by=found.custodian if decided else None,
                    decided_at=NOW if decided else None,
                    version=1,
                )
            )
            tx.events.record(found.custodian, f"grant.{status.value}", f"grant:{made.id}", project, dataset=dataset)
            if status is GrantStatus.ACTIVE:
                name = f"{project}-{made.id}-0"
                (self.extracts.root / name).mkdir(parents=True)
                described = json.dumps({"slug": dataset, "version": "v1"})
                (self.extracts.root / name / "dataset.json").write_text(described)
                tx.extracts.put(Extract(name, made.id, "v1", NOW, None))
        return made

    # the life of a request, through the services

    def submit(
        self,
        author: str = "ada",
        project: str = "returning-defendants",
        uploads: tuple[Upload, ...] | None = None,
        title: str = "Returns by sex and offence",
    ) -> AirlockRequest:
        return requests.submit(
            self.room, author, project, title, "A table in a journal article", uploads or typical_uploads()
        )

    def check(self, number: int) -> AirlockRequest:
        return checked(self.room, number)

    def in_review(self, **how: object) -> AirlockRequest:
        return self.check(self.submit(**how).number)  # type: ignore[arg-type]

    def vote(
        self, checker: str, request: AirlockRequest, decision: Decision, comment: str = "", note: str = ""
    ) -> None:
        requests.review(
            self.room,
            checker,
            request.number,
            tuple(Vote(file.id, decision, comment) for file in request.files),
            note,
        )

    def returned(self, **how: object) -> AirlockRequest:
        request = self.in_review(**how)
        self.vote("imran", request, Decision.CHANGE, "Merge the small groups into Other.", "Seen the like in 2025.")
        self.vote("freya", request, Decision.APPROVE, "Rounded enough, I think.")
        return requests.conclude(
            self.room, "imran", request.number, RequestStatus.RETURNED, "Please merge the small groups."
        )

    def released(self, **how: object) -> AirlockRequest:
        request = self.in_review(**how)
        self.vote("imran", request, Decision.APPROVE, "Large counts only.")
        self.vote("freya", request, Decision.APPROVE, "Agreed.")
        with self.store.transaction() as tx:
            tx.requests.set_status(request.number, RequestStatus.RELEASED)
            tx.requests.add_release(
                Release(
                    request.number,
                    f"release-{request.number}-{request.project}.zip",
                    self.room.blobs.put(b"PK of the signed package"),
                    NOW,
                )
            )
        return request

    def checkpoint(self) -> None:
        with self.store.reading() as tx:
            made = sign_checkpoint(tx.events.head(), NOW.isoformat(), self.audit_key)
        self.settings.checkpoints_file.parent.mkdir(exist_ok=True)
        self.settings.checkpoints_file.write_text(json.dumps(asdict(made)) + "\n")


class Browser(TestClient):
    """A signed-in browser: sends the cookie, knows the CSRF token of its forms, follows nothing by itself."""

    def __init__(self, app: object, session: Session, cookie: str) -> None:
        super().__init__(app, base_url="http://testserver", follow_redirects=False)  # type: ignore[arg-type]
        self.session = session
        self.cookies.set(COOKIE, cookie, domain="testserver.local", path=f"{BASE}/")

    def see(self, path: str):  # type: ignore[no-untyped-def]
        return self.get(BASE + path)

    def do(self, path: str, files: dict | None = None, **fields: object):  # type: ignore[no-untyped-def, type-arg]
        return self.post(BASE + path, data={"csrf_token": self.session.csrf_token, **fields}, files=files)


CONTEXT = "Distinct defendants by sex and offence group, 2011 to 2019, England and Wales."
LOW_TABLE = (
    b"offence,female,male\nViolence,1200,5400\nRobbery,4,310\nTheft,2300,6100\nDrugs,410,3900\n"
    b"Public order,220,1480\nSummary motoring,9100,31200\nSexual offences,3,890\n"
)
SAFE_TABLE = b"offence,female,male\nViolence,1200,5400\nTheft,2300,6100\nDrugs,410,3900\n"


def figure() -> bytes:
    picture = Image.new("RGB", (640, 360), "white")
    pen = ImageDraw.Draw(picture)
    for place, height in enumerate((120, 200, 90, 260, 150)):
        pen.rectangle((60 + place * 110, 320 - height, 130 + place * 110, 320), fill=(29, 77, 82))
    pen.line((40, 320, 620, 320), fill="black", width=2)
    out = io.BytesIO()
    picture.save(out, format="PNG")
    return out.getvalue()


def evidence(table: bytes) -> dict[str, object]:
    """What the SDK would store beside such a table: the people behind each cell."""
    header, *lines = [line.split(",") for line in table.decode().splitlines()]
    return {
        "kind": "table",
        "statistic": "count",
        "unit": "defendant_id",
        "source": {"dataset": "magistrates", "version": "v1", "table": "defendants"},
        "cells": [
            {
                "row": [line[0]],
                "column": [name],
                "people": int(count),
                "records": int(count),
                "top": [1, 1],
                "total": int(count),
            }
            for line in lines
            for name, count in zip(header[1:], line[1:], strict=True)
        ],
    }


def typical_uploads() -> tuple[Upload, ...]:
    return (
        Upload("returns.csv", LOW_TABLE, CONTEXT, "Counts are of distinct people, not rounded.", evidence(LOW_TABLE)),
        Upload("returns.png", figure(), "The same counts as a figure; the table above underlies it.", ""),
        Upload(
            "method.txt",
            b"Counts of distinct defendants by sex and offence group.\n",
            "A short description of the method, no numbers in it.",
            "",
        ),
    )


def safe_uploads() -> tuple[Upload, ...]:
    return (Upload("returns.csv", SAFE_TABLE, CONTEXT, "All counts over one hundred.", evidence(SAFE_TABLE)),)
