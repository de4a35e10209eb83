"""A workshop with data in a real vault and an extract that the SDK loads: what is recomputed is computed in earnest."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

import readingroom.sdk as rr
from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.lifecycle import GrantStatus
from readingroom.core.policy import Layer, Policy
from readingroom.core.policy.library import Policies
from readingroom.core.requests import AirlockRequest, OutputFile
from readingroom.services import requests, workspaces
from readingroom.services.uploads import Upload
from readingroom.services.workshop import Workshop
from readingroom.storage.extract_making import FileExtracts
from readingroom.storage.recomputing import VaultRecomputer
from readingroom.storage.vault import FileVault
from tests.factories import CONTEXT, SITE, add_project, checked, make_workshop
from tests.storage_world import key_file

REGIONS = {"NE": "North East", "NW": "North West", "WA": "Wales", "LN": "London"}
CASES = Dataset(
    "courts", "Courts", "Ministry of Justice", "mercer", "Cases", synthetic=True, tables=(
        Table("cases", "One row per case", privacy_unit="person_id", max_rows_per_person=9, columns=(
            Column("person_id", "Person", "text", identifier=True),
            Column("case_id", "Case", "text"),
            Column("region", "Region", "text", codes=REGIONS),
            Column("guilty", "Found guilty", "boolean", codes={"true": "Yes", "false": "No"}),
            Column("year", "Year", "integer"), Column("days", "Days", "number"), Column("fine", "Fine", "integer"),
            Column("weight", "Weight", "number"), Column("secret", "Secret", "text"))),))
GRANTED = ("person_id", "case_id", "region", "guilty", "year", "days", "fine", "weight")


def rows(count: int = 900, seed: int = 7) -> pa.Table:
    draw = random.Random(seed)
    region = [draw.choice([*REGIONS, None]) for _ in range(count)]
    return pa.table({
        "person_id": [f"id-{draw.randrange(count // 2):05d}" for _ in range(count)],
        "case_id": [f"case-{number}" for number in range(count)],
        "region": region, "guilty": [draw.choice([True, False, None]) for _ in range(count)],
        "year": pa.array([draw.choice([2019, 2020, 2021, None]) for _ in range(count)], pa.int64()),
        "days": [draw.choice([None, draw.uniform(0, 400)]) for _ in range(count)],
        "fine": pa.array([draw.randrange(50, 900) for _ in range(count)], pa.int64()),
        "weight": [draw.uniform(0.5, 3) for _ in range(count)], "secret": [f"secret-{n}" for n in range(count)]})


def make(directory: Path, *, row_filter: dict[str, str] | None = None, rules: Policy | None = None,
         site: Policy = SITE, dataset: Dataset = CASES, tables: dict[str, pa.Table] | None = None,
         granted: dict[str, tuple[str, ...]] | None = None) -> Workshop:
    """Data in the vault, a grant of all columns but the secret one, and its extract mounted for the SDK."""
    policies = Policies(Layer("site", site), {"data-first": Layer("programme data-first", Policy())},
                        {dataset.slug: (dataset, rules or Policy())})
    vault = FileVault(directory / "vault", key_file(directory / "keys" / "vault.key"))
    extracts = FileExtracts(directory / "extracts", vault, key_file(directory / "keys" / "pseudonym.key"))
    vault.add(dataset.slug, tables or {"cases": rows()})
    workshop = replace(make_workshop(directory, policies=policies), vault=vault, extracts=extracts,
                       recomputer=VaultRecomputer(vault, extracts))
    grants = add_project(workshop, grants={dataset.slug: GrantStatus.ACTIVE})
    with workshop.store.transaction() as tx:
        tx.grants.save(replace(grants[0], columns=granted or {"cases": GRANTED}, row_filter=row_filter or {}))
    workspaces.prepare_extracts(workshop)
    mount(workshop)
    return workshop


def mount(workshop: Workshop) -> None:
    """The newest extract where the SDK finds it."""
    with workshop.store.reading() as tx:
        grant = tx.grants.of_project("returns")[0]
        extract = tx.extracts.live_of_grant(grant.id)
    place = workshop.settings.state_dir / "mounted" / grant.dataset
    place.parent.mkdir(exist_ok=True)
    with suppress(FileNotFoundError):
        place.unlink()
    place.symlink_to(workshop.extracts.path(extract.id))


def asked(workshop: Workshop, *outputs: object, change: Callable[[Upload], Upload] = lambda upload: upload
          ) -> AirlockRequest:
    """A request for what the SDK made, checked as the worker does; `change` is done on its way."""
    made = [rr._outputs.as_output(one, place) for place, one in enumerate(outputs, start=1)]
    uploads = [change(Upload(one.name, one.content, CONTEXT, one.controls, one.evidence)) for one in made]
    number = requests.submit(workshop, "ada", "returns", "Cases", "A paper", uploads).number
    return checked(workshop, number)


def one_of(workshop: Workshop, output: object, **more: object) -> OutputFile:
    """The file as it was checked; its request is withdrawn, so that the next can be asked."""
    request = asked(workshop, output, **more)  # type: ignore[arg-type]
    requests.withdraw(workshop, "ada", request.number)
    return request.files[0]
