"""Making a table safe by hiding cells: the unsafe ones, and others so that nothing published gives them back.

Hidden cells are proved by the intruder audit of `protect`: what a reader can infer of each must be wide enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from readingroom.core.disclosure.check import apply_cell_rules
from readingroom.core.disclosure.evidence import Labels, TableEvidence
from readingroom.core.disclosure.protect import Audit, suppress
from readingroom.core.disclosure.protect.intruder import never
from readingroom.core.disclosure.rules import check_together
from readingroom.core.disclosure.rules.exposure import protections
from readingroom.core.disclosure.rules.lines import lines
from readingroom.core.disclosure.rules.sums import key_of, quantities, system_of, titled
from readingroom.core.disclosure.rules.threshold import is_low
from readingroom.core.disclosure.statistics import canonical
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

MOST_ROUNDS = 50
STEPS = ("finding the cells that break a rule", "choosing what else to hide", "checking what totals tell")

Key = tuple[Labels, Labels]


@dataclass(frozen=True)
class Suppressed:
    """`tables` with hidden cells marked, `primary` those that broke a rule; `audits` prove what the totals add."""

    tables: tuple[TableEvidence, ...]
    primary: frozenset[Key]
    secondary: frozenset[Key]
    audits: tuple[Audit, ...]


def _silent(step: int, words: str) -> None:
    pass


def hide_unsafe(tables: tuple[TableEvidence, ...], policy: Policy,
                out_of_time: Callable[[], bool] = never, tell: Callable[[int, str], object] = _silent) -> Suppressed:
    """The tables with as few cells hidden as the rules and the totals allow, or as could be found until `out_of_time`.

    `tell` is told each of `STEPS` as it begins, by number and words; they may begin again.
    A cell that is hidden in one of several statistics is hidden in all, since one may be worked out from another.
    Raises InvalidInput (rule `table.suppress`) if hiding cells does not make the tables safe.
    """
    has_titles = titled(tables)
    primary: set[Key] = set()
    secondary: set[Key] = set()
    audits: tuple[Audit, ...] = ()
    findings: list[Finding] = []
    settled = False  # whether a pattern was made around what is hidden now
    for _ in range(MOST_ROUNDS):
        tell(0, STEPS[0])
        now = _hiding(tables, primary | secondary, has_titles)
        findings = _failures(apply_cell_rules(now, policy))
        if not (broken := _shown(findings, now, has_titles)) and not settled:
            settled = True
            tell(1, STEPS[1])
            more, audits = _complement(now, policy, out_of_time)
            if more:
                secondary |= more
                continue
        if not broken:
            tell(2, STEPS[2])
            findings = _failures(check_together(now, policy))
            broken = _shown(findings, now, has_titles)
        if broken:
            primary, settled = primary | broken, False
        elif more := _larger_groups(now, policy, has_titles):
            secondary, settled = secondary | more, False
        elif findings:
            break
        else:
            return Suppressed(now, frozenset(primary), frozenset(secondary), audits)
    raise InvalidInput(
        "Hiding cells does not make this table safe: " + " ".join(one.message for one in findings[:3]),
        rule="table.suppress", value=len(primary),
        next_step="Merge categories, so that each cell holds more people.")


def _failures(findings: Iterable[Finding]) -> list[Finding]:
    """Those that fail, but for rounding, which comes after hiding."""
    return [finding for finding in findings if finding.verdict is Verdict.FAIL and finding.rule != "rounding"]


def _shown(findings: list[Finding], now: tuple[TableEvidence, ...], has_titles: bool) -> set[Key]:
    """The cells of findings that are shown in some table."""
    if not findings:
        return set()
    shown = {key_of(cell, titled=has_titles) for table in now for cell in table.told}
    return {(place.row, place.column[:-1] if has_titles else place.column)
            for finding in findings for place in finding.cells} & shown


def _hiding(tables: tuple[TableEvidence, ...], hidden: set[Key], has_titles: bool) -> tuple[TableEvidence, ...]:
    made = tuple(table.with_cells(tuple(
        replace(cell, suppressed=True, undefined=False) if key_of(cell, titled=has_titles) in hidden else cell
        for cell in table.cells)) for table in tables)
    if hidden and not any(cell.people and not cell.suppressed for table in made for cell in table.cells):
        raise InvalidInput(
            "Hiding cells does not make this table safe: nothing would be left of it.", rule="table.suppress",
            value=len(hidden), next_step="Merge categories, so that each cell holds more people.")
    return made


def _complement(now: tuple[TableEvidence, ...], policy: Policy, out_of_time: Callable[[], bool]) -> tuple[
        set[Key], tuple[Audit, ...]]:
    """What more must be hidden so that nothing published gives the hidden cells back, of every quantity that adds up.

    The sums and the levels are those of the check that follows (`rules.sums`, `rules.exposure`): subtotals of every
    level, and shares and means beside their counts.
    """
    found: set[Key] = set()
    audits = []
    for quantity in quantities(now):
        hidden = quantity.hidden
        sums = system_of(quantity)
        if not hidden or not sums.system.rows:
            continue
        needed = protections(quantity, hidden, policy)
        known = range(len(sums.place), sums.system.size)  # totals that shares along a line say
        try:
            pattern = suppress(
                sums.system, {sums.place[key]: levels for key, levels in needed.items()}, keep=known,
                also_hidden=[sums.place[key] for key in hidden],
                singles=[sums.place[key] for key in hidden if quantity.cells[key].people == 1], out_of_time=out_of_time)
        except InvalidInput as error:
            raise InvalidInput(f"Hiding cells does not make this table safe: {error.message}", rule="table.suppress",
                               value=error.value, next_step="Merge categories, or leave the totals out.") from error
        audits.append(pattern.audit)
        keys = list(sums.place)
        found |= {keys[at] for at in pattern.secondary} - set(hidden)
    return found, tuple(audits)


def _larger_groups(now: tuple[TableEvidence, ...], policy: Policy, has_titles: bool) -> set[Key]:
    """One more cell for each line whose total shows that the people hidden in it, all together, are too few."""
    found = set()
    for table in now:
        if canonical(table.statistic) != "count":
            continue
        for line in lines(table):
            hidden = [cell for cell in line.cells if cell.suppressed]
            known = len(line.totals) == 1 and not line.totals[0].suppressed
            left = [cell for cell in line.cells if not cell.suppressed] or list(line.totals)
            if hidden and known and left and is_low(sum(cell.people for cell in hidden), policy):
                least = min(left, key=lambda cell: (cell.people == 0, cell.people))
                found.add(key_of(least, titled=has_titles))
    return found
