"""Making a table safe by hiding cells: the unsafe ones, and others so that nothing published gives them back.

Hidden cells are proved by the intruder audit of `protect`: what a reader can infer of each must be wide enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from readingroom.core.disclosure.check import apply_rules
from readingroom.core.disclosure.evidence import CellEvidence, Labels, TableEvidence
from readingroom.core.disclosure.protect import (
    Audit,
    Protection,
    System,
    make_system,
    protection_of_count,
    suppress,
)
from readingroom.core.disclosure.protect.intruder import never
from readingroom.core.disclosure.rules.lines import lines
from readingroom.core.disclosure.rules.magnitude import magnitudes
from readingroom.core.disclosure.rules.protection import protection_level
from readingroom.core.disclosure.rules.threshold import is_low
from readingroom.core.disclosure.statistics import canonical
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

ADDITIVE = frozenset({"count", "sum"})
MOST_ROUNDS = 50

Key = tuple[Labels, Labels]


@dataclass(frozen=True)
class Suppressed:
    """`tables` with hidden cells marked, `primary` those that broke a rule; `audits` prove what the totals add."""

    tables: tuple[TableEvidence, ...]
    primary: frozenset[Key]
    secondary: frozenset[Key]
    audits: tuple[Audit, ...]


def hide_unsafe(tables: tuple[TableEvidence, ...], policy: Policy,
                out_of_time: Callable[[], bool] = never) -> Suppressed:
    """The tables with as few cells hidden as the rules and the totals allow, or as could be found until `out_of_time`.

    A cell that is hidden in one of several statistics is hidden in all, since one may be worked out from another.
    Raises InvalidInput (rule `table.suppress`) if hiding cells does not make the tables safe.
    """
    primary: set[Key] = set()
    secondary: set[Key] = set()
    audits: tuple[Audit, ...] = ()
    for _ in range(MOST_ROUNDS):
        now = _hiding(tables, primary | secondary)
        findings = [finding for finding in apply_rules(now, policy) if finding.verdict is Verdict.FAIL]
        shown = {_key(cell, table, tables) for table in now for cell in table.published}
        broken = {(place.row, _untitled(place.column, tables)) for finding in findings
                  for place in finding.cells} & shown
        if broken:
            primary |= broken
            continue
        more, audits = _complement(tables, primary, secondary, policy, out_of_time)
        more = more or _larger_groups(now, tables, policy)
        if not more and not findings:
            return Suppressed(now, frozenset(primary), frozenset(secondary), audits)
        if not more:
            break
        secondary |= more
    raise InvalidInput(
        "Hiding cells does not make this table safe: " + " ".join(one.message for one in findings[:3]),
        rule="table.suppress", value=len(primary),
        next_step="Merge categories, so that each cell holds more people.")


def _hiding(tables: tuple[TableEvidence, ...], hidden: set[Key]) -> tuple[TableEvidence, ...]:
    made = tuple(table.with_cells(tuple(
        replace(cell, suppressed=True) if _key(cell, table, tables) in hidden else cell for cell in table.cells))
        for table in tables)
    if hidden and not any(cell.people and not cell.suppressed for table in made for cell in table.cells):
        raise InvalidInput(
            "Hiding cells does not make this table safe: nothing would be left of it.", rule="table.suppress",
            value=len(hidden), next_step="Merge categories, so that each cell holds more people.")
    return made


def _untitled(column: Labels, tables: tuple[TableEvidence, ...]) -> Labels:
    """The column's own labels, without the name of the statistic that tells several tables apart."""
    return column[:-1] if len(tables) > 1 else column


def _key(cell: CellEvidence, table: TableEvidence, tables: tuple[TableEvidence, ...]) -> Key:
    return cell.row, _untitled(cell.column, tables)


def _complement(tables: tuple[TableEvidence, ...], primary: set[Key], secondary: set[Key], policy: Policy,
                out_of_time: Callable[[], bool]) -> tuple[set[Key], tuple[Audit, ...]]:
    """What more must be hidden so that totals give nothing back, over all tables that add up."""
    found, audits = set(secondary), []
    for table in tables:
        if canonical(table.statistic) not in ADDITIVE or any(cell.weighted_total is not None for cell in table.cells):
            continue
        cells = {_key(cell, table, tables): cell for cell in table.cells}
        gone = {key for key, cell in cells.items() if cell.suppressed}
        hidden = (primary | found | gone) & set(cells)
        if not hidden or not any(cell.margin for cell in table.cells):
            continue
        keys = list(cells)
        place = {key: number for number, key in enumerate(keys)}
        system = _system(cells, keys, place, whole=canonical(table.statistic) == "count")
        needed = _protections(table, cells, (primary | gone) & set(cells), policy)
        try:
            pattern = suppress(
                system, {place[key]: needed[key] for key in needed}, also_hidden=[place[key] for key in hidden],
                singles=[place[key] for key in hidden if cells[key].people == 1], out_of_time=out_of_time)
        except InvalidInput as error:
            raise InvalidInput(f"Hiding cells does not make this table safe: {error.message}", rule="table.suppress",
                               value=error.value, next_step="Merge categories, or leave the totals out.") from error
        audits.append(pattern.audit)
        found |= {keys[number] for number in pattern.hidden} - primary
    return found - secondary, tuple(audits)


