"""Hiding cells by the sums that the check knows: subtotals of every level, shares, means; then the check passes."""

from __future__ import annotations

import itertools
import random

import pytest

from readingroom.core.disclosure import Verdict, check_table_evidence
from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence, TablesEvidence
from readingroom.core.disclosure.remedies import hide_unsafe
from readingroom.core.policy import Policy

POLICY = Policy(threshold=10, threshold_inclusive=False, zeros_disclosive=False, dominance=frozenset({(2, 90.0)}),
                p_percent=10, group_disclosure=False, weights=frozenset({"expand"}))


def subtotals(counts: dict[tuple[str, str], int], years=("2023", "2024")) -> TableEvidence:
    """Region and town down, year across, with towns' totals by region, everything's, and of all years."""
    towns = list(dict.fromkeys(key[:2] for key in counts))
    cells = []
    def add(row, column, people):
        cells.append(CellEvidence(row, (column,), people, people, margin="Total" in (*row, column)))
    regions = list(dict.fromkeys(region for region, _ in towns))
    for year in (*years, "Total"):
        chosen = years if year == "Total" else (year,)
        def total(keep, chosen=chosen):
            return sum(counts[*town, one] for town in towns if keep(town) for one in chosen)
        for town in towns:
            add(town, year, total(lambda one, town=town: one == town))
        for region in regions:
            add((region, "Total"), year, total(lambda one, region=region: one[0] == region))
        add(("Total", "Total"), year, total(lambda one: True))
    return TableEvidence("count", "p", tuple(cells), row_names=("region", "town"), column_names=("year",))


@pytest.mark.parametrize("seed", range(6))
def test_subtotals_of_several_levels_are_protected_and_then_pass(seed):
    draw = random.Random(seed)
    towns = [(region, f"{region}{town}") for region in "NSW" for town in range(3)]
    counts = {(*town, year): draw.choice([3, 7, 12, 25, 40, 80]) for town in towns for year in ("2023", "2024")}
    table = subtotals(counts)
    found = hide_unsafe((table,), POLICY)
    assert found.primary
    assert check_table_evidence(found.tables[0], POLICY).verdict is Verdict.PASS
    only = table.with_cells(tuple(cell if (cell.row, cell.column) not in found.primary else
                                  next(one for one in found.tables[0].cells if one.place == cell.place)
                                  for cell in table.cells))
    if found.secondary:
        assert check_table_evidence(only, POLICY).verdict is Verdict.FAIL


@pytest.mark.parametrize("of", ["row", "all"])
def test_shares_hide_what_their_wholes_would_tell(of):
    """Shares of people are their numbers as soon as their whole is known, so one hidden cell is never alone."""
    people = {("N", "x"): 40, ("N", "y"): 35, ("N", "z"): 4, ("S", "x"): 30, ("S", "y"): 50, ("S", "z"): 20}
    whole = {region: sum(count for key, count in people.items() if of == "all" or key[0] == region) for region in "NS"}
    cells = tuple(CellEvidence((region,), (kind,), count, count, value=count / whole[region], numerator_people=count,
                               denominator_people=whole[region]) for (region, kind), count in people.items())
    shares = TableEvidence("share", "p", cells, row_names=("region",), column_names=("kind",), decimals=3)
    found = hide_unsafe((shares,), POLICY)
    assert found.primary == {(("N",), ("z",))}
    assert found.secondary
    assert check_table_evidence(found.tables[0], POLICY).verdict is Verdict.PASS


def test_a_count_beside_its_share_hides_both():
    people = {"a": 40, "b": 35, "c": 4}
    def made(statistic, title, **more):
        return TableEvidence(statistic, "p", tuple(
            CellEvidence((name,), (title,), count, count, **({} if statistic == "count" else {
                "value": count / 79, "numerator_people": count, "denominator_people": 79}))
            for name, count in people.items()), row_names=("kind",), column_names=(), **more)
    found = hide_unsafe((made("count", "people"), made("share", "share", decimals=3)), POLICY)
    hidden = [{cell.row for cell in table.cells if cell.suppressed} for table in found.tables]
    assert hidden[0] == hidden[1] and len(hidden[0]) == 2
    assert check_table_evidence(TablesEvidence(found.tables), POLICY).verdict is Verdict.PASS


def test_sums_are_hidden_with_their_levels_in_subtotals():
    draw = random.Random(3)
    cells = []
    values = {key: [draw.randint(1, 60) for _ in range(15)] for key in itertools.product("NSW", "ab", ["x", "y"])}
    values["N", "a", "x"] = [900, *[1] * 14]
    def add(row, column, given, margin):
        top = tuple(sorted(given, reverse=True)[:10])
        cells.append(CellEvidence(row, column, len(given), len(given), top, sum(given), margin=margin))
    for column in ("x", "y", "Total"):
        for row in [*itertools.product("NSW", ["a", "b", "Total"]), ("Total", "Total")]:
            given = [value for (region, town, kind), one in values.items() for value in one
                     if row[0] in (region, "Total") and row[1] in (town, "Total") and column in (kind, "Total")]
            add(row, (column,), given, "Total" in (*row, column))
    found = hide_unsafe((TableEvidence("sum", "p", tuple(cells), row_names=("r", "t"), column_names=("k",)),), POLICY)
    assert (("N", "a"), ("x",)) in found.primary and len(found.secondary) >= 3
    assert check_table_evidence(found.tables[0], POLICY).verdict is Verdict.PASS
