"""The SQL of one pass: from rows to what lies under every cell.

Nothing of the data's names or values is in it: columns are called r, c (codes of row and column), u (unit), v0, v1
(values), w (weight), d0 (denominators), and -1 as a code means "all". The stages:

    base      rows that count, with their cell
    by_row    one row per cell: what needs no telling apart of units, such as sums; margins are added up from cells
    held      one row per cell and unit: what that unit holds there (without a unit, every row by itself)
    by_unit   one row per cell, over what its units hold

A margin's units hold what they hold in all its cells together, so that a person in two of them is one. What needs
single values again (quantiles, modes) joins the cells back to the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

OVERALL = -1
Number = int | float | Decimal
KEYS = 2**64
"""Record keys are whole numbers below it, and so are their sums modulo it."""


@dataclass(frozen=True)
class Value:
    """One column of numbers: `exact` when sums of it are whole numbers or decimals, without rounding.

    Of a column that is not `signed` nothing is below 0, so that what negative ones need takes no time; `zeros`
    says that some may be 0, and `two` which the only two values are, where there are no others in the table.
    """

    exact: bool
    signed: bool = True
    zeros: bool = False
    two: tuple[Number, Number] | None = None

    def sum(self, expression: str) -> str:
        return f"sum({expression})" if self.exact else f"fsum({expression})"


@dataclass(frozen=True)
class Plan:
    """What the pass computes, by place of the value: `across` and `down` are the margins (over columns, over rows).

    `extreme_means` are (value, people) pairs: the mean is over the most extreme so many people.
    """

    values: tuple[Value, ...]
    has_unit: bool
    has_weight: bool
    across: bool
    down: bool
    top: int
    fractions: tuple[int, ...] = ()
    spread: tuple[int, ...] = ()
    quantiles: tuple[tuple[int, float], ...] = ()
    extremes: tuple[int, ...] = ()
    extreme_means: tuple[tuple[int, int], ...] = ()
    modes: tuple[int, ...] = ()
    has_keys: bool = False

    def needs_ends(self, value: int) -> bool:
        """Whether each unit's own smallest and largest value matter."""
        return value in self.extremes or value in dict(self.extreme_means) or self.values[value].two is not None

    @property
    def grids(self) -> list[tuple[bool, bool]]:
        """(by row, by column) of the cells themselves and of each kind of margin."""
        return [(by_row, by_column) for by_row in ((True, False) if self.down else (True,))
                for by_column in ((True, False) if self.across else (True,))]


def _codes(by_row: bool, by_column: bool) -> str:
    return f"{'r' if by_row else f'{OVERALL} AS r'}, {'c' if by_column else f'{OVERALL} AS c'}"


def _relabelled(columns: str, source: str, plan: Plan) -> str:
    """Each row once for its cell, and once for every margin that it is in."""
    return " UNION ALL ".join(f"SELECT {_codes(*grid)}, {columns} FROM {source}" for grid in plan.grids)


def _row_columns(plan: Plan) -> list[tuple[str, str, str]]:
    """(name, expression over rows, the same from parts) of what needs no telling apart of units."""
    columns = [("n", "count(*)", "sum(n)")]
    for i, value in enumerate(plan.values):
        v = f"v{i}"
        columns += [(f"n{i}", f"count({v})", f"sum(n{i})"), (f"sum{i}", value.sum(v), value.sum(f"sum{i}")),
                    (f"lo{i}", f"min({v})", f"min(lo{i})"), (f"hi{i}", f"max({v})", f"max(hi{i})")]
        if plan.has_weight:
            columns += [(f"wsum{i}", f"fsum(w * {v})", f"fsum(wsum{i})"),
                        (f"weights{i}", f"fsum(w) FILTER ({v} IS NOT NULL)", f"fsum(weights{i})")]
    return [*columns, *([("weights", "fsum(w)", "fsum(weights)")] if plan.has_weight else [])]


def _holdings(plan: Plan) -> list[tuple[str, str, str]]:
    """(name, expression over rows, the same from parts) of what one unit holds in a cell: nothing if all is missing."""
    columns = []
    for i, value in enumerate(plan.values):
        columns.append((f"s{i}", value.sum(f"v{i}"), value.sum(f"s{i}")))
        if plan.needs_ends(i):
            columns += [(f"l{i}", f"min(v{i})", f"min(l{i})"), (f"h{i}", f"max(v{i})", f"max(h{i})")]
        if plan.has_weight:
            columns += [(f"ws{i}", f"fsum(w * v{i})", f"fsum(ws{i})"),
                        (f"ww{i}", f"fsum(w) FILTER (v{i} IS NOT NULL)", f"fsum(ww{i})")]
    return [*columns, *([("k", "any_value(k)", "any_value(k)")] if plan.has_keys else [])]


