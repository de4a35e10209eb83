"""From a query to its parts: each a fixed shape, with what its view holds. The spend is divided here."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from fractions import Fraction

from readingroom.core.datasets import Table
from readingroom.core.privacy.accounting import DELTA_UNITS
from readingroom.core.privacy.keys import Key
from readingroom.core.privacy.queries import (
    ALL_ROWS,
    ALPHA_UNIT,
    COUNT,
    MEAN,
    PEOPLE,
    PROPORTION,
    QUANTILE,
    SUM,
    SYNTHETIC,
    TOP,
    Query,
)
from readingroom.core.privacy.shapes import (
    PAIRS,
    QUANTILES,
    SUMS,
    THRESHOLD,
    Noisy,
    Shape,
    distinct,
    gaussian_scale,
    laplace_scale,
    threshold_for,
)
from readingroom.core.privacy.shapes import PEOPLE as PEOPLE_SHAPE
from readingroom.core.privacy.shapes import TOP as TOP_SHAPE
from readingroom.core.privacy.units import Grid, grids

UNIT, UPPER, LOWER, SQUARE, PRODUCT, PLACE = "unit", "upper", "lower", "square", "product", "place"
NUMBER = "number"
COUNT_SHARE = Fraction(1, 4)  # of a mean's rho; the rest is for the sum


@dataclass(frozen=True)
class Value:
    """A column of whole numbers in a view, from the ranged columns `first` and `second` of the query.

    unit: the fixed-point unit u, within +-half. upper and lower: half + u and half - u, which share out one row.
    square: 2 u^2 - half^2. product: u v. place: 2 i at the i-th candidate, 2 i + 1 above it, -1 below all.
    """

    kind: str
    first: int = 0
    second: int = 0

    def bound(self, every: tuple[Grid, ...]) -> int:
        half, other = every[self.first].half, every[self.second].half
        return {UNIT: half, UPPER: 2 * half, LOWER: 2 * half, SQUARE: half**2, PRODUCT: half * other}[self.kind]


@dataclass(frozen=True)
class Part:
    """One measurement. Its view has `person` (a row per person and group) or not, the group, and `values`.

    `rows_per_person` says which bounded view it is made from; ALL_ROWS for all.
    """

    shape: Shape
    by: tuple[Key, ...]
    rows_per_person: int
    people: bool
    values: tuple[Value, ...] = ()


def parts_of(query: Query, table: Table) -> tuple[Part, ...]:
    """The measurements of a query. Their losses together are at most its spend."""
    if query.statistic == SYNTHETIC:
        return _synthetic(query)
    if query.statistic == TOP:
        return (_top(query),)
    if query.statistic == PEOPLE:
        return (_people(query),)
    if query.statistic == QUANTILE:
        return (_quantiles(query),)
    return (_sums(query, table),)


def _cells(by: tuple[Key, ...]) -> int:
    return math.prod(len(key.values) for key in by)


def _noisy(bound: int, contributions: int, spend: Fraction, *, pure: bool) -> Noisy:
    whole = Fraction(contributions * bound)
    return Noisy(bound, laplace_scale(whole, spend) if pure else gaussian_scale(whole**2, spend))


def _sums(query: Query, table: Table) -> Part:
    every, pure, k = grids(query, table), query.spend.pure, query.rows_per_person
    values, counts, shares = _columns(query)
    amount = query.spend.amount
    if pure and query.statistic in (MEAN, PROPORTION):
        bound = 2 * every[0].half
        noisy = Noisy(bound, laplace_scale(Fraction(k * bound), amount))
        return Part(Shape(PAIRS, pure, k, _cells(query.by), distinct((noisy, noisy)), grouped=bool(query.by)),
                    query.by, k,
                    people=False, values=(Value(UPPER), Value(LOWER)))
    bounds = [*([1] if counts else []), *(value.bound(every) for value in values)]
    noisy_all = tuple(_noisy(bound, k, amount * share, pure=pure) for bound, share in zip(bounds, shares, strict=True))
    shape = Shape(SUMS, pure, k, _cells(query.by), distinct(noisy_all), grouped=bool(query.by), counts=counts)
    return Part(shape, query.by, k, people=False, values=values)


def _columns(query: Query) -> tuple[tuple[Value, ...], bool, list[Fraction]]:
    """(values, whether rows are counted, shares of the spend: of the number of rows first)."""
    if query.statistic == COUNT:
        return (), True, [Fraction(1)]
    if query.statistic == SUM:
        return (Value(UNIT),), False, [Fraction(1)]
    if query.statistic in (MEAN, PROPORTION):
        return (Value(UNIT),), True, [COUNT_SHARE, 1 - COUNT_SHARE]
    places = range(len(query.ranged))
    values = (*(Value(UNIT, place) for place in places), *(Value(SQUARE, place, place) for place in places),
              *(Value(PRODUCT, one, other) for one, other in itertools.combinations(places, 2)))
    if len(query.ranged) == 1:
        return values, True, [Fraction(1, 4), Fraction(1, 4), Fraction(1, 2)]
    return values, True, [Fraction(1, len(values) + 1)] * (len(values) + 1)


def _people(query: Query) -> Part:
    pure, amount = query.spend.pure, query.spend.amount
    k = 1 if query.rows_per_person == ALL_ROWS else query.rows_per_person
    if not query.undeclared:
        k = min(k, _cells(query.by))
    noisy = Noisy(1, laplace_scale(Fraction(k), amount) if pure else gaussian_scale(Fraction(k), amount))
    shape = Shape(SUMS if k == 1 else PEOPLE_SHAPE, pure, k, _cells(query.by), (noisy,), grouped=bool(query.by),
                  counts=True)
    if query.undeclared:
        shape = replace(shape, kind=THRESHOLD, keys=0)
        shape = replace(shape, threshold=threshold_for(shape, query.spend.femto_delta / DELTA_UNITS * (1 - 2e-5)))
    return Part(shape, query.by, query.rows_per_person, people=True)


def _quantiles(query: Query) -> Part:
    pure, k = query.spend.pure, query.rows_per_person
    each = query.spend.amount / len(query.quantiles)
    numerators = tuple(round(one * ALPHA_UNIT) for one in query.quantiles)
    noisy = []
    for numerator in numerators:
        exact = Fraction(numerator, ALPHA_UNIT)
        bound = max(exact.numerator, exact.denominator - exact.numerator)
        whole = Fraction(2 * k * bound)
        noisy.append(Noisy(bound, laplace_scale(whole, each) if pure else gaussian_scale(whole**2 / 4, each)))
    shape = Shape(QUANTILES, pure, k, _cells(query.by), distinct(noisy), grouped=bool(query.by), quantiles=numerators,
                  candidates=len(query.candidates))
    return Part(shape, query.by, k, people=False, values=(Value(PLACE),))


def _top(query: Query) -> Part:
    pure, each = query.spend.pure, query.spend.amount / query.k
    scale = laplace_scale(Fraction(1), each) if pure else gaussian_scale(Fraction(1, 4), each)
    shape = Shape(TOP_SHAPE, pure, 1, _cells(query.by), (Noisy(1, scale),), grouped=True, chosen=query.k)
    return Part(shape, query.by, ALL_ROWS, people=True)


def _synthetic(query: Query) -> tuple[Part, ...]:
    each, k = query.spend.amount / len(query.marginals), query.rows_per_person
    found = []
    for names in query.marginals:
        by = tuple(key for key in query.by if key.column in names)
        noisy = _noisy(1, k, each, pure=query.spend.pure)
        found.append(Part(Shape(SUMS, query.spend.pure, k, _cells(by), (noisy,), grouped=True, counts=True), by, k,
                          people=False))
    return tuple(found)
