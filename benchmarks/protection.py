"""`python -m benchmarks.protection`: the intruder audit and patterns, against plain programmes of scipy.

The baselines are what one writes first: for the audit two `scipy.optimize.linprog` calls for each cell over the whole
table, for patterns Benders' decomposition with `scipy.optimize.milp` and cuts as they come, without relaxation,
rounding of coefficients, heuristic or ruled-out cells.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.optimize import LinearConstraint, linprog, milp

from benchmarks.result import Result
from readingroom.core.disclosure.protect import System, audit, make_system, protection_of_count, suppress
from readingroom.core.disclosure.protect.attack import needs_of
from readingroom.core.disclosure.protect.pattern import costs_of
from readingroom.core.disclosure.verdict import Verdict

THRESHOLD = 10


def table(rows: int, columns: int, sensitive: int, seed: int) -> tuple[System, list[int]]:
    """A table of counts 10 to 499 with margins, and so many cells of 1 to 9 in it."""
    chance = np.random.default_rng(seed)
    inner = chance.integers(10, 500, (rows, columns))
    chosen = chance.choice(rows * columns, sensitive, replace=False)
    inner.flat[chosen] = chance.integers(1, 10, sensitive)
    full = np.pad(inner, ((0, 1), (0, 1)))
    full[-1, :-1], full[:-1, -1], full[-1, -1] = inner.sum(0), inner.sum(1), inner.sum()
    number = np.arange(full.size).reshape(full.shape)
    equations = [(f"line {at}", {int(line[-1]): 1.0, **{int(cell): -1.0 for cell in line[:-1]}})
                 for at, line in enumerate([*number, *number.T])]
    system = make_system([str(cell) for cell in range(full.size)], equations, value=full.ravel())
    return system, [int(number[cell // columns, cell % columns]) for cell in chosen]


def timed(work: Callable[[], object], runs: int) -> float:
    """The median of some runs, in seconds."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def audit_100() -> Result:
    """60 sensitive cells of a 100 x 100 table with a pattern around them."""
    system, sensitive = table(100, 100, 60, 1)
    needed = {cell: protection_of_count(system.value[cell], THRESHOLD) for cell in sensitive}
    seen = system.hiding(suppress(system, needed, method="heuristic").hidden)

    def ours() -> None:
        assert audit(seen, needed).verdict is Verdict.PASS

    def plain() -> None:
        bounds = list(zip(seen.lower, np.where(np.isinf(seen.upper), None, seen.upper), strict=True))
        for cell in sensitive:
            for sign in (1.0, -1.0):
                cost = np.zeros(seen.size)
                cost[cell] = sign
                linprog(cost, A_eq=seen.equations, b_eq=np.zeros(seen.equations.shape[0]), bounds=bounds,
                        method="highs")

    return Result("intruder audit, 100 x 100, 60 cells", timed(ours, 5), timed(plain, 1), "scipy linprog per cell",
                  "under 1 s")


def optimal(rows: int, columns: int, sensitive: int, most_seconds: float, target: str) -> Result:
    """The cheapest pattern; both sides must find the same cost, unless the plain one is stopped."""
    system, cells = table(rows, columns, sensitive, rows * columns)
    needed = {cell: protection_of_count(system.value[cell], THRESHOLD) for cell in cells}
    found = []
    ours = timed(lambda: found.append(suppress(system, needed, method="optimal")), 3)
    begun = time.perf_counter()
    plain = _plain_pattern(system, cells, most_seconds)
    baseline = time.perf_counter() - begun
    assert found[0].optimal
    assert plain is None or abs(plain - found[0].cost) < 1e-3
    stopped = "" if plain is not None else f", stopped at {most_seconds:.0f} s"
    return Result(f"optimal pattern, {rows + 1} x {columns + 1}, {sensitive} cells", ours, baseline,
                  f"scipy milp, plain Benders{stopped}", target)


