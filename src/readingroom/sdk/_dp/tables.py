"""A granted table to ask about: its columns and categories complete with Tab, and compare as in pandas.

    people = rr.dp.on("magistrates-courts", "defendants")
    people.count(where=(people.sex == "Female") & people.region.isin(["Wales", "London"]), rho=0.001)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from readingroom.core.datasets import distinct_labels
from readingroom.errors import InvalidInput, NotFound
from readingroom.sdk import _data
from readingroom.sdk._data import DataColumn

TURNED = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


@dataclass(frozen=True)
class Condition:
    """Which rows: put together with `&`, `|` and `~`. A row whose value is missing meets no comparison."""

    said: dict[str, Any]

    def as_condition(self) -> dict[str, Any]:
        return self.said

    def __and__(self, other: Condition) -> Condition:
        return Condition({"all": [self.said, other.said]})

    def __or__(self, other: Condition) -> Condition:
        return Condition({"any": [self.said, other.said]})

    def __invert__(self) -> Condition:
        return Condition(_not(self.said))

    def __bool__(self) -> bool:
        raise InvalidInput("A condition is neither true nor false before it meets data.", rule="private.where",
                           next_step="Join conditions with & and |, each in parentheses, not with `and` and `or`.")


def _not(said: dict[str, Any]) -> dict[str, Any]:
    """De Morgan; comparisons turn round, and stay unmet by missing values."""
    if "all" in said or "any" in said:
        joint, other = ("all", "any") if "all" in said else ("any", "all")
        return {other: [_not(one) for one in said[joint]]}
    if "in" in said or "not_in" in said:
        one, other = ("in", "not_in") if "in" in said else ("not_in", "in")
        return {"column": said["column"], other: said[one]}
    if "is" in said:
        return {"column": said["column"], "is": "present" if said["is"] == "missing" else "missing"}
    return said | {"op": TURNED[said["op"]]}


@dataclass(frozen=True, eq=False)
class Variable:
    """A column in conditions and groups. `.categories` are its labels; `people.region["Wales"]` is `== "Wales"`."""

    about: DataColumn
    cut: dict[str, Any] | None = None

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(distinct_labels(self.about.codes).values())

    def bands(self, edges: Iterable[float], *, missing: bool = True) -> Variable:
        """To group a number by: intervals that hold their lower edge."""
        return Variable(self.about, {"edges": list(edges), "missing": missing})

    def only(self, categories: Iterable[Any], *, missing: bool = False) -> Variable:
        """To group by these categories only, or by declared ones where none are registered."""
        return Variable(self.about, {"categories": list(categories), "missing": missing})

    def undeclared(self) -> Variable:
        """To group by categories that nobody declared: only those of many people are shown, and it costs delta."""
        return Variable(self.about, {"undeclared": True})

    def as_key(self) -> Any:
        return self.about.name if self.cut is None else {"column": self.about.name} | self.cut

    def isin(self, values: Iterable[Any]) -> Condition:
        return Condition({"column": self.about.name, "in": list(values)})

    def isna(self) -> Condition:
        return Condition({"column": self.about.name, "is": "missing"})

    def notna(self) -> Condition:
        return Condition({"column": self.about.name, "is": "present"})

    def between(self, lower: Any, upper: Any) -> Condition:
        return (self >= lower) & (self <= upper)

    def _compared(self, op: str, value: Any) -> Condition:
        return Condition({"column": self.about.name, "op": op, "value": value})

    def __eq__(self, value: object) -> Condition:  # type: ignore[override]
        return self._compared("==", value)

    def __ne__(self, value: object) -> Condition:  # type: ignore[override]
        return self._compared("!=", value)

    def __lt__(self, value: Any) -> Condition:
        return self._compared("<", value)

    def __le__(self, value: Any) -> Condition:
        return self._compared("<=", value)

    def __gt__(self, value: Any) -> Condition:
        return self._compared(">", value)

    def __ge__(self, value: Any) -> Condition:
        return self._compared(">=", value)

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, category: Any) -> Condition:
        if self.about.codes and category not in self.categories and str(category) not in self.about.codes:
            raise NotFound(f"{self.about.name} has no category {category!r}.", rule="data.category", value=category,
                           next_step=f"There are: {', '.join(self.categories)}.")
        return self == category

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.categories)

    def __repr__(self) -> str:
        ends = f", {self.about.lower:g} to {self.about.upper:g}" if self.about.lower is not None and (
            self.about.upper is not None) else ""
        values = f": {', '.join(self.categories)}" if self.about.codes else ends
        return f"{self.about.name} ({self.about.label}), {self.about.type}{values}"


class PrivateTable:
    """One table of one dataset: every statistic of `rr.dp` as a method, every column as an attribute or by name."""

    def __init__(self, dataset: str, table: str) -> None:
        from readingroom.sdk._dp import prices, questions, statistics

        about = _data._find(dataset).table(table)
        self._where = (dataset, table)
        self._columns = {column.name: Variable(column) for column in about.columns
                         if not column.identifier and column.name != about.privacy_unit}
        self._calls = {name: partial(getattr(statistics, name), dataset, table) for name in statistics.STATISTICS}
        self._calls |= {"question": lambda statistic, *more, **named: questions.question(
                            statistic, dataset, table, *more, **named),
                        "price": lambda statistic, *more, **named: prices.price(
                            statistic, dataset, table, *more, **named),
                        "curve": lambda statistic, *more, **named: prices.curve(
                            statistic, dataset, table, *more, **named)}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._calls:
            return self._calls[name]
        if name in self._columns:
            return self._columns[name]
        raise AttributeError(f"{' '.join(self._where)} has no column or statistic {name!r}. Columns: "
                             f"{', '.join(self._columns)}. Statistics: {', '.join(self._calls)}.")

    def __getitem__(self, name: str) -> Variable:
        found = self._columns.get(name)
        if found is None:
            raise NotFound(f"{' '.join(self._where)} has no granted column {name!r}.", rule="data.column", value=name,
                           next_step=f"There are: {', '.join(self._columns)}.")
        return found

    def __dir__(self) -> list[str]:
        return [*self._calls, *(name for name in self._columns if name.isidentifier())]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._columns)

    def __repr__(self) -> str:
        return "\n".join([" ".join(self._where), *(f"  {column!r}" for column in self._columns.values())])


def on(dataset: str, table: str) -> PrivateTable:
    """A granted table to ask about. Nothing is asked by this, and nothing is read but the catalogue."""
    return PrivateTable(dataset, table)
