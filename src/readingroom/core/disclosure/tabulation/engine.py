"""One pass over the data: a recipe in, the statistic and the evidence of every cell out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from readingroom.core.disclosure.tabulation import conditions, frames, labels
from readingroom.core.disclosure.tabulation.axes import MOST_CELLS, Axis, Variable, axis, check_codes
from readingroom.core.disclosure.tabulation.database import Bounds, connected, fetched
from readingroom.core.disclosure.tabulation.frames import Column
from readingroom.core.disclosure.tabulation.merging import ROWS_AT_ONCE, goes, put_together
from readingroom.core.disclosure.tabulation.recipe import SUPPORTED, Measure, Recipe
from readingroom.core.disclosure.tabulation.sql import Plan, Value, statement
from readingroom.errors import InvalidInput

MOST_FETCHED = 3 * MOST_CELLS
MOST_STEPS = 10
"""From the least to the largest of whole numbers that are taken for a scale, as marks from 0 to 10 are."""

LOOKED_AT = 1000
"""Rows in which three different values show that a column has more than two."""

LARGE = 1e150
"""Floating-point values from here on may come to more than a float holds, where they are added up or weighted."""

TOP = 10
"""Largest contributions kept per cell: dominance rules in use look at one to four."""

Key = tuple[int, int]


@dataclass(frozen=True)
class Places:
    """Which value columns a measure uses, by place; and which quantile it is."""

    value: int | None = None
    denominator: int | None = None
    quantile: int | None = None


@dataclass(frozen=True)
class Computed:
    """What one pass found. `facts` has, by (row code, column code), a value for each of `names`; -1 is "all".

    `left_out` counts the rows that are in no cell, by reason; `whole` are the places of values that are whole numbers,
    and not many.
    """

    recipe: Recipe
    rows: Axis
    columns: Axis
    facts: Mapping[Key, Mapping[str, Any]]
    places: tuple[Places, ...]
    mode_labels: Mapping[int, tuple[str, ...]]
    left_out: Mapping[str, int]
    whole: frozenset[int] = frozenset()


def compute(frame: Any, recipe: Recipe, *, top: int = TOP, at_once: int = ROWS_AT_ONCE,
            secret: bytes | None = None, bounds: Bounds | None = None) -> Computed:
    """Evidence of every cell that `recipe` asks for. InvalidInput says what cannot be, and why.

    Of more than `at_once` rows, a part of the people at a time is counted, which bounds memory. With a `secret` the
    facts have each cell's key too: `key` of everybody in it, `key0` and so on of those who have a value.
    """
    names = frames.names_of(frame)
    used = conditions.columns_used(recipe.where, names) if recipe.where else ()
    data = frames.take(frame, columns_needed(recipe, names))
    return _Pass(recipe, data, names, used, top, 0 if data else frames.length(frame), at_once, secret, bounds).run()


def columns_needed(recipe: Recipe, names: list[str]) -> list[str]:
    """Every column that the recipe names, of data with columns `names`."""
    wanted: list[str | None] = [*recipe.rows, *recipe.columns, recipe.unit, recipe.weight]
    for measure in recipe.measures:
        wanted += [measure.value, measure.denominator]
    used = conditions.columns_used(recipe.where, names) if recipe.where else ()
    return list(dict.fromkeys(name for name in (*wanted, *used) if name is not None))


class _Pass:
    """The columns of one statement as they are collected, and its result."""

    def __init__(self, recipe: Recipe, data: Mapping[str, Column], names: list[str], used: tuple[str, ...],
                 top: int, length: int, at_once: int, secret: bytes | None, bounds: Bounds | None) -> None:
        self.at_once, self.secret, self.bounds = at_once, secret, bounds
        self.recipe, self.data, self.names, self.top, self.length = recipe, data, names, top, length
        self.arrays: dict[str, pa.ChunkedArray] = {}
        self.values: list[Value] = []
        self.expressions: list[str] = []
        self.checked: dict[str, str] = {}
        self.known: dict[tuple[str, ...], int] = {}
        self.mode_labels: dict[int, tuple[str, ...]] = {}
        self.maybe_two: set[int] = set()
        self.whole: set[int] = set()
        self.large: set[int] = set()
        self.used = used

    def run(self) -> Computed:
        recipe = self.recipe
        down, row_code, row_missing = self._variables(recipe.rows, "a")
        across, column_code, column_missing = self._variables(recipe.columns, "b")
        measured = [self._places(measure) for measure in recipe.measures]
        unit = None if recipe.unit is None else self._add("u", frames.units(self.data[recipe.unit], recipe.unit))
        key = self._key() if unit and self.secret is not None else None
        weight = self._weight()
        condition = self._condition()
        lost = [("label", [*row_missing, *column_missing]), ("unit", [f"{unit} IS NULL"] if unit else []),
                ("weight", [f"{weight} IS NULL"] if weight else [])]
        kept = " AND ".join(f"NOT ({test})" for _, tests in lost for test in tests)
        base = ", ".join([
            f"{row_code} AS r", f"{column_code} AS c", *([f"{unit} AS u"] if unit else []),
            *([f"{key} AS k"] if key else []),
            *([f"{weight}::DOUBLE AS w"] if weight else []),
            *(f"{expression} AS v{place}" for place, expression in enumerate(self.expressions))])
        everything = " AND ".join(part for part in (condition and f"({condition})", kept) if part)
        table = self._table()
        with connected(self.bounds) as connection:
            connection.register("data", table)
            left_out = self._left_out(connection, condition, weight, lost)
            self._look_for_two(connection, everything)
            plan, places = self._plan(measured)
            times = goes(plan, table.num_rows, self.at_once)
            dealt = [f"hash({unit}) % {times} = {turn}" for turn in range(times)] if times > 1 else [""]
            conditions_of = [" AND ".join(part for part in (everything, turn) if part) for turn in dealt]
            made = [statement(plan, f"SELECT {base} FROM data" + (f" WHERE {test}" if test else ""))
                    for test in conditions_of]
            listed = made[0][1]
            parts = []
            for text, _ in made:
                parts.append(fetched(connection, f"{text} LIMIT {MOST_FETCHED + 1}", "recipe.compute"))
                if len(parts[-1]) > MOST_FETCHED:
                    raise _too_many(f"more than {MOST_FETCHED:,}")
        found = parts[0] if len(parts) == 1 else put_together(plan, listed, parts)
        facts = {(row[0], row[1]): dict(zip(listed[2:], row[2:], strict=True)) for row in found}
        self._refuse_overflow(facts)
        every = recipe.empty_cells == "show"
        rows = axis(recipe.rows, down, {r for r, _ in facts}, every=every)
        columns = axis(recipe.columns, across, {c for _, c in facts}, every=every)
        _check_size(rows, columns, recipe)
        return Computed(recipe, rows, columns, facts, places, self.mode_labels, left_out, frozenset(self.whole))

    def _variables(self, names: tuple[str, ...], prefix: str) -> tuple[list[Variable], str, list[str]]:
        """Each variable's labels; SQL for a row's combination of them; SQL that says a label is missing."""
        variables: list[Variable] = []
        code, missing = "0", []
        with ThreadPoolExecutor() as pool:  # Arrow does one column at a time, and lets others go on meanwhile
            encoded = list(pool.map(lambda name: frames.variable(self.data[name], name), names))
        for place, (name, coded) in enumerate(zip(names, encoded, strict=True)):
            if name in self.recipe.bands:
                coded = labels.band(coded, self.recipe.bands[name], name)
            if name in self.recipe.merge:
                coded = labels.merge(coded, self.recipe.merge[name], name)
            column = self._add(f"{prefix}{place}", coded.codes)
            shown = labels.without_margin_names(labels.texts(coded.labels, name))
            order = [(at, shown[at]) for at in labels.in_order(coded)]
            if self.recipe.missing == "category" and coded.codes.null_count:
                order.append((len(shown), labels.missing_name(shown)))
                column = f"coalesce({column}, {len(shown)})"
            elif coded.codes.null_count:
                missing.append(f"{column} IS NULL")
            variables.append(Variable(tuple(order), max(len(order), 1),
                                      coded.ordered and (name in self.recipe.bands or not self.recipe.observed)))
            code = f"{column}::BIGINT" if place == 0 else f"({code}) * {variables[-1].base} + {column}"
        wide = check_codes(names, variables)
        return variables, code if wide else f"({code})::INTEGER", missing

    def _places(self, measure: Measure) -> Places:
        name = measure.canonical
        if name not in SUPPORTED or (name in ("count", "records") and measure.value is None):
            return Places(self._present(measure.value)) if measure.value else Places()
        if name == "count":
            return Places(self._present(measure.value))
        if name == "mode":
            return Places(self._mode(str(measure.value)))
        if measure.denominator is not None:
            below = self._numbers(measure.denominator)
            above = "1" if measure.value is None else self._capped(self._numbers(measure.value))
            return Places(
                self._value(f"CASE WHEN {below} IS NOT NULL THEN {above} END", measure.value),
                self._value(below if measure.value is None else f"CASE WHEN {above} IS NOT NULL THEN {below} END",
                            measure.denominator))
        if measure.value is None:
            return Places()
        return Places(self._value(self._capped(self._numbers(measure.value)), measure.value))

    def _capped(self, column: str) -> str:
        """The column with what lies beyond the recipe's cap set to it."""
        low, high = self.recipe.cap or (None, None)
        column = column if low is None else f"CASE WHEN {column} < {low!r} THEN {low!r}::DOUBLE ELSE {column} END"
        return column if high is None else f"CASE WHEN {column} > {high!r} THEN {high!r}::DOUBLE ELSE {column} END"

    def _present(self, name: str | None) -> int:
        """A value of which only its being there matters."""
        column = self._add(f"p_{name}", frames.units(self.data[str(name)], str(name)))
        return self._value(f"CASE WHEN {column} IS NOT NULL THEN 1 END", None)

    def _mode(self, name: str) -> int:
        """Values as places in their order, so that of equally frequent ones the first is taken."""
        coded = frames.variable(self.data[name], name)
        order = labels.in_order(coded)
        ranks = sorted(range(len(order)), key=order.__getitem__)
        codes = pc.take(pa.array(ranks, type=pa.int32()), coded.codes)
        shown = labels.texts(coded.labels, name)
        place = self._value(self._add(f"m_{name}", codes), None)
        self.mode_labels[place] = tuple(shown[at] for at in order)
        return place

    def _numbers(self, name: str) -> str:
        column = frames.numbers(self.data[name], name)
        if not frames.finite(column):
            self.checked[name] = self._add(f"x_{name}", column)
        return self._add(f"x_{name}", column)

    def _value(self, expression: str, name: str | None) -> int:
        """The place of a value column, a new one if need be."""
        key = (expression,)
        if key not in self.known:
            exact = name is None or not (
                self.recipe.cap or pa.types.is_floating(frames.numbers(self.data[name], name).type))
            self.known[key] = len(self.values)
            self.values.append(Value(exact, signed=False) if name is None else self._described(name, exact))
            self.expressions.append(expression)
        return self.known[key]

    def _described(self, name: str, exact: bool) -> Value:
        """Whether a value may be below 0 or 0, in the data and as the cap leaves it; and whether it may be one of two.

        Where no row is left out, three values among the first rows say that it is not.
        """
        column = frames.numbers(self.data[name], name)
        ends = pc.min_max(column).as_py()
        if ends["min"] is None:
            return Value(exact, signed=False)
        low, high = self.recipe.cap or (None, None)
        least = min(max(ends["min"], ends["min"] if low is None else low), ends["max"] if high is None else high)
        most = max(min(ends["max"], ends["max"] if high is None else high), ends["min"] if low is None else low)
        if isinstance(least, float) and max(abs(least), abs(most)) > LARGE:
            self.large.add(len(self.values))
        if self.recipe.where or self.recipe.cap or len(pc.unique(column.slice(0, LOOKED_AT).drop_null())) < 3:
            self.maybe_two.add(len(self.values))
        if most - least <= MOST_STEPS and frames.whole(column) and not self.recipe.cap:
            self.whole.add(len(self.values))
        return Value(exact, signed=least < 0, zeros=least <= 0 <= most)

    def _look_for_two(self, connection: duckdb.DuckDBPyConnection, test: str) -> None:
        """Find the values that are one of two in all rows that count, whatever others the data may hold."""
        for place in sorted(self.maybe_two):
            expression = self.expressions[place]
            rows = f"SELECT {expression} AS v FROM data WHERE v IS NOT NULL" + (f" AND ({test})" if test else "")
            ends = f"WITH rows AS ({rows}), ends AS (SELECT min(v) AS low, max(v) AS high FROM rows) SELECT low, high"
            found = fetched(connection, f"{ends} FROM ends WHERE low < high AND NOT EXISTS "
                             "(SELECT 1 FROM rows WHERE v <> low AND v <> high)", "recipe.compute")
            if found:
                self.values[place] = replace(self.values[place], two=found[0])

    def _refuse_overflow(self, facts: Mapping[Key, Mapping[str, Any]]) -> None:
        """Floats add up to infinity without a word, where whole numbers and decimals say so."""
        sums = [f"{name}{place}" for place in self.large for name in ("sum", "abs", "wsum", "wabs")]
        if any(not math.isfinite(found.get(name) or 0) for name in sums for found in facts.values()):
            raise InvalidInput("The numbers are too large to be added up.", rule="recipe.compute",
                               next_step="Give them in a larger unit.")

    def _plan(self, measured: list[Places]) -> tuple[Plan, tuple[Places, ...]]:
        by_name: dict[str, list[int]] = {}
        quantiles: list[tuple[int, float]] = []
        means: dict[int, int] = {}
        places = []
        for measure, at in zip(self.recipe.measures, measured, strict=True):
            name = measure.canonical
            if name in ("median", "quantile"):
                pair = (int(at.value or 0), measure.q or 0.5)
                quantiles = quantiles if pair in quantiles else [*quantiles, pair]
                at = Places(at.value, None, quantiles.index(pair))
            if name in ("top_mean", "bottom_mean"):
                means[int(at.value or 0)] = max(int(measure.entities or 1), means.get(int(at.value or 0), 0))
            if at.value is not None:
                by_name.setdefault(name, []).append(at.value)
            places.append(at)
        shares = {measure.of for measure in self.recipe.measures if measure.canonical == "share"}
        plan = Plan(
            tuple(self.values), self.recipe.unit is not None, self.recipe.weight is not None,
            across=bool(self.recipe.columns) and (self.recipe.margins or bool(shares & {"row", "all"})),
            down=bool(self.recipe.rows) and (self.recipe.margins or bool(shares & {"column", "all"})), top=self.top,
            fractions=_distinct(by_name, "rate", "ratio"), spread=_distinct(by_name, "sd", "variance"),
            quantiles=tuple(quantiles),
            extremes=_distinct(by_name, "min", "max", "range"), extreme_means=tuple(means.items()),
            modes=_distinct(by_name, "mode"), has_keys=self.secret is not None and self.recipe.unit is not None)
        return plan, tuple(places)

    def _weight(self) -> str | None:
        name = self.recipe.weight
        if name is None:
            return None
        return self._add(f"x_{name}", frames.numbers(self.data[name], name))

    def _key(self) -> str:
        from readingroom.core.disclosure.tabulation.keys import key_column  # solvers come with it

        unit, secret = str(self.recipe.unit), self.secret or b""
        return self._add("key", key_column(self.data[unit], unit, secret))

    def _condition(self) -> str:
        if not self.recipe.where:
            return ""
        inner = {name: self._add(f"y_{name}", frames.readable(self.data[name], name)) for name in self.used}
        types = {name: frames.readable(self.data[name], name).type for name in self.used}
        flags = {name for name, kind in types.items() if pa.types.is_boolean(kind) or pa.types.is_null(kind)}
        return conditions.compile_condition(self.recipe.where, self.names, inner.__getitem__, flags)

    def _add(self, key: str, column: pa.ChunkedArray) -> str:
        """The name by which SQL knows a column."""
        if key not in self.arrays:
            self.arrays[key] = column
        return f"k{list(self.arrays).index(key)}"

    def _table(self) -> pa.Table:
        if not self.arrays:  # a count of all rows looks at no column
            return pa.table({"k": pa.nulls(self.length, pa.int8())})
        return pa.table({f"k{place}": column for place, column in enumerate(self.arrays.values())})

    def _left_out(self, connection: duckdb.DuckDBPyConnection, condition: str, weight: str | None,
                  lost: list[tuple[str, list[str]]]) -> dict[str, int]:
        """Rows in no cell, by reason; and a refusal where a number or weight that counts is none to count with."""
        within = f"({condition}) IS TRUE AND " if condition else ""
        refused = [(f"{within}isinf({column})", _infinite(name)) for name, column in self.checked.items()]
        if weight:
            refused.append((f"{within}NOT ({weight} > 0 AND {weight} < {LARGE!r})", _odd_weights(self.recipe.weight)))
        asked = [("where", f"({condition}) IS NOT TRUE")] if condition else []
        asked += [(reason, f"{within}({' OR '.join(tests)})") for reason, tests in lost if tests]
        if not asked and not refused:
            return {}
        counts = fetched(connection, "SELECT " + ", ".join(
            f"count(*) FILTER ({test})" for test in (*(test for _, test in asked), *(test for test, _ in refused)))
            + " FROM data", "recipe.where")[0]
        for count, (_, refusal) in zip(counts[len(asked):], refused, strict=True):
            if count:
                raise refusal
        return {reason: int(count) for (reason, _), count in zip(asked, counts, strict=False)}


