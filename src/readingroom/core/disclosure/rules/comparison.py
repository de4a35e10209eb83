"""Odds and risk ratios: judged on the four counts of their two-by-two table."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rules.group import gives_away
from readingroom.core.disclosure.rules.threshold import is_low, limit_words
from readingroom.core.disclosure.rules.wording import in_reading_order, listing, missing_parameter, plural, unchecked
from readingroom.core.disclosure.statistics import Family
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "SACRO statbarn guide, calculated ratios (2024); OpenSAFELY output checking guide, rates and ratios (2026)"
NAMES = ("exposed with the outcome", "exposed without", "others with the outcome", "others without")


def _low(cell: CellEvidence, parameters: Policy) -> list[str]:
    (a, b), (c, d) = cell.two_by_two or ((0, 0), (0, 0))
    return [f"{cell.name}: {count:,} {name}" for name, count in zip(NAMES, (a, b, c, d), strict=True)
            if count == 0 or is_low(count, parameters)]


def _tells(cell: CellEvidence, parameters: Policy) -> bool:
    (a, b), (c, d) = cell.two_by_two or ((0, 0), (0, 0))
    return any(gives_away(part, whole, parameters)
               for whole, parts in ((a + b, (a, b)), (c + d, (c, d)), (a + c, (a, c)), (b + d, (b, d)))
               for part in parts)


def check_comparison(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """An odds or risk ratio fails when one of the four counts behind it is too low, or one arm tells about everybody.

    Formula: with counts a, b (exposed, with and without the outcome) and c, d (others): unsafe when any of them is 0 or
    below the threshold, since ratio, arms and totals together give all four; and by the group rule in each row and
    column of the four.

    Source: SACRO statbarn guide, calculated ratios (2024); OpenSAFELY output checking guide, rates and ratios (2026).

    Example: t = 10: an odds ratio of 40 x 35 / (25 x 4) rests on 4 people without exposure but with the outcome:
    fails.
    """
    if evidence.family is not Family.COMPARISON:
        return []
    if parameters.threshold is None:
        return [missing_parameter("threshold")]
    published = in_reading_order(evidence.published)
    known = [cell for cell in published if cell.two_by_two is not None]
    low = [cell for cell in known if _low(cell, parameters)]
    telling = [cell for cell in known if _tells(cell, parameters)]
    findings = []
    if low:
        described = listing([text for cell in low for text in _low(cell, parameters)])
        findings.append(
            Finding(
                "comparison",
                Verdict.FAIL,
                f"{plural(len(low), 'ratio rests', 'ratios rest')} on counts that are too low ({described}); each "
                f"needs {limit_words(parameters)} people.",
                "Merge categories or leave these ratios out.",
                tuple(cell.place for cell in low),
                {"threshold": parameters.threshold},
                SOURCE,
            )
        )
    if telling:
        findings.append(
            Finding(
                "comparison.group",
                Verdict.FAIL,
                f"In {plural(len(telling), 'ratio')} all or nearly all people of an arm have the outcome, or none: "
                f"{listing([cell.name for cell in telling])}.",
                "Merge categories or leave these ratios out.",
                tuple(cell.place for cell in telling),
                {"coalition": parameters.group_coalition, "group_percent": parameters.group_percent},
                SOURCE,
            )
        )
    silent = [cell for cell in published if cell.two_by_two is None]
    return findings + unchecked("comparison", silent, "the four counts behind it", SOURCE)
