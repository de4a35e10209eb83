"""Rounding: what a rounded number says of the true one, and tables rounded so that they still add up.

Conventional rounding (`nearest`) can often be undone where rounded margins meet; midpoint rounding hides small counts
in bands; controlled rounding chooses for each cell one of its two neighbouring multiples so that all sums hold.

Source: Handbook on Statistical Disclosure Control, 2nd edition, ch. 5.4 (2024); Salazar, Controlled rounding and cell
perturbation, Mathematical Programming 105 (2006); OpenSAFELY output checking documentation (2026) for midpoint 6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import sparse

from readingroom.core.disclosure.protect.audit import Audit, audit
from readingroom.core.disclosure.protect.intruder import never
from readingroom.core.disclosure.protect.protection import Protection
from readingroom.core.disclosure.protect.solver import Programme
from readingroom.core.disclosure.protect.system import Equation, Floats, System, check_additive, make_system
from readingroom.errors import InvalidInput

SECONDS = 60.0  # for one controlled rounding
AWAY = 1000.0  # what leaving the two neighbouring multiples costs, in bases
Method = Literal["nearest", "up", "down", "random", "controlled", "midpoint"]


def behind(published: float, base: float, method: Method, *, whole: bool) -> tuple[float, float]:
    """The least and largest true value that this rounding publishes so.

    - nearest: halves go up, [v - b/2, v + b/2); a reader may know no better for magnitudes than the closed range.
    - up, down: (v - b, v] and [v, v + b).
    - random, controlled: either neighbouring multiple may be published, (v - b, v + b); multiples stay.
    - midpoint: ceil(x / b) * b - b/2, and 0 stays 0; so (v - b/2, v + b/2].

    Example: 5 rounded to the nearest 5 was 3 to 7; 9 by midpoint 6 was 7 to 12; 10 by random rounding to 5 was 6 to 14.
    """
    if method == "midpoint" and published == 0:
        return 0.0, 0.0
    before, after, without_lower, without_upper = {
        "nearest": (base / 2, base / 2, False, True),
        "up": (base, 0.0, True, False),
        "down": (0.0, base, False, True),
        "random": (base, base, True, True),
        "controlled": (base, base, True, True),
        "midpoint": (base / 2, base / 2, True, False),
    }[method]
    lower, upper = published - before, published + after
    if not whole:
        return lower, upper
    return (float(math.floor(lower) + 1 if without_lower else math.ceil(lower)),
            float(math.ceil(upper) - 1 if without_upper else math.floor(upper)))


def is_rounded(published: float, base: float, method: Method) -> bool:
    """Whether a published number can come out of this rounding at all."""
    shifted = published + base / 2 if method == "midpoint" and published != 0 else published
    return abs(shifted / base - round(shifted / base)) < 1e-9


@dataclass(frozen=True)
class Rounding:
    """Rounded values of all cells, with the audit of the cells asked about.

    `additive`: every equation holds. `moved`: cells that had to leave their two neighbouring multiples for that.
    """

    values: Floats
    additive: bool
    moved: tuple[int, ...]
    audit: Audit


def nearest(values: Floats, base: float) -> Floats:
    """Each value to the nearest multiple of base, halves up. Example: 2, 3 and 7.5 to base 5 are 0, 5 and 10."""
    return np.asarray(np.floor(values / base + 0.5) * base)


def midpoint(values: Floats, base: float = 6) -> Floats:
    """ceil(x / b) * b - b / 2, and 0 stays 0. Example: 1 to 6 become 3, 7 to 12 become 9."""
    return np.asarray(np.where(values == 0, 0.0, np.ceil(values / base) * base - base / 2))


def round_table(
    system: System, base: float, method: Literal["nearest", "midpoint", "controlled"],
    asked: Mapping[int, Protection], *, out_of_time: Callable[[], bool] = never,
) -> Rounding:
    """The table rounded, and what a reader who knows the method can infer of the cells asked about.

    Cells that everybody knows (`lower == upper`) stay as they are.
    """
    if not 0 < base < np.inf:
        raise InvalidInput(f"A base of {base:g} can't be.", rule="protect.base", value=base,
                           next_step="Give a base above 0.")
    check_additive(system)
    moved: tuple[int, ...] = ()
    if method == "controlled":
        values, moved = _controlled(system, base)
    else:
        fixed = system.lower == system.upper
        values = np.where(fixed, system.value, (nearest if method == "nearest" else midpoint)(system.value, base))
    additive = bool((np.abs(system.equations @ values) < 1e-9 * max(1.0, float(np.abs(values).max(initial=0)))).all())
    return Rounding(values, additive, moved, audit(_seen(system, values, base, method, moved), asked,
                                                   out_of_time=out_of_time))


def _seen(system: System, values: Floats, base: float, method: Method, moved: tuple[int, ...]) -> System:
    """What a reader knows from rounded values. Moved cells lie two multiples away at most, and no one knows which."""
    reach = base * (2 if moved else 1)
    bounds = [behind(float(value), reach if method == "controlled" else base, method, whole=bool(whole))
              for value, whole in zip(values, system.whole, strict=True)]
    lower = np.maximum(np.array([low for low, _ in bounds]), system.lower)
    upper = np.minimum(np.array([high for _, high in bounds]), system.upper)
    return system.knowing(lower, upper)


def seen_adding_up(system: System, shown: Mapping[int, float], hidden: Collection[int], base: float) -> System:
    """What a reader knows of `hidden` cells whose rounded numbers, not shown, add up with those that are shown.

    Each hidden x was rounded to a multiple z of the base less than one base away: x - z b - r = 0. In every equation
    over shown and hidden cells the rounded numbers add up too. The unknowns z and r come after the system's cells.

    Example: total 25, shown parts 10 and 10, base 5: the hidden part was rounded to 5, so it was 1 to 9.
    """
    known, unknown = set(shown), set(hidden) - set(shown)
    used = [(row, terms) for row, terms in _terms_of_rows(system)
            if terms.keys() <= known | unknown and terms.keys() & unknown]
    inside = sorted({cell for _, terms in used for cell in terms} - known)
    if not inside:
        return system
    place = {cell: system.size + at for at, cell in enumerate(inside)}
    room = base - 1 if system.whole.all() else base
    names = [f"{system.names[cell]}, {part}" for part in ("rounded", "rest") for cell in inside]
    lower = [*(0.0 if system.lower[cell] >= 0 else -np.inf for cell in inside), *[-room] * len(inside)]
    upper = [*[np.inf] * len(inside), *[room] * len(inside)]
    whole = [*[True] * len(inside), *system.whole[inside]]
    equations: list[Equation] = [
        (f"{system.names[cell]} rounded", {cell: 1.0, at: -float(base), at + len(inside): -1.0})
        for cell, at in place.items()]
    for row, terms in used:
        rest = {place[cell]: by for cell, by in terms.items() if cell not in known}
        if constant := sum(by * shown[cell] / base for cell, by in terms.items() if cell in known):
            rest[system.size + len(names)] = 1.0
            names, whole = [*names, "what is shown"], [*whole, True]
            lower, upper = [*lower, constant], [*upper, constant]
        equations.append((f"{system.rows[row]}, rounded", rest))
    added = make_system(
        [*system.names, *names], equations, value=[*system.value, *[np.nan] * len(names)],
        lower=[*system.lower, *lower], upper=[*system.upper, *upper], whole=[*system.whole, *whole])
    before = system.equations
    wide = sparse.csr_array((before.data, before.indices, before.indptr), shape=(before.shape[0], added.size))
    return replace(added, equations=sparse.csr_array(sparse.vstack([wide, added.equations])),
                   rows=(*system.rows, *added.rows))


def _terms_of_rows(system: System) -> Iterator[tuple[int, dict[int, float]]]:
    matrix = system.equations
    for row in range(matrix.shape[0]):
        at = slice(matrix.indptr[row], matrix.indptr[row + 1])
        yield row, dict(zip(map(int, matrix.indices[at]), map(float, matrix.data[at]), strict=True))


def _controlled(system: System, base: float) -> tuple[Floats, tuple[int, ...]]:
    """Additive rounding as close to the values as can be; zero-restricted (multiples stay) where that is possible."""
    down = np.floor(system.value / base + 1e-12)
    rest = system.value / base - down
    exact = np.abs(rest) < 1e-9
    fixed = system.lower == system.upper
    if (fixed & ~exact).any():
        cell = int(np.flatnonzero(fixed & ~exact)[0])
        raise InvalidInput(f"{system.names[cell]} is known to be {system.value[cell]:g}, which is no multiple of "
                           f"{base:g}.", rule="protect.rounding", value=float(system.value[cell]),
                           next_step="Choose a base that divides it, or hide cells instead.")
    matrix = sparse.csc_array(system.equations)
    right = -(matrix @ down)
    for wide in (False, True):
        spread = 1.0 if wide else 0.0
        lower = np.where(fixed, 0.0, np.where(exact & ~np.bool_(wide), 0.0, -spread))
        upper = np.where(fixed, 0.0, np.where(exact & ~np.bool_(wide), 0.0, 1.0 + spread))
        upper = np.where(exact & wide & ~fixed, 1.0, upper)
        lower = np.where(system.lower >= 0, np.maximum(lower, -down), lower)
        solved = _closest(matrix, right, lower, upper, rest, exact)
        if solved is not None:
            steps = np.round(solved)
            moved = np.flatnonzero((steps < 0) | (steps > np.where(exact, 0, 1)))
            return (down + steps) * base + 0.0, tuple(map(int, moved))
    raise InvalidInput("No rounding of this table adds up within two multiples of each cell, or none was found in "
                       f"{SECONDS:.0f} s.", rule="protect.rounding", value=base,
                       next_step="Round conventionally, or protect a smaller set of tables.")


def _closest(matrix: sparse.csc_array, right: Floats, lower: Floats, upper: Floats, rest: Floats,
             exact: np.ndarray) -> Floats | None:
    """Steps of one base from the multiple below, with the least total distance; steps beyond a neighbour cost AWAY.

    A step z costs |z - rest|, made of three columns: 0 to 1 at 1 - 2 rest, and above 1 and below 0 at AWAY.
    """
    count = len(rest)
    inside = np.where(exact, 0.0, 1.0)
    columns = sparse.csc_array(sparse.hstack([matrix, matrix, -matrix]))
    cost = np.concatenate([1 - 2 * rest, np.full(2 * count, AWAY)])
    tops = np.concatenate([np.minimum(inside, np.maximum(upper, 0)), np.maximum(upper - inside, 0.0),
                           np.maximum(-lower, 0.0)])
    solved = Programme(columns, np.zeros(3 * count), tops, right, right, cost=cost, integral=[True] * (3 * count),
                       presolve=True).solve(seconds=SECONDS)
    if solved.point is None:
        return None
    point = np.round(solved.point)
    return np.asarray(point[:count] + point[count:2 * count] - point[2 * count:])