def _infinite(name: str) -> InvalidInput:
    return InvalidInput(f"The column {name!r} holds infinite values.", rule="data.infinite", value=name,
                        next_step=f"Leave them out: \"where\": \"abs({name}) < 1e300\".")


def _odd_weights(name: str | None) -> InvalidInput:
    return InvalidInput(f"The weights in {name!r} are not all above zero and finite.", rule="data.weight", value=name,
                        next_step=f"Leave such rows out: \"where\": \"{name} > 0 AND {name} < 1e100\".")


def _distinct(by_name: Mapping[str, list[int]], *names: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(place for name in names for place in by_name.get(name, ())))


def _check_size(rows: Axis, columns: Axis, recipe: Recipe) -> None:
    size = len(rows.codes) * len(columns.codes) * len(recipe.measures)
    if not size:
        raise InvalidInput("There is nothing to put in the table: no row has all its labels.", rule="table.empty",
                           value=", ".join((*rows.names, *columns.names)),
                           next_step='Choose other columns, loosen "where", or make missing labels a category.')
    if size > MOST_CELLS:
        raise _too_many(f"{size:,}")


def _too_many(size: str) -> InvalidInput:
    return InvalidInput(f"The table would have {size} cells; at most {MOST_CELLS:,} are made.", rule="table.cells",
                        value=size, next_step="Merge categories, or use fewer variables.")
