"""The groups of an answer: categories or intervals that are declared beforehand, never found in the data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise, product

from readingroom.core.datasets import Column, Table
from readingroom.core.privacy.values import (
    NUMERIC,
    Scalar,
    catalogue_values,
    constant,
    find_column,
    given_number,
    is_object,
    items,
    listed,
    refuse,
    typed,
)

MAX_CATEGORIES = 1000
MAX_CELLS = 20_000
MAX_KEYS = 6
MISSING = "missing"
FIELDS = frozenset({"column", "categories", "edges", "undeclared", "missing"})
UNDECLARED_HOW = ('To have categories found privately, ask for `people` by {"column": ..., "undeclared": true}: '
                  "only categories of many people are shown, and it costs some delta.")


@dataclass(frozen=True)
class Key:
    """One variable to group by: `categories` in catalogue order, or rising `edges`, or neither: found privately.

    An interval holds its lower edge and not its upper one. Rows outside all categories are left out;
    with `missing`, those without a value have a group of their own, the last.
    """

    column: str
    categories: tuple[Scalar, ...] = ()
    edges: tuple[Scalar, ...] = ()
    missing: bool = True

    @property
    def undeclared(self) -> bool:
        return not self.categories and not self.edges

    @property
    def values(self) -> tuple[Scalar, ...]:
        """The value of each group, in order."""
        named = tuple(f"{low} to under {high}" for low, high in pairwise(self.edges)) or self.categories
        return (*named, MISSING) if self.missing else named

    def as_dict(self) -> dict[str, object]:
        if self.undeclared:
            return {"column": self.column, "undeclared": True}
        chosen: dict[str, object] = ({"edges": list(self.edges)} if self.edges
                                     else {"categories": list(self.categories)})
        return {"column": self.column} | chosen | ({} if self.missing else {"missing": False})


def parse_keys(raw: object, table: Table) -> tuple[Key, ...]:
    """The keys of `by`, sorted by column, so that their order does not matter. Raises InvalidInput."""
    if raw is None:
        return ()
    given = [raw] if isinstance(raw, str) or is_object(raw) else items(raw, "by", "query-by", MAX_KEYS)
    keys = sorted((parse_key(one, table) for one in given), key=lambda key: key.column)
    for one, other in pairwise(keys):
        if one.column == other.column:
            refuse("A column is grouped by twice.", "query-by", one.column, "Name each column once.")
    cells = math.prod(len(key.values) for key in keys)
    if cells > MAX_CELLS:
        sizes = " x ".join(f"{len(key.values)} ({key.column})" for key in keys)
        refuse(f"The table would have {cells} groups.", "query-cells", sizes,
               f"At most {MAX_CELLS}: name fewer categories, take wider intervals or fewer columns.")
    return tuple(keys)


def parse_key(raw: object, table: Table) -> Key:
    """One key: the name of a column with registered categories, or an object."""
    if isinstance(raw, str):
        raw = {"column": raw}
    if not is_object(raw) or not set(raw) <= FIELDS or "column" not in raw:
        refuse("A group is a column's name or an object.", "query-by", listed(raw) if is_object(raw) else raw,
               f"Fields: {listed(sorted(FIELDS))}.")
    column = find_column(raw["column"], table)
    missing = raw.get("missing", True)
    if not isinstance(missing, bool):
        refuse("`missing` is true or false.", "query-by", missing, "Leave it out to have a group for missing values.")
    return _parse_choice(raw, column, missing)


def cells(keys: tuple[Key, ...]) -> tuple[tuple[Scalar, ...], ...]:
    """Every group, as one value per key, in order. One group, (), if there are no keys."""
    return tuple(product(*(key.values for key in keys)))


def _parse_choice(raw: Mapping[str, object], column: Column, missing: bool) -> Key:
    categories, edges, undeclared = raw.get("categories"), raw.get("edges"), raw.get("undeclared", False)
    if sum((categories is not None, edges is not None, undeclared is not False)) > 1:
        refuse("A group has categories or edges or is undeclared.", "query-keys", column.name, "Keep one of them.")
    if undeclared is not False:
        if undeclared is not True or column.type == "number":
            refuse("Undeclared categories are of text, whole numbers or dates.", "query-keys", column.name,
                   'Write "undeclared": true, or give `edges` for a number.')
        if catalogue_values(column):
            refuse("The catalogue declares the categories of this column.", "query-keys", column.name,
                   "Leave `undeclared` out: declared ones cost no delta and none is hidden.")
        return Key(column.name)
    if edges is not None:
        return Key(column.name, edges=parse_edges(edges, column), missing=missing)
    return Key(column.name, categories=_parse_categories(categories, column), missing=missing)


def _parse_categories(raw: object, column: Column) -> tuple[Scalar, ...]:
    allowed = catalogue_values(column)
    if raw is None and not allowed:
        refuse("The catalogue declares no categories for this column, and they are never taken from the data.",
               "query-categories", column.name,
               ("Give `edges`, a rising list of numbers. " if column.type in NUMERIC
                else "Give `categories`, a list of values that you know of. ") + UNDECLARED_HOW)
    if raw is None:
        chosen = allowed
    else:
        wanted = [constant(value, column) for value in items(raw, "categories", "query-categories", MAX_CATEGORIES)]
        if len(set(wanted)) != len(wanted):
            refuse("A category is listed twice.", "query-categories", column.name, "List each once.")
        if MISSING in wanted and column.type == "text" and not column.codes:
            refuse("The group of missing values has that name.", "query-categories", MISSING, "Leave it out.")
        chosen = tuple(value for value in allowed if value in set(wanted)) if allowed else tuple(sorted(wanted))  # type: ignore[type-var]
    if len(chosen) > MAX_CATEGORIES:
        refuse("Too many categories.", "query-categories", len(chosen), f"Name at most {MAX_CATEGORIES} of them.")
    return chosen


def parse_edges(raw: object, column: Column) -> tuple[Scalar, ...]:
    """Rising edges of intervals in the column's type: numbers, or dates as ISO text."""
    if column.codes or column.type not in (*NUMERIC, "date"):
        refuse("Edges are for numbers and dates without codes.", "query-edges", column.name,
               "Use `categories` instead.")
    given = items(raw, "edges", "query-edges", MAX_CATEGORIES + 1)
    if column.type == "date":
        edges = tuple(typed(edge, column) for edge in given)
    else:
        numbers = [given_number(edge) for edge in given]
        if any(edge is None or (column.type == "integer" and not isinstance(edge, int)) for edge in numbers):
            refuse(f"Edges of {column.name} are {'whole ' if column.type == 'integer' else ''}numbers.", "query-edges",
                   given, "Give a rising list, such as [0, 10, 20].")
        edges = tuple(edge for edge in numbers if edge is not None)
    if len(edges) < 2 or any(low >= high for low, high in pairwise(edges)):  # type: ignore[operator]
        refuse("Edges must rise.", "query-edges", listed(edges), "Give two or more, sorted and without repeats.")
    return edges
