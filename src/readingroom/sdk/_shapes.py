"""Tables in the shapes that pandas users know: crosstab, pivot_table, groupby. Each gives a `Table`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readingroom.errors import InvalidInput
from readingroom.sdk._tables import Names, Table, table

NORMALIZE: dict[object, str] = {True: "all", "all": "all", "index": "row", "columns": "column"}


def crosstab(frame: Any, index: Names, columns: Names = None, values: str | None = None, aggfunc: str = "count", *,
             margins: bool = False, normalize: bool | str = False, observed: bool = True, **more: Any) -> Table:
    """As `pandas.crosstab`, of columns of `frame` by name: people in each combination, or `aggfunc` of `values`.

    `normalize` gives shares: of everything (True or "all"), of each row ("index") or of each column ("columns").
    Categories that nobody has are left out, as pandas does; with `observed=False` they are shown as empty.
    """
    if normalize is not False:
        if normalize not in NORMALIZE:
            raise InvalidInput(f"normalize is {normalize!r}.", rule="table.normalize", value=normalize,
                               next_step='Use True, "index" or "columns".')
        more |= {"of": NORMALIZE[normalize]}
        aggfunc = "share"
    return table(frame, index, columns, values, aggfunc, totals=margins, observed=observed, **more)


def pivot_table(frame: Any, values: Names = None, index: Names = None, columns: Names = None,
                aggfunc: str | Sequence[str] | Mapping[str, str | Sequence[str]] = "mean", *, margins: bool = False,
                observed: bool = True, **more: Any) -> Table:
    """As `pandas.pivot_table`: `aggfunc` of `values` by `index` and `columns`; several of either, or a mapping.

    `observed` as for `crosstab`.
    """
    return _several(frame, index, columns, _wanted(values, aggfunc), totals=margins, observed=observed, **more)


def groupby(frame: Any, by: Names, *, observed: bool = True, **more: Any) -> Grouped:
    """As `frame.groupby(by)`: `rr.groupby(frame, "region")["days"].mean()`, or `.agg({"days": ["mean", "median"]})`.

    `observed` as for `crosstab`.
    """
    return Grouped(frame, by, {"observed": observed} | more)


@dataclass(frozen=True)
class Grouped:
    """Groups of rows, waiting for what to say of them."""

    frame: Any
    by: Names
    more: Mapping[str, Any]
    value: str | None = None

    def __getitem__(self, value: str) -> Grouped:
        return Grouped(self.frame, self.by, self.more, value)

    def agg(self, wanted: str | Sequence[str] | Mapping[str, str | Sequence[str]]) -> Table:
        return _several(self.frame, self.by, None, _wanted(self.value, wanted), **self.more)

    def count(self) -> Table:
        """Distinct people; of a column, those who have a value in it."""
        return self._one("count")

    def size(self) -> Table:
        """Rows."""
        return table(self.frame, self.by, statistic="records", **self.more)

    def sum(self) -> Table:
        return self._one("sum")

    def mean(self) -> Table:
        return self._one("mean")

    def median(self) -> Table:
        return self._one("median")

    def quantile(self, q: float = 0.5) -> Table:
        return self._one("quantile", q=q)

    def std(self) -> Table:
        return self._one("sd")

    def var(self) -> Table:
        return self._one("variance")

    def min(self) -> Table:
        return self._one("min")

    def max(self) -> Table:
        return self._one("max")

    def _one(self, statistic: str, **more: Any) -> Table:
        return table(self.frame, self.by, value=self.value, statistic=statistic, **self.more, **more)


def _wanted(values: Names, aggfunc: str | Sequence[str] | Mapping[str, str | Sequence[str]]) -> list[dict[str, str]]:
    """(statistic, value) pairs in order."""
    if isinstance(aggfunc, Mapping):
        pairs = [(name, value) for value, names in aggfunc.items() for name in _listed(names)]
    else:
        pairs = [(name, value) for value in _listed(values) or [""] for name in _listed(aggfunc)]
    for name, _ in pairs:
        if not isinstance(name, str):
            raise InvalidInput("A statistic is given by its name, so that it can be checked and computed again.",
                               rule="table.statistic", value=getattr(name, "__name__", "a function"),
                               next_step='Use "mean", "sum", "median", ...')
    return [{"statistic": name} | ({"value": value} if value else {}) for name, value in pairs]


def _several(frame: Any, rows: Names, columns: Names, wanted: list[dict[str, str]], **more: Any) -> Table:
    if len(wanted) == 1:
        return table(frame, rows, columns, **wanted[0], **more)
    return table(frame, rows, columns, statistics=wanted, **more)


def _listed(given: Any) -> list[Any]:
    return [] if given is None else list(given) if isinstance(given, list | tuple) else [given]