def _alone(plan: Plan) -> str:
    """Every row a unit of its own."""
    columns = []
    for i in range(len(plan.values)):
        columns += [f"v{i}", f"v{i} AS s{i}", f"v{i} AS l{i}", f"v{i} AS h{i}"]
        if plan.has_weight:
            columns += [f"w * v{i} AS ws{i}", f"CASE WHEN v{i} IS NOT NULL THEN w END AS ww{i}"]
    return ", ".join([*columns, *(["w"] if plan.has_weight else [])]) or "0 AS none"


def _unit_columns(plan: Plan) -> list[tuple[str, str]]:
    """(name, expression over `held`) of what is counted in units."""
    columns = [("units", "count(*)")]
    if plan.has_keys:  # each unit once, so that a cell's key is its people's, in whatever table
        columns += [("key", f"sum(k::HUGEINT) % {KEYS}")]
        columns += [(f"key{i}", f"sum(k::HUGEINT) FILTER (s{i} IS NOT NULL) % {KEYS}") for i in range(len(plan.values))]
    for i, value in enumerate(plan.values):
        columns += [
            (f"units{i}", f"count(s{i})"), (f"abs{i}", value.sum(f"abs(s{i})" if value.signed else f"s{i}")),
            (f"negatives{i}", f"count(*) FILTER (s{i} < 0)" if value.signed else "0"),
            (f"top{i}", f"max(s{i}, {plan.top})"),
            (f"low{i}", f"min(s{i}, {plan.top}) FILTER (s{i} < 0)" if value.signed else "NULL"),
        ]
        if value.zeros:
            columns.append((f"nonzero{i}", f"count(*) FILTER (s{i} <> 0)"))
        if value.two:
            smaller, larger = map(_literal, value.two)
            columns += [(f"lower{i}", f"count(*) FILTER (l{i} = {smaller})"),
                        (f"upper{i}", f"count(*) FILTER (h{i} = {larger})")]
        if plan.has_weight:
            pair = f"struct_pack(s := s{i}::DOUBLE, ws := ws{i}, ww := ww{i})"
            columns += [(f"wtop{i}", f"max_by({pair}, abs(s{i}), {plan.top}) FILTER (s{i} IS NOT NULL)"),
                        (f"wabs{i}", f"fsum(abs(ws{i}))")]
    columns += [(f"positives{i}", f"count(*) FILTER (s{i} <> 0)") for i in plan.fractions]
    for i, entities in plan.extreme_means:
        columns += [(f"largest{i}", f"max(h{i}, {entities})"), (f"smallest{i}", f"min(l{i}, {entities})")]
    return columns


def _literal(number: Number) -> str:
    return f"{number!r}::DOUBLE" if isinstance(number, float) else str(number)


def _named(columns: list[tuple[str, str]]) -> str:
    return ", ".join(f"{what} AS {name}" for name, what in columns)


def _keys(by_row: bool, by_column: bool, *more: str) -> str:
    found = [*(["r"] if by_row else []), *(["c"] if by_column else []), *more]
    return f" GROUP BY {', '.join(found)}" if found else ""


def _with_margins(plan: Plan, source: str, columns: list[tuple[str, str, str]], *unit: str) -> str:
    """`source`, which has a row per cell (and unit), and the same for every margin, added up from it."""
    again = _named([(name, what) for name, _, what in columns])
    parts = [f"SELECT * FROM {source}"]
    for by_row, by_column in plan.grids[1:]:
        listed = ", ".join(part for part in (_codes(by_row, by_column), *unit, again) if part)
        grouped = f"SELECT {listed} FROM {source}{_keys(by_row, by_column, *unit)}"
        parts.append(grouped if by_row or by_column or unit else f"{grouped} HAVING count(*) > 0")
    return " UNION ALL ".join(parts)


