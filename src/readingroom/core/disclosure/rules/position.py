"""Medians and other quantiles: enough people must lie on each side."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rules.threshold import is_low
from readingroom.core.disclosure.rules.wording import in_reading_order, listing, missing_parameter, plural, unchecked
from readingroom.core.disclosure.statistics import Family
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "ABS DataLab output rules, minimum contributors of quantiles (2024); SACRO statbarn guide, position (2024)"


def _few(people: int, parameters: Policy) -> bool:
    return people == 0 or is_low(people, parameters) or people < (parameters.quantile_side or 0)


def _sides(cell: CellEvidence) -> str:
    return f"{cell.name}: {cell.below:,} below, {cell.above:,} above"


def check_position(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A median or other quantile fails when too few people lie below or above it.

    Formula: with b people strictly below the published value, a above and e exactly at it: unsafe when b or a is below
    the threshold (and below `quantile_side`, if that is larger), unless e satisfies both: a value that enough people
    have is nobody's own, and takes up the places beside it.

    Source: ABS DataLab output rules, minimum contributors of quantiles (2024); SACRO statbarn guide, position (2024).

    Example: t = 10: the median of 19 different values has 9 on each side: fails; of 21 it has 10: passes. The 95th
    percentile of 100 different values has 5 above: fails.
    """
    if evidence.family is not Family.POSITION:
        return []
    if parameters.threshold is None:
        return [missing_parameter("threshold")]
    close, silent = [], []
    for cell in evidence.published:
        if cell.people == 0:
            continue
        if cell.below is None or cell.above is None:
            silent.append(cell)
        elif _few(min(cell.below, cell.above), parameters) and _few(cell.at_value or 0, parameters):
            close.append(cell)
    findings = []
    if close:
        close = in_reading_order(close)
        findings.append(
            Finding(
                "position",
                Verdict.FAIL,
                f"In {plural(len(close), 'cell')} the {evidence.statistic} has too few people on one side "
                f"({listing([_sides(cell) for cell in close])}), so it is close to one person's extreme value.",
                "Use a quantile nearer the middle, merge these cells with others, or suppress them.",
                tuple(cell.place for cell in close),
                {"threshold": parameters.threshold, "quantile_side": parameters.quantile_side},
                SOURCE,
            )
        )
    return findings + unchecked("position", silent, "how many people are below and above the value", SOURCE)
