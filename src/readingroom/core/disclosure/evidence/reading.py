"""Evidence from JSON: exactly the documented form, and everything else is refused by name."""

from __future__ import annotations

from typing import Any

from readingroom.core.disclosure.evidence.fields import CELL, TABLE, Field
from readingroom.core.disclosure.evidence.model import (
    CellEvidence,
    Evidence,
    FigureEvidence,
    TableEvidence,
    TablesEvidence,
)
from readingroom.core.disclosure.evidence.readers import fault, mapping, only, refuse
from readingroom.core.disclosure.statistics import canonical
from readingroom.errors import InvalidInput

VERSION = 1
MAX_CELLS = 42_000
"""As many as the largest table that is made has with its totals: one of 20,000 cells in a line has twice as many."""
MAX_TABLES = 20
PART_OF_PEOPLE = ("negatives", "below", "above", "at_value", "modal_people", "extreme_people", "overlap_people",
                  "nonzero_people", "lower_people", "upper_people")


def parse_evidence(raw: object) -> Evidence:
    """The evidence in `raw`, or InvalidInput (rule `evidence.malformed`) naming place and value.

        {"kind": "table", "statistic": "count", "unit": "person_id",
         "cells": [{"row": ["North"], "column": ["2024"], "people": 40, "records": 52}],
         "source": {"dataset": "...", "version": "...", "table": "..."}}
        {"kind": "tables", "tables": [<table>, ...]}     several statistics shown in one table
        {"kind": "figure", "underlying": <table or tables>}

    Any of them may say `"version": 1`. Fields are in `fields.py`, and docs/reference/evidence.md. What was read
    before is returned as it is: whoever compares many files with each other reads each once.
    """
    if isinstance(raw, FigureEvidence | TableEvidence | TablesEvidence):
        return raw
    fields = _versioned(raw, "evidence")
    if fields.get("kind") == "figure":
        only(fields, {"kind", "underlying"}, "evidence")
        return FigureEvidence(_shown(fields.get("underlying"), "evidence.underlying"))
    if fields.get("kind") in ("table", "tables"):
        return _shown(fields, "evidence")
    raise fault("evidence.kind", fields.get("kind"), '"table", "tables" or "figure"')


def readable(raw: object) -> Evidence | None:
    """The evidence in `raw`; None where there is none, or none that can be read: the check of its own file says so."""
    try:
        return None if raw is None else parse_evidence(raw)
    except InvalidInput:
        return None


def _versioned(raw: object, path: str) -> dict[str, object]:
    """The fields, less a version that is the right one."""
    fields = mapping(raw, path)
    version = fields.get("version", VERSION)
    if version != VERSION or isinstance(version, bool):
        refuse(f"{path}.version", version, f"{VERSION}, the only one there is")
    return {key: value for key, value in fields.items() if key != "version"}


def _shown(raw: object, path: str) -> TableEvidence | TablesEvidence:
    fields = _versioned(raw, path)
    if fields.get("kind") == "table":
        return _table(fields, path)
    if fields.get("kind") != "tables":
        refuse(f"{path}.kind", fields.get("kind"), '"table" or "tables"')
    only(fields, {"kind", "tables"}, path)
    given = fields.get("tables")
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_TABLES:
        refuse(f"{path}.tables", type(given).__name__, f"a list of 1 to {MAX_TABLES} tables")
    tables = tuple(
        _table(_versioned(one, place), place)
        for one, place in ((one, f"{path}.tables[{at}]") for at, one in enumerate(given)))
    _check_cells([cell for table in tables for cell in table.cells], f"{path}.tables")
    return TablesEvidence(tables)


def _table(fields: dict[str, object], path: str) -> TableEvidence:
    if fields.get("kind") != "table":
        refuse(f"{path}.kind", fields.get("kind"), '"table"')
    only(fields, {"kind", "cells", *(field.name for field in TABLE)}, path)
    given = fields.get("cells")
    if not isinstance(given, list) or not given:
        refuse(f"{path}.cells", given, "a list of at least one cell")
    if len(given) > MAX_CELLS:
        refuse(f"{path}.cells", f"{len(given)} cells", f"at most {MAX_CELLS} cells")
    said = _read(fields, TABLE, path)
    cells = tuple(_cell(cell, f"{path}.cells[{number}]", said["statistic"]) for number, cell in enumerate(given))
    _check_cells(cells, f"{path}.cells")
    return TableEvidence(cells=cells, **said)


def _check_cells(cells: tuple[CellEvidence, ...] | list[CellEvidence], path: str) -> None:
    if len({(cell.row, cell.column) for cell in cells}) != len(cells):
        refuse(path, "the same labels twice", "one entry per cell")
    if len({(len(cell.row), len(cell.column)) for cell in cells}) != 1:
        refuse(path, "differing numbers of labels", "equally many labels in every cell")


def _cell(raw: object, path: str, statistic: str) -> CellEvidence:
    fields = mapping(raw, path)
    only(fields, {field.name for field in CELL}, path)
    said = _read(fields, CELL, path)
    people, records = said["people"], said["records"]
    if people > records:
        refuse(f"{path}.people", people, f"no more people than records ({records})")
    if records and not people:
        refuse(f"{path}.people", people, f"at least one person behind {records} records")
    said["top"], said["top_weights"] = _top(said, path)
    said["denominator_top"] = tuple(sorted(said.get("denominator_top", ()), key=lambda one: (-abs(one), -one)))
    for name in PART_OF_PEOPLE:
        if (said.get(name) or 0) > people:
            refuse(f"{path}.{name}", said[name], f"no more than people ({people})")
    if canonical(statistic) == "share":  # a rate's numerator may count others than its denominator
        _check_share(said, path)
    return CellEvidence(**said)


def _top(said: dict[str, Any], path: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Contributions by size with their weights, largest first."""
    top, weights, people = said.get("top", ()), said.get("top_weights", ()), said["people"]
    if len(top) > people:
        refuse(f"{path}.top", f"{len(top)} contributions", f"no more than people ({people})")
    if weights and len(weights) != len(top):
        refuse(f"{path}.top_weights", f"{len(weights)} weights", f"as many as contributions ({len(top)})")
    order = sorted(range(len(top)), key=lambda at: (-abs(top[at]), -top[at]))
    return tuple(top[at] for at in order), tuple(weights[at] for at in order) if weights else ()


def _check_share(said: dict[str, Any], path: str) -> None:
    numerator, denominator = said.get("numerator_people"), said.get("denominator_people")
    if numerator is not None and denominator is not None and numerator > denominator:
        refuse(f"{path}.numerator_people", numerator, f"no more than denominator_people ({denominator})")


def _read(given: dict[str, object], fields: tuple[Field, ...], path: str) -> dict[str, Any]:
    """What is said, by name. What is not said is left to the default of the dataclass."""
    said = {}
    for field in fields:
        value = given.get(field.name)
        if value is not None or field.required:
            said[field.name] = field.kind.read(value, f"{path}.{field.name}")
    return said
