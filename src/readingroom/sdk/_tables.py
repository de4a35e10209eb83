"""Tables that know the people behind every cell."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput, Unavailable
from readingroom.sdk import _outputs, _suppression
from readingroom.sdk._outputs import Output

if TYPE_CHECKING:
    import pandas

    from readingroom.sdk._preflight import Preflight

STATISTICS = ("count", "sum", "mean", "median")
TOP = 10  # largest contributions kept per cell: the dominance rules in use look at one to four
MOST_CELLS = 20_000
TOTAL = "Total"
MARK = "[c]"  # what a suppressed cell shows, as in official statistics
JOINER = " / "

Labels = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One statistic by rows and columns. Made by `table()`; every change gives a new one.

    `cells` is the evidence, in reading order; `left_out` counts the rows not in the table because a value was missing.
    """

    statistic: str
    unit: str
    row_names: tuple[str, ...]
    cells: tuple[dict[str, Any], ...]
    source: dict[str, str] = field(default_factory=dict)
    rounding: int = 1
    digits: int = 0
    left_out: int = 0
    name: str = ""
    context: str = ""
    controls: str = ""

    @property
    def evidence(self) -> dict[str, Any]:
        """What lies under each cell, as the checks read it."""
        return {"kind": "table", "statistic": self.statistic, "unit": self.unit, "cells": [dict(c) for c in self.cells],
                "source": dict(self.source), "rounding": self.rounding}

    @property
    def frame(self) -> pandas.DataFrame:
        """The published numbers; a suppressed cell is missing."""
        import pandas

        rows, columns = self._axes()
        shown = {(tuple(c["row"]), tuple(c["column"])): self._shown(c) for c in self.cells}
        kind = "Int64" if self.statistic == "count" else "Float64"
        data = {JOINER.join(column): pandas.array([shown[row, column] for row in rows], dtype=kind)
                for column in columns}
        index = (pandas.Index([row[0] for row in rows], name=self.row_names[0]) if len(self.row_names) == 1
                 else pandas.MultiIndex.from_tuples(rows, names=self.row_names))
        return pandas.DataFrame(data, index=index)

    def check(self) -> Preflight:
        """What the project's rules say of it."""
        from readingroom.sdk._preflight import preflight

        return preflight(self)

    def suppress(self) -> Table:
        """A table without the unsafe cells, and without others as needed so that no total gives them back.

        Raises InvalidInput if hiding cells is not enough, and Unavailable where the project's rules cannot be had:
        a table made safe by other rules is not safe.
        """
        from readingroom.sdk._preflight import rules

        effective = rules()
        if not effective.known:
            raise Unavailable("The project's rules could not be had, so which cells are unsafe is not known.",
                              rule="rules.unknown", next_step="Try again when rr.workspace() answers.")
        return replace(self, cells=_suppression.suppressed(self.evidence, effective.policy))

    def round(self, base: int = 5) -> Table:
        """Counts rounded to multiples of `base`, half up. It does not make small cells safe."""
        if self.statistic != "count":
            raise InvalidInput(f"Only counts are rounded to a base; this is a {self.statistic}.", rule="table.rounding",
                               value=self.statistic, next_step="It is already shown with few digits.")
        if isinstance(base, bool) or not isinstance(base, int) or not 1 <= base <= 100:
            raise InvalidInput("The base is a whole number from 1 to 100.", rule="table.rounding", value=base,
                               next_step="Use 5 or 10.")
        return replace(self, rounding=base)

    def save(self, path: str | Path, *, context: str = "", controls: str = "") -> Table:
        """Write the csv, and beside it its evidence, which a release request by path needs.

        Returns the table under that name, with its context.
        """
        _outputs.save(path, self.csv(), self.evidence)
        return replace(self, name=Path(path).name, context=context or self.context, controls=controls or self.controls)

    def csv(self) -> bytes:
        """One header line, then a line per row; a suppressed cell is [c]."""
        rows, columns = self._axes()
        cells = {(tuple(c["row"]), tuple(c["column"])): c for c in self.cells}
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*self.row_names, *(JOINER.join(column) for column in columns)])
        for row in rows:
            writer.writerow([*row, *(self._text(cells[row, column]) for column in columns)])
        return text.getvalue().encode()

    def output(self, number: int = 1) -> Output:
        return Output(self.name or f"table-{number}.csv", self.csv(), self.evidence, self.context, self.controls)

    def _axes(self) -> tuple[list[Labels], list[Labels]]:
        return (list(dict.fromkeys(tuple(c["row"]) for c in self.cells)),
                list(dict.fromkeys(tuple(c["column"]) for c in self.cells)))

    def _shown(self, cell: dict[str, Any]) -> int | float | None:
        if cell.get("suppressed"):
            return None
        if self.statistic == "count":
            return math.floor(cell["people"] / self.rounding + 0.5) * self.rounding
        return round(_magnitude(cell, self.statistic), self.digits)

    def _text(self, cell: dict[str, Any], *, grouped: bool = False) -> str:
        shown = self._shown(cell)
        if shown is None:
            return MARK
        comma = "," if grouped else ""
        return format(shown, f"{comma}d" if self.statistic == "count" else f"{comma}.{self.digits}f")

    def _repr_html_(self) -> str:
        from readingroom.sdk._html import table_html

        return table_html(self)

    def __repr__(self) -> str:
        return f"<Table: {self.statistic} by {', '.join(self.row_names)}>\n{self.frame.to_string()}"


