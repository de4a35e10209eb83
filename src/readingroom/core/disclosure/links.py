"""Tables in different files of one request, read together: what one hides, another may show or give back.

Counts of the same people are linked by the names of their variables. Two tables are of the same people when the cells
that both have hold the same numbers; tables of others, and of another dataset or unit, are no link.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence, parse_evidence, tables_of
from readingroom.core.disclosure.rounded import as_rounded, counted, counts_people
from readingroom.core.disclosure.rules.lines import margin_labels
from readingroom.core.disclosure.rules.threshold import is_low
from readingroom.core.disclosure.rules.wording import listing, plural
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

if TYPE_CHECKING:
    from readingroom.core.disclosure.protect import Table

SOURCE = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.3, linked tables (2024)"
QUESTIONS = 200  # to a solver, for one file
Place = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Linked:
    """A table of counts of one file: its variables, and of each cell the codes (None: all) and what is said of it."""

    file: str
    table: TableEvidence
    variables: tuple[str, ...]
    cells: Mapping[tuple[str | None, ...], CellEvidence]

    def places(self) -> dict[Place, CellEvidence]:
        """Cells by what they count, whatever the order of variables."""
        return {frozenset((name, code) for name, code in zip(self.variables, codes, strict=True) if code is not None):
                cell for codes, cell in self.cells.items()}


def check_links(name: str, evidence: object, others: Mapping[str, object], policy: Policy) -> list[Finding]:
    """What the other files of a request tell about the hidden cells of this one, beyond what it tells itself.

    Formula: all counts of the same people are one system of cells and sums; a hidden cell that would break the
    threshold rule is exposed when its range over all that fit lies below the threshold, or reaches less than its
    levels. What could not be linked, such as two ways of cutting ages into bands, is for a person to judge.
    """
    mine = list(_linkable(name, evidence))
    hidden = [cell for one in mine for cell in one.cells.values() if cell.suppressed and is_low(cell.people, policy)]
    if not hidden or policy.threshold is None:
        return []
    theirs = [one for other, said in others.items() for one in _linkable(other, said)]
    found: list[Finding] = []
    for one in mine:
        linked = [two for two in theirs if _same_people(one, two)]
        if linked and any(cell.suppressed for cell in one.cells.values()):
            found += _audited(one, linked, policy)
    return found


def _linkable(file: str, evidence: object) -> Iterator[Linked]:
    """The counts in a file's evidence whose variables are named."""
    try:
        tables = tables_of(parse_evidence(evidence)) if evidence is not None else ()
    except InvalidInput:  # said where the file itself is checked
        return
    from readingroom.core.disclosure.rules.sums import titled

    last = -1 if titled(tables) else None
    for table in tables:
        if not counts_people(table) or table.row_names is None or table.column_names is None or table.noise:
            continue
        margins = margin_labels(table)
        variables = (*table.row_names, *table.column_names)
        cells = {}
        for cell in table.cells:
            labels = (*cell.row, *(cell.column[:last] if table.column_names else ()))
            cells[tuple(None if label in margins[at] else label for at, label in enumerate(labels))] = cell
        if all(len(codes) == len(variables) for codes in cells) and len(set(variables)) == len(variables):
            yield Linked(file, table, variables, cells)


def _same_people(one: Linked, other: Linked) -> bool:
    """Whether two tables are linked: cells that both have hold the same people, and there are such cells."""
    if (one.table.unit, one.table.source) != (other.table.unit, other.table.source):
        return False
    mine, theirs = one.places(), other.places()
    common = mine.keys() & theirs.keys()
    return bool(common) and all(counted(mine[place]) == counted(theirs[place]) for place in common)


def _audited(one: Linked, linked: list[Linked], policy: Policy) -> list[Finding]:
    from readingroom.core.disclosure.protect import Exposure, audit, completed, join, protection_of_count

    threshold = (policy.threshold or 1) + (policy.threshold_inclusive is not False)
    tables = [one, *linked]
    names = ", ".join(dict.fromkeys(two.file for two in linked))
    try:
        joined = join([_as_table(two) for two in tables])
        system = completed(joined.system)
        protected = {joined.place[0, codes]: protection_of_count(
            cell.people, threshold, zeros_unsafe=policy.zeros_disclosive is not False)
            for codes, cell in one.cells.items() if cell.suppressed and is_low(cell.people, policy)}
        singles = {joined.place[at, codes] for at, two in enumerate(tables) for codes, cell in two.cells.items()
                   if cell.suppressed and cell.people == 1}
        found = audit(system, protected, singles=sorted(singles), out_of_time=_bounded(), briefly=True)
    except InvalidInput as error:
        return [_unlinked(names, error.message)]
    places = {joined.place[0, codes]: cell.place for codes, cell in one.cells.items()}
    findings = [_unlinked(names, joined.gap)] if joined.gap else []
    for exposure, said in ((Exposure.EXPOSED, "can be worked out together with"),
                           (Exposure.UNPROVED, "could not be shown to be safe together with")):
        inferences = [each for each in (*found.inferences, *found.insiders) if each.exposure is exposure]
        if inferences:
            cells: tuple[Cell, ...] = tuple(dict.fromkeys(places[each.cell] for each in inferences))
            findings.append(Finding(
                "differencing.files" if exposure is Exposure.EXPOSED else "differencing.unproved", exposure.verdict,
                f"{plural(len(cells), 'suppressed cell')} {said} {names}: "
                f"{listing([f'suppressed cell {each.words}' for each in inferences])}.",
                "Suppress the same cells in every table of these people, and others where totals give them back; or "
                "ask for one of the tables only.", cells, {"threshold": policy.threshold}, SOURCE))
    return findings


def _bounded() -> Callable[[], bool]:
    left = itertools.count(QUESTIONS, -1)
    return lambda: next(left) <= 0


def _as_table(linked: Linked) -> Table:
    """Counts as a reader sees them: exactly, by their rounding, or not at all."""
    from readingroom.core.disclosure.protect import Entry, Table
    from readingroom.core.disclosure.protect.rounding import behind

    table, base = linked.table, linked.table.rounding
    entries = []
    for codes, cell in linked.cells.items():
        count = counted(cell)
        if cell.suppressed:
            entries.append(Entry(codes, count, 0.0, float("inf")))
        elif base == 1:
            entries.append(Entry(codes, count, count, count))
        else:
            how: Literal["midpoint", "nearest"] = "midpoint" if table.rounding_method == "midpoint" else "nearest"
            low, high = behind(float(as_rounded(count, base, how)), base, how, whole=True)
            entries.append(Entry(codes, count, max(low, 0.0), high))
    return Table(linked.file, linked.variables, tuple(entries))


def _unlinked(names: str, why: str) -> Finding:
    return Finding(
        "differencing.unlinked", Verdict.REVIEW,
        f"What {names} tells about the suppressed cells could not be checked: {why.rstrip('.')}.",
        "Say in the context how the tables fit together, or give them the same categories.", source=SOURCE)
