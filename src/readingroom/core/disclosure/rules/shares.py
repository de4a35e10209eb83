"""Percentages, rates and ratios: judged on the counts behind them, which a reader can recover."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rules.group import gives_away
from readingroom.core.disclosure.rules.threshold import is_low, limit_words
from readingroom.core.disclosure.rules.wording import in_reading_order, listing, missing_parameter, plural, unchecked
from readingroom.core.disclosure.statistics import Family, canonical
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "OpenSAFELY output checking guide, rates and percentages (2026); UK LLC output policy (January 2026)"


def _counts(cell: CellEvidence, evidence: TableEvidence) -> dict[str, int] | None:
    """The counts that the number lets a reader recover, by name; None where the evidence does not say them."""
    numerator, denominator = cell.numerator_people, cell.denominator_people
    if numerator is None or denominator is None:
        return None
    counts = {"in the numerator": numerator, "in the denominator": denominator}
    return counts | ({"in the rest": denominator - numerator}
                     if canonical(evidence.statistic) == "share" else {})


def _low(counts: dict[str, int], cell: CellEvidence, parameters: Policy) -> list[str]:
    return [f"{cell.name}: {plural(people, 'person', 'people')} {where}" for where, people in counts.items()
            if is_low(people, parameters) and not (people == 0 and cell.structural)]


def check_shares(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A percentage, rate or ratio fails when one of the counts behind it is too low, or it is 0% or 100%.

    Formula: with numerator a and denominator b, counting distinct people: unsafe when a or b is below the threshold,
    for a share also when the rest, b - a, is. A share is unsafe by the group rule too, when a or b - a is at least
    b - k (0% and 100%, with k = 0). Zeros as the threshold rule takes them. The number itself is never compared.

    Source: OpenSAFELY output checking guide, rates and percentages (2026); UK LLC output policy (January 2026).

    Example: t = 10: 4 of 400 people (1%) fails, so does 396 of 400 (99%), 200 of 400 passes; 0.5 is not compared with
    10.
    """
    if evidence.family is not Family.SHARE:
        return []
    if parameters.threshold is None:
        return [missing_parameter("threshold")]
    low: list[str] = []
    low_cells, group_cells, silent = [], [], []
    for cell in in_reading_order(evidence.published):
        counts = _counts(cell, evidence)
        if counts is None:
            silent.append(cell)
            continue
        if found := _low(counts, cell, parameters):
            low += found
            low_cells.append(cell)
        if "in the rest" in counts and counts["in the denominator"] and any(
                gives_away(counts[part], counts["in the denominator"], parameters)
                for part in ("in the numerator", "in the rest")):
            group_cells.append(cell)
    findings = []
    if low_cells:
        findings.append(
            Finding(
                "share",
                Verdict.FAIL,
                f"{plural(len(low_cells), f'{evidence.statistic} rests', f'{evidence.statistic}s rest')} on counts "
                f"that are too low ({listing(low)}); each needs {limit_words(parameters)} people.",
                "Merge categories or suppress these cells.",
                tuple(cell.place for cell in low_cells),
                {"threshold": parameters.threshold},
                SOURCE,
            )
        )
    if group_cells:
        findings.append(
            Finding(
                "share.group",
                Verdict.FAIL,
                f"{plural(len(group_cells), 'share is', 'shares are')} of all (or nearly all) or of none of the "
                f"people, which tells about each of them: {listing([cell.name for cell in group_cells])}.",
                "Merge these cells with others or suppress them.",
                tuple(cell.place for cell in group_cells),
                {"coalition": parameters.group_coalition, "group_percent": parameters.group_percent},
                SOURCE,
            )
        )
    return findings + unchecked("share", silent, "the people in numerator and denominator", SOURCE)
