"""Constants of a query in the type of their column: one spelling for each value, or a refusal that says why."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NoReturn, TypeGuard

from readingroom.core.datasets import Column, Table
from readingroom.errors import InvalidInput

Scalar = int | float | str | bool

MAX_TEXT = 200
MAX_EXACT = 2**53 - 1  # largest integer that JSON readers agree on
NUMERIC = ("integer", "number")


def find_column(name: object, table: Table) -> Column:
    """The column of this name that a query may use: not the one that says whose row it is."""
    column = table.column(name) if isinstance(name, str) else None
    if column is None:
        names = listed(column.name for column in table.columns if not column.identifier)
        refuse("The table has no such column.", "query-column", name, f"Columns: {names}.")
    if column.identifier or column.name == table.privacy_unit:
        refuse("The key of a person is not a variable.", "query-column", column.name, "Use another column.")
    return column


def catalogue_values(column: Column) -> tuple[Scalar, ...]:
    """The registered categories in their order; empty if there are none."""
    if not column.codes:
        return (False, True) if column.type == "boolean" else ()
    return tuple(typed(code, column) for code in column.codes)


def constant(raw: object, column: Column) -> Scalar:
    """`raw` in the column's type, and one of its codes if it has any."""
    value = typed(raw, column)
    if column.codes and value not in catalogue_values(column):
        refuse("The catalogue has no such code.", "query-value", value, f"Codes: {listed(column.codes)}.")
    return value


def typed(raw: object, column: Column) -> Scalar:
    """The value in the column's own type. Codes are registered as text, so text that reads as it is taken."""
    kind = column.type
    if kind == "text" and isinstance(raw, str) and len(raw) <= MAX_TEXT and raw.isprintable():
        return raw
    if kind == "boolean":
        if isinstance(raw, bool):
            return raw
        if raw in ("true", "false"):
            return raw == "true"
    if kind == "date" and isinstance(raw, str) and len(raw) == 10:
        try:
            return date.fromisoformat(raw).isoformat()
        except ValueError:
            pass  # refused below
    if kind in NUMERIC and isinstance(raw, int | float | str) and not isinstance(raw, bool):
        found = number(raw)
        if found is not None and (kind == "number" or float(found).is_integer()):
            return found
    return refuse("The value does not fit the column.", "query-value", raw, f"{column.name} holds {kind} values.")


def number(raw: object) -> int | float | None:
    """A finite number, whole ones as int whatever their spelling; None for anything else, or too large."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str) or (isinstance(raw, str) and len(raw) > 40):
        return None
    try:
        found = float(raw)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(found) or abs(found) > MAX_EXACT:
        return None
    return int(found) if found.is_integer() else found


def given_number(raw: object) -> int | float | None:
    """Like `number`, but text is not one: for what must be written as a number."""
    return None if isinstance(raw, str) else number(raw)


def is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def whole(raw: object, name: str, rule: str, least: int, most: int, why: str = "") -> int:
    """A whole number of a range, or a refusal."""
    found = given_number(raw)
    if not is_int(found) or not least <= found <= most:
        refuse(f"`{name}` is a whole number.", rule, raw, f"Give {least} to {most}{why}.")
    return found


def items(raw: object, name: str, rule: str, most: int) -> list[object]:
    """A list of 1 to `most` things, or a refusal."""
    if not isinstance(raw, list | tuple) or not 1 <= len(raw) <= most:
        shown = len(raw) if isinstance(raw, list | tuple) else raw
        refuse(f"`{name}` is a list of 1 to {most}.", rule, shown, f"Give 1 to {most} in square brackets.")
    return list(raw)


def is_object(raw: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(raw, Mapping) and all(isinstance(key, str) for key in raw)


def listed(names: Iterable[object]) -> str:
    return ", ".join(str(name) for name in names)[:500]


def refuse(message: str, rule: str, value: object, next_step: str) -> NoReturn:
    """Raise InvalidInput; what was sent is shown short, and only if it can be."""
    shown = str(value) if isinstance(value, str | int | float) and not _huge(value) else type(value).__name__
    shown = shown[:MAX_TEXT].encode("utf-8", "replace").decode()  # lone surrogates would break the reply
    raise InvalidInput(message, rule=rule, value=shown, next_step=next_step)


def _huge(value: object) -> bool:
    return isinstance(value, int) and value.bit_length() > 256