def caption(made: Table) -> str:
    """Plain words under a table: whose numbers, and what is not in it."""
    what = "people" if made.statistic == "count" else f"{made.statistic}, over people's values"
    said = [f"Each cell: {what} (distinct {made.unit})."]
    if made.rounding > 1:
        said.append(f"Rounded to {made.rounding}.")
    if any(c.get("suppressed") for c in made.cells):
        said.append(f"{MARK}: suppressed.")
    if made.left_out:
        said.append(f"{made.left_out:,} rows with missing values are not in it.")
    return escape(" ".join(said))


def table(frame: pandas.DataFrame, rows: str | Sequence[str], columns: str | Sequence[str] | None = None,
          value: str | None = None, statistic: str = "count", unit: str | None = None, totals: bool = False) -> Table:
    """One statistic by `rows` and `columns`, with the people behind each cell.

    `count` counts distinct people (values of `unit`), not rows: a person with five cases in a cell is one. `sum`
    and `mean` are over the values of the column `value`; so is `median`, which may be one person's own value, so that
    the best verdict on it is REVIEW. Rows with a missing value in any of these columns are left
    out, and the table says how many. `unit` is known for frames of `load()`; after a merge it may need to be given.
    Every combination of categories that occur is shown; one with nobody in it is 0.
    """
    import pandas

    row_names, column_names = _names(rows), _names(columns)
    unit = unit or frame.attrs.get("privacy_unit")
    _check(frame, row_names, column_names, value, statistic, unit)
    assert unit is not None
    used = [*row_names, *column_names]
    coded = [pandas.Categorical(frame[name]).remove_unused_categories() for name in used]
    kept = frame[unit].notna().to_numpy()
    for categories in coded:
        kept = kept & (categories.codes >= 0)
    if value is not None:
        kept = kept & frame[value].notna().to_numpy()
    if not kept.any():
        raise InvalidInput("There is nothing to put in the table: every row has a missing value.", rule="table.empty",
                           value=", ".join(used), next_step="Choose other columns.")
    coded = [categories[kept].remove_unused_categories() for categories in coded]
    depth = len(row_names)
    row_labels, row_codes = _combined(coded[:depth])
    column_labels, column_codes = _combined(coded[depth:])
    if not column_names:
        column_labels = [("people" if statistic == "count" else f"{statistic} of {value}",)]
    if (len(row_labels) + totals) * (len(column_labels) + totals) > MOST_CELLS:
        raise InvalidInput("The table would have too many cells.", rule="table.cells",
                           value=len(row_labels) * len(column_labels), next_step="Merge categories first.")
    numbers = 1.0 if value is None else frame.loc[kept, value].to_numpy(dtype=float)
    persons = pandas.DataFrame({"r": row_codes, "c": column_codes, "p": pandas.factorize(frame.loc[kept, unit])[0],
                                "v": numbers})
    held = persons.groupby(["r", "c", "p"], sort=False).agg(records=("v", "size"), v=("v", "sum")).reset_index()
    facts: dict[tuple[int, int], dict[str, Any]] = {}
    for margin in ({}, {"c": -1}, {"r": -1}, {"r": -1, "c": -1}) if totals else ({},):
        facts |= _facts(held.assign(**margin), statistic in ("sum", "mean"))
        if statistic == "median":
            for (r, c), middle in persons.assign(**margin).groupby(["r", "c"])["v"].median().items():
                facts[int(r), int(c)]["value"] = float(middle)
    if totals:
        row_labels = [*row_labels, (TOTAL,) * depth]
        column_labels = [*column_labels, *([(TOTAL,) * len(column_names)] if column_names else [])]
    across = len(column_labels) - (1 if totals and column_names else 0)
    down = len(row_labels) - (1 if totals else 0)
    cells = tuple(
        _cell(row, column, facts.get((r if r < down else -1, c if c < across else -1)), statistic,
              margin=r >= down or c >= across)
        for r, row in enumerate(row_labels) for c, column in enumerate(column_labels))
    source = {key: str(frame.attrs[key]) for key in ("dataset", "version", "table") if frame.attrs.get(key)}
    return Table(statistic, unit, row_names, cells, source, digits=_digits(cells, statistic),
                 left_out=int((~kept).sum()))


