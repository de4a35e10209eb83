"""Complementary suppression: which further cells to hide so that the sensitive ones can't be inferred."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from readingroom.core.disclosure.protect.attack import Attack, Need, insiders_of, needs_of
from readingroom.core.disclosure.protect.audit import Audit, audit
from readingroom.core.disclosure.protect.closing import Shift
from readingroom.core.disclosure.protect.construct import Builder
from readingroom.core.disclosure.protect.intruder import never
from readingroom.core.disclosure.protect.optimal import Search
from readingroom.core.disclosure.protect.protection import Protection
from readingroom.core.disclosure.protect.repair import Repair, repair, thin
from readingroom.core.disclosure.protect.system import Bools, Floats, System, check_additive, number
from readingroom.core.disclosure.verdict import Verdict
from readingroom.errors import InvalidInput

LARGEST_OPTIMAL = 3000  # cells; above it "auto" takes the heuristic
LARGEST_REPAIR = 6000  # cells; above it, or with more needs than these, patterns are constructed without programmes
MOST_NEEDS = 2500
Method = Literal["auto", "optimal", "heuristic"]
CostName = Literal["count", "value", "log"]


@dataclass(frozen=True)
class Pattern:
    """Cells to hide, by number. `bound`: no safe pattern has a secondary cost below it. The audit has been made."""

    primary: tuple[int, ...]
    secondary: tuple[int, ...]
    cost: float
    bound: float
    audit: Audit

    @property
    def hidden(self) -> tuple[int, ...]:
        return tuple(sorted((*self.primary, *self.secondary)))

    @property
    def optimal(self) -> bool:
        return self.cost <= self.bound * (1 + 1e-6) + 1e-9

    @property
    def gap(self) -> float:
        """By what share of the cost a better pattern could be cheaper, 0 for an optimal one."""
        return 0.0 if self.optimal else (self.cost - self.bound) / self.cost


def costs_of(system: System, name: CostName) -> Floats:
    """What hiding each cell loses: 1 ("count"), its size plus 1 ("value"), or log(1 + size) + 1 ("log")."""
    size = np.abs(system.value)
    return {"count": np.ones(system.size), "value": size + 1, "log": np.log1p(size) + 1}[name]


def suppress(
    system: System, protected: Mapping[int, Protection], *, cost: CostName | Floats = "log", keep: Iterable[int] = (),
    singles: Iterable[int] = (), also_hidden: Iterable[int] = (), method: Method = "auto",
    out_of_time: Callable[[], bool] = never, give_up: Callable[[], bool] = never,
) -> Pattern:
    """A pattern that passes the audit: the `protected` cells and the cheapest further ones found.

    `system` has every true value, and as bounds what a reader knows of each cell before publication. `keep` are cells
    that stay published. `singles` have one contributor each, against whom the others are protected too. `also_hidden`
    are hidden in any case. Once `out_of_time`, the best pattern so far is returned, audited, with its gap; once
    `give_up`, whatever was found, and what its audit didn't reach is unproved.

    Raises InvalidInput when the values don't add up, a protected cell is among `keep`, or no pattern is enough, and
    says which cell can't be protected and how far it can be blurred. Deterministic unless time runs out.
    """
    if np.isnan(system.value).any():
        unknown = int(np.flatnonzero(np.isnan(system.value))[0])
        raise InvalidInput(f"{system.names[unknown]} has no value.", rule="protect.value", value=system.names[unknown],
                           next_step="Give every cell its true value.")
    check_additive(system)
    price = np.array(costs_of(system, cost) if isinstance(cost, str) else cost, dtype=float)
    if not (price >= 0).all():
        raise InvalidInput("A cost is negative or not a number.", rule="protect.cost",
                           next_step="Costs are 0 or more.")
    kept = set(keep)
    for cell in protected:
        if cell in kept:
            raise InvalidInput(f"{system.names[cell]} is sensitive and must stay published.", rule="protect.keep",
                               value=system.names[cell], next_step="Take it from one of the two lists.")
    price[list(kept)] = np.inf
    primary = np.zeros(system.size, dtype=bool)
    primary[[*protected, *also_hidden]] = True
    needs = needs_of(system, protected)
    lone = tuple(dict.fromkeys(singles))

    def insiders(hidden: Bools) -> tuple[Need, ...]:
        return insiders_of(needs, (cell for cell in lone if hidden[cell]))

    work = Repair(system, price, give_up)
    if method != "optimal" and (system.size > LARGEST_REPAIR or len(needs) > MOST_NEEDS):
        made = Builder(system, price, primary, lone).run(needs, out_of_time, give_up)
        done = repair(work, made.unmet, made.hidden, lambda _: ())
        if isinstance(done, Need):
            raise _impossible(system, work, done)
        return _audited(system, protected, done, primary, price, 0.0, lone, give_up, made.shifts)
    found = repair(work, needs, primary, insiders)
    if isinstance(found, Need):
        raise _impossible(system, work, found)
    found = thin(work, needs, found, primary, insiders, out_of_time)
    bound = 0.0
    if method == "optimal" or (method == "auto" and system.size <= LARGEST_OPTIMAL):
        best = Search(system, price, primary, needs, insiders, found, out_of_time=out_of_time).run()
        found, bound = best.hidden, best.bound
    return _audited(system, protected, found, primary, price, bound, lone, give_up)


def _audited(
    system: System, protected: Mapping[int, Protection], hidden: Bools, primary: Bools, price: Floats, bound: float,
    lone: tuple[int, ...], give_up: Callable[[], bool], shifts: Mapping[int, Sequence[Shift]] | None = None,
) -> Pattern:
    """The pattern with its audit; while whole numbers reveal more than levels did, one more cell goes.

    What time does not allow to prove is unproved, never safe. With `shifts`, which show most cells to be safe, ranges
    are what these reach and not the widest.
    """
    checked = audit(system.hiding(np.flatnonzero(hidden)), protected, singles=lone, out_of_time=give_up,
                    briefly=shifts is not None, shifts=shifts)
    while checked.verdict is Verdict.FAIL and not give_up():
        left = np.flatnonzero((system.lower < system.upper) & np.isfinite(price) & ~hidden)
        if not left.size:
            worst = checked.exposed[0]
            raise InvalidInput(f"With everything hidden that may be, {worst.words}.", rule="protect.infeasible",
                               value=worst.name, next_step="Merge categories, or leave a table out.")
        rows = system.equations[:, [one.cell for one in checked.exposed]].tocoo().row
        near = np.isin(left, system.equations[np.unique(rows), :].tocoo().col)
        choice = left[near] if near.any() else left
        hidden = hidden.copy()
        hidden[choice[np.argmin(price[choice])]] = True
        checked = audit(system.hiding(np.flatnonzero(hidden)), protected, singles=lone, out_of_time=give_up,
                        briefly=shifts is not None, shifts=shifts)
    secondary = np.flatnonzero(hidden & ~primary)
    return Pattern(tuple(map(int, np.flatnonzero(primary))), tuple(map(int, secondary)),
                   float(price[secondary].sum()), bound, checked)


def _impossible(system: System, work: Repair, need: Need) -> InvalidInput:
    everything = work.usable.astype(float)
    everything[need.cell] = 1.0
    attack = Attack(system, need.level)
    signs = (need.sign,) if need.sign else (1, -1)
    reach = sum(attack.move(need, sign, everything).reach for sign in signs)
    way = {1: "above", -1: "below", 0: "around"}[need.sign]
    before = f" before the only contributor of {system.names[need.insider]}" if need.insider is not None else ""
    return InvalidInput(
        f"No pattern protects {system.names[need.cell]}{before}: even with everything hidden that may be, it can be at "
        f"most {number(reach)} {way} its true value, and needs {number(need.level)}.",
        rule="protect.infeasible", value=system.names[need.cell],
        next_step="Let more cells be hidden, merge categories, or leave a total out.")
