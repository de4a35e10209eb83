"""Tables that know the people behind every cell, what the rules say of them, and how to make them safe."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput, Unavailable
from readingroom.sdk import _outputs
from readingroom.sdk._outputs import Output
from readingroom.sdk._progress import progress
from readingroom.sdk._tracing import Trace

if TYPE_CHECKING:
    import pandas

    from readingroom.core.disclosure.evidence import TableEvidence
    from readingroom.core.disclosure.evidence.model import Grouping
    from readingroom.core.disclosure.tabulation.recipe import Recipe
    from readingroom.core.disclosure.verdict import Finding, Verdict
    from readingroom.core.policy import Policy
    from readingroom.sdk._fixes import Fixes
    from readingroom.sdk._preflight import Preflight

SAFE_EXTREMES = {"min": "bottom_mean", "max": "top_mean"}
SEARCH_SECONDS = 5.0  # for fewer hidden cells; what is found is safe however long it took

Labels = tuple[str, ...]
Names = str | Sequence[str] | None


@dataclass(frozen=True)
class Table:
    """Statistics by rows and columns. Made by `table()` and its friends; every change gives a new one.

    `tables` is the evidence, one for each statistic; `data` what it was counted from, for merging and the like, never
    written anywhere. `dropped` are rows and columns that are not shown. `left_out` counts rows that are in no cell.
    `trace` knows whether the mounted data give the same table.
    """

    recipe: Recipe = field(repr=False)
    tables: tuple[TableEvidence, ...] = field(repr=False)
    data: Any = field(repr=False, compare=False)
    missing: Mapping[str, int] = field(default_factory=dict, repr=False)
    dropped: frozenset[tuple[str, Labels]] = frozenset()
    done: tuple[str, ...] = ()
    name: str = ""
    context: str = ""
    controls: str = ""
    trace: Trace = field(default_factory=Trace, repr=False, compare=False)

    @property
    def statistic(self) -> str:
        """The one statistic; the names of all, where there are several."""
        return ", ".join(dict.fromkeys(one.statistic for one in self.tables))

    @property
    def unit(self) -> str:
        return self.tables[0].unit

    @property
    def row_names(self) -> tuple[str, ...]:
        return self.recipe.rows

    @property
    def rounding(self) -> int:
        return max(one.rounding for one in self.tables)

    @property
    def left_out(self) -> int:
        return sum(rows for reason, rows in self.missing.items() if reason != "where")

    @property
    def cells(self) -> tuple[dict[str, Any], ...]:
        """What lies under each cell, as the checks read it."""
        from readingroom.core.disclosure.evidence.writing import cell_dict

        return tuple(cell_dict(cell) for one in self.tables for cell in one.cells)

    @property
    def evidence(self) -> dict[str, Any]:
        """With the recipe, where the platform can compute the table again from the data as they are mounted."""
        from readingroom.core.disclosure.evidence.writing import written
        from readingroom.sdk._tracing import traced

        return written([replace(one, groups=self._groupings) for one in traced(self)])

    @cached_property
    def _groupings(self) -> tuple[Grouping, ...]:
        from readingroom.sdk._groups import groupings

        return groupings(self)

    @property
    def frame(self) -> pandas.DataFrame:
        """The published numbers; a suppressed cell is missing."""
        from readingroom.sdk._layout import frame

        return frame(self)

    def check(self) -> Preflight:
        """What the project's rules say of it."""
        from readingroom.sdk._preflight import preflight

        return preflight(self.draft()).without_notes()

    @property
    def verdict(self) -> Verdict:
        return self.check().verdict

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.check().findings

    def explain(self) -> Any:
        """Every cell that breaks a rule: what it rests on, which rule, why, and by whose guidance."""
        from readingroom.sdk._fixes import explained

        return explained(self)

    def fix(self) -> Fixes:
        """Ways to make it pass, each tried and checked, the one that loses least first. Changes nothing itself."""
        from readingroom.sdk._fixes import fixes

        return fixes(self)

    def suppress(self) -> Table:
        """A table without the unsafe cells, and without others as needed so that no total gives them back.

        Raises InvalidInput if hiding cells is not enough, and Unavailable where the project's rules cannot be had:
        a table made safe by other rules is not safe. After some seconds the best pattern found so far is taken: it is
        as safe, and may hide more. What takes longer than two seconds shows how far it is.
        """
        from readingroom.core.disclosure.remedies import hide_unsafe, without_added_totals
        from readingroom.core.disclosure.remedies.suppressing import STEPS
        from readingroom.sdk._rounding import added_as

        until = time.monotonic() + SEARCH_SECONDS
        bare = tuple(map(without_added_totals, self.tables))
        with progress(len(STEPS)) as tell:
            found = hide_unsafe(bare, known_policy(), lambda: time.monotonic() > until, tell)
        hidden = len(found.primary | found.secondary)
        made = added_as(self.tables, found.tables)
        what = f"suppressed {hidden:,} cell{'s' if hidden > 1 else ''}"
        return self._changed(what, tables=made) if hidden else self

    def round(self, base: int = 5, method: str = "nearest", *, totals: str = "rounded") -> Table:
        """Counts, and the shares of people made from them, rounded to multiples of `base`; half goes up.

        `method="midpoint"` gives the middle of each interval of `base`, as OpenSAFELY's midpoint 6, and
        `method="controlled"` one of the two multiples beside each count, so that everything still adds up. With
        `totals="added"` totals are the sums of the rounded cells shown, hidden ones counting nothing, in place of
        rounded ones. Rounding does not make small cells safe.
        """
        from readingroom.sdk._rounding import rounded

        how, tables = rounded(self, base, method, totals)
        return self._changed(f"counts rounded {how}", tables=tables)

    def perturb(self, noise: int = 2, variance: float = 1.0, small: int = 0, *,
                key: str | bytes | None = None) -> Table:
        """Counts with noise of up to `noise` either way that is the same wherever the same people are counted.

        `variance` is the noise's, and with `small` nothing from 1 to that number is shown. The noise comes from a key
        of each person, made of their identifier and a secret of the dataset in this project, so that the same cell is
        the same number in every table, whatever the order of rows. Where a frame is of no mounted dataset, give such a
        secret as `key`, at least 16 bytes, and always the same. Noise does not make small cells safe.
        """
        from readingroom.sdk._noise import perturb

        return self._changed(f"counts perturbed by noise of up to {noise}",
                             tables=perturb(self, noise, variance, small, key))

    def merge(self, groups: Mapping[str, Any]) -> Table:
        """Categories put together and everything counted anew: `{"region": {"North": ["NE", "NW"]}}`.

        With one row or column variable that has these labels, `{"North": ["NE", "NW"]}` will do.
        """
        from readingroom.sdk._layout import variable_of

        if not all(isinstance(value, Mapping) for value in groups.values()):
            groups = {variable_of(self, groups): groups}
        merged = {name: {new: tuple(old) for new, old in wanted.items()} for name, wanted in groups.items()}
        return self._again(f"merged {', '.join(new for wanted in merged.values() for new in wanted)}",
                           merge={name: dict(wanted) for name, wanted in self.recipe.merge.items()} | merged)

    def band(self, edges: Mapping[str, Sequence[float | None]]) -> Table:
        """Numbers cut into bands and everything counted anew: `{"age": [0, 18, 65, None]}`."""
        return self._again(f"cut {', '.join(edges)} into bands",
                           bands={**self.recipe.model_dump()["bands"], **{key: list(at) for key, at in edges.items()}})

    def cap(self, lower: float | None = None, upper: float | None = None) -> Table:
        """Values below `lower` or above `upper` taken as these, and everything computed anew."""
        return self._again(f"capped at {lower if upper is None else upper:g}" if None in (lower, upper)
                           else f"capped at {lower:g} and {upper:g}", cap=[lower, upper])

    def safe_extremes(self, people: int) -> Table:
        """Minimum and maximum replaced by the mean over the `people` most extreme people; everything else stays."""
        measures = [measure.model_dump() for measure in self.recipe.measures]
        for measure in measures:
            if measure["statistic"] in SAFE_EXTREMES:
                measure |= {"statistic": SAFE_EXTREMES[measure["statistic"]], "entities": people, "name": None}
        return self._again(f"means of the {people} most extreme people in place of extremes", statistics=measures)

    def drop(self, *labels: str | Sequence[str], totals: bool = False, empty: bool = False) -> Table:
        """Rows or columns with these labels left out; with `totals` all totals, with `empty` what nobody is in.

        What is left out still counts in totals that stay, so that it is checked as if it were hidden.
        """
        from readingroom.sdk._dropping import dropped

        what, tables, gone = dropped(self, labels, totals=totals, empty=empty)
        return self._changed(what, tables=tables, dropped=gone)

    def save(self, path: str | Path, *, context: str = "", controls: str = "") -> Table:
        """Write the csv, and beside it its evidence, which a release request by path needs.

        Returns the table under that name, with its context.
        """
        _outputs.save(path, self.csv(), self.evidence)
        return replace(self, name=Path(path).name, context=context or self.context, controls=controls or self.controls)

    def csv(self) -> bytes:
        """One header line, then a line per row; a suppressed cell is [c]."""
        from readingroom.sdk._layout import csv_of

        return csv_of(self)

    def output(self, number: int = 1) -> Output:
        return Output(self.name or f"table-{number}.csv", self.csv(), self.evidence, self.context,
                      self.controls or "; ".join(self.done))

    def draft(self) -> Output:
        """The output as it is checked while the table is still being made, without what computing it again takes."""
        from readingroom.core.disclosure.evidence.writing import written

        told = [replace(one, groups=self._groupings) for one in self.tables]
        return Output(self.name or "table.csv", self.csv(), written(told), self.context, self.controls)

    def _changed(self, what: str, **changes: Any) -> Table:
        return replace(self, done=(*self.done, what), **changes)

    def _again(self, what: str, **changes: Any) -> Table:
        """The table of a changed recipe. What was hidden or rounded before has to be done again."""
        from readingroom.core.disclosure.tabulation.recipe import parse_recipe

        said = self.recipe.model_dump(exclude={"measures"}) | {
            "statistics": [measure.model_dump() for measure in self.recipe.measures]}
        made = compute(self.data, parse_recipe(said | changes), dict(self.tables[0].source))
        kept = tuple(one for one in self.done if one.startswith(("merged", "cut", "capped", "means")))
        return replace(made, done=(*kept, what), name=self.name, context=self.context, controls=self.controls)

    def _repr_html_(self) -> str:
        from readingroom.sdk._html import table_html

        return table_html(self)

    def __repr__(self) -> str:
        return f"<Table: {self.statistic} by {', '.join(self.row_names)}>\n{self.frame.to_string()}"