def _plain_pattern(system: System, sensitive: list[int], most_seconds: float) -> float | None:
    """The least cost, or None when it takes too long."""
    needs = needs_of(system, {cell: protection_of_count(system.value[cell], THRESHOLD) for cell in sensitive})
    cost = costs_of(system, "log")
    far = 10.0 * THRESHOLD
    down, up = np.minimum(system.value, far), np.full(system.size, far)
    lowest = np.zeros(system.size)
    lowest[sensitive] = 1
    cuts: list[np.ndarray] = []
    begun = time.perf_counter()
    while time.perf_counter() - begun < most_seconds:
        left = max(most_seconds - (time.perf_counter() - begun), 0.1)
        solved = milp(cost, integrality=np.ones(system.size), bounds=(lowest, 1), options={"time_limit": left},
                      constraints=[LinearConstraint(np.array(cuts), lb=1)] if cuts else [])
        if solved.x is None or solved.status == 1:
            return None
        pattern, before = np.round(solved.x), len(cuts)
        for need in needs:
            goal = np.zeros(system.size)
            goal[need.cell] = -need.sign
            moved = linprog(goal, A_eq=system.equations, b_eq=np.zeros(system.equations.shape[0]),
                            bounds=np.stack([-down * pattern, up * pattern], axis=1), method="highs")
            if -moved.fun < need.level - 1e-6:
                reduced = -(goal - system.equations.T @ moved.eqlin.marginals)
                cut = np.maximum(reduced, 0) * up + np.maximum(-reduced, 0) * down
                cuts.append(np.minimum(cut, need.level) / need.level)
        if len(cuts) == before:
            return float(cost @ pattern) - float(cost[sensitive].sum())
    return None


def heuristic(side: int, sensitive: int) -> Result:
    """A pattern for a table that is too large to prove, against the audit of what comes out alone."""
    system, cells = table(side, side, sensitive, side)
    needed = {cell: protection_of_count(system.value[cell], THRESHOLD) for cell in cells}
    found = []
    ours = timed(lambda: found.append(suppress(system, needed, method="heuristic")), 3)
    seen = system.hiding(found[0].hidden)
    assert found[0].audit.verdict is Verdict.PASS
    return Result(f"heuristic pattern, {side} x {side}, {sensitive} cells", ours, timed(lambda: audit(seen, needed), 3),
                  "our audit of its result alone")


def cube(side: int, sensitive: int) -> Result:
    """A pattern for a table of three variables with all totals, stopped from making it cheaper after a minute."""
    chance = np.random.default_rng(side)
    inner = chance.integers(10, 500, (side - 1,) * 3)
    chosen = chance.choice(inner.size, sensitive, replace=False)
    inner.flat[chosen] = chance.integers(1, 10, sensitive)
    full = np.pad(inner, ((0, 1),) * 3)
    for axis in range(3):
        last = [slice(None)] * 3
        last[axis] = slice(-1, None)
        rest = [slice(None)] * 3
        rest[axis] = slice(0, -1)
        full[tuple(last)] = full[tuple(rest)].sum(axis=axis, keepdims=True)
    number = np.arange(full.size).reshape(full.shape)
    lines = [line for axis in range(3) for line in np.moveaxis(number, axis, -1).reshape(-1, side)]
    system = make_system(
        [str(cell) for cell in range(full.size)],
        [(f"line {at}", {int(line[-1]): 1.0, **{int(cell): -1.0 for cell in line[:-1]}})
         for at, line in enumerate(lines)], value=full.ravel())
    cells = [int(number[np.unravel_index(at, inner.shape)]) for at in chosen]
    needed = {cell: protection_of_count(system.value[cell], THRESHOLD) for cell in cells}
    found = []

    def ours() -> None:
        until = time.monotonic() + 60
        found.append(suppress(system, needed, out_of_time=lambda: time.monotonic() > until))

    seconds = timed(ours, 1)
    assert found[0].audit.verdict is Verdict.PASS
    seen = system.hiding(found[0].hidden)
    return Result(f"pattern, {side} x {side} x {side}, {sensitive} cells: {len(found[0].secondary):,} more", seconds,
                  timed(lambda: audit(seen, needed, briefly=True), 1), "our audit of its result alone")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most-seconds", type=float, default=120, help="for each plain pattern (default: 120)")
    chosen = parser.parse_args()
    shown = Table("What", "Ours", "Baseline", "Ratio", "Target", "Baseline is", box=None, header_style="bold")
    for measure in (audit_100, lambda: optimal(20, 20, 8, chosen.most_seconds, ""),
                    lambda: optimal(50, 50, 30, chosen.most_seconds, "34 s or better"),
                    lambda: heuristic(200, 60), lambda: cube(46, 200)):
        result = measure()
        shown.add_row(result.what, result.shown(result.ours), result.shown(result.baseline), f"{result.ratio:.3f}x",
                      result.target, result.baseline_name)
    Console(width=160).print(shown)


if __name__ == "__main__":
    main()
