"""Differencing within one output: suppressed cells must not follow from totals."""

from __future__ import annotations

from dataclasses import replace

from readingroom.core.disclosure.evidence import CellEvidence, Labels, TableEvidence
from readingroom.core.disclosure.rules.dominance import check_dominance
from readingroom.core.disclosure.rules.lines import Line, lines
from readingroom.core.disclosure.rules.p_percent import check_p_percent
from readingroom.core.disclosure.rules.threshold import check_threshold, is_low
from readingroom.core.disclosure.rules.wording import listing, missing_parameter, plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.3 (2024)"
ADDITIVE = frozenset({"count", "sum"})


def recoverable(table: list[Line]) -> dict[tuple[Labels, Labels], CellEvidence]:
    """Suppressed cells that subtraction gives back, one unknown in a line at a time until none follows."""
    unknown = {
        (cell.row, cell.column) for line in table for cell in line.cells + line.totals if cell.suppressed
    }
    found: dict[tuple[Labels, Labels], CellEvidence] = {}
    progress = True
    while progress:
        progress = False
        for line in table:
            if len(line.totals) != 1:
                continue
            left = [cell for cell in line.cells + line.totals if (cell.row, cell.column) in unknown]
            if len(left) == 1:
                key = (left[0].row, left[0].column)
                unknown.discard(key)
                found[key] = left[0]
                progress = True
    return found


def _would_fail(cell: CellEvidence, evidence: TableEvidence, parameters: Policy) -> bool:
    shown = evidence.with_cells((replace(cell, suppressed=False),))
    rules = (check_threshold, check_dominance, check_p_percent)
    return any(finding.verdict is Verdict.FAIL for rule in rules for finding in rule(shown, parameters))


def check_differencing(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A suppressed cell fails when its row's or column's published total gives it back.

    Formula: in a line with total T and published cells c1..cm, the suppressed rest is T - c1 - ... - cm. It
    is exposed
    when it is one cell that would itself fail, or when all people in it together are too few. Cells so
    recovered
    count as published for the next line. Intervals over whole systems of equations are not computed here.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.3 (2024).

    Example: t = 10: row total 24, one cell 20, the other suppressed: 24 - 20 = 4 people: fails.
    """
    if not any(cell.suppressed for cell in evidence.cells):
        return []
    if evidence.statistic not in ADDITIVE:
        return []
    if parameters.threshold is None:
        return [missing_parameter("threshold")]
    table = lines(evidence)
    exposed = {
        key: cell for key, cell in recoverable(table).items() if _would_fail(cell, evidence, parameters)
    }
    groups = [line for line in table if _small_rest(line, parameters)]
    findings = []
    if exposed:
        described = listing(
            [f"{cell.name}: {plural(cell.people, 'person', 'people')}" for cell in exposed.values()]
        )
        findings.append(
            Finding(
                "differencing",
                Verdict.FAIL,
                f"{plural(len(exposed), 'suppressed cell')} can be worked out by subtracting from published "
                "totals "
                f"({described}).",
                "Suppress a second cell in the same row and column, or leave out the totals.",
                tuple(cell.place for cell in exposed.values()),
                {"threshold": parameters.threshold},
                SOURCE,
            )
        )
    if groups:
        described = listing(
            [
                f"{line.along} {line.name}: "
                f"{plural(sum(c.people for c in line.cells if c.suppressed), 'person', 'people')}"
                for line in groups
            ]
        )
        findings.append(
            Finding(
                "differencing.group",
                Verdict.FAIL,
                f"In {plural(len(groups), 'row or column', 'rows or columns')} the suppressed cells together "
                "hold too few "
                f"people, as the total shows ({described}).",
                "Suppress a larger cell in the same row or column as well.",
                tuple(cell.place for line in groups for cell in line.cells if cell.suppressed),
                {"threshold": parameters.threshold},
                SOURCE,
            )
        )
    if any(len(line.totals) > 1 and any(cell.suppressed for cell in line.cells) for line in table):
        findings.append(
            Finding(
                "differencing.unchecked",
                Verdict.REVIEW,
                "The table has subtotals of several levels beside suppressed cells; only single totals were "
                "checked.",
                "Publish one level of totals, or leave them out.",
                source=SOURCE,
            )
        )
    return findings


def _small_rest(line: Line, parameters: Policy) -> bool:
    hidden = [cell for cell in line.cells if cell.suppressed]
    if len(hidden) < 2 or len(line.totals) != 1 or line.totals[0].suppressed:
        return False
    return is_low(sum(cell.people for cell in hidden), parameters)