def known_policy() -> Policy:
    """The project's rules, or Unavailable: what is made safe by other rules is not safe."""
    from readingroom.sdk._preflight import rules

    effective = rules()
    if not effective.known:
        raise Unavailable("The project's rules could not be had, so which cells are unsafe is not known.",
                          rule="rules.unknown", next_step="Try again when rr.workspace() answers.")
    return effective.policy


def table(frame: Any, rows: Names = None, columns: Names = None, value: str | None = None, statistic: str = "count",
          unit: str | None = None, totals: bool = False, **more: Any) -> Table:
    """Statistics by `rows` and `columns`, with the people behind each cell.

    `count` counts distinct people (values of `unit`), not rows: a person with five cases in a cell is one; `records`
    counts rows. sum, mean, median, quantile (`q`), sd, variance, min, max, mode, share and percentage (`of` row,
    column or all), rate and ratio (`denominator`, `per`) are of the column `value`. Several statistics:
    `statistics=[{"statistic": "mean", "value": "days"}, {"statistic": "count"}]`. `more` are keys of a recipe
    (docs/reference/check.md), such as `where`, `weight`, `bands`, `missing`.

    `frame` is a pandas or Polars data frame, or an Arrow table. `unit` is known for frames of `load()`; after a merge
    it may need to be given. Where every row is another person's, say `unit=None` with `rows_are_people=True`. Rows with
    a missing label are left out, and the table says how many.
    """
    from readingroom.core.disclosure.tabulation.recipe import parse_recipe

    source = getattr(frame, "attrs", None) or {}
    alone = more.pop("rows_are_people", False)
    unit = unit or (None if alone else source.get("privacy_unit"))
    if unit is None and not alone:
        raise InvalidInput("Nothing says which column holds the people.", rule="table.unit",
                           next_step="Load the data with rr.load(), or give unit='person_id'; if every row is another "
                           "person's, say rows_are_people=True.")
    if callable(statistic):
        raise InvalidInput("A statistic is given by its name, so that it can be checked and computed again.",
                           rule="table.statistic", value=getattr(statistic, "__name__", "a function"),
                           next_step='Use statistic="mean", "sum", "median", ...')
    one = {} if "statistics" in more else {"statistic": statistic, "value": value}
    recipe = parse_recipe({"rows": _names(rows), "columns": _names(columns), "unit": unit, "margins": totals} | one
                          | more)
    return compute(frame, recipe, {key: str(source[key]) for key in ("dataset", "version", "table") if source.get(key)})


def compute(frame: Any, recipe: Recipe, source: Mapping[str, str]) -> Table:
    from readingroom.core.disclosure.tabulation import cells, engine
    from readingroom.core.disclosure.tabulation.numbers import with_digits

    computed = engine.compute(frame, recipe)
    made = tuple(map(with_digits, cells.tables(computed, source)))
    return Table(recipe, made, frame, dict(computed.left_out))


def _names(given: Names) -> list[str]:
    if given is None:
        return []
    return [str(given)] if isinstance(given, str) or not isinstance(given, Iterable) else [str(name) for name in given]
