"""The answer as it is stored and shown: one fixed form, made from what was released and what was declared."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from readingroom.core.datasets import Table
from readingroom.core.privacy.estimates import estimated, output_names
from readingroom.core.privacy.keys import MISSING, Key
from readingroom.core.privacy.parts import Part
from readingroom.core.privacy.pricing import LEFT_OUT, Price, mechanism
from readingroom.core.privacy.queries import (
    ALL_ROWS,
    COUNT,
    PEOPLE,
    QUANTILE,
    REGRESSION,
    SYNTHETIC,
    TOP,
    Query,
    canonical,
)
from readingroom.core.privacy.shapes import PAIRS
from readingroom.core.privacy.synthesis import synthetic_rows
from readingroom.core.privacy.units import grids
from readingroom.core.privacy.values import Scalar

CUSTODIAN, RESEARCHER = "custodian", "researcher"

Released = Sequence[Mapping[str, Any]]


def numbers_of(query: Query, table: Table, cost: Price, released: Released) -> dict[str, Any]:
    """The figures of one answer: `rows`, `value`, `half_width_95`, `interval_95`, `released`."""
    if query.statistic == TOP:
        return _top(query, table, cost, released[0])
    if query.statistic == QUANTILE:
        return _quantiles(query, table, cost, released[0])
    if query.undeclared:
        return _found(query, table, cost, released[0])
    if query.statistic == SYNTHETIC:
        return _synthetic(query, cost, released)
    return _estimates(query, table, cost, released[0])


def described(query: Query, table: Table, version: str, cost: Price, versions: Mapping[str, str]) -> dict[str, Any]:
    """Everything about an answer but its figures: the same for every release of this query."""
    single = query.ranged[0] if len(query.ranged) == 1 else None
    k: int | str = query.rows_per_person if query.rows_per_person != ALL_ROWS else "all rows"
    said: dict[str, Any] = {
        "statistic": query.statistic,
        "mechanism": cost.accuracy.mechanism,
        "noise": mechanism(cost.parts[0]),
        "scale": cost.accuracy.scale,
        "sum_scale": cost.accuracy.sum_scale,
        "unit": "one person, all their rows",
        "K": k,
        "lower": single.lower if single else None,
        "upper": single.upper if single else None,
        "bounds": {one.column: [one.lower, one.upper] for one in query.ranged},
        "keys": [key.as_dict() | {"set_by": _set_by_key(key, table)} for key in query.by],
        "set_by": provenance(query, table),
        "rho_micro": cost.cost_micro_rho,
        "femto_delta": cost.cost_femto_delta,
        "epsilon": cost.cost_epsilon,
        "delta": cost.delta,
        "threshold": cost.accuracy.threshold,
        "measurements": [_measurement(part) for part in cost.parts],
        "fixed_point": [{"centre": float(grid.centre), "step": float(grid.step), "half": grid.half}
                        for grid in grids(query, table)],
        "leaves_out": LEFT_OUT,
        "needs_human": query.needs_human,
        "query": query.as_dict(),
        "canonical": canonical(query).decode(),
        "versions": {**versions, "dataset_version": version},
    }
    said["guarantee"] = guarantee(cost)
    said["statement"] = _statement(query, table, version, cost)
    said["citation"] = _citation(query, version, cost, versions)
    return said


def provenance(query: Query, table: Table) -> dict[str, str]:
    """Who set each bound that the answer rests on: the custodian's registration or the researcher."""
    found = {}
    if query.rows_per_person != ALL_ROWS:
        found["rows_per_person"] = CUSTODIAN if query.rows_per_person == table.max_rows_per_person else RESEARCHER
    for one in query.ranged:
        column = table.column(one.column)
        registered = column is not None and (column.lower, column.upper) == (one.lower, one.upper)
        found[f"{one.column} range"] = CUSTODIAN if registered else RESEARCHER
    if query.candidates:
        found["candidates"] = RESEARCHER
    for key in query.by:
        found[f"{key.column} categories"] = _set_by_key(key, table)
    found["row_ceiling"] = CUSTODIAN if table.row_ceiling else "default"
    return found


