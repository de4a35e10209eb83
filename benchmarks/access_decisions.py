"""`python -m benchmarks access_decisions`: may this person open this workspace, on 1,000 projects of 50 grants each.

The whole question as spawner, portal and sweeper ask it: the records are read, the policies of 50 datasets combined,
and every reason found. Beside it, what nobody can do without: reading the project's row and its 50 grants, and no more.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.console import Console
from sqlalchemy import insert, text

from benchmarks.result import Result
from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.people import Person, Qualification, QualificationKind, Signature, Standing
from readingroom.core.policy.library import Policies
from readingroom.core.roles import Role
from readingroom.core.undertakings import Undertaking
from readingroom.db.migrate import upgrade
from readingroom.db.store import Store
from readingroom.db.tables import GrantRow, MembershipRow, ProjectRow
from readingroom.services import access
from readingroom.services.room import ReadingRoom
from readingroom.settings import REPOSITORY, Settings
from readingroom.storage.policies import load_policies

PROJECTS, GRANTS, ROUNDS = 1000, 50, 1000
TODAY = datetime.now(UTC).date()


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


def policies() -> Policies:
    """The distributed site and programme, with fifty datasets in them."""
    known = load_policies(REPOSITORY / "policies")
    own = next(iter(known.datasets.values()))[1]
    person = Column("person_id", "Person", "text", identifier=True)
    table = Table("people", "One row per person", (person,), "person_id")
    return Policies(known.site, known.programmes, {
        f"dataset-{number}": (Dataset(f"dataset-{number}", f"Dataset {number}", "", "mercer", "", (table,)), own)
        for number in range(GRANTS)}, (Undertaking("", "1", "I will keep the data in."),))


def fill(store: Store, purpose: str, gateway: str, end: date) -> None:
    now = datetime.now(UTC)
    with store.transaction() as tx:
        session = tx.projects._session
        tx.people.add(Person("ada", "Ada", "Leeds", Standing.ACTIVE, frozenset({Role.RESEARCHER}), tuple(
            Qualification(kind, "", TODAY, None if kind is QualificationKind.IDENTITY else end, "", "setup", now)
            for kind in QualificationKind), Signature("Leeds", "1", "0" * 64, now)))
        session.execute(insert(ProjectRow), [{
            "slug": f"p{number}", "title": f"P{number}", "programme": "data-first", "aim": "", "public_benefit": "",
            "purpose": purpose, "legal_gateway": gateway, "status": "active", "expires_on": end, "version": 0,
            "image": "notebook", "tier": "standard", "lead": "ada"} for number in range(PROJECTS)])
        session.execute(insert(MembershipRow), [{"project": f"p{number}", "username": "ada"}
                                                for number in range(PROJECTS)])
        session.execute(insert(GrantRow), [{
            "project": f"p{number}", "dataset": f"dataset-{dataset}", "status": "active",
            "columns": {"people": ["person_id"]}, "row_filter": {}, "expires_on": end, "budget_micro_rho": 20_000,
            "rules": {}, "version": 0} for number in range(PROJECTS) for dataset in range(GRANTS)])


def median(act: Callable[[str], object]) -> float:
    """Seconds of the processor for one, of ROUNDS projects drawn at random: others may be busy on the machine."""
    chance, taken = random.Random(7), []
    for _ in range(ROUNDS):
        slug = f"p{chance.randrange(PROJECTS)}"
        begun = time.process_time()
        act(slug)
        taken.append(time.process_time() - begun)
    return statistics.median(taken)


def measure(directory: Path) -> Result:
    settings = Settings(state_dir=directory)
    upgrade(settings)
    room = ReadingRoom(settings=settings, store=Store(settings.database_url, Now()), clock=Now(),
                       policies=policies(), blobs=None, extracts=None, secrets=None)  # type: ignore[arg-type]
    effective = room.policies.layers("data-first", "dataset-0")
    purpose = min(effective[0].policy.purposes or {"research"})
    gateway = min(next(layer.policy.legal_gateways for layer in reversed(effective) if layer.policy.legal_gateways))
    fill(room.store, purpose, gateway, TODAY + timedelta(days=100))
    statements = (text("SELECT * FROM project WHERE slug = :slug"),
                  text("SELECT * FROM dataset_grant WHERE project = :slug"))

    def least(slug: str) -> None:
        with room.store.engine.connect() as connection:
            for statement in statements:
                connection.execute(statement, {"slug": slug}).all()

    access.decide(room, "ada", "p0")
    ours = median(lambda slug: access.decide(room, "ada", slug))
    return Result(f"One access decision ({PROJECTS:,} projects, {GRANTS} grants each), median", ours * 1e6,
                  median(least) * 1e6, "reading its rows only", "under 1,000 µs", "µs")


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        result = measure(Path(directory))
    Console().print(f"{result.what}: {result.shown(result.ours)}; {result.baseline_name}: "
                    f"{result.shown(result.baseline)}; {result.ratio:.1f} times; target {result.target}")


if __name__ == "__main__":
    main()
