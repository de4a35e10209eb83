"""Counts shown otherwise than conventional rounding would show them must still come from the people counted."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rounded import CONTROLLED, as_rounded, counted, counts_people
from readingroom.core.disclosure.rules.wording import in_reading_order, listing, plural, unchecked
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = ("ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 5.4 and 5.5 (2024); OpenSAFELY "
          "documentation, redact and round before release (2026)")


def check_shown(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A count fails when what is shown of it can't come from it by the rounding or the noise that the table declares.

    Formula: of a true count n, base b and noise up to D: controlled rounding shows a multiple of b less than 2b from n;
    noise shows a number at most D from n, none from 1 to the declared small ones, and 0 for 0; conventional rounding
    shows its own number, or in a total the sum of what is shown of its parts, hidden ones counting nothing.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 5.4 and 5.5 (2024); OpenSAFELY
    documentation, redact and round before release (2026).

    Example: controlled rounding to 5 shows 5 or 10 of 7 people; 20 fails.
    """
    said = evidence.noise is not None or evidence.rounding_method == CONTROLLED
    if not counts_people(evidence) or not (said or any(cell.shown is not None for cell in evidence.cells)):
        return []
    sums = _sums(evidence)
    wrong = [cell for cell in in_reading_order(evidence.published)
             if cell.shown is not None and not _possible(cell, cell.shown, evidence) and cell not in sums]
    findings = [] if not wrong else [Finding(
        "shown", Verdict.FAIL,
        f"{plural(len(wrong), 'number')} can't come from the people counted by the rounding or noise that the table "
        f"declares ({listing([f'{cell.name}: {cell.shown} of {counted(cell)}' for cell in wrong])}).",
        "Make the table with the SDK's round() or perturb(), and do not edit it afterwards.",
        tuple(cell.place for cell in wrong), {"rounding": evidence.rounding}, SOURCE)]
    silent = [cell for cell in evidence.published if said and cell.shown is None and counted(cell)]
    return findings + unchecked("shown", silent, "the number that is shown", SOURCE)


def _possible(cell: CellEvidence, shown: int, evidence: TableEvidence) -> bool:
    count, base = counted(cell), evidence.rounding
    if evidence.noise is not None:
        return abs(shown - count) <= evidence.noise.largest and not 1 <= shown <= evidence.noise.small and (
            count > 0 or shown == 0)
    if evidence.rounding_method == CONTROLLED:
        return shown % base == 0 and abs(shown - count) < 2 * base
    return shown == as_rounded(count, base, evidence.rounding_method)


def _sums(evidence: TableEvidence) -> frozenset[CellEvidence]:
    """Totals that only repeat what is shown of their parts."""
    if evidence.noise is not None or evidence.rounding_method == CONTROLLED:
        return frozenset()
    from readingroom.core.disclosure.rules.sums import added_up  # solvers take long to load

    return added_up(evidence)