def guarantee(cost: Price) -> str:
    """What the answer promises to each person, in plain words."""
    factor = math.exp(min(cost.cost_epsilon, 50.0))
    pure = cost.parts[0].shape.pure
    times = f"{factor:.3g}" if factor < 1000 else f"{factor:,.0f}"
    but = f", but for a chance of {cost.delta:.2g}" if cost.delta else ""
    kind = f", delta {cost.delta:.2g}" if cost.delta else ", pure" if pure else ""
    return (f"Whether any one person is in the data, with all their rows, makes no answer more than {times} times as "
            f"likely or as unlikely{but} (epsilon {cost.cost_epsilon:g}{kind}). This holds whatever else anybody "
            "knows.")


def _measurement(part: Part) -> dict[str, Any]:
    shape = part.shape
    columns = [*(["number"] if shape.counts else []), *(value.kind for value in part.values)]
    return {"shape": shape.kind, "pure": shape.pure, "contributions": shape.contributions, "groups": shape.keys,
            "loss": float(shape.loss()), "noisy": [
                {"column": columns[place] if place < len(columns) else shape.kind, "bound": noisy.bound,
                 "scale": float(noisy.real_scale)} for place, noisy in enumerate(shape.noisy)]}


def _set_by_key(key: Key, table: Table) -> str:
    if key.undeclared:
        return "found privately"
    column = table.column(key.column)
    registered = column is not None and (bool(column.codes) or column.type == "boolean")
    return CUSTODIAN if registered and not key.edges else RESEARCHER


def _cell(query: Query, table: Table, values: tuple[Scalar, ...]) -> dict[str, Any]:
    """The names of a group: key (one value, or a list), label, and `by` with each column."""
    labels = [label_of(table, key.column, value) for key, value in zip(query.by, values, strict=True)]
    return {"key": values[0] if len(values) == 1 else list(values), "label": ", ".join(labels),
            "by": {key.column: value for key, value in zip(query.by, values, strict=True)}}


def label_of(table: Table, name: str, value: Scalar | None) -> str:
    column = table.column(name)
    code = str(value).lower() if isinstance(value, bool) else str(value)
    return column.codes.get(code, str(value)) if column else str(value)


def _estimates(query: Query, table: Table, cost: Price, released: Mapping[str, Any]) -> dict[str, Any]:
    part = cost.parts[0]
    every = grids(query, table)
    numbers = [list(column) for column in ([released["number"]] if part.shape.counts else [])] + [
        list(column) for column in released["sums"]]
    counted = query.statistic in (COUNT, PEOPLE)
    width = cost.accuracy.half_width_95
    if counted:
        figures = [[(value, value - width, value + width) for value in numbers[0]]]
    elif query.statistic == "sum":
        step = float(every[0].step)
        figures = [[(value * step, value * step - width, value * step + width) for value in numbers[0]]]
    else:
        figures = estimated(query, part, every, numbers).tolist()
    names = output_names(query)
    rows = []
    for place, group in enumerate(query.cells):
        for name, output in zip(names, figures, strict=True):
            value, low, high = output[place]
            row = _cell(query, table, group) if query.by else {"key": name, "label": name, "by": {}}
            row |= {"value": value, "half_width_95": width if counted else _finite(max(high - value, value - low)),
                    "low": _finite(low), "high": _finite(high)}
            if part.shape.counts and not counted:
                row["number"] = numbers[0][place]
            elif part.shape.kind == PAIRS:
                row["number"] = (numbers[0][place] + numbers[1][place]) / part.shape.noisy[0].bound
            rows.append(row)
    return _figures(query, rows, released)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _figures(query: Query, rows: list[dict[str, Any]], released: object) -> dict[str, Any]:
    single = rows[0] if len(rows) == 1 and not query.by else None
    widths = [row["half_width_95"] for row in rows]
    figures: dict[str, Any] = {
        "rows": [] if single else rows,
        "value": single["value"] if single else None,
        "half_width_95": single["half_width_95"] if single else max(
            (width for width in widths if width is not None), default=None),
        "interval_95": [single["low"], single["high"]] if single and single["half_width_95"] is not None else None,
        "released": released,
    }
    if single and "number" in single:
        figures["number"] = single["number"]
    return figures


