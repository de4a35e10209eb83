"""Group disclosure: nobody's attribute may follow from being in a row or column."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rules.lines import Line, is_one_way, lines
from readingroom.core.disclosure.rules.wording import listing, plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = (
    "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 5.9 (2024), after Lupp & "
    "Langsrud"
)
COALITIONS = (0, 1)
"""The definition's own constant: an outsider (k = 0), or a member who knows their own cell (k = 1)."""


def _giving_cell(line: Line) -> tuple[CellEvidence, int] | None:
    total = sum(cell.people for cell in line.cells)
    for k in COALITIONS:
        for cell in line.cells:
            if not cell.suppressed and cell.people > 0 and total - k <= cell.people:
                return cell, total
    return None


def check_group(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A row or column of a count table fails when all, or all but one, of its people are in one cell.

    Formula: a cell c > 0 in a line of total T is unsafe when T - k <= c, with k = 0 (anyone learns it) or 1
    (the one
    other person learns it).

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 5.9 (2024), after Lupp &
    Langsrud.

    Example: a court with 0 acquittals and 25 convictions: 25 - 0 <= 25, everybody there was convicted: fails.
    """
    if evidence.statistic != "count":
        return []
    one_way = is_one_way(evidence)
    whole, alone = [], []
    for line in lines(evidence):
        if len(line.cells) >= 2 and (found := _giving_cell(line)):
            whole.append((line, *found))
        elif len(line.cells) == 1 and line.along == "row" and not one_way and line.cells[0].column:
            alone.append(line)
    findings = []
    if whole:
        described = listing(
            [
                f"{line.along} {line.name}: {cell.people:,} of {total:,} people in {cell.name}"
                for line, cell, total in whole
            ]
        )
        findings.append(
            Finding(
                "group",
                Verdict.FAIL,
                f"{plural(len(whole), 'row or column has', 'rows or columns have')} all (or all but one) of "
                "their people "
                f"in one cell ({described}).",
                "Merge categories so that each row and column spreads over at least two cells, or "
                "suppress the "
                "cell.",
                tuple(cell.place for _, cell, _ in whole),
                {"k": list(COALITIONS)},
                SOURCE,
            )
        )
    if alone and len(alone) == len({cell.row for cell in evidence.cells}):
        findings.append(
            Finding(
                "group.one-category",
                Verdict.REVIEW,
                f"Everybody is in the one column shown ({', '.join(alone[0].cells[0].column)}); if it is one "
                "category of "
                "a variable, the table says that all people have it.",
                "Show the other categories, or say in the context that there are none.",
                source=SOURCE,
            )
        )
    return findings
