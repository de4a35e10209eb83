"""What n, mean and standard deviation reveal on a discrete scale: which values occur in every sample that fits.

A sample is a multiset of n places on the scale, numbered 0 to m. It fits when the sum S and the sum of squares Q of its
places lie in the ranges that the published numbers leave. Which (S, Q) some sample of n places reaches is computed
exactly, as bits: bit Q of `reached[S]`. Larger samples are searched for one that fits and lacks a value, or has it
many times, so that it is nobody's own; finding one is proof, not finding one is "not known".
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations

MOST_STEPS = 20
LARGEST_EXACT = 40  # people: every sample of as many is looked at, in under a second
SMALL = 16  # people: in so few, any value that somebody surely has is told of one of them
FLEXIBLE = 14  # places of a larger sample that are searched exactly
OPEN = 4  # of them, left of each of the three places that the others are taken from
NEAR = 40  # sums tried on either side of the middle one, in a larger sample

Reached = dict[int, int]
Table = list[Reached]


@dataclass(frozen=True)
class Moments:
    """The published n, and the ranges that mean (None: not published) and variance were rounded from."""

    n: int
    mean: tuple[Fraction, Fraction] | None
    variance: tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Revealed:
    """`forced`: places that occur in every sample that fits. `unknown`: places that may, and only a few times.

    `fits`: whether any sample fits; None where that could not be decided.
    """

    fits: bool | None
    forced: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()


def revealed(moments: Moments, steps: int, many: int | None = None) -> Revealed:
    """What the moments, in units of a scale with places 0 to `steps`, tell about every sample.

    In a sample of more than SMALL, a place that `many` people or more may have is not told of any of them.

    >>> half = Fraction(1, 20)  # two people, mean 5.0 and SD 7.1 on a scale from 0 to 10: it was 0 and 10
    >>> wide = (Fraction("7.05") ** 2, Fraction("7.15") ** 2)
    >>> revealed(Moments(2, (5 - half, 5 + half), wide), 10).forced
    (0, 10)
    """
    if steps > MOST_STEPS:
        return Revealed(None, unknown=tuple(range(steps + 1)))
    if moments.n <= LARGEST_EXACT:
        targets = list(_targets(moments, _sums(moments, steps)))
        without = _without_each(steps, moments.n)
        if not any(_meets(reached, targets) for reached in (*without, _with_all(steps, moments.n))):
            return Revealed(False)
        often = None if many is None or not SMALL < moments.n >= many else _with_all(steps, moments.n - many)
        return Revealed(True, tuple(
            place for place, reached in enumerate(without)
            if not _meets(reached, targets) and not (
                often is not None and many and _meets(_beside(often, place, many), targets))))
    if next(_targets(moments, _sums(moments, steps)), None) is None:
        return Revealed(False)
    lacking = [_example(moments, steps, place, many) for place in range(steps + 1)]
    unknown = tuple(place for place, found in enumerate(lacking) if not found)
    return Revealed(True if any(lacking) else None, unknown=unknown)


def _sums(moments: Moments, steps: int) -> range:
    low, high = moments.mean or (Fraction(0), Fraction(steps))
    return range(max(0, math.ceil(moments.n * low)), min(moments.n * steps, math.floor(moments.n * high)) + 1)


def _targets(moments: Moments, sums: range | list[int]) -> Iterator[tuple[int, int, int]]:
    """For each sum, the least and the largest sum of squares that fit."""
    n, (low, high) = moments.n, moments.variance
    for total in sums:
        centre = Fraction(total * total, n)
        least, most = math.ceil(low * (n - 1) + centre), math.floor(high * (n - 1) + centre)
        if least <= most:
            yield total, least, most


def _meets(reached: Reached, targets: list[tuple[int, int, int]]) -> bool:
    return any((reached.get(total, 0) >> least) & ((1 << (most - least + 1)) - 1) for total, least, most in targets)


def _beside(reached: Reached, place: int, times: int) -> Reached:
    """What is reached with `place` that many times more."""
    return {total + times * place: squares << times * place * place for total, squares in reached.items()}


def _add(table: Table, place: int) -> Table:
    """What is reached when `place` may be taken any number of times as well."""
    grown: Table = [dict(reached) for reached in table]
    for count in range(len(grown) - 1):
        following = grown[count + 1]
        for total, squares in grown[count].items():
            following[total + place] = following.get(total + place, 0) | squares << place * place
    return grown


@lru_cache(maxsize=16)
def _with_all(steps: int, count: int) -> Reached:
    table = _empty(count)
    for place in range(steps + 1):
        table = _add(table, place)
    return table[count]


@lru_cache(maxsize=16)
def _without_each(steps: int, count: int) -> tuple[Reached, ...]:
    """For each place, what `count` others reach; by halving, so that each is added few times."""
    def halve(table: Table, places: range) -> Iterator[Reached]:
        if len(places) == 1:
            yield table[count]
            return
        middle = len(places) // 2
        for kept, added in ((places[:middle], places[middle:]), (places[middle:], places[:middle])):
            grown = table
            for place in added:
                grown = _add(grown, place)
            yield from halve(grown, kept)

    return tuple(halve(_empty(count), range(steps + 1)))


def _empty(count: int) -> Table:
    return [{0: 1}, *({} for _ in range(count))]


def _example(moments: Moments, steps: int, place: int, many: int | None) -> bool:
    """Whether a sample was found that fits, and lacks `place` or has it `many` times.

    Most of it is on three places, the rest is searched exactly.
    """
    n = moments.n
    sums = _sums(moments, steps)
    middle = len(sums) // 2
    near = list(_targets(moments, sums[max(0, middle - NEAR):middle + NEAR + 1]))
    targets = near or list(_targets(moments, sums))
    total, least, most = targets[len(targets) // 2]
    squares = (least + most) // 2
    for three in combinations(range(steps + 1), 3):
        bulk = _bulk(n, total, squares, three)
        if bulk is None or (place in three and (many is None or bulk[three.index(place)] < many)):
            continue
        taken = sum(often * one for often, one in zip(bulk, three, strict=True))
        squared = sum(often * one * one for often, one in zip(bulk, three, strict=True))
        left = [(one - taken, max(low - squared, 0), high - squared) for one, low, high in targets
                if one >= taken and high >= squared]
        flexible = _with_all(steps, FLEXIBLE) if place in three else _without_each(steps, FLEXIBLE)[place]
        if _meets(flexible, left):
            return True
    return False


def _bulk(n: int, total: int, squares: int, three: tuple[int, ...]) -> list[int] | None:
    """How often each of three places is taken, leaving FLEXIBLE open, so that n of them come near both sums."""
    a, b, c = three
    wanted = [
        Fraction(squares - (other + another) * total + n * other * another, (one - other) * (one - another))
        for one, other, another in ((a, b, c), (b, a, c), (c, a, b))
    ]
    if min(wanted) < 0:
        return None
    taken = [max(0, math.floor(often) - OPEN) for often in wanted]
    for _ in range(FLEXIBLE - (n - sum(taken))):
        taken[taken.index(max(taken))] -= 1
    return taken
