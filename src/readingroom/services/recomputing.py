"""Tables computed again from the vault: what a researcher's evidence claims, the platform finds out.

It reads what the project may read now, and no more (promise P2): the live grant of the dataset, its rows, and the
columns that policy still allows. What can't be computed stays the claim that it was, and the reason is said.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from readingroom.core.disclosure.evidence import Evidence, FigureEvidence, TableEvidence, tables_of
from readingroom.core.disclosure.evidence.writing import written
from readingroom.core.disclosure.recomputing import (
    Allowance,
    Asked,
    Difference,
    Outcome,
    Recomputation,
    Tables,
    as_sent,
    differences,
    digest,
    protected,
)
from readingroom.core.disclosure.tabulation.layout import is_as_written
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict
from readingroom.core.grants import readable_columns
from readingroom.core.requests import AirlockRequest, FileKind, OutputFile
from readingroom.errors import InvalidInput, NotFound, ReadingRoomError
from readingroom.services.room import ReadingRoom

log = logging.getLogger(__name__)
OUTCOME_OF = {
    "recompute.table": Outcome.VERSION, "recompute.columns": Outcome.NOT_GRANTED, "recompute.noise": Outcome.OWN_NOISE,
    "recompute.rows": Outcome.TOO_LARGE, "recipe.memory": Outcome.TOO_LARGE, "table.cells": Outcome.TOO_LARGE,
    "tables.time": Outcome.TOO_LONG,
}
"""What a refusal by the recomputer means, by its rule; any other: the recipe does not fit, or the work broke off."""


@dataclass(frozen=True)
class Result:
    """What came of it, and the platform's own evidence where that is the file's."""

    told: Recomputation
    evidence: dict[str, object] | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        return (_differs(self.told.differences),) if self.told.outcome is Outcome.DIFFERS else ()


def recompute(room: ReadingRoom, request: AirlockRequest, file: OutputFile, content: bytes, evidence: Evidence | None,
              allowance: Allowance) -> Result | None:
    """Compute an output's tables again and compare; None where there is nothing to compute, or nobody who could.

    `evidence` is the file's, as it was read; None if it is of no table, or can't be read, as the check itself says.
    `allowance` is what is left of the request's time: once it is used up nothing more is computed, and that is said.
    """
    recomputer = getattr(room, "recomputer", None)
    if recomputer is None or file.kind is not FileKind.OUTPUT or file.evidence is None or evidence is None:
        return None
    said = tables_of(evidence)
    source = dict(said[0].source)

    def told(outcome: Outcome, found: tuple[Difference, ...] = ()) -> Recomputation:
        return Recomputation(outcome, room.now(), source.get("dataset", ""), source.get("version", ""),
                             source.get("table", ""), found)

    if isinstance(evidence, FigureEvidence):
        return Result(told(Outcome.PICTURE))
    asked = _asked(room, request, said)
    if isinstance(asked, Outcome):
        return Result(told(asked))
    if not allowance.left:
        return Result(told(Outcome.TIME_USED))
    try:
        found = as_sent(recomputer.recompute(asked, allowance))
    except (ReadingRoomError, OSError) as error:  # its words may be of the data
        rule = getattr(error, "rule", type(error).__name__)
        other = Outcome.NO_FIT if isinstance(error, InvalidInput | NotFound) else Outcome.BROKE_OFF
        log.warning("%s of request %d was not recomputed (%s)", file.name, request.number, rule)
        outcome = OUTCOME_OF.get(rule, other)
        cut_short = outcome is Outcome.TOO_LONG and not allowance.left
        return Result(told(Outcome.TIME_USED if cut_short else outcome))
    if apart := differences(said, found):
        return Result(told(Outcome.DIFFERS, apart))
    own = protected(found, said)
    if not _is_its_file(content, own):
        return Result(told(Outcome.OTHER_FILE))
    return Result(replace(told(Outcome.VERIFIED), claim=digest(file.evidence)), written(own))


def _asked(room: ReadingRoom, request: AirlockRequest, said: Tables) -> Asked | Outcome:
    """What to compute, by the evidence and by what the project may read today; else why it can't be."""
    first, source = said[0], dict(said[0].source)
    recipe, dataset = first.recipe, source.get("dataset", "")
    if recipe is None or {"dataset", "version", "table"} - set(source):
        return Outcome.NO_RECIPE
    if len(said) != len(recipe.measures) or any(_origin(one) != _origin(first) for one in said):
        return Outcome.SEVERAL
    table = _granted(room, request, dataset, source["version"], source["table"])
    if isinstance(table, Outcome):
        return table
    registered = room.policies.dataset(dataset)
    known = registered.table(source["table"])
    if known is None or recipe.unit != known.privacy_unit:
        return Outcome.OTHER_UNIT
    return Asked(recipe, registered, source["version"], known.name, *table, request.project, first.labelled,
                 first.noise)


def _granted(room: Any, request: AirlockRequest, dataset: str, version: str, table: str
             ) -> tuple[tuple[str, ...], str] | Outcome:
    """The columns of a table that the project may read now, and which rows."""
    with room.store.reading() as tx:
        live = [(grant, programme) for grant, programme, _ in tx.extracts.wanted(room.today(), [request.project])
                if grant.dataset == dataset]
        had = tx.extracts.versions(request.project, dataset)
    if not live or dataset not in room.policies.datasets:
        return Outcome.NOT_GRANTED
    grant, programme = live[0]
    columns = readable_columns(grant, room.policies.in_programme(programme, grant)).get(table)
    if len(live) > 1 or columns is None:
        return Outcome.NOT_GRANTED
    if version not in had or version not in room.vault.versions(dataset):
        return Outcome.VERSION
    return columns, grant.row_filter.get(table, "")


def _origin(table: TableEvidence) -> tuple[object, ...]:
    """What has to be the same of all statistics in a file, to be computed in one pass."""
    return table.recipe, table.source, table.labelled, table.noise


def _is_its_file(content: bytes, own: Tables) -> bool:
    recipe = own[0].recipe
    return recipe is not None and is_as_written(content, own, recipe)


def _differs(found: tuple[Difference, ...]) -> Finding:
    """Says where, to whoever may see the output; the numbers of the data are for checkers."""
    cells = tuple(dict.fromkeys(Cell(one.row, one.column) for one in found if one.row or one.column))
    where = f"{len(cells):,} cell{'s' if len(cells) != 1 else ''}" if cells else "what the table is of"
    return Finding(
        "recomputed.differs", Verdict.REVIEW,
        f"The platform computed this table's recipe from the same data, and {where} came out otherwise.",
        "Make the table again from data as rr.load() gives them, and do not edit it or its evidence.", cells,
        source="Statistics are verified by computing them again from the data (docs/reference/evidence.md)")


def on_the_log(result: Result | None) -> Mapping[str, object]:
    """What the audit log says of it: which data were read, and what came of it."""
    if result is None:
        return {}
    told = result.told
    return {"recomputed": {"outcome": told.outcome.value, "dataset": told.dataset[:100], "version": told.version[:100],
                           "table": told.table[:100]}}
