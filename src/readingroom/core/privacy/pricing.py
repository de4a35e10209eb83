"""What a private answer costs and how good it will be: closed forms, exact integers, no data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction

from readingroom.core.datasets import Table
from readingroom.core.privacy.accounting import (
    DELTA_UNITS,
    MICRO,
    epsilon,
    half_width,
    normal_quantile,
    pure_rho_micro,
    rho_micro_up,
    standard_deviation,
)
from readingroom.core.privacy.parts import Part, parts_of
from readingroom.core.privacy.queries import ALPHA_UNIT, Query
from readingroom.core.privacy.shapes import PAIRS, QUANTILES, THRESHOLD, TOP
from readingroom.core.privacy.spends import Spend, table_femto_delta
from readingroom.core.privacy.units import Grid, grids

USABLE_RELATIVE_ERROR = 5  # a group is usable if it is at least five half-widths
SIZES = (100, 1_000, 10_000, 100_000)
CURVE = (Fraction(1, 10), Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(2), Fraction(4), Fraction(10))
LEFT_OUT = ("Half-widths and intervals are of the noise alone. They leave out what clipping values to the range, "
            "the cap on rows per person and rows with missing values do to the answer.")
RATIOS = ("mean", "proportion", "variance", "sd", "correlation", "regression")


@dataclass(frozen=True)
class Expected:
    """How exact an answer about a group of `size` will be; `relative` is of the size, or of the column's range."""

    size: int
    half_width_95: float
    relative: float


@dataclass(frozen=True)
class Accuracy:
    """What can be said before spending. `half_width_95` is of each released count, or sum, in its own unit.

    For what is a quotient of released numbers it is that of the number of rows; `interval` says how the interval
    comes about, and `sizes` how wide it will be. For quantiles and top categories it is in rows (see `interval`).
    """

    mechanism: str
    scale: float
    half_width_95: float
    smallest_usable_group: int
    interval: str
    sum_scale: float | None = None
    sum_half_width_95: float | None = None
    threshold: int | None = None
    sizes: tuple[Expected, ...] = ()

    def as_dict(self) -> dict[str, object]:
        said = asdict(self)
        said["sizes"] = [asdict(one) for one in self.sizes]
        return said


@dataclass(frozen=True)
class Price:
    """`cost_micro_rho` and `cost_femto_delta` are what the account is charged; epsilon is that of the answer alone."""

    cost_micro_rho: int
    cost_femto_delta: int
    cost_epsilon: float
    delta: float
    parts: tuple[Part, ...]
    accuracy: Accuracy


def price(query: Query, table: Table, delta: float | None = None, sizes: Sequence[int] = SIZES) -> Price:
    """The cost and accuracy of a parsed query on its table; epsilon at `delta`, or at the table's own."""
    parts = parts_of(query, table)
    loss = sum((part.shape.loss() for part in parts), Fraction(0))
    assert loss <= query.spend.amount, "a scale was rounded the wrong way"
    shown = delta if delta is not None else table_femto_delta(table) / DELTA_UNITS
    spent = query.spend.femto_delta / DELTA_UNITS
    cost = query.spend.rho_micro
    if query.spend.pure:
        loss_epsilon, total_delta = float(query.spend.amount), spent
    else:
        loss_epsilon, total_delta = epsilon(cost, shown), shown + spent
    return Price(cost, query.spend.femto_delta, loss_epsilon, total_delta, parts,
                 accuracy(query, table, parts, sizes))


def charge(parts: Sequence[Part]) -> int:
    """Micro-rho that cover the exact losses of all parts: what the ledger must at least be charged."""
    loss = sum((part.shape.loss() for part in parts), Fraction(0))
    if any(part.shape.pure for part in parts):
        return pure_rho_micro(math.ceil(loss * MICRO))
    return rho_micro_up(loss)


def accuracy(query: Query, table: Table, parts: Sequence[Part], sizes: Sequence[int] = SIZES) -> Accuracy:
    part = parts[-1]
    every = grids(query, table)
    if part.shape.kind == QUANTILES:
        return _quantile_accuracy(query, part)
    if part.shape.kind == TOP:
        return _top_accuracy(part)
    if query.statistic in RATIOS:
        return _ratio_accuracy(query, part, every, sizes)
    return _count_accuracy(query, part, every, sizes)


def mechanism(part: Part) -> str:
    if part.shape.kind in (QUANTILES, TOP):
        return "exponential mechanism"
    noise = "discrete Laplace" if part.shape.pure else "discrete Gaussian"
    if part.shape.kind == PAIRS:
        return f"{noise} on the two shares of each value, above and below"
    return f"{noise}, shown above a threshold" if part.shape.kind == THRESHOLD else noise


def _count_accuracy(query: Query, part: Part, every: tuple[Grid, ...], sizes: Sequence[int]) -> Accuracy:
    noisy, step = part.shape.noisy[0], float(every[0].step) if every else 1.0
    width = half_width(noisy.real_scale, 0.05, laplace=part.shape.pure)
    per_row = float(every[0].half) * step if every else 1.0
    usable = math.ceil(USABLE_RELATIVE_ERROR * width * step / per_row)
    if part.shape.threshold:
        usable = max(usable, part.shape.threshold + width)
    own = width * step
    return Accuracy(
        mechanism(part), float(noisy.real_scale) * step, width if not every else own, usable,
        "Each number lies within its half-width of the exact one in 95% of releases, taken one at a time.",
        threshold=part.shape.threshold or None,
        sizes=tuple(Expected(size, own, own / (size * per_row)) for size in sizes))


