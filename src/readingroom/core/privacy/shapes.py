"""The few forms a release can take, and what one person can change in each: our own closed forms.

Neighbouring datasets differ by all rows of one person. OpenDP finds the same loss from its plan (storage/
private_plans.py); if the two disagree nothing is released. Scales are whole numbers over SCALE_UNIT, rounded up, so
that a loss is an exact fraction and never above the charge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

SCALE_UNIT = 2**16
MAX_ROWS = 2**31  # public ceiling on rows of a view; far above 2 K, see notes on tight lengths
SUMS, PAIRS, PEOPLE, THRESHOLD, QUANTILES, TOP = "sums", "pairs", "people", "threshold", "quantiles", "top"


@dataclass(frozen=True)
class Noisy:
    """One noisy number per group: its bound per row (or score sensitivity) and its noise scale over SCALE_UNIT."""

    bound: int
    scale: int

    @property
    def ratio(self) -> Fraction:
        """bound / scale."""
        return Fraction(self.bound * SCALE_UNIT, self.scale)

    @property
    def real_scale(self) -> Fraction:
        return Fraction(self.scale, SCALE_UNIT)


@dataclass(frozen=True)
class Shape:
    """All that a release needs to know besides its view. Never holds anything read from data.

    K is `contributions`, the most rows of one person in the view; `keys` is the number of groups.

    - sums: per group the number of rows (if `counts`), then a sum of each further column of whole numbers within
      +-bound. Loss: (K bound / scale)^2 / 2 each, or K bound / scale each if pure.
    - pairs: two columns a, b >= 0 with a + b = bound in every row, so that both sums together change by K bound:
      K bound / scale once for both, and only pure.
    - people: rows are people, each in at most K groups, once in each. Loss: K / (2 scale^2), or K / scale.
    - threshold: the same for groups that nobody declared; those at or under `threshold` stay hidden.
    - quantiles: exponential mechanism on declared candidates, one per entry of `quantiles` (numerators over 2^16).
      e = 2 K bound / scale each; loss e^2 / 8, or e. The same if grouped: a person with k_g of their K rows in group
      g costs f(k_g) there, f(k) = c k^2 or c k; the sum over groups is at most f(K), since the k_g add up to K.
    - top: exponential mechanism on people per group, `chosen` times. e = 1 / scale; loss e^2 / 8, or e, each time.
    """

    kind: str
    pure: bool
    contributions: int
    keys: int
    noisy: tuple[Noisy, ...]
    grouped: bool = False
    counts: bool = False
    threshold: int = 0
    quantiles: tuple[int, ...] = ()
    candidates: int = 0
    chosen: int = 0

    def loss(self) -> Fraction:
        """rho, or epsilon if pure; exactly."""
        return _LOSSES[self.kind](self)

    def library_loss(self) -> Fraction:
        """What the library must find. It bounds the two sums of a pair one by one, which is about twice, and allows
        in grouped quantiles for K rows in each of K groups (or in every group, if there are fewer)."""
        if self.kind == QUANTILES and self.grouped:
            return self.loss() * min(self.contributions, self.keys)
        return _additive(self) if self.kind == PAIRS else self.loss()

    def delta(self) -> float:
        """The chance that a group of one person passes the threshold, over at most K groups; 0 for other shapes.

        P(noise >= t) with t = threshold - 1 + 1: for Gaussian noise bounded by the normal tail beyond t - 1, for
        Laplace noise d^t / (1 + d), d = exp(-1 / scale).
        """
        if self.kind != THRESHOLD:
            return 0.0
        scale, beyond = float(self.noisy[0].real_scale), self.threshold - 1
        if self.pure:
            one = math.exp(-(beyond + 1) / scale) / (1 + math.exp(-1 / scale))
        else:
            one = math.erfc(beyond / scale / math.sqrt(2)) / 2
        return -math.expm1(self.contributions * math.log1p(-one))


def _additive(shape: Shape) -> Fraction:
    each = [shape.contributions * noisy.ratio for noisy in shape.noisy]
    return sum(each, Fraction(0)) if shape.pure else sum((one**2 / 2 for one in each), Fraction(0))


def _paired(shape: Shape) -> Fraction:
    assert shape.pure, "pairs have Laplace noise"
    return shape.contributions * max(noisy.ratio for noisy in shape.noisy)


def _per_group(shape: Shape) -> Fraction:
    ratio = shape.noisy[0].ratio
    return shape.contributions * (ratio if shape.pure else ratio**2 / 2)


def _quantiles(shape: Shape) -> Fraction:
    each = [2 * shape.contributions * noisy.ratio for noisy in shape.noisy]
    return sum(each, Fraction(0)) if shape.pure else sum((one**2 / 8 for one in each), Fraction(0))


def _top(shape: Shape) -> Fraction:
    ratio = shape.noisy[0].ratio
    return shape.chosen * (ratio if shape.pure else ratio**2 / 8)


_LOSSES = {SUMS: _additive, PAIRS: _paired, PEOPLE: _per_group, THRESHOLD: _per_group, QUANTILES: _quantiles,
           TOP: _top}


def gaussian_scale(squared_sensitivity: Fraction, rho: Fraction) -> int:
    """The smallest scale with squared_sensitivity / (2 scale^2) < rho, about."""
    return rounded_up(math.isqrt(math.ceil(squared_sensitivity * SCALE_UNIT**2 / (2 * rho))) + 1)


def laplace_scale(sensitivity: Fraction, epsilon: Fraction) -> int:
    """The smallest scale with sensitivity / scale < epsilon, about."""
    return rounded_up(int(sensitivity * SCALE_UNIT / epsilon) + 1)


def rounded_up(scale: int) -> int:
    """The next scale that a float holds exactly, with a little to spare for the library's own rounding up."""
    spare = max(0, scale.bit_length() - 45)
    return ((scale >> spare) + 1) << spare


def distinct(noisy: Sequence[Noisy]) -> tuple[Noisy, ...]:
    """The same with no scale twice, each raised by next to nothing where it must be.

    The engine under the library computes equal expressions once. In groups without rows the noise of two columns is
    such an expression if their scales are equal: both would get the same noise, which cancels. Found by our audit.
    """
    found: list[Noisy] = []
    for one in noisy:
        scale = one.scale
        while scale in {other.scale for other in found}:
            scale = rounded_up(scale)
        found.append(Noisy(one.bound, scale))
    return tuple(found)


def threshold_for(shape: Shape, delta: float) -> int:
    """The smallest threshold whose delta is not above the wanted one."""
    low, high = 1, 2
    while replace(shape, threshold=high).delta() > delta:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if replace(shape, threshold=middle).delta() <= delta else (middle, high)
    return high