def _quantiles(query: Query, table: Table, cost: Price, released: Mapping[str, Any]) -> dict[str, Any]:
    rows = []
    for place, group in enumerate(query.cells):
        for wanted, chosen in zip(query.quantiles, released["quantiles"], strict=True):
            row = _cell(query, table, group) if query.by else {"key": wanted, "label": f"{wanted:g} quantile", "by": {}}
            rows.append(row | {"quantile": wanted, "value": query.candidates[chosen[place]], "half_width_95": None,
                               "low": None, "high": None})
    return _figures(query, rows, released) | {"half_width_95": None, "rank_half_width_95": cost.accuracy.half_width_95}


def _top(query: Query, table: Table, cost: Price, released: Mapping[str, Any]) -> dict[str, Any]:
    rows = [_cell(query, table, query.cells[chosen]) | {"value": rank, "half_width_95": None, "low": None, "high": None}
            for rank, chosen in enumerate(released["chosen"], start=1)]
    return {"rows": rows, "value": None, "half_width_95": None, "interval_95": None, "released": released}


def _found(query: Query, table: Table, cost: Price, released: Mapping[str, Any]) -> dict[str, Any]:
    """Categories found privately, sorted by name, those without a value last."""
    width = cost.accuracy.half_width_95
    pairs = zip(released["keys"], released["number"], strict=True)
    found = sorted(pairs, key=lambda one: (one[0] is None, one[0] or ""))
    rows = [_cell(query, table, (MISSING if key is None else key,))
            | {"value": value, "half_width_95": width, "low": value - width, "high": value + width}
            for key, value in found]
    return {"rows": rows, "value": None, "half_width_95": width, "interval_95": None,
            "released": {"number": [value for _, value in found]}}


def _synthetic(query: Query, cost: Price, released: Released) -> dict[str, Any]:
    tables = [part["number"] for part in released]
    return {"rows": [], "value": None, "half_width_95": None, "interval_95": None,
            "synthetic": synthetic_rows(query, tables), "released": list(released)}


def _statement(query: Query, table: Table, version: str, cost: Price) -> str:
    where = f"{query.dataset}, version {version}" if query.dataset else f"version {version}"
    spent = f"{cost.cost_micro_rho} micro-rho" + (f" and delta {cost.cost_femto_delta / 10**15:g}"
                                                  if cost.cost_femto_delta else "")
    human = " A person must look at it before it leaves." if query.needs_human else ""
    threshold = (f" Categories with {cost.accuracy.threshold} people or fewer, counted with noise, are left out."
                 if cost.accuracy.threshold else "")
    below = ("" if query.statistic in (QUANTILE, TOP, SYNTHETIC)  # chosen, not added to
             else "Negative numbers are possible and are part of the noise. ")
    return (f"This is {_what(query)}, from {where}, with noise: {cost.accuracy.mechanism}, scale "
            f"{cost.accuracy.scale:.6g}. {cost.accuracy.interval}{threshold} {guarantee(cost)} It cost {spent}. "
            f"{below}{LEFT_OUT}{human}")


def _what(query: Query) -> str:
    by = f" by {' and '.join(key.column for key in query.by)}" if query.by else ""
    most = (f", from at most {query.rows_per_person} row{'s' if query.rows_per_person > 1 else ''} of each person"
            if query.rows_per_person != ALL_ROWS else "")
    names = [f"{one.column} (clipped to {one.lower:g} to {one.upper:g})" for one in query.ranged]
    what = {
        COUNT: "the number of rows", PEOPLE: "the number of people", TOP: f"the {query.k} categories with most people",
        QUANTILE: f"quantiles of {query.ranged[0].column}" if query.ranged else "",
        "proportion": "the share of rows that meet the condition",
        REGRESSION: f"the regression of {names[0]} on {', '.join(names[1:])}" if names else "",
        SYNTHETIC: f"a synthetic table of {query.rows} rows",
    }.get(query.statistic, f"the {query.statistic} of {', '.join(names)}")
    return f"{what}{by}{most}"


def _citation(query: Query, version: str, cost: Price, versions: Mapping[str, str]) -> str:
    source = f"{query.dataset} {query.table}".strip() or "local file"
    return (f"Differentially private {query.statistic} from {source} (version {version}), epsilon "
            f"{cost.cost_epsilon:g}{f', delta {cost.delta:.2g}' if cost.delta else ''}, unit: one person; Reading Room "
            f"{versions.get('readingroom', '')} with OpenDP {versions.get('opendp', '')}.")
