"""The SQL of one pass: from rows to what lies under every cell.

Nothing of the data's names or values is in it: columns are called r, c (codes of row and column), u (unit), v0, v1
(values), w (weight), d0 (denominators), and -1 as a code means "all". The stages:

    base      rows that count, with their cell
    held      one row per cell and unit: what that unit holds there (without a unit, every row by itself)
    cells     one row per cell, over what its units hold

Margins are cells whose units' holdings are added up over the cells they are in, so that a person in two of them is
one. What needs single values again (quantiles, modes) joins the cells back to the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

OVERALL = -1


@dataclass(frozen=True)
class Value:
    """One column of numbers: `exact` when sums of it are whole numbers or decimals, without rounding."""

    exact: bool

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
    spread: tuple[int, ...] = ()
    quantiles: tuple[tuple[int, float], ...] = ()
    extremes: tuple[int, ...] = ()
    extreme_means: tuple[tuple[int, int], ...] = ()
    modes: tuple[int, ...] = ()

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


def _held_columns(plan: Plan) -> list[str]:
    """One unit's holdings in a cell, from rows of `base`."""
    columns = ["count(*) AS n"]
    for place, value in enumerate(plan.values):
        columns += [f"count(v{place}) AS n{place}", f"{value.sum(f'v{place}')} AS s{place}",
                    f"min(v{place}) AS lo{place}", f"max(v{place}) AS hi{place}"]
        if plan.has_weight:
            columns += [f"fsum(w * v{place}) AS ws{place}", f"fsum(w) FILTER (v{place} IS NOT NULL) AS ww{place}"]
    return [*columns, *(["fsum(w) AS w"] if plan.has_weight else [])]


def _again(plan: Plan) -> list[str]:
    """The same from holdings in several cells."""
    columns = ["sum(n) AS n"]
    for place, value in enumerate(plan.values):
        columns += [f"sum(n{place}) AS n{place}", f"{value.sum(f's{place}')} AS s{place}",
                    f"min(lo{place}) AS lo{place}", f"max(hi{place}) AS hi{place}"]
        if plan.has_weight:
            columns += [f"fsum(ws{place}) AS ws{place}", f"fsum(ww{place}) AS ww{place}"]
    return [*columns, *(["fsum(w) AS w"] if plan.has_weight else [])]


def _alone(plan: Plan) -> str:
    """Every row a unit of its own."""
    columns = ["1 AS n"]
    for place in range(len(plan.values)):
        v = f"v{place}"
        columns += [f"({v} IS NOT NULL)::INTEGER AS n{place}", f"{v} AS s{place}", f"{v} AS lo{place}",
                    f"{v} AS hi{place}"]
        if plan.has_weight:
            columns += [f"w * {v} AS ws{place}", f"CASE WHEN {v} IS NOT NULL THEN w END AS ww{place}"]
    return ", ".join([*columns, *(["w"] if plan.has_weight else [])])


def _cell_columns(plan: Plan) -> list[tuple[str, str]]:
    """(name, expression over `held`) of everything that is known of a cell."""
    columns = [("units", "count(*)"), ("n", "sum(n)")]
    for i, value in enumerate(plan.values):
        some = f"FILTER (n{i} > 0)"
        columns += [
            (f"units{i}", f"count(*) {some}"), (f"n{i}", f"sum(n{i})"),
            (f"sum{i}", value.sum(f"s{i}")), (f"abs{i}", value.sum(f"abs(s{i})")),
            (f"negatives{i}", f"count(*) FILTER (s{i} < 0)"), (f"positives{i}", f"count(*) FILTER (s{i} <> 0)"),
            (f"lo{i}", f"min(lo{i})"), (f"hi{i}", f"max(hi{i})"),
            (f"top{i}", f"max(s{i}, {plan.top})"), (f"low{i}", f"min(s{i}, {plan.top}) FILTER (s{i} < 0)"),
        ]
        if plan.has_weight:
            pair = f"struct_pack(s := s{i}::DOUBLE, ws := ws{i}, ww := ww{i})"
            columns += [(f"wtop{i}", f"max_by({pair}, abs(s{i}), {plan.top}) {some}"), (f"wsum{i}", f"fsum(ws{i})"),
                        (f"wabs{i}", f"fsum(abs(ws{i}))"), (f"weights{i}", f"fsum(ww{i})")]
    for i, people in plan.extreme_means:
        columns += [(f"largest{i}", f"max(hi{i}, {people})"), (f"smallest{i}", f"min(lo{i}, {people})")]
    return [*columns, *([("weights", "fsum(w)")] if plan.has_weight else [])]


def held(plan: Plan) -> str:
    """`held`, with the margins' holdings."""
    if not plan.has_unit:
        return _relabelled(_alone(plan), "base", plan)
    again = ", ".join(_again(plan))
    parts = ["SELECT * FROM first"]
    for by_row, by_column in plan.grids[1:]:
        keys = ", ".join([*(["r"] if by_row else []), *(["c"] if by_column else []), "u"])
        parts.append(f"SELECT {_codes(by_row, by_column)}, u, {again} FROM first GROUP BY {keys}")
    return " UNION ALL ".join(parts)


def statement(plan: Plan, base: str) -> tuple[str, list[str]]:
    """The whole statement and the names of its columns, the first two being r and c."""
    parts = [f"base AS ({base})"]
    if plan.has_unit:
        once = "MATERIALIZED " if len(plan.grids) > 1 else ""
        parts.append(f"first AS {once}(SELECT r, c, u, {', '.join(_held_columns(plan))} FROM base GROUP BY r, c, u)")
    parts.append(f"held AS ({held(plan)})")
    columns = _cell_columns(plan)
    parts.append("cells AS (SELECT r, c, " + ", ".join(f"{what} AS {name}" for name, what in columns)
                 + " FROM held GROUP BY r, c)")
    names, joins = [f"cells.{name}" for name, _ in columns], ""
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
        found = [(f"at_{end}{i}", f"count(*) FILTER (held.{end}{i} = cells.{end}{i})") for i in plan.extremes
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
