"""Which hidden cells of an output need protection, and what the intruder audit says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.protect import Audit, Protection, Reader, audit, protection_of_count
from readingroom.core.disclosure.protect.system import System
from readingroom.core.disclosure.rules.constant import check_constant
from readingroom.core.disclosure.rules.dominance import check_dominance
from readingroom.core.disclosure.rules.group import check_group
from readingroom.core.disclosure.rules.indicator import check_indicator
from readingroom.core.disclosure.rules.magnitude import magnitudes
from readingroom.core.disclosure.rules.nonzero import check_nonzero
from readingroom.core.disclosure.rules.p_percent import check_p_percent
from readingroom.core.disclosure.rules.prior_posterior import check_prior_posterior
from readingroom.core.disclosure.rules.protection import protection_level
from readingroom.core.disclosure.rules.seen import as_published
from readingroom.core.disclosure.rules.sums import Key, Quantity, Sums, quantities, system_of
from readingroom.core.disclosure.rules.threshold import check_threshold
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict
from readingroom.core.policy import Policy

CELL_RULES = (check_threshold, check_dominance, check_p_percent, check_prior_posterior, check_nonzero, check_indicator)
LINE_RULES = (check_group, check_constant)
WORK = 200_000  # unknown cells times questions to a solver: a few seconds
LEAST_QUESTIONS = 12


@dataclass(frozen=True, eq=False)
class Audited:
    """One quantity's audit. `places` of the cells asked about; `revealed` are findings on cells that follow exactly."""

    audit: Audit
    places: Mapping[int, Cell]
    revealed: tuple[Finding, ...]
    odd: tuple[str, ...]


def audited(tables: tuple[TableEvidence, ...], policy: Policy) -> list[Audited]:
    """What readers can infer of every hidden cell that would break a rule, from all tables of an output together.

    Raises InvalidInput where the evidence can't be true. The work is bounded, the same on every machine; what it does
    not reach is unproved.
    """
    return [found for quantity in quantities(tables) if (found := _audited(quantity, policy))]


def _audited(quantity: Quantity, policy: Policy) -> Audited | None:
    hidden = quantity.hidden
    if not hidden:
        return None
    needed = protections(quantity, hidden, policy)
    sums = system_of(quantity)
    seen = as_published(sums, quantity)
    protected = {sums.place[key]: levels for key, levels in needed.items()}
    singles = [sums.place[key] for key in hidden if quantity.cells[key].people == 1]
    found = Audit(())
    if protected:
        found = audit(seen, protected, singles=singles, out_of_time=_bounded(seen), briefly=True)
    places = {at: quantity.cells[key].place for key, at in sums.place.items() if at in protected}
    return Audited(found, places, _revealed(quantity, sums, seen, policy), sums.odd if protected else ())


def _bounded(system: System) -> Callable[[], bool]:
    left = max(LEAST_QUESTIONS, WORK // max(1, int((system.lower < system.upper).sum())))

    def out_of_work() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    return out_of_work


def protections(quantity: Quantity, keys: Iterable[Key], policy: Policy) -> dict[Key, Protection]:
    """The levels of those cells that would break a rule if they were shown, in any table of the quantity."""
    wanted = frozenset(keys)
    found: dict[Key, Protection] = {}
    for table in quantity.tables:
        alone = quantity.only(table, wanted)
        broken = {place for rule in CELL_RULES for finding in rule(alone, policy)
                  if finding.verdict is Verdict.FAIL or rule is not check_threshold for place in finding.cells}
        unsafe = alone.with_cells(tuple(cell for cell in alone.cells if cell.place in broken))
        levels = _of_counts(quantity, unsafe, policy) if quantity.whole else _of_values(quantity, unsafe, policy)
        found |= {key: levels[key] for key in levels if key not in found}
    return found


def _of_counts(quantity: Quantity, unsafe: TableEvidence, policy: Policy) -> dict[Key, Protection]:
    threshold = (policy.threshold or 1) + (policy.threshold_inclusive is not False)
    zeros = policy.zeros_disclosive is not False
    return {quantity.key(cell): protection_of_count(cell.people, threshold, zeros_unsafe=zeros)
            for cell in unsafe.cells}


def _of_values(quantity: Quantity, unsafe: TableEvidence, policy: Policy) -> dict[Key, Protection]:
    judged = magnitudes("protection", unsafe, 2, policy, "", lambda *_: False).usable if unsafe.cells else []
    levels = {one.cell.place: protection_level(one.contributions, policy) for one in judged}
    found = {}
    for cell in unsafe.cells:
        level = levels.get(cell.place)
        least = abs(quantity.numbers[quantity.key(cell)]) * (policy.p_percent or 0) / 100
        found[quantity.key(cell)] = Protection(upper=max(least, float(level.upper) if level else 0.0),
                                               lower=max(least, float(level.lower) if level else 0.0))
    return found


def _revealed(quantity: Quantity, sums: Sums, seen: System, policy: Policy) -> tuple[Finding, ...]:
    """What rules on lines say once hidden cells that follow by subtraction are taken as shown."""
    reader = Reader(seen)
    known = frozenset(key for key in quantity.hidden if reader.is_known(sums.place[key]))
    if not known:
        return ()
    found: list[Finding] = []
    for table in quantity.tables:
        before = [finding for rule in LINE_RULES for finding in rule(table, policy)]
        after = table.with_cells(tuple(replace(cell, suppressed=cell.suppressed and quantity.key(cell) not in known)
                                       for cell in table.cells))
        found += [finding for rule in LINE_RULES for finding in rule(after, policy)
                  if finding.verdict is Verdict.FAIL and finding not in before]
    return tuple(found)