def _larger_groups(now: tuple[TableEvidence, ...], tables: tuple[TableEvidence, ...], policy: Policy) -> set[Key]:
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
                found.add(_key(least, table, tables))
    return found


def _system(cells: Mapping[Key, CellEvidence], keys: list[Key], place: Mapping[Key, int], *, whole: bool) -> System:
    """The table's sums as equations, each row and each column.

    People may be in several cells, so that totals of people need not be sums. The equations hold of the sums in their
    place: a reader who takes nobody to be in two cells knows no more than that.
    """
    rows = {key[0] for key, cell in cells.items() if cell.margin}
    totals_down = _totals(cells, 0, rows)
    totals_across = _totals(cells, 1, {key[1] for key, cell in cells.items() if cell.margin})
    value = {key: float(cell.people if whole else cell.total or 0) for key, cell in cells.items()}
    inner = [key for key in keys if key[0] != totals_down and key[1] != totals_across]
    equations: list[tuple[str, dict[int, float]]] = []
    for label in dict.fromkeys(key[0] for key in inner):
        value |= _summed(value, (label, totals_across), [key for key in inner if key[0] == label], place, equations)
    for label in dict.fromkeys(key[1] for key in inner):
        value |= _summed(value, (totals_down, label), [key for key in inner if key[1] == label], place, equations)
    value |= _summed(value, (totals_down, totals_across),
                     [key for key in keys if key[0] == totals_down and key[1] != totals_across]
                     or [key for key in keys if key[1] == totals_across and key[0] != totals_down], place, equations)
    if totals_down is not None and totals_across is not None:
        _summed(value, (totals_down, totals_across),
                [key for key in keys if key[1] == totals_across and key[0] != totals_down], place, equations)
    negative = not whole and any((cell.negatives or 0) > 0 or (cell.total or 0) < 0 for cell in cells.values())
    return make_system(
        [cells[key].name for key in keys], equations, value=[value[key] for key in keys], whole=whole,
        lower=[float("-inf") if negative else 0.0] * len(keys))


def _totals(cells: Mapping[Key, CellEvidence], side: int, labels: Iterable[Labels]) -> Labels | None:
    """The label of the margin along one side: the one all of whose cells are margins."""
    for label in labels:
        if label and all(cell.margin for key, cell in cells.items() if key[side] == label):
            others = {key[side] for key, cell in cells.items() if not cell.margin}
            if label not in others:
                return label
    return None


def _summed(value: Mapping[Key, float], total: tuple[Labels | None, Labels | None], parts: list[Key],
            place: Mapping[Key, int], equations: list[tuple[str, dict[int, float]]]) -> dict[Key, float]:
    """The total as the sum of its parts, with the equation that says so; nothing where there is no such total."""
    row, column = total
    if row is None or column is None or (row, column) not in place or not parts:
        return {}
    equations.append((f"total {len(equations) + 1}",
                      {place[row, column]: 1.0, **{place[key]: -1.0 for key in parts}}))
    return {(row, column): sum(value[key] for key in parts)}


def _protections(table: TableEvidence, cells: Mapping[Key, CellEvidence], unsafe: set[Key], policy: Policy) -> dict[
        Key, Protection]:
    threshold = (policy.threshold or 1) + (policy.threshold_inclusive is not False)
    if canonical(table.statistic) == "count":
        return {key: protection_of_count(cells[key].people, threshold,
                                         zeros_unsafe=policy.zeros_disclosive is not False) for key in unsafe}
    alone = table.with_cells(tuple(replace(cells[key], suppressed=False) for key in unsafe))
    judged = magnitudes("protection", alone, 2, policy, "", lambda *_: False).usable
    levels = {(one.cell.row, one.cell.column): protection_level(one.contributions, policy) for one in judged}
    made = {}
    for key in unsafe:
        level = levels.get((cells[key].row, cells[key].column))
        least = abs(float(cells[key].total or 0)) * (policy.p_percent or 0) / 100
        made[key] = Protection(upper=max(least, float(level.upper) if level else 0.0),
                               lower=max(least, float(level.lower) if level else 0.0))
    return made
