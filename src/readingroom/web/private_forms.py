"""The form of a private question, read as a query of the grammar; the service checks it against the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.datastructures import FormData

from readingroom.core.datasets import Column, Table
from readingroom.errors import InvalidInput
from readingroom.web.portal import text_field

CONDITIONS, SHARED, GROUPS, MAX_CHOSEN = 3, 2, 3, 20
MANY = ("in", "not_in")
MISSING = ("missing", "present")

FIELDS: dict[str, tuple[str, ...]] = {
    "people": ("by",), "count": ("by",), "found": ("find",),
    "sum": ("number", "range", "by"), "mean": ("number", "range", "by"), "variance": ("number", "range", "by"),
    "sd": ("number", "range", "by"), "proportion": ("of", "by"), "quantile": ("number", "quantiles", "by"),
    "top": ("category", "k"), "correlation": ("numbers", "ranges"),
    "regression": ("outcome", "numbers", "ranges"),
    "synthetic": ("categories", "rows"),
}
"""What the form of each statistic asks for, besides conditions and the spend."""


def query_of(form: FormData, table: Table | None) -> dict[str, Any]:
    """Labels become codes here, so that people may type either. Raises InvalidInput for what is no number."""
    dataset, _, name = text_field(form, "table", 200).partition("/")
    statistic = text_field(form, "statistic", 20)
    query: dict[str, Any] = {"dataset": dataset, "table": name,
                             "statistic": "people" if statistic == "found" else statistic}
    columns = {column.name: column for column in table.columns} if table else {}
    for field in FIELDS.get(statistic, ()):
        query |= _READ[field](form, columns)
    if most := text_field(form, "rows_per_person", 10):
        query["rows_per_person"] = _number(most)
    if where := _conditions(form, columns, "where", CONDITIONS):
        query["where"] = where
    other = text_field(form, "rho", 20)
    return query | ({"rho": _number(other)} if other else {"rho_micro": _number(text_field(form, "rho_micro", 20))})


def _by(form: FormData, columns: dict[str, Column]) -> dict[str, Any]:
    keys = []
    for place in range(1, GROUPS + 1):
        if name := text_field(form, f"by-{place}", 200):
            keys.append(_key(columns.get(name), name, text_field(form, f"values-{place}", 5000)))
    return {"by": keys} if keys else {}


def _key(column: Column | None, name: str, values: str) -> dict[str, Any]:
    """Groups of a column: all that are registered, or those typed; edges for a number, and for a date."""
    if not values:
        return {"column": name}
    if column is not None and not column.codes and column.type in ("integer", "number", "date"):
        edges = values.replace(",", " ").split()
        return {"column": name, "edges": edges if column.type == "date" else [_number(edge) for edge in edges]}
    return {"column": name, "categories": [_value(column, one) for one in _listed(values)]}


def _find(form: FormData, columns: dict[str, Column]) -> dict[str, Any]:
    return {"by": {"column": text_field(form, "find", 200), "undeclared": True}}


def _range(form: FormData, columns: dict[str, Column]) -> dict[str, Any]:
    return {side: _number(typed) for side in ("lower", "upper") if (typed := text_field(form, side, 40))}


def _ranges(form: FormData, columns: dict[str, Column]) -> dict[str, Any]:
    """A range for each number that is used and has an end typed; the other end is the registered one."""
    used = {*_chosen(form, "numbers"), text_field(form, "outcome", 200)}
    ends = {name: [text_field(form, f"{side}-{name}", 40) for side in ("lower", "upper")] for name in columns}
    found = {name: [_number(end) if end else None for end in both] for name, both in ends.items()
             if name in used and any(both)}
    return {"bounds": found} if found else {}


def _quantiles(form: FormData, columns: dict[str, Column]) -> dict[str, Any]:
    typed = text_field(form, "quantiles", 200).replace(",", " ").split()
    grid = {side: text_field(form, f"from-{side}", 40) for side in ("lower", "upper", "step")}
    found: dict[str, Any] = {"quantiles": [_number(one) for one in typed]} if typed else {}
    if any(grid.values()):
        found["candidates"] = {side: _number(value) for side, value in grid.items() if value}
    return found


def _conditions(form: FormData, columns: dict[str, Column], prefix: str, most: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for place in range(1, most + 1):
        if not (name := text_field(form, f"{prefix}-{place}", 200)):
            continue
        op = text_field(form, f"{prefix}-op-{place}", 10) or "=="
        typed = text_field(form, f"{prefix}-value-{place}", 5000)
        if op in MISSING:
            found.append({"column": name, "is": op})
        elif op in MANY:
            found.append({"column": name, op: [_value(columns.get(name), one) for one in _listed(typed)]})
        else:
            found.append({"column": name, "op": op, "value": _value(columns.get(name), typed)})
    return found


def _listed(text: str) -> list[str]:
    """Separated by semicolons where there are any, since labels may hold commas; else by commas or lines."""
    mark = ";" if ";" in text else ","
    return [one.strip() for line in text.splitlines() for one in line.split(mark) if one.strip()]


def _value(column: Column | None, typed: str) -> str:
    """The code of a label; a code, and whatever else, as it is."""
    if column is None or typed in column.codes:
        return typed
    wanted = typed.casefold()
    return next((code for code, label in column.codes.items() if wanted in (label.casefold(), code.casefold())), typed)


def _number(text: str) -> int | float:
    try:
        found = float(text)
    except ValueError as error:
        raise InvalidInput(f"{text[:40]!r} is not a number.", rule="query-number", value=text[:40],
                           next_step="Write numbers with a point for decimals, separated by spaces.") from error
    return int(found) if found.is_integer() else found


def _chosen(form: FormData, name: str) -> list[str]:
    return [one for one in form.getlist(name)[:MAX_CHOSEN] if isinstance(one, str)]


def _predictors(form: FormData, columns: dict[str, Column]) -> dict[str, Any]:
    names = _chosen(form, "numbers")
    if text_field(form, "statistic", 20) == "regression":
        return {"predictors": [name for name in names if name != text_field(form, "outcome", 200)]}
    return {"columns": names}


_READ: dict[str, Callable[[FormData, dict[str, Column]], dict[str, Any]]] = {
    "by": _by, "find": _find, "range": _range, "ranges": _ranges, "quantiles": _quantiles, "numbers": _predictors,
    "number": lambda form, _: {"column": text_field(form, "number", 200)},
    "category": lambda form, _: {"column": text_field(form, "category", 200)},
    "k": lambda form, _: {"k": _number(text_field(form, "k", 10))},
    "of": lambda form, columns: {"of": _conditions(form, columns, "of", SHARED)},
    "outcome": lambda form, _: {"outcome": text_field(form, "outcome", 200)},
    "categories": lambda form, _: {"columns": _chosen(form, "categories")},
    "rows": lambda form, _: {"rows": _number(text_field(form, "rows", 10))},
}
