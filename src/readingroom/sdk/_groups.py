"""Columns of the data that put a table's categories together, as provinces do regions, and so tell of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from readingroom.errors import InvalidInput

if TYPE_CHECKING:
    from readingroom.core.disclosure.evidence.model import Grouping
    from readingroom.sdk._tables import Table

MOST_LOOKED_AT, MOST_TRIED = 500, 50
FIRST_ROWS = 2000


def groupings(made: Table) -> tuple[Grouping, ...]:
    """For each variable of a table with hidden cells, every column of which each of its labels has one value only."""
    if not any(cell.suppressed and cell.people for one in made.tables for cell in one.cells):
        return ()
    sides = ((made.recipe.rows, "row"), (made.recipe.columns, "column"))
    found: list[Grouping] = []
    for names, side in sides:
        for at, name in enumerate(names):
            labels = {getattr(cell, side)[at] for cell in made.tables[0].cells if not cell.margin}
            for other in _candidates(made, name, len(labels)):
                if groups := _groups(made, name, other, labels):
                    found.append((name, other, groups))
    return tuple(found)


def _candidates(made: Table, variable: str, most: int) -> Iterator[str]:
    """Columns that the first rows give fewer values than the variable has labels, and each label one."""
    from readingroom.core.disclosure.evidence.readers import MAX_LABEL_LENGTH
    from readingroom.core.disclosure.tabulation import frames
    from readingroom.core.inspection.textual import visible

    recipe = made.recipe
    own = {*recipe.rows, *recipe.columns, recipe.unit, recipe.weight}
    labels = _first(frames.take(made.data, [variable])[variable])
    tried = 0
    for name in frames.names_of(made.data)[:MOST_LOOKED_AT]:
        if name in own or tried == MOST_TRIED or not (0 < len(name) <= MAX_LABEL_LENGTH and visible(name) == name):
            continue
        try:
            values = _first(frames.take(made.data, [name])[name])
            may = not pa.types.is_floating(values.type) and 1 < len(pc.unique(values).drop_null()) < most and (
                bool(recipe.where) or _has_one_each(labels, values))
        except (InvalidInput, pa.ArrowException):  # a column that makes no categories, such as lists
            continue
        if may:
            tried += 1
            yield name


def _first(column: Any) -> pa.ChunkedArray:
    """The first rows of a column: its values, or the codes of its categories."""
    array = getattr(column, "codes", None)
    array = getattr(column, "texts", column) if array is None else array
    return array.slice(0, FIRST_ROWS)


def _has_one_each(labels: pa.ChunkedArray, values: pa.ChunkedArray) -> bool:
    """Whether no label has two values, of those there are."""
    pairs = pa.table({"label": labels, "value": values}).drop_null().group_by(["label", "value"]).aggregate([])
    return len(pairs) == len(pc.unique(pairs["label"]))


def _groups(made: Table, name: str, other: str, labels: set[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The labels of `name` by the value of `other`; nothing if some label has several, or rows without one."""
    from readingroom.core.disclosure.tabulation import engine
    from readingroom.core.disclosure.tabulation.recipe import parse_recipe

    said = made.recipe.model_dump()
    recipe = parse_recipe({
        "rows": [name], "columns": [other], "statistic": "records", "where": made.recipe.where, "missing": "category",
        "bands": {key: at for key, at in said["bands"].items() if key == name},
        "merge": {key: at for key, at in said["merge"].items() if key == name}})
    try:
        computed = engine.compute(made.data, recipe)
    except InvalidInput:  # too many values for a table
        return ()
    rows = {code: label for (label,), code in zip(computed.rows.labels, computed.rows.codes, strict=True)}
    columns = {code: label for (label,), code in zip(computed.columns.labels, computed.columns.codes, strict=True)}
    held: dict[str, list[str]] = {}
    seen: set[str] = set()
    for (row, column), facts in sorted(computed.facts.items()):
        label = rows[row]
        if label not in labels or not facts["n"]:
            continue
        if label in seen:
            return ()
        seen.add(label)
        held.setdefault(columns[column], []).append(label)
    return tuple((group, tuple(members)) for group, members in held.items()) if 1 < len(held) < len(seen) else ()
