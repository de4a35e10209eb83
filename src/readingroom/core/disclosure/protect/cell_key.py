"""Cell-key perturbation: small noise on counts that is the same whenever the same people are counted.

Each unit has a record key, a keyed hash of its identifier. A cell's key is the fractional part of the sum of its
units' keys, and looks up the noise in the row of a p-table for its count. Keys are whole numbers modulo 2^64, so sums
are exact and the order never matters.

Source: Fraser and Wooton, A proposed method for confidentialising tabular output to protect against differencing,
UNECE work session (2005); Marley and Leaver, ISI (2011); Handbook on Statistical Disclosure Control, 2nd edition,
ch. 5.5 (2024).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readingroom.core.disclosure.protect.system import Floats, System
from readingroom.errors import InvalidInput

Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]
SHORTEST_SECRET = 16  # bytes
LARGEST_NOISE = 50


def record_keys(units: Iterable[object], secret: bytes) -> Keys:
    """One key for each unit, 0 to 2^64 - 1, from its identifier as text under a secret that no reader has.

    Raises InvalidInput if the secret is shorter than 16 bytes.
    """
    if len(secret) < SHORTEST_SECRET:
        raise InvalidInput(f"A secret of {len(secret)} bytes can be guessed.", rule="cell-key.secret",
                           value=len(secret), next_step=f"Use at least {SHORTEST_SECRET} random bytes.")
    return np.array([int.from_bytes(hashlib.blake2b(str(unit).encode(), key=secret[:64], digest_size=8).digest())
                     for unit in units], dtype=np.uint64)


def cell_keys(keys: Keys, cells: NDArray[np.int64], count: int) -> Keys:
    """The key of each of `count` cells: the sum of the keys of its units modulo 2^64. `cells` says where each unit is.

    Each unit must be counted once in a cell. Empty cells have the key 0.
    """
    found = np.zeros(count, dtype=np.uint64)
    np.add.at(found, cells, keys)
    return found


@dataclass(frozen=True, eq=False)
class PTable:
    """For each true count up to the last row, the chance of each noise -D..D; larger counts use the last row.

    `rows[n, d + D]`. Every row has mean 0, never makes a count negative or 1..js, and has variance V or the nearest to
    it that these allow. Of all such it has the largest entropy. Zeros stay zeros.
    """

    rows: Floats
    largest: int

    def noise(self, counts: Counts, keys: Keys) -> Counts:
        """The noise of each cell: the value whose stretch of the cumulated chances holds the key as a share of 2^64."""
        row = np.minimum(counts, len(self.rows) - 1)
        edges = np.cumsum(self.rows, axis=1)[row]
        share = (keys >> np.uint64(11)).astype(float) / 2.0**53
        found = (share[:, None] >= edges).sum(axis=1)
        # Rounding in the cumulated chances may leave the last stretch short: never noise that has no chance.
        possible = self.rows[row] > 0
        last = possible.shape[1] - 1 - possible[:, ::-1].argmax(axis=1)
        return np.asarray(np.minimum(found, last) - self.largest, dtype=np.int64)

    def perturb(self, counts: Counts, keys: Keys) -> Counts:
        """Counts with their noise. Raises InvalidInput for negative counts."""
        if (counts < 0).any():
            raise InvalidInput("A count is negative.", rule="cell-key.count", value=int(counts.min()),
                               next_step="Give counts of units.")
        return np.asarray(counts + self.noise(counts, keys))

    def behind(self, published: int) -> tuple[int, int]:
        """The least and largest true count that can be published so."""
        possible = [count for count in range(max(0, published - self.largest), published + self.largest + 1)
                    if self.rows[min(count, len(self.rows) - 1), published - count + self.largest] > 0]
        if not possible:
            raise InvalidInput(f"{published} can't come from this table of noise.", rule="cell-key.count",
                               value=published, next_step="Use the table that made it.")
        return possible[0], possible[-1]


def make_ptable(largest: int, variance: float, small: int = 0) -> PTable:
    """The p-table for noise up to D = `largest`, variance V, and no results from 1 to js = `small`.

    Source: Giessing, Computational issues in the design of transition probabilities, Privacy in Statistical Databases
    (2016), for the entropy criterion.

    Example: D 2, V 1, js 0: a count of 1 becomes 0, 1, 2 or 3, on average 1; counts from 2 on move by -2..2.
    """
    if not 1 <= largest <= LARGEST_NOISE or not 0 <= small <= largest:
        raise InvalidInput(f"Noise up to {largest} and no results up to {small} don't go together.",
                           rule="cell-key.table", value=largest,
                           next_step=f"Take noise from 1 to {LARGEST_NOISE}, and block results up to that at most.")
    if not 0 < variance < largest**2:
        raise InvalidInput(f"A variance of {variance:g} is not possible with noise up to {largest}.",
                           rule="cell-key.table", value=variance, next_step="Take one between 0 and the noise squared.")
    noise = np.arange(-largest, largest + 1)
    rows = np.zeros((largest + small + 2, len(noise)))  # from the last one on nothing is forbidden
    rows[0, largest] = 1.0
    for count in range(1, len(rows)):
        result = count + noise
        allowed = (result >= 0) & ~((result >= 1) & (result <= small))
        rows[count, allowed] = _most_even(noise[allowed].astype(float), variance)
    return PTable(rows, largest)


def _most_even(noise: Floats, variance: float) -> Floats:
    """The distribution on these values with mean 0, the variance (or the nearest possible) and the largest entropy."""
    below, above = noise[noise <= 0], noise[noise >= 0]
    least, most = -below.max() * above.min(), -below.min() * above.max()
    if variance <= least * (1 + 1e-9) or variance >= most * (1 - 1e-9):
        pair = (below.max(), above.min()) if variance <= least * (1 + 1e-9) else (below.min(), above.max())
        return _two_points(noise, *pair)
    features = np.stack([noise, noise**2])
    goal = np.array([0.0, variance])
    weight = np.array([0.0, -0.5 / variance])
    for _ in range(200):  # Newton on the convex dual, with halved steps where a full one is too far
        chance = _gibbs(weight, features)
        gradient = features @ chance - goal
        if np.abs(gradient).max() < 1e-13:
            break
        centred = features - (features @ chance)[:, None]
        step = np.linalg.solve((centred * chance) @ centred.T + 1e-15 * np.eye(2), gradient)
        size, before = 1.0, _dual(weight, features, goal)
        while size > 1e-8 and _dual(weight - size * step, features, goal) > before - 1e-4 * size * gradient @ step:
            size /= 2
        weight = weight - size * step
    return _gibbs(weight, features)


def _two_points(noise: Floats, low: float, high: float) -> Floats:
    chance = np.zeros(len(noise))
    if low == high == 0:
        chance[noise == 0] = 1.0
    else:
        chance[noise == low], chance[noise == high] = high / (high - low), -low / (high - low)
    return chance


def _gibbs(weight: Floats, features: Floats) -> Floats:
    exponent = weight @ features
    chance = np.exp(exponent - exponent.max())
    return np.asarray(chance / chance.sum())


def _dual(weight: Floats, features: Floats, goal: Floats) -> float:
    exponent = weight @ features
    return float(exponent.max() + np.log(np.exp(exponent - exponent.max()).sum()) - weight @ goal)


def seen_through_noise(system: System, published: Counts, table: PTable) -> System:
    """What a reader of perturbed counts knows who has the table of noise, to be audited; known cells stay known."""
    bounds = np.array([table.behind(int(value)) for value in published], dtype=float).reshape(-1, 2)
    return system.knowing(np.maximum(bounds[:, 0], system.lower), np.minimum(bounds[:, 1], system.upper))
