"""Several statistics of one output: what one is of and another is not must not be a few people."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rounded import counts_people
from readingroom.core.disclosure.rules.threshold import is_low
from readingroom.core.disclosure.rules.wording import listing, plural
from readingroom.core.disclosure.statistics import Family
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.3 (2024), differencing"
Pair = tuple[CellEvidence, CellEvidence]


def check_subset(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A cell fails when two statistics of one output are of the same people but for a few.

    Formula: with n people behind one number and m < n of them behind another of the same cell, unsafe when n - m is
    below the threshold: counts of all and of those who have a value, whose difference is who lacks one; and means of
    the k most extreme, or of all, whose totals give the n - m people between. Of rounded counts the difference is not
    known. Two quantiles fail in the same way when fewer people lie between them, unless as many have the upper one.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.3 (2024), differencing.

    Example: t = 10: the mean of the ten and of the eleven longest sentences: 11 of one less 10 of the other is the
    eleventh: fails.
    """
    return check_subsets((evidence,), parameters)


def check_subsets(tables: tuple[TableEvidence, ...], parameters: Policy) -> list[Finding]:
    """The rule for all tables of an output."""
    if parameters.threshold is None or len(tables) < 2:
        return []
    few = [(one, other) for one, other in _nested(tables) if is_low(one.people - other.people, parameters)]
    return [*_few(few, parameters), *_close(tables, parameters)]


def _few(few: list[Pair], parameters: Policy) -> list[Finding]:
    if not few:
        return []
    few.sort(key=lambda pair: (pair[0].row, pair[0].column, pair[1].column))
    described = [f"{other.name}: {plural(one.people - other.people, 'person', 'people')} less than {one.name}"
                 for one, other in few]
    return [Finding(
        "subset", Verdict.FAIL,
        f"{plural(len(few), 'number is', 'numbers are')} of the same people as another but for a few "
        f"({listing(described)}).",
        "Show one of the two, or take statistics of the same people.",
        tuple(dict.fromkeys(cell.place for pair in few for cell in pair)), {"threshold": parameters.threshold}, SOURCE)]


def _close(tables: tuple[TableEvidence, ...], parameters: Policy) -> list[Finding]:
    """Quantiles of one cell with too few people between them: both are near to what these have."""
    quantiles = sorted((table for table in tables if table.family is Family.POSITION and table.probability is not None),
                       key=lambda table: table.probability or 0)
    near: list[tuple[CellEvidence, int]] = []
    for lower, upper in combinations(quantiles, 2):
        found = {(cell.row, cell.column[:-1]): cell for cell in lower.published}
        for high in upper.published:
            low = found.get((high.row, high.column[:-1]))
            if low is None or low.above is None or high.above is None or low.value == high.value or (
                    low.people, low.records) != (high.people, high.records) or lower.probability == upper.probability:
                continue
            between = low.above - high.above
            if (between == 0 or is_low(between, parameters)) and is_low(max(high.at_value or 0, 1), parameters):
                near += [(low, between), (high, between)]
    if not near:
        return []
    described = [f"{cell.name}: {plural(between, 'person', 'people')}" for cell, between in near[1::2]]
    return [Finding(
        "subset.quantiles", Verdict.FAIL,
        f"Between {plural(len(described), 'quantile')} and a lower one are too few people ({listing(described)}), so "
        "both are close to what these have.", "Show quantiles further apart, or merge these cells with others.",
        tuple(dict.fromkeys(cell.place for cell, _ in near)), {"threshold": parameters.threshold}, SOURCE)]


def _nested(tables: tuple[TableEvidence, ...]) -> Iterator[Pair]:
    """The numbers of one cell where the people behind the second are surely some of those behind the first."""
    by_place: dict[object, list[tuple[TableEvidence, CellEvidence]]] = defaultdict(list)
    for table in tables:
        for cell in table.published:
            by_place[cell.row, cell.column[:-1]].append((table, cell))
    for shown in by_place.values():
        for (one, more), (other, less) in combinations(shown, 2):
            if more.people < less.people:
                one, more, other, less = other, less, one, more
            nested = _lacks_values(one, more, other, less) or _cut(one, more, other, less)
            if 0 < less.people < more.people and nested:
                yield more, less


def _lacks_values(one: TableEvidence, more: CellEvidence, other: TableEvidence, less: CellEvidence) -> bool:
    """A count of people, and of those among them who have a value."""
    return (counts_people(one) and counts_people(other) and one.rounding == other.rounding == 1
            and one.noise is other.noise is None and more.value is less.value is None
            and less.people + (less.missing or 0) == more.people)


def _cut(one: TableEvidence, more: CellEvidence, other: TableEvidence, less: CellEvidence) -> bool:
    """Means of fewer and of more of the most extreme, or of all, where those of one are some of the other's."""
    kinds = {one.family, other.family}
    if Family.SAFE_EXTREME not in kinds or not kinds <= {Family.SAFE_EXTREME, Family.LINEAR}:
        return False
    if one.family is other.family and one.statistic != other.statistic:
        return False
    return less.total is not None and more.total is not None and _has_values_of(more, less, other.statistic)


def _has_values_of(more: CellEvidence, less: CellEvidence, statistic: str) -> bool:
    """As far as the contributions that are listed tell, the largest by size; else it is taken to."""
    if len(more.top) == more.people and len(less.top) == less.people:
        return not Counter(less.top) - Counter(more.top)
    if "bottom" in statistic or any(value < 0 for value in (*more.top, *less.top)):
        return True  # the largest by size need not be among the fewer
    length = min(len(more.top), len(less.top))
    return length > 0 and more.top[:length] == less.top[:length]
