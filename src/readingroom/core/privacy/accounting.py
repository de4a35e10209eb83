"""Privacy loss in whole numbers: micro-rho rounded up, delta in units of 1e-15, and what they mean as epsilon.

Losses add up in zero-concentrated differential privacy (Bun and Steinke 2016): rho + rho, delta + delta. A pure
epsilon-DP answer counts as epsilon^2 / 2. Epsilon is shown at a stated delta and never understated.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction

MICRO = 1_000_000
DELTA_UNITS = 10**15
DEFAULT_DELTA = 1e-7
_UP = Context(prec=50, rounding=ROUND_CEILING)


def rho_micro_up(rho: Fraction) -> int:
    """Whole micro-rho that cover a loss."""
    return math.ceil(rho * MICRO)


def pure_rho_micro(epsilon_micro: int) -> int:
    """What a pure epsilon-DP answer adds to an account in rho: epsilon^2 / 2, rounded up."""
    return -(-(epsilon_micro**2) // (2 * MICRO))


def femto_delta_of(delta: float) -> int:
    """A delta in units of 1e-15, rounded down: never more is spent than was said."""
    return int(Fraction(str(delta)) * DELTA_UNITS)


def epsilon(rho_micro: int, delta: float = DEFAULT_DELTA) -> float:
    """The epsilon that rho is at `delta`, rounded up in the sixth decimal.

    Any order a > 1 gives a bound: a rho + (ln(1/delta) - ln a) / (a - 1) + ln(1 - 1/a) (Canonne, Kamath and Steinke
    2020, proposition 12; Rényi to approximate). The order is searched for; the bound holds wherever the search ends.
    Example: rho 0.0202 at 1e-7 is epsilon 1.
    """
    if rho_micro <= 0:
        return 0.0
    order = Decimal(_best_order(rho_micro / MICRO, math.log(1 / delta)))
    rho = _UP.divide(Decimal(rho_micro), Decimal(MICRO))
    gap = order - 1
    # ln is rounded to nearest whatever the context says; one part in 10^40 on top makes it an upper bound.
    over = _UP.divide(_UP.subtract(_upper(-_ln(Decimal(delta))), _lower(_ln(order))), gap)
    loss = _UP.add(_UP.add(_UP.multiply(order, rho), over), _upper(_ln(gap / order)))
    return max(0.0, float(loss.quantize(Decimal("0.000001"), rounding=ROUND_CEILING)))


def rho_micro_for(epsilon_wanted: float, delta: float = DEFAULT_DELTA) -> int:
    """The most micro-rho whose epsilon is not above the wanted one; 0 if none."""
    low, high = 0, 1
    while epsilon(high, delta) <= epsilon_wanted:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if epsilon(middle, delta) <= epsilon_wanted else (low, middle)
    return low


def half_width(scale: Fraction, alpha: float, *, laplace: bool = False) -> int:
    """Smallest whole w with P(|noise| > w) <= alpha for discrete Gaussian or Laplace noise; never too small."""
    return _laplace_width(float(scale), alpha) if laplace else _gaussian_width(float(scale), alpha)


def standard_deviation(scale: Fraction, *, laplace: bool) -> float:
    """Of the noise; for small Gaussian scales an upper bound."""
    s = float(scale)
    if not laplace:
        return s
    decay = math.exp(-1 / s)
    return math.sqrt(2 * decay) / (1 - decay) if decay > 0 else 0.0


def normal_quantile(alpha: float) -> float:
    """z with P(|N(0, 1)| > z) = alpha."""
    low, high = 0.0, 40.0
    for _ in range(90):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erfc(middle / math.sqrt(2)) > alpha else (low, middle)
    return high


def _laplace_width(scale: float, alpha: float) -> int:
    """P(|noise| > w) = 2 d^(w + 1) / (1 + d), d = exp(-1 / scale)."""
    decay = math.exp(-1 / scale)
    if 2 * decay / (1 + decay) <= alpha:
        return 0
    width = max(0, math.ceil(-scale * math.log(alpha * (1 + decay) / 2)) - 2)
    while 2 * math.exp(-(width + 1) / scale) / (1 + decay) > alpha * (1 - 1e-9):
        width += 1
    return width


def _gaussian_width(sigma: float, alpha: float) -> int:
    if sigma > 50:  # the lattice no longer shows; one more for safety
        return math.ceil(sigma * normal_quantile(alpha)) + 1
    reach = math.ceil(12 * sigma) + 2
    weights = [math.exp(-(k * k) / (2 * sigma * sigma)) for k in range(reach)]
    total = weights[0] + 2 * math.fsum(weights[1:])
    tail, width = 1.0 - weights[0] / total, 0
    while tail > alpha * (1 - 1e-9):
        width += 1
        tail -= 2 * weights[width] / total
    return width


def _best_order(rho: float, log_inverse: float) -> float:
    """The order with about the least bound, by golden section in the logarithm of order - 1."""
    def bound(at: float) -> float:
        gap = math.exp(at)
        return (1 + gap) * rho + (log_inverse - math.log1p(gap)) / gap + math.log(gap / (1 + gap))

    low, high, ratio = math.log(1e-6), math.log(1e9), (math.sqrt(5) - 1) / 2
    for _ in range(100):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if bound(left) <= bound(right) else (left, high)
    return 1 + math.exp((low + high) / 2)


def _ln(value: Decimal) -> Decimal:
    return value.ln(Context(prec=50))


def _upper(value: Decimal) -> Decimal:
    return _UP.add(value, abs(value) * Decimal(10) ** -40)


def _lower(value: Decimal) -> Decimal:
    return value - abs(value) * Decimal(10) ** -40
