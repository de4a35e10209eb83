"""A mean of zeros and ones is a share: it must rest on enough people with either."""

from __future__ import annotations

from fractions import Fraction

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rules.constant import all_equal
from readingroom.core.disclosure.rules.group import gives_away
from readingroom.core.disclosure.rules.magnitude import exact
from readingroom.core.disclosure.rules.threshold import is_low, limit_words
from readingroom.core.disclosure.rules.wording import listing, plural, unchecked
from readingroom.core.disclosure.statistics import FRACTIONS, canonical
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = ("UK LLC output policy, percentages by their underlying counts (January 2026); OpenSAFELY output checking "
          "guide, rates and percentages (2026)")
AVERAGES = frozenset({"mean", "sd", "variance"})
Parts = tuple[int, int]
NEITHER: Parts = (0, 0)


def check_indicator(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A mean, standard deviation, variance or rate of a value that is one of two fails as the share that it is.

    Formula: with a people who have the smaller value, b who have the larger one, and n in all: unsafe when a or b is
    above 0 and below the threshold, or by the group rule when a or b is at least n - k, or (not of a rate) above
    `group_percent` of n. Where a and b are not said they follow from total and number, once the two values are among
    the largest contributions; more than two different ones there show that it is no such value; else REVIEW.

    Source: UK LLC output policy, percentages by their underlying counts (January 2026); OpenSAFELY output checking
    guide, rates and percentages (2026).

    Example: t = 10: the mean of 0 and 1 over 200 people is 0.985: 3 people have 0: fails.
    """
    name = canonical(evidence.statistic)
    if name not in AVERAGES | FRACTIONS or parameters.threshold is None:
        return []
    if name in FRACTIONS:  # how many people a rate is of is not what it shows; most events are rare
        parameters = parameters.model_copy(update={"group_percent": None})
    told = [(cell, parts) for cell in evidence.published if cell.people and (parts := two_values(cell)) != NEITHER]
    told = [(cell, parts) for cell, parts in told if not all_equal(cell, evidence)]
    found = [(cell, words) for cell, parts in told if parts and (words := few_words(cell, parts, parameters))]
    silent = [cell for cell, parts in told if parts is None] if name in AVERAGES else []
    lacking = "whether its values are one of two, and how many people have which"
    return [*_few(evidence.statistic, found, parameters), *unchecked("indicator", silent, lacking, SOURCE)]


def check_indicator_sums(tables: tuple[TableEvidence, ...], parameters: Policy) -> list[Finding]:
    """The same of sums of such a value, whose number of people another table of the output shows."""
    if parameters.threshold is None:
        return []
    counted = {(cell.row, cell.column[:-1], cell.people) for table in tables for cell in table.published
               if canonical(table.statistic) == "count"}
    findings = []
    for table in tables:
        if canonical(table.statistic) == "sum":
            cells = [cell for cell in table.published
                     if cell.people and (cell.row, cell.column[:-1], cell.people) in counted]
            findings += _few("sum", [(cell, words) for cell in cells if (parts := two_values(cell))
                                     and (words := few_words(cell, parts, parameters))], parameters)
    return findings


def two_values(cell: CellEvidence) -> Parts | None:
    """How many people have the smaller and the larger of two values; 0 and 0 if there are not two; None: not known."""
    if cell.lower_people is not None or cell.upper_people is not None:
        return cell.lower_people or 0, cell.upper_people or 0
    values = sorted({exact(one) for one in cell.top})
    if cell.records != cell.people:  # what people have in all says nothing of single values
        return None
    if len(values) > 2:
        return NEITHER
    if len(values) < 2 or cell.total is None:
        return None
    smaller, larger = values
    many = (exact(cell.total) - cell.people * smaller) / (larger - smaller)
    close = round(many)
    if abs(many - close) > Fraction(1, 1000) or not 0 < close < cell.people:
        return NEITHER
    return cell.people - close, close


def few_words(cell: CellEvidence, parts: Parts, parameters: Policy) -> str:
    """Which of the two values too few people have, or nearly all; nothing where that is not so."""
    total, sides = cell.people, zip(parts, ("smaller", "larger"), strict=True)
    return ", ".join(
        f"{people:,} of {total:,} have the {which} value" for people, which in sides
        if people and people < total and (is_low(people, parameters) or gives_away(people, total, parameters)))


def _few(statistic: str, found: list[tuple[CellEvidence, str]], parameters: Policy) -> list[Finding]:
    if not found:
        return []
    found = sorted(found, key=lambda one: (one[0].row, one[0].column))
    return [Finding(
        "indicator", Verdict.FAIL,
        f"{plural(len(found), f'{statistic} tells', f'{statistic}s tell')} how many people have which of two values, "
        f"and these are too few, or nearly all: {listing([f'{cell.name}: {words}' for cell, words in found])}; each "
        f"needs {limit_words(parameters)} people.",
        "Merge these cells with others or suppress them.", tuple(cell.place for cell, _ in found),
        {"threshold": parameters.threshold, "coalition": parameters.group_coalition,
         "group_percent": parameters.group_percent}, SOURCE)]
