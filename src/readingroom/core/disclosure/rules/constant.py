"""All-equal values: a statistic of one value tells the value of everybody."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rules.magnitude import MAGNITUDES, NOISE, exact
from readingroom.core.disclosure.rules.wording import in_reading_order, listing, plural, unchecked
from readingroom.core.disclosure.statistics import Family, canonical
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "SACRO statbarn guide, class disclosure (Green and others, 2024); check `all-values-are-same` of ACRO 1.0.2"
COUNTED = (Family.FREQUENCY, Family.SHARE, Family.COMPARISON)
"""Families that the group rules look at instead."""


def all_equal(cell: CellEvidence, evidence: TableEvidence) -> bool | None:
    """Whether all values in a cell are equal, as said or as the rest of its evidence shows; None: not known."""
    if cell.constant:
        return True
    if evidence.family in MAGNITUDES and cell.constant is False:  # values differ, but people's sums may be equal
        return canonical(evidence.statistic) == "sum" and bool(_shown_equal(cell, evidence))
    shown = _shown_equal(cell, evidence)
    return cell.constant if shown is None else shown


def _shown_equal(cell: CellEvidence, evidence: TableEvidence) -> bool | None:
    people = cell.people
    match evidence.family:
        case Family.LINEAR | Family.SAFE_EXTREME:
            return _equal_contributions(cell)
        case Family.POSITION:
            if cell.below or cell.above:
                return False
            return None if cell.at_value is None else cell.at_value == people
        case Family.MODE:
            return None if cell.modal_people is None else cell.modal_people == people
        case Family.EXTREME:
            return cell.extreme_people == people  # where it is not said, the rule on extremes fails the cell
        case Family.SHAPE:
            spread = cell.value if cell.sd is None else cell.sd
            return None if spread is None else spread == 0
        case Family.FREQUENCY | Family.SHARE | Family.COMPARISON | None:
            return None


def _equal_contributions(cell: CellEvidence) -> bool | None:
    """n contributions, none larger than the largest, are all equal when they come to n times that."""
    if len(set(cell.top)) > 1:
        return False
    if not cell.top:
        return None
    if len(cell.top) == cell.people:
        return True
    if cell.total is None:
        return None
    if isinstance(cell.total, int) and isinstance(cell.top[0], int):  # exact, however large
        return cell.total == cell.people * cell.top[0]
    wanted = cell.people * exact(cell.top[0])
    return abs(exact(cell.total) - wanted) * NOISE <= abs(wanted)


def check_constant(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A cell of a statistic of values fails when all the values in it are equal.

    Formula: unsafe when x1 = x2 = ... = xN, N > 0, as `constant` says, or as follows: X = N x1 for sums and means;
    everybody at the median, mode, minimum or maximum; a standard deviation of 0. Switched off with the group rules
    (`group_disclosure`).

    Source: SACRO statbarn guide, class disclosure (Green and others, 2024); check `all-values-are-same` of ACRO 1.0.2,
    which is written but never called there.

    Example: 20 people with a mean of 6 months, whose largest contribution is 6 and total 120: all have 6: fails.
    """
    if evidence.family is None or evidence.family in COUNTED or parameters.group_disclosure is False:
        return []
    filled = [cell for cell in evidence.published if cell.people]
    told = [(cell, all_equal(cell, evidence)) for cell in filled]
    same = in_reading_order([cell for cell, equal in told if equal])
    unknown = [cell for cell, equal in told if equal is None]
    findings = []
    if same:
        findings.append(
            Finding(
                "all-equal",
                Verdict.FAIL,
                f"In {plural(len(same), 'cell')} all values are equal, so the {evidence.statistic} tells everybody's: "
                f"{listing([cell.name for cell in same])}.",
                "Merge these cells with others or suppress them.",
                tuple(cell.place for cell in same),
                source=SOURCE,
            )
        )
    return findings + unchecked("all-equal", unknown, "whether all values are equal", SOURCE)