def _cells(plan: Plan) -> tuple[list[str], list[str]]:
    """The parts of the statement that end in `cells`, and the names of its columns."""
    rows, units = _row_columns(plan), _unit_columns(plan)
    names = [*(name for name, _, _ in rows), *(name for name, _ in units)]
    if not plan.has_unit:
        both = _named([*((name, what) for name, what, _ in rows), *units])
        return [f"held AS ({_relabelled(_alone(plan), 'base', plan)})",
                f"cells AS (SELECT r, c, {both} FROM held GROUP BY r, c)"], names
    holdings = _holdings(plan)
    first = _named([(name, what) for name, what, _ in holdings])
    counted = _named([(name, what) for name, what, _ in rows])
    once = "MATERIALIZED " if len(plan.grids) > 1 else ""
    return [
        f"inner_rows AS MATERIALIZED (SELECT r, c, {counted} FROM base GROUP BY r, c)",
        f"by_row AS ({_with_margins(plan, 'inner_rows', rows)})",
        f"first AS {once}(SELECT r, c, u{', ' if first else ''}{first} FROM base GROUP BY r, c, u)",
        f"held AS ({_with_margins(plan, 'first', holdings, 'u')})",
        f"by_unit AS (SELECT r, c, {_named(units)} FROM held GROUP BY r, c)",
        "cells AS (SELECT by_row.*, by_unit.* EXCLUDE (r, c) FROM by_row JOIN by_unit USING (r, c))",
    ], names


def statement(plan: Plan, base: str) -> tuple[str, list[str]]:
    """The whole statement and the names of its columns, the first two being r and c."""
    made, known = _cells(plan)
    parts = [f"base AS ({base})", *made]
    names, joins = [f"cells.{name}" for name in known], ""
    people = "count(DISTINCT u)" if plan.has_unit else "count(*)"
    rows = ", ".join([*(["u"] if plan.has_unit else []), *(f"v{i}" for i in range(len(plan.values)))])
    if plan.spread or plan.quantiles or plan.modes:
        parts.append(f"spread AS ({_relabelled(rows, 'base', plan)})")
    if plan.spread or plan.quantiles:
        found = [(f"sd{i}", f"stddev_samp(v{i})") for i in plan.spread]
        found += [(f"q{k}", f"quantile_cont(v{i}::DOUBLE, {q!r})") for k, (i, q) in enumerate(plan.quantiles)]
        parts.append("shape AS (SELECT r, c, " + ", ".join(f"{what} AS {name}" for name, what in found)
                     + " FROM spread GROUP BY r, c)")
        joins, names = joins + _joined("shape"), names + [f"shape.{name}" for name, _ in found]
    if plan.quantiles:
        found = [(f"{side}{k}", f"{people} FILTER (v{i} {sign} q{k})") for k, (i, _) in enumerate(plan.quantiles)
                 for side, sign in (("below", "<"), ("above", ">"), ("at", "="))]
        parts.append("sides AS (SELECT r, c, " + ", ".join(f"{what} AS {name}" for name, what in found)
                     + " FROM spread JOIN shape USING (r, c) GROUP BY r, c)")
        joins, names = joins + _joined("sides"), names + [f"sides.{name}" for name, _ in found]
    if plan.extremes:
        found = [(f"at_{end}{i}", f"count(*) FILTER (held.{end[0]}{i} = cells.{end}{i})") for i in plan.extremes
                 for end in ("lo", "hi")]
        parts.append("ends AS (SELECT r, c, " + ", ".join(f"{what} AS {name}" for name, what in found)
                     + " FROM held JOIN cells USING (r, c) GROUP BY r, c)")
        joins, names = joins + _joined("ends"), names + [f"ends.{name}" for name, _ in found]
    for i in plan.modes:
        parts.append(f"tally{i} AS (SELECT r, c, v{i}, count(*) AS often, {people} AS persons FROM spread "
                     f"WHERE v{i} IS NOT NULL GROUP BY r, c, v{i})")
        parts.append(f"mode{i} AS (SELECT r, c, first(v{i} ORDER BY often DESC, v{i}) AS mode{i}, "
                     f"first(persons ORDER BY often DESC, v{i}) AS modal{i} FROM tally{i} GROUP BY r, c)")
        joins, names = joins + _joined(f"mode{i}"), [*names, f"mode{i}.mode{i}", f"mode{i}.modal{i}"]
    listed = ["r", "c", *(name.partition(".")[2] for name in names)]
    return f"WITH {', '.join(parts)} SELECT cells.r, cells.c, {', '.join(names)} FROM cells{joins}", listed


def _joined(name: str) -> str:
    return f" LEFT JOIN {name} ON {name}.r = cells.r AND {name}.c = cells.c"
