"""What a model's design says of the people in it: levels, combinations, leverage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput

if TYPE_CHECKING:
    import numpy
    import pandas

CHUNK = 50_000
LARGEST_DESIGN = 4 * 10**8  # cells: 3 GiB
TOP = 10
LOOK_CLOSER = 0.5  # a unit whose rows' leverages come to less cannot matter to the rules
TINY = 1e-9
LARGEST_VALUE = 1e100  # sums of squares of larger ones are no numbers


@dataclass(frozen=True)
class Factor:
    """A variable, with the code of its level in every row; no codes where it is continuous."""

    name: str
    parameters: int
    labels: tuple[str, ...] = ()
    codes: Any = None

    @property
    def is_categorical(self) -> bool:
        return self.codes is not None


@dataclass(frozen=True)
class Design:
    """The rows used in a fit: outcome, columns, and whose row each is."""

    outcome_name: str
    outcome: numpy.ndarray
    columns: pandas.DataFrame
    factors: tuple[Factor, ...]
    interactions: tuple[tuple[str, ...], ...]
    units: numpy.ndarray
    left_out: int

    @property
    def unit_count(self) -> int:
        return int(self.units.max()) + 1 if len(self.units) else 0


def from_formula(formula: str, frame: pandas.DataFrame, unit: str) -> Design:
    """The design of a formula such as `pay ~ age + region`, over the rows without a missing value."""
    import numpy
    import patsy

    used = frame.reset_index(drop=True)
    for name in used.columns:
        if used[name].dtype.name == "category":
            used[name] = used[name].cat.remove_unused_categories()
        elif used[name].dtype.kind in "OTU" or used[name].dtype.name in ("str", "string"):
            used[name] = used[name].astype(object).where(used[name].notna(), None)
    used = used[used[unit].notna()]
    try:
        outcome, columns = patsy.dmatrices(formula, used, return_type="dataframe")
    except patsy.PatsyError as error:
        raise InvalidInput(
            f"The formula cannot be used: {str(error).splitlines()[0]}",
            rule="model.formula",
            value=formula,
            next_step="Write it like 'pay ~ age + C(region)'.",
        ) from None
    if outcome.shape[1] != 1:
        raise InvalidInput(
            "The outcome has several columns.",
            rule="model.outcome",
            value=formula,
            next_step="Use a number or a 0/1 variable before the ~.",
        )
    rows = columns.index.to_numpy()
    kept = used.loc[rows]
    info = columns.design_info
    factors, interactions = [], []
    for term in info.terms:
        for one in term.factors:
            if one.name() not in {factor.name for factor in factors}:
                factors.append(_factor(one, info.factor_infos[one], kept))
        if len(term.factors) > 1:
            interactions.append(tuple(one.name() for one in term.factors))
    empty = (columns == 0).all(axis=0).to_numpy()  # combinations that nobody has
    codes = numpy.unique(kept[unit].to_numpy(), return_inverse=True)[1]
    return Design(
        outcome.columns[0],
        outcome.iloc[:, 0].to_numpy(dtype=float),
        columns.loc[:, ~empty],
        tuple(factors),
        tuple(interactions),
        codes,
        len(frame) - len(rows),
    )


def from_arrays(outcome: Any, columns: Any, unit: Any) -> Design:
    """The design of an outcome and a frame (or array) of numbers: a column with two values is a dummy variable."""
    import numpy
    import pandas

    shown = columns if isinstance(columns, pandas.DataFrame) else pandas.DataFrame(numpy.asarray(columns))
    shown = shown.rename(columns=lambda name: f"x{name}" if isinstance(name, int) else str(name))
    shown = shown.reset_index(drop=True)
    y = pandas.Series(numpy.asarray(outcome))
    people = pandas.Series(numpy.asarray(unit))
    if len({len(shown), len(y), len(people)}) != 1 or shown.columns.has_duplicates:
        raise InvalidInput(
            "Outcome, columns and unit need equally many rows, and the columns names of their own.",
            rule="model.arrays",
            value=f"{len(y)}, {len(shown)}, {len(people)}",
            next_step="Take all three from the same frame.",
        )
    kept = (y.notna() & people.notna() & shown.notna().all(axis=1)).to_numpy()
    shown = shown[kept].astype(float)
    factors = tuple(_numeric(name, shown[name].to_numpy()) for name in shown.columns if shown[name].nunique() > 1)
    codes = numpy.unique(people[kept].to_numpy(), return_inverse=True)[1]
    name = str(getattr(outcome, "name", None) or "outcome")
    return Design(name, y[kept].to_numpy(dtype=float), shown, factors, (), codes, int((~kept).sum()))


def _factor(factor: Any, info: Any, kept: pandas.DataFrame) -> Factor:
    import numpy
    import patsy
    from patsy.categorical import categorical_to_int

    values = factor.eval(info.state, kept)
    if info.type == "categorical":
        codes = categorical_to_int(values, info.categories, patsy.NAAction(NA_types=[]))
        codes = numpy.asarray(codes)
        present = numpy.unique(codes)
        labels = tuple(str(info.categories[code]) for code in present)
        return Factor(factor.name(), len(present) - 1, labels, numpy.searchsorted(present, codes))
    values = numpy.asarray(values, dtype=float)
    if values.ndim == 2 and values.shape[1] > 1:
        return Factor(factor.name(), values.shape[1])
    return _numeric(factor.name(), values.reshape(-1))


def _numeric(name: str, values: numpy.ndarray) -> Factor:
    """A number with two values is a dummy variable, whatever it is called."""
    import numpy

    distinct = numpy.unique(values[:1000])
    distinct = numpy.unique(values) if len(distinct) <= 2 else distinct
    if len(distinct) == 2:
        return Factor(name, 1, tuple(f"{value:g}" for value in distinct), numpy.searchsorted(distinct, values))
    return Factor(name, 1)


def check_design(design: Design) -> None:
    """InvalidInput where nothing can be fitted, saying why."""
    import numpy

    n, count = design.columns.shape
    if n == 0 or count == 0:
        raise InvalidInput(
            "No row has all variables.",
            rule="model.empty",
            value=n,
            next_step="Look for a variable that is missing everywhere.",
        )
    if n * count > LARGEST_DESIGN:
        raise InvalidInput(
            f"The design has {n:,} rows and {count:,} columns, too many to fit here.",
            rule="model.size",
            value=n * count,
            next_step="Merge levels first.",
        )
    largest = max(numpy.abs(design.outcome).max(), numpy.abs(design.columns.to_numpy()).max())
    if not largest < LARGEST_VALUE:
        raise InvalidInput(
            "A variable is infinite, or too large to compute with, in some row.",
            rule="model.infinite",
            value=design.outcome_name,
            next_step="Replace infinities by missing values, leave these rows out, or change the unit.",
        )
    if (design.outcome == design.outcome[0]).all():
        raise InvalidInput(
            "The outcome is the same for everyone.",
            rule="model.constant",
            value=design.outcome_name,
            next_step="There is nothing to explain; check how the rows were selected.",
        )
    rank = rank_of(design.columns.to_numpy())
    if rank < count:
        raise InvalidInput(
            f"The variables follow from each other: {count} coefficients, of which {rank} can be told apart.",
            rule="model.rank",
            value=rank,
            next_step="Leave out a variable that others give, such as a total.",
        )


def rank_of(columns: numpy.ndarray) -> int:
    """How many columns are independent, judged on columns of equal length."""
    import numpy

    gram = _gram(_unit_length(columns))
    eigenvalues = numpy.linalg.eigvalsh(gram)
    return int((eigenvalues > len(gram) * 1e-11 * max(eigenvalues[-1], TINY)).sum())


def _unit_length(columns: numpy.ndarray) -> numpy.ndarray:
    import numpy

    lengths = numpy.sqrt((columns**2).sum(axis=0))
    return columns / numpy.where(lengths > 0, lengths, 1.0)


def _gram(columns: numpy.ndarray) -> numpy.ndarray:
    return columns.T @ columns


def people_by_level(design: Design, names: Sequence[str], events: bool) -> list[dict[str, Any]]:
    """The distinct people (and those with the outcome) of every combination of the levels of `names` that occurs."""
    import numpy

    factors = [next(factor for factor in design.factors if factor.name == name) for name in names]
    codes = numpy.zeros(len(design.units), dtype=numpy.int64)
    for factor in factors:
        codes = codes * len(factor.labels) + factor.codes
    present, combined = numpy.unique(codes, return_inverse=True)
    people = _distinct(combined, design.units, len(present))
    rows = numpy.bincount(combined, minlength=len(present))
    had = _distinct(combined[design.outcome == 1], design.units[design.outcome == 1], len(present)) if events else None
    listed = []
    for at, code in enumerate(present.tolist()):
        label = []
        for factor in reversed(factors):
            code, level = divmod(code, len(factor.labels))
            label.append(factor.labels[level])
        listed.append(
            {"level": label[::-1], "units": int(people[at]), "n": int(rows[at])}
            | ({"events": int(had[at])} if had is not None else {})
        )
    return listed


def _distinct(groups: numpy.ndarray, units: numpy.ndarray, count: int) -> numpy.ndarray:
    import numpy

    if not len(groups):
        return numpy.zeros(count, dtype=numpy.int64)
    pairs = numpy.unique(groups.astype(numpy.int64) * (int(units.max()) + 1) + units)
    return numpy.bincount(pairs // (int(units.max()) + 1), minlength=count)


def cells(design: Design, events: bool) -> list[dict[str, Any]] | None:
    """Where the fit is a table (no more differing rows of the design than coefficients): what lies under each cell."""
    import numpy

    codes = _differing_rows(design.columns.to_numpy())
    if codes is None:
        return None
    order = numpy.argsort(codes, kind="stable")
    starts = numpy.searchsorted(codes[order], numpy.arange(int(codes.max()) + 1))
    return [_cell(design, rows, events) for rows in numpy.split(order, starts[1:])]


def _differing_rows(values: numpy.ndarray) -> numpy.ndarray | None:
    """Which of the differing rows each row is, or None where there are more of them than columns."""
    import numpy

    most = values.shape[1]
    if len(numpy.unique(values[: 20 * most + 1000], axis=0)) > most:
        return None
    codes = numpy.zeros(len(values), dtype=numpy.int64)
    for column in values.T:
        present, coded = numpy.unique(column, return_inverse=True)
        present, codes = numpy.unique(codes * len(present) + coded, return_inverse=True)
        if len(present) > most:
            return None
    return codes


def _cell(design: Design, rows: numpy.ndarray, events: bool) -> dict[str, Any]:
    import numpy

    first = int(rows[0])
    named = [factor.labels[factor.codes[first]] for factor in design.factors if factor.is_categorical]
    if len(named) < len(design.factors):
        named = [f"{value:.10g}" for value in design.columns.to_numpy()[first]]
    people, which = numpy.unique(design.units[rows], return_inverse=True)
    cell: dict[str, Any] = {"level": named or ["everyone"], "units": len(people), "n": len(rows)}
    if events:
        return cell | {"events": len(numpy.unique(design.units[rows[design.outcome[rows] == 1]]))}
    held = numpy.bincount(which, weights=design.outcome[rows])
    largest = held[numpy.argsort(-numpy.abs(held), kind="stable")][:TOP]
    values = design.outcome[rows]
    cell |= {"top": [float(value) for value in largest], "total": float(held.sum()),
             "constant": bool((values == values[0]).all()), "nonzero_units": int(numpy.count_nonzero(held)),
             **_of_two(design.outcome, values, which)}
    return cell | ({"absolute_total": float(numpy.abs(held).sum())} if (held < 0).any() else {})


def largest_leverage(columns: numpy.ndarray, units: numpy.ndarray, weights: numpy.ndarray | None = None) -> float:
    """The largest leverage of one unit: of its block of the hat matrix the largest eigenvalue.

    Units whose rows' own leverages come to less than a half are taken at that sum, which is no less.
    """
    import numpy

    scaled = columns if weights is None else columns * numpy.sqrt(weights)[:, None]
    scaled = _unit_length(scaled)
    values, vectors = numpy.linalg.eigh(_gram(scaled))
    keep = values > len(values) * 1e-13 * max(values[-1], TINY)
    half = vectors[:, keep] / numpy.sqrt(values[keep])
    own = numpy.empty(len(scaled))
    for start in range(0, len(scaled), CHUNK):
        part = scaled[start : start + CHUNK] @ half
        own[start : start + CHUNK] = (part**2).sum(axis=1)
    together = numpy.bincount(units, weights=own)
    largest = float(together[together <= LOOK_CLOSER].max(initial=0.0))
    order = numpy.argsort(units, kind="stable")
    bounds = numpy.searchsorted(units[order], numpy.arange(len(together) + 1))
    for unit in numpy.flatnonzero(together > LOOK_CLOSER):
        block = scaled[order[bounds[unit] : bounds[unit + 1]]] @ half
        small = block @ block.T if len(block) <= block.shape[1] else block.T @ block
        largest = max(largest, float(numpy.linalg.eigvalsh(small)[-1]))
    return min(1.0, math.floor(largest * 1e9 + 0.5) / 1e9)


def _of_two(outcome: numpy.ndarray, values: numpy.ndarray, which: numpy.ndarray) -> dict[str, int]:
    """How many people of a cell have the smaller and the larger value of an outcome of two; else none."""
    import numpy

    low, high = outcome.min(), outcome.max()
    if ((outcome != low) & (outcome != high)).any():
        return {"lower_units": 0, "upper_units": 0}
    return {"lower_units": len(numpy.unique(which[values == low])),
            "upper_units": len(numpy.unique(which[values == high]))}
