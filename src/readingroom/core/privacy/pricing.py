"""What a private answer costs and how good it will be: closed forms, exact integers, no data.

Neighbouring datasets differ by all rows of one person. Each answer is integers plus discrete Gaussian
noise; loss is in zero-concentrated differential privacy, rho = (L2 sensitivity)^2 / (2 scale^2). Scales are
integers over SCALE_UNIT, rounded up, so a loss is an exact fraction and never above what is charged.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction

from readingroom.core.datasets import Table
from readingroom.core.privacy.queries import Count, Histogram, Mean, Query

MICRO = 1_000_000
SCALE_UNIT = 1024
HALF_UNITS = 2**16  # half of a clip range in fixed-point units
MAX_ROWS = 2**31  # public ceiling on rows of a view; far above 2 K, see notes on tight lengths
DEFAULT_DELTA = 1e-7
USABLE_RELATIVE_ERROR = 5  # a group is usable if it is at least five half-widths

PERSONS, GROUPS, SUMS = "persons", "groups", "sums"


@dataclass(frozen=True)
class Shape:
    """All that a release needs to know besides the view. Never holds anything read from data.

    `persons`: one row per person, people per key. `groups`: up to `contributions` rows per person, each
    with a different key. `sums`: up to `contributions` values per person within +-HALF_UNITS.
    `scale` belongs to counts, `sum_scale` to the sum; both in 1/SCALE_UNIT.
    """

    kind: str
    contributions: int
    keys: int
    scale: int
    sum_scale: int = 0

    def loss(self) -> Fraction:
        """rho, exactly, from our own sensitivity."""
        squared = self.contributions if self.kind == GROUPS else self.contributions**2
        loss = Fraction(squared * SCALE_UNIT**2, 2 * self.scale**2)
        if self.kind == SUMS:
            loss += Fraction((self.contributions * HALF_UNITS * SCALE_UNIT) ** 2, 2 * self.sum_scale**2)
        return loss


@dataclass(frozen=True)
class Accuracy:
    """What can be said before spending. `half_width_95` is of each released number, in its own unit.

    For a mean it is that of the count of values; `interval` says how the interval of the mean comes about.
    """

    mechanism: str
    scale: float
    half_width_95: float
    smallest_usable_group: int
    interval: str
    sum_scale: float | None = None
    sum_half_width_95: float | None = None

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class Price:
    cost_micro_rho: int
    cost_epsilon: float
    delta: float
    shape: Shape
    accuracy: Accuracy


def price(query: Query, table: Table, delta: float = DEFAULT_DELTA) -> Price:
    """The cost and accuracy of a parsed query on its table."""
    shape = shape_of(query, table)
    cost = -(-shape.loss() * MICRO // 1)
    assert cost <= query.rho_micro, "a scale was rounded the wrong way"
    return Price(query.rho_micro, epsilon(query.rho_micro, delta), delta, shape, accuracy(query, shape))


def shape_of(query: Query, table: Table) -> Shape:
    bound = max(1, int(table.max_rows_per_person))
    rho = Fraction(query.rho_micro, MICRO)
    if isinstance(query, Count):
        return Shape(PERSONS, 1, 1, _scale(1, rho))
    if isinstance(query, Histogram):
        keys = len(query.keys)
        contributions = min(bound, keys)
        return Shape(
            PERSONS if contributions == 1 else GROUPS, contributions, keys, _scale(contributions, rho)
        )
    assert isinstance(query, Mean)
    return Shape(
        SUMS,
        bound,
        1,
        scale=_scale(bound**2, rho / 4),  # a quarter on the number of values, the rest on their sum
        sum_scale=_scale((bound * HALF_UNITS) ** 2, rho * 3 / 4),
    )


def accuracy(query: Query, shape: Shape) -> Accuracy:
    scale = Fraction(shape.scale, SCALE_UNIT)
    width = half_width_95(scale)
    if isinstance(query, Mean):
        step = step_of(query)
        sum_scale = Fraction(shape.sum_scale, SCALE_UNIT)
        middle = (query.upper - query.lower) / 2
        sum_width = half_width(sum_scale, 0.025) * step
        count_width = half_width(scale, 0.025)
        # Worst case over where the mean lies: an error of at most a tenth of the range.
        group = math.ceil(10 * (sum_width + middle * count_width) / (query.upper - query.lower)) + count_width
        return Accuracy(
            "discrete Gaussian on the centred sum and on the count of values",
            float(scale),
            width,
            group,
            "Both released numbers hold together with 95% confidence; the interval of the mean is the "
            "range of their quotients, cut to the clip range. Bias of clipping and row cap is left out.",
            float(sum_scale) * step,
            sum_width,
        )
    return Accuracy(
        "discrete Gaussian",
        float(scale),
        width,
        USABLE_RELATIVE_ERROR * width,
        "Each number lies within its half-width of the exact one in 95% of releases, taken one at a time.",
    )


def step_of(query: Mean) -> float:
    """The value of one fixed-point unit of a mean."""
    return (query.upper - query.lower) / 2 / HALF_UNITS


def mean_interval(query: Mean, shape: Shape, total: int, number: int) -> tuple[float, float, float]:
    """(mean, low, high) from the two released numbers: free post-processing. Always inside the clip range."""
    step, centre = step_of(query), (query.lower + query.upper) / 2
    sum_width = half_width(Fraction(shape.sum_scale, SCALE_UNIT), 0.025)
    count_width = half_width(Fraction(shape.scale, SCALE_UNIT), 0.025)

    def clipped(units: float) -> float:
        return min(max(centre + units * step, query.lower), query.upper)

    value = clipped(total / max(number, 1))
    if number - count_width <= 0:
        return value, query.lower, query.upper
    sizes = (number - count_width, number + count_width)
    quotients = [(total + sign * sum_width) / size for sign in (-1, 1) for size in sizes]
    return value, clipped(min(quotients)), clipped(max(quotients))


def half_width_95(scale: Fraction) -> int:
    return half_width(scale, 0.05)


def half_width(scale: Fraction, alpha: float) -> int:
    """Smallest whole w with P(|noise| > w) <= alpha for discrete Gaussian noise; never too small."""
    sigma = float(scale)
    if sigma > 50:  # the lattice no longer shows; one more for safety
        return math.ceil(sigma * _normal_quantile(alpha)) + 1
    reach = math.ceil(12 * sigma) + 2
    weights = [math.exp(-(k * k) / (2 * sigma * sigma)) for k in range(reach)]
    total = weights[0] + 2 * math.fsum(weights[1:])
    tail, width = 1.0 - weights[0] / total, 0
    while tail > alpha * (1 - 1e-9):
        width += 1
        tail -= 2 * weights[width] / total
    return width


def epsilon(rho_micro: int, delta: float = DEFAULT_DELTA) -> float:
    """rho + 2 sqrt(rho ln(1/delta)), rounded up in the sixth decimal: never understates."""
    up = Context(prec=50, rounding=ROUND_CEILING)
    rho = up.divide(Decimal(rho_micro), Decimal(MICRO))
    root = up.sqrt(up.multiply(rho, _log_inverse(delta)))
    exact = up.add(rho, up.multiply(Decimal(2), root))
    return float(exact.quantize(Decimal("0.000001"), rounding=ROUND_CEILING))


def rho_micro_for(epsilon_wanted: float, delta: float = DEFAULT_DELTA) -> int:
    """The most micro-rho whose epsilon is not above the wanted one; 0 if none."""
    log = math.log(1 / delta)
    guess = int(MICRO * (math.sqrt(log + epsilon_wanted) - math.sqrt(log)) ** 2) + 2
    while guess > 0 and epsilon(guess, delta) > epsilon_wanted:
        guess -= 1
    return guess


def _log_inverse(delta: float) -> Decimal:
    # ln is rounded to nearest whatever the context says; one part in 10^40 on top makes it an upper bound.
    return -(Decimal(delta).ln(Context(prec=50))) * (1 + Decimal(10) ** -40)


def _scale(squared_sensitivity: int, rho: Fraction) -> int:
    """Smallest scale in 1/SCALE_UNIT, plus one, with squared_sensitivity / (2 scale^2) < rho."""
    least = Fraction(squared_sensitivity * SCALE_UNIT**2) / (2 * rho)
    return math.isqrt(math.ceil(least)) + 1


def _normal_quantile(alpha: float) -> float:
    low, high = 0.0, 10.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erfc(middle / math.sqrt(2)) > alpha else (low, middle)
    return high
