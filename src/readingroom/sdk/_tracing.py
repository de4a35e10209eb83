"""Whether a table is what its recipe gives of the data as they are mounted: then the platform can compute it again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from readingroom.errors import ReadingRoomError
from readingroom.sdk import _data

if TYPE_CHECKING:
    from readingroom.core.disclosure.evidence import TableEvidence
    from readingroom.sdk._tables import Table


@dataclass(frozen=True)
class Trace:
    """What was found once, for a table and whatever hides, rounds or perturbs it: whether codes are labels, or None."""

    known: list[bool | None] = field(default_factory=list)

    def of(self, made: Table) -> bool | None:
        if not self.known:
            self.known.append(_labelled(made))
        return self.known[0]


def traced(made: Table) -> tuple[TableEvidence, ...]:
    """The tables with their recipe, if the mounted data give the same; else as they are, since a recipe that gives
    something else would be held against them. What was prepared in the notebook can't be computed again elsewhere."""
    labelled = made.trace.of(made)
    if labelled is None:
        return made.tables
    return tuple(replace(one, recipe=made.recipe, labelled=labelled) for one in made.tables)


def _labelled(made: Table) -> bool | None:
    source = dict(made.tables[0].source)
    if {"dataset", "version", "table"} - set(source) or made.recipe.unit is None:
        return None
    try:
        return _tried(made, source)
    except (ReadingRoomError, OSError, ValueError):  # the mounted data have no such columns, or are gone
        return None


def _tried(made: Table, source: dict[str, str]) -> bool | None:
    import pyarrow.parquet as pq

    from readingroom.core.disclosure.tabulation.engine import columns_needed

    about, rows = _data.mounted(source["dataset"], source["version"], source["table"])
    codes = {column.name: column.codes for column in about.columns if column.codes}
    held = pq.read_table(rows, columns=columns_needed(made.recipe, [column.name for column in about.columns]))
    ways = (True, False) if codes.keys() & set(held.column_names) else (True,)
    return next((labelled for labelled in ways if _gives(made, held, codes if labelled else {})), None)


def _gives(made: Table, held: Any, codes: dict[str, dict[str, str]]) -> bool:
    from readingroom.core.disclosure.recomputing import as_sent, differences
    from readingroom.core.disclosure.tabulation import cells, engine
    from readingroom.core.disclosure.tabulation.catalogue import as_loaded

    try:
        found = cells.tables(engine.compute(as_loaded(held, codes), made.recipe))
    except ReadingRoomError:  # such as labels in `where` that are codes here
        return False
    return not differences(as_sent(made.tables), as_sent(found))