def _ratio_accuracy(query: Query, part: Part, every: tuple[Grid, ...], sizes: Sequence[int]) -> Accuracy:
    """At the worst place of the mean; the interval that comes with the answer knows better."""
    shape, grid = part.shape, every[0]
    pure, unit = shape.pure, float(grid.step)
    reach = grid.half * unit
    deviations = [standard_deviation(noisy.real_scale, laplace=pure) for noisy in shape.noisy]
    if shape.kind == PAIRS:
        bound = shape.noisy[0].bound
        number_width = half_width(2 * shape.noisy[0].real_scale, 0.05, laplace=True) / bound
        per_row = 2 * reach * deviations[0] / bound
        sum_scale, sum_width = float(shape.noisy[0].real_scale) * unit, half_width(
            shape.noisy[0].real_scale, 0.05, laplace=True) * unit
    else:
        number_width = half_width(shape.noisy[0].real_scale, 0.05, laplace=pure)
        sum_scale = float(shape.noisy[1].real_scale) * unit
        sum_width = half_width(shape.noisy[1].real_scale, 0.05, laplace=pure) * unit
        per_row = math.hypot(deviations[1] * unit, deviations[0] * reach)
        if query.statistic in ("variance", "sd", "correlation", "regression"):
            second = deviations[1 + len(every)] / 2 * unit**2
            per_row = math.hypot(second, 2 * reach * deviations[1] * unit, reach**2 * deviations[0])
            reach = {"variance": reach**2, "sd": reach}.get(query.statistic, 1.0)
            if query.statistic == "sd":
                per_row = per_row / reach
            elif query.statistic in ("correlation", "regression"):
                per_row = per_row / (float(grid.half) * unit) ** 2
    z = normal_quantile(0.05)
    usable = math.ceil(max(10 * z * per_row / (2 * reach), 3 * number_width))
    return Accuracy(
        mechanism(part) if shape.kind == PAIRS else f"{mechanism(part)} on clipped sums and on the number of rows",
        float(shape.noisy[0].real_scale), math.ceil(number_width), usable,
        "The interval is found by simulation from the released numbers: it holds the exact value, of clipped values "
        "and kept rows, in about 95% of releases.", sum_scale, sum_width,
        sizes=tuple(Expected(size, min(2 * reach, z * per_row / size), min(1.0, z * per_row / size / (2 * reach)))
                    for size in sizes))


def _quantile_accuracy(query: Query, part: Part) -> Accuracy:
    """P(rank error > scale ln(candidates / 0.05) / denominator) <= 5% (McSherry and Talwar 2007, theorem 6)."""
    widths = []
    for noisy, numerator in zip(part.shape.noisy, part.shape.quantiles, strict=True):
        denominator = Fraction(numerator, ALPHA_UNIT).denominator
        widths.append(math.ceil(float(noisy.real_scale) * math.log(part.shape.candidates / 0.05) / denominator))
    width = max(widths)
    return Accuracy(
        mechanism(part), float(part.shape.noisy[0].real_scale), width, USABLE_RELATIVE_ERROR * 2 * width,
        f"No half-width of the value can be given. In 95% of releases the chosen candidate is at most {width} rows "
        "further from the wanted rank than the best candidate is.",
        sizes=tuple(Expected(size, width, min(1.0, width / size)) for size in SIZES))


def _top_accuracy(part: Part) -> Accuracy:
    scale = float(part.shape.noisy[0].real_scale)
    width = math.ceil(2 * scale * math.log(part.shape.keys * part.shape.chosen / 0.05))
    return Accuracy(
        mechanism(part), scale, width, width,
        f"In 95% of releases no category left out has over {width} people more than one that is shown in its place.",
        sizes=tuple(Expected(size, width, min(1.0, width / size)) for size in SIZES))


# --- what would it be for another spend ---

def with_spend(query: Query, table: Table, factor: Fraction) -> Query:
    """The same question for `factor` times the loss (epsilon if pure, else rho)."""
    spend = query.spend
    micro = max(1, int((spend.epsilon_micro or spend.rho_micro) * factor))
    if spend.pure:
        return replace(query, spend=Spend(pure_rho_micro(micro), micro, spend.femto_delta))
    return replace(query, spend=Spend(micro, 0, spend.femto_delta))


def curve(query: Query, table: Table, factors: Sequence[Fraction] = CURVE) -> tuple[dict[str, object], ...]:
    """The trade-off: for each multiple of the spend, the cost and what it would buy."""
    found = []
    for factor in factors:
        priced = price(with_spend(query, table, factor), table)
        found.append({"rho_micro": priced.cost_micro_rho, "epsilon": priced.cost_epsilon,
                      "half_width_95": priced.accuracy.half_width_95,
                      "smallest_usable_group": priced.accuracy.smallest_usable_group,
                      "sizes": [asdict(one) for one in priced.accuracy.sizes]})
    return tuple(found)