def _names(given: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if given is None else (given,) if isinstance(given, str) else tuple(given)


def _check(frame: pandas.DataFrame, rows: tuple[str, ...], columns: tuple[str, ...], value: str | None,
           statistic: str, unit: str | None) -> None:
    if statistic not in STATISTICS:
        raise InvalidInput(f"{statistic!r} is not offered.", rule="table.statistic", value=statistic,
                           next_step=f"Use one of {', '.join(STATISTICS)}; a minimum or maximum is one person's value.")
    if (statistic == "count") != (value is None):
        raise InvalidInput("All but counts need a `value` column, and a count has none.", rule="table.value",
                           value=value, next_step="Give value= with statistic='mean' or 'sum'.")
    if not unit:
        raise InvalidInput("Nothing says which column holds the people.", rule="table.unit",
                           next_step="Load the data with rr.load(), or give unit='person_id'.")
    wanted = [*rows, *columns, unit, *([] if value is None else [value])]
    unknown = [name for name in wanted if name not in frame.columns]
    if unknown or not rows or len(set(wanted)) != len(wanted):
        raise InvalidInput(f"The frame has no column {', '.join(map(repr, unknown))}." if unknown
                           else "Rows (at least one), columns, value and unit must be different columns.",
                           rule="table.column", value=", ".join(map(str, unknown or wanted)),
                           next_step=f"Columns: {', '.join(map(str, frame.columns))}."[:500])


def _combined(coded: list[Any]) -> tuple[list[Labels], Any]:
    """The labels of every combination, in order, and for each row of data which it is."""
    labels = [tuple(map(_label, categories.categories)) for categories in coded]
    for texts in labels:
        if len(set(texts)) != len(texts):
            raise InvalidInput("Two categories have the same label.", rule="table.labels",
                               value=next(text for text in texts if texts.count(text) > 1),
                               next_step="Rename one of them, or merge them.")
    codes: Any = 0
    for categories in coded:
        codes = codes * len(categories.categories) + categories.codes.astype("int64")
    return list(itertools.product(*labels)), codes


def _label(category: object) -> str:
    return str(int(category)) if isinstance(category, float) and category.is_integer() else str(category)


def _facts(held: pandas.DataFrame, magnitude: bool) -> dict[tuple[int, int], dict[str, Any]]:
    """People, records, total and largest contributions per cell; a person's holdings in a cell are added up first."""
    persons = held.groupby(["r", "c", "p"], sort=False).sum().reset_index()
    persons["size"] = persons["v"].abs()
    grouped = persons.groupby(["r", "c"], sort=False)
    summary = grouped.agg(people=("p", "size"), records=("records", "sum"), total=("v", "sum"),
                          absolute=("size", "sum"), least=("v", "min"))
    facts: dict[tuple[int, int], dict[str, Any]] = {
        (int(key[0]), int(key[1])): {"people": int(row.people), "records": int(row.records)}
        for key, row in zip(summary.index, summary.itertuples(), strict=True)}
    if magnitude:
        for key, row in zip(summary.index, summary.itertuples(), strict=True):
            facts[int(key[0]), int(key[1])] |= {"top": [], "total": float(row.total)} | (
                {"absolute_total": float(row.absolute)} if row.least < 0 else {})
        largest = persons.sort_values("size", ascending=False, kind="stable").groupby(["r", "c"], sort=False).head(TOP)
        for row in largest.itertuples():
            facts[int(row.r), int(row.c)]["top"].append(float(row.v))
    return facts


def _cell(row: Labels, column: Labels, facts: dict[str, Any] | None, statistic: str, *, margin: bool) -> dict[str, Any]:
    empty: dict[str, Any] = {"people": 0, "records": 0}
    if statistic in ("sum", "mean"):
        empty |= {"top": [], "total": 0.0}
    if statistic in ("mean", "median"):
        empty["suppressed"] = True  # the mean of nobody is no number
    return {"row": list(row), "column": list(column)} | (facts or empty) | ({"margin": True} if margin else {})


def _magnitude(cell: dict[str, Any], statistic: str) -> float:
    """The unrounded sum, mean or median of a cell."""
    number: float = cell["value"] if statistic == "median" else cell["total"]
    return number / cell["records"] if statistic == "mean" else number


def _digits(cells: tuple[dict[str, Any], ...], statistic: str) -> int:
    """Few digits: whole sums where all are whole, means and medians to about three figures."""
    filled = [c for c in cells if c["people"]]
    if statistic == "count" or (statistic == "sum" and all(float(c["total"]).is_integer() for c in filled)):
        return 0
    largest = max(abs(_magnitude(c, statistic)) for c in filled)
    return 0 if largest >= 1000 else 1 if largest >= 10 else 2 if largest >= 1 else 3
