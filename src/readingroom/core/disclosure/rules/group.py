"""Group disclosure: nobody's attribute may follow from being in a row or column."""

from __future__ import annotations

from dataclasses import dataclass

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rules.lines import Line, is_one_way, labels, lines, margin_labels
from readingroom.core.disclosure.rules.magnitude import exact
from readingroom.core.disclosure.rules.wording import listing, plural
from readingroom.core.disclosure.statistics import Family
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = (
    "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 5.9 (2024), after Lupp & "
    "Langsrud"
)
STRICT_COALITION = 1
"""Where the policy does not say: a member who knows their own cell, and with them any outsider."""


def gives_away(part: int, total: int, parameters: Policy) -> bool:
    """Whether `part` of a group of `total` people is so much of it that it tells about each of them."""
    if part == 0 or parameters.group_disclosure is False:
        return False
    coalition = STRICT_COALITION if parameters.group_coalition is None else parameters.group_coalition
    limit = parameters.group_percent
    return part >= total - coalition or (limit is not None and 100 * part > exact(limit) * total)


@dataclass(frozen=True)
class _Given:
    """A line that gives its people away, the cell that they are in, and the published cells that say so."""

    line: Line
    cell: CellEvidence
    total: int
    shown: tuple[CellEvidence, ...]


def _given(line: Line, parameters: Policy) -> _Given | None:
    """A hidden cell is given away too, if it is the only one: the published ones say that nobody is elsewhere."""
    total = sum(cell.people for cell in line.cells)
    hidden = [cell for cell in line.cells if cell.suppressed]
    if sum(not cell.structural for cell in line.cells) < 2:
        return None  # that they are in the only cell they can be in is known already
    for cell in line.cells:
        if gives_away(cell.people, total, parameters) and (not cell.suppressed or len(hidden) == 1):
            shown = (cell,) if not cell.suppressed else tuple(one for one in line.cells if one is not cell)
            return _Given(line, cell, total, shown)
    return None


def check_group(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A row or column of a count table fails when all, or all but one, of its people are in one cell.

    Formula: a cell c > 0 in a line of total T is unsafe when T - k <= c, with k = 0 (anyone learns it) up to
    `group_coalition` (k people of the line learn it; 1 unless said), or when c > (`group_percent`/100) T. Lines are
    rows, columns, and in tables of more variables those along each variable. A variable of which only one category is
    shown says the same of everybody. A policy may switch this off with `group_disclosure`.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 5.9 (2024), after Lupp &
    Langsrud.

    Example: a court with 0 acquittals and 25 convictions: 25 - 0 <= 25, everybody there was convicted: fails.
    """
    if evidence.family is not Family.FREQUENCY or parameters.group_disclosure is False:
        return []
    found = [given for line in lines(evidence) if len(line.cells) > 1 and (given := _given(line, parameters))]
    findings = []
    if found:
        described = listing([
            f"{one.line.along} {one.line.name}: {one.cell.people:,} of {one.total:,} people in {one.cell.name}"
            for one in found])
        coalition = STRICT_COALITION if parameters.group_coalition is None else parameters.group_coalition
        findings.append(
            Finding(
                "group",
                Verdict.FAIL,
                f"{plural(len(found), 'row or column has', 'rows or columns have')} all or nearly all of their people "
                f"in one cell ({described}).",
                "Merge categories so that each row and column spreads over at least two cells, or suppress the cell "
                "and another one in its row and column.",
                tuple(dict.fromkeys(cell.place for one in found for cell in one.shown)),
                {"coalition": coalition, "group_percent": parameters.group_percent},
                SOURCE,
            )
        )
    return findings + _one_category(evidence)


def _one_category(evidence: TableEvidence) -> list[Finding]:
    """A variable with one category only: FAIL where it is said to be one, REVIEW where the columns may be one."""
    people = any(cell.people for cell in evidence.published)
    names = [*(evidence.row_names or ()), *(evidence.column_names or ())]
    depth = len(evidence.cells[0].row)
    every = range(len(labels(evidence.cells[0])))
    margins = margin_labels(evidence)
    inner = [{labels(cell)[place] for cell in evidence.cells} - margins[place] for place in every]
    declared = len(names) == len(inner)
    if not people or is_one_way(evidence) or len(inner) < 2:
        return []
    alone = [place for place in every if len(inner[place]) == 1 and (declared or place >= depth)]
    if not alone or (not declared and len(alone) < len(inner) - depth):
        return []
    said = listing([f"{names[place]}: {next(iter(inner[place]))}" if declared else next(iter(inner[place]))
                    for place in alone])
    return [
        Finding(
            "group.one-category",
            Verdict.FAIL if declared else Verdict.REVIEW,
            f"Everybody is in the one category shown ({said}); if it is one of a variable, the table says that all "
            "people have it.",
            "Leave out a variable by which the data were chosen; else show the other categories, or say in the context "
            "that there are none.",
            source=SOURCE,
        )
    ]
