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
    rest = denominator - numerator
    return counts | ({"in the rest": rest} if canonical(evidence.statistic) == "share" or rest > 0 else {})


def _tells_of_all(counts: dict[str, int], cell: CellEvidence, evidence: TableEvidence,
                  parameters: Policy) -> bool | None:
    """Whether it is of all (or nearly all) or of none; a rate is of all where everybody has one value, and not zero.

    None where that is not known.
    """
    denominator = counts["in the denominator"]
    if not denominator:
        return False
    if canonical(evidence.statistic) == "share":
        return any(gives_away(counts[part], denominator, parameters) for part in ("in the numerator", "in the rest"))
    if parameters.group_disclosure is False or 0 < counts["in the numerator"] != denominator:
        return False
    return counts["in the numerator"] == 0 or cell.constant


def _low(counts: dict[str, int], cell: CellEvidence, parameters: Policy) -> list[str]:
    return [f"{cell.name}: {plural(people, 'person', 'people')} {where}" for where, people in counts.items()
            if is_low(people, parameters) and not (people == 0 and cell.structural)]


def check_shares(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A percentage, rate or ratio fails when one of the counts behind it is too low, or it is 0% or 100%.

    Formula: with numerator a and denominator b, counting distinct people: unsafe when a or b is below the threshold,
    and when the rest, b - a, is. A share is unsafe by the group rule too, when a or b - a is at least b - k (0% and
    100%, with k = 0), and a rate when nobody has the event, or a = b and all have the same value. Zeros as the
    threshold rule takes them, but that a rate leaves nobody is none of them: everybody may have some event or other.
    The number itself is never compared.

    Source: OpenSAFELY output checking guide, rates and percentages (2026); UK LLC output policy (January 2026).

    Example: t = 10: 4 of 400 people (1%) fails, so does 396 of 400 (99%), 200 of 400 passes; 0.5 is not compared with
    10.
    """
    if evidence.family is not Family.SHARE:
        return []
    if parameters.threshold is None:
        return [missing_parameter("threshold")]
    low: list[str] = []
    low_cells: list[CellEvidence] = []
    group_cells: list[CellEvidence] = []
    silent: list[CellEvidence] = []
    unequal: list[CellEvidence] = []
    for cell in in_reading_order(evidence.published):
        counts = _counts(cell, evidence)
        if counts is None:
            silent.append(cell)
            continue
        if found := _low(counts, cell, parameters):
            low += found
            low_cells.append(cell)
        if (tells := _tells_of_all(counts, cell, evidence, parameters)) is not False:
            (group_cells if tells else unequal).append(cell)
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
        noun = evidence.statistic
        findings.append(
            Finding(
                "share.group",
                Verdict.FAIL,
                f"{plural(len(group_cells), f'{noun} is', f'{noun}s are')} of all (or nearly all) or of none of the "
                f"people, which tells about each of them: {listing([cell.name for cell in group_cells])}.",
                "Merge these cells with others or suppress them.",
                tuple(cell.place for cell in group_cells),
                {"coalition": parameters.group_coalition, "group_percent": parameters.group_percent},
                SOURCE,
            )
        )
    return [*findings, *unchecked("share", silent, "the people in numerator and denominator", SOURCE),
            *unchecked("share.group", unequal, "whether everybody has the same value", SOURCE)]
