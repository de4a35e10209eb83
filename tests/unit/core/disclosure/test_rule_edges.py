"""Where rules meet missing parameters, missing evidence, and numbers at the edge of what floats can hold."""

from dataclasses import replace
from fractions import Fraction

import pytest

from readingroom.core.disclosure.check import check_table_evidence
from readingroom.core.disclosure.contributions.judging import plain
from readingroom.core.disclosure.contributions.reading import MOST, parse_contributions
from readingroom.core.disclosure.evidence import (
    CellEvidence,
    FigureEvidence,
    Scale,
    TableEvidence,
    TablesEvidence,
    parse_evidence,
    tables_of,
)
from readingroom.core.disclosure.evidence.reading import MAX_CELLS
from readingroom.core.disclosure.matching import match
from readingroom.core.disclosure.rules.differencing import check_differencing
from readingroom.core.disclosure.rules.dominance import check_dominance
from readingroom.core.disclosure.rules.enumeration import Moments, revealed
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.inspection.model import PublishedTable
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

COMPLETE = Policy(
    threshold=10, threshold_inclusive=False, zeros_disclosive=False, dominance=frozenset({(2, 90.0)}), p_percent=10,
    residual_degrees_of_freedom=10, weights=frozenset({"total"}))


NOT_TWO = {"nonzero_people": 30, "lower_people": 0, "upper_people": 0}


def rules_of(statistic, policy=COMPLETE, table=(), **cell):
    one = CellEvidence(("a",), ("b",), 30, 30, **NOT_TWO | cell)
    return {finding.rule for finding in check_table_evidence(TableEvidence(statistic, "id", (one,), **dict(table)),
                                                             policy).findings}


@pytest.mark.parametrize(("statistic", "field", "evidence"), [
    ("median", "threshold", {"below": 12, "above": 12}),
    ("mode", "threshold", {"modal_people": 12}),
    ("share", "threshold", {"numerator_people": 12, "denominator_people": 30}),
    ("odds_ratio", "threshold", {"two_by_two": ((12, 12), (12, 12))}),
    ("sd", "residual_degrees_of_freedom", {"value": 2.5}),
    ("mean", "dominance", {"top": (9, 8), "total": 90}),
    ("mean", "p_percent", {"top": (9, 8), "total": 90}),
])
def test_a_parameter_that_is_not_set_is_named(statistic, field, evidence):
    assert "policy.incomplete" in rules_of(statistic, COMPLETE.model_copy(update={field: None}), **evidence)


def test_hidden_cells_need_a_threshold():
    cells = (CellEvidence(("a",), ("b",), 30, 30, suppressed=True), CellEvidence(("c",), ("b",), 30, 30))
    table = TableEvidence("count", "id", cells)
    assert [finding.rule for finding in check_differencing(table, Policy())] == ["policy.incomplete"]


def test_two_totals_of_one_line_are_one_total():
    cells = tuple(CellEvidence((row,), ("n",), people, people, suppressed=row in ("a", "Total"))
                  for row, people in (("a", 3), ("b", 20), ("Total", 23), ("All people", 23)))
    found = check_differencing(TableEvidence("count", "id", cells), COMPLETE)
    assert [(finding.rule, finding.verdict) for finding in found] == [("differencing", Verdict.FAIL)]


@pytest.mark.parametrize(("cell", "rules"), [
    ({"top": (6, 6), "total": 180, "constant": False}, set()),  # each has 6, of values that differ
    ({"top": (6, 6), "total": None}, {"dominance.unchecked", "p-percent.unchecked", "all-equal.unchecked"}),
])
def test_values_that_differ_may_come_to_equal_sums(cell, rules):
    assert rules_of("mean", **cell) == rules
    if cell["total"]:
        assert rules_of("sum", **cell) == {"all-equal"}


def test_weights_by_the_total_alone_need_no_weights_of_the_largest():
    assert rules_of("sum", top=(90, 5), total=300, weighted_total=900) == set()
    assert rules_of("sum", top=(90, 5), total=300, weighted_total=100) == {"dominance", "p-percent"}
    assert "dominance.unchecked" in rules_of("sum", top=(-90, 5), total=300, weighted_total=900)
    assert rules_of("sum", top=(-90, 5), total=300, absolute_total=500, weighted_total=800,
                    weighted_absolute_total=900) == set()


def test_evidence_that_contradicts_itself_is_not_judged():
    assert "dominance.unchecked" in rules_of("sum", top=(90, 5), total=60)


def test_whole_numbers_beyond_floats():
    huge = 10**400
    values = (huge, huge, huge // 10)
    table = TableEvidence("sum", "id", (CellEvidence(("a",), ("b",), 3, 3, values, sum(values)),))
    assert [finding.rule for finding in check_dominance(table, COMPLETE)] == ["dominance"]
    assert plain(Fraction(huge, 3)) == f"{huge}/3"


def test_empty_cells_need_no_rounding():
    cells = (CellEvidence(("a",), ("n",), 0, 0),)
    policy = COMPLETE.model_copy(update={"rounding_base": 5})
    assert not check_table_evidence(TableEvidence("count", "id", cells, column_names=()), policy).findings


@pytest.mark.parametrize(("cell", "rules"), [
    ({"value": None, "constant": False}, {"spread.unchecked"}),
    ({"value": 1.25}, set()),  # the mean is not published
    ({"value": 1.66, "mean": 3.0}, set()),
    ({"value": 1.55, "mean": 3.0}, {"spread.impossible"}),  # an odd sum of squares of an even sum
    ({"value": 1.52, "mean": 3.0}, set()),  # without a three 30 values cannot have it, but ten may have threes
    ({"value": 1.5, "mean": 3.0}, {"spread.impossible"}),  # of thirty whole numbers
])
def test_spread_on_a_scale(cell, rules):
    assert rules_of("variance", table={"scale": Scale(1, 1, 5), "decimals": 2}, **cell) == rules


def test_one_value_has_no_spread():
    one = CellEvidence(("a",), ("b",), 1, 1, value=1.5, mean=3, **NOT_TWO | {"nonzero_people": 1})
    table = TableEvidence("sd", "id", (one,), scale=Scale(1, 1, 5))
    assert {finding.rule for finding in check_table_evidence(table, COMPLETE).findings} == {"threshold", "spread"}


def test_moments_of_many_that_nothing_can_have():
    zero, one = Fraction(0), Fraction(1)
    for people in (40, 60):
        assert revealed(Moments(people, (Fraction(9), Fraction(9)), (zero, one)), 4).fits is False
    wide = (Fraction(1), Fraction(1)), (Fraction(900), Fraction(901))
    assert revealed(Moments(40, *wide), 4).fits is False  # all samples are looked at
    found = revealed(Moments(60, *wide), 4)
    assert (found.fits, found.unknown) == (None, (0, 1, 2, 3, 4))


def test_too_much_is_refused():
    cell = {"row": ["a"], "column": ["b"], "people": 1, "records": 1}
    table = {"kind": "table", "statistic": "count", "unit": "id"}
    with pytest.raises(InvalidInput, match=f"at most {MAX_CELLS}"):
        parse_evidence(table | {"cells": [cell] * (MAX_CELLS + 1)})
    with pytest.raises(InvalidInput, match="equally many labels"):
        parse_evidence(table | {"cells": [cell, cell | {"row": ["a", "b"]}]})
    with pytest.raises(InvalidInput, match="at most 1000000"):
        parse_contributions([1] * (MOST + 1))
    assert parse_contributions({"contributions": [1, 2], "total": 3, "n": 2}).cell.people == 2


def test_tables_of_any_evidence():
    table = TableEvidence("count", "id", (CellEvidence(("a",), ("b",), 1, 1),))
    assert tables_of(FigureEvidence(TablesEvidence((table, table)))) == (table, table)


@pytest.mark.parametrize(("statistic", "text", "cell", "table", "agrees"), [
    ("count", "40", {}, {}, True),
    ("count", "41", {}, {}, False),
    ("count", "40", {}, {"rounding": 5}, True),
    ("count", "45", {}, {"rounding": 5}, False),
    ("count", "45", {}, {"rounding": 6, "rounding_method": "controlled"}, False),
    ("count", "36", {}, {"rounding": 6, "rounding_method": "controlled"}, True),
    ("count", "39", {}, {"rounding": 6, "rounding_method": "midpoint"}, True),
    ("count", "42", {}, {"rounding": 6, "rounding_method": "midpoint"}, False),
    ("count", "1,234.5", {"value": 1234.5, "weighted_total": 1234.5}, {}, True),
    ("count", "45", {"margin": True, "value": 45}, {"rounding": 5}, True),  # the sum of rounded cells
    ("share", "12.5%", {"numerator_people": 5, "denominator_people": 40}, {}, True),
    ("share", "0.125", {"numerator_people": 5, "denominator_people": 40}, {}, True),
    ("share", "0.13", {"numerator_people": 5, "denominator_people": 40}, {}, True),
    ("share", "0.2", {"numerator_people": 5, "denominator_people": 40}, {}, False),
    ("share", "13%", {"numerator_people": 23, "denominator_people": 182}, {"rounding": 5}, False),  # 25 of 180 is 14%
    ("share", "14%", {"numerator_people": 23, "denominator_people": 182}, {"rounding": 5}, True),
    ("rate", "7.25", {"value": 7.25}, {}, True),
    ("odds_ratio", "3.5", {"two_by_two": ((40, 20), (20, 35))}, {}, True),
    ("odds_ratio", "3.6", {"two_by_two": ((40, 20), (20, 35))}, {}, False),
    ("risk_ratio", "1.833", {"two_by_two": ((40, 20), (20, 35))}, {}, True),
    ("risk_ratio", "1.8", {"two_by_two": ((40, 20), (0, 35))}, {}, False),
    ("top_mean", "15.5", {"top": (30,), "total": 620}, {}, True),
    ("mean", "2.5", {"top": (30,), "total": 620, "weighted_total": 900, "value": 2.5}, {}, True),
    ("median", "7", {"value": 7}, {}, True),
    ("median", "8", {}, {}, False),
    ("median", "seven", {"value": 7}, {}, False),
])
def test_a_published_number_agrees_with_its_evidence(statistic, text, cell, table, agrees):
    evidence = TableEvidence(statistic, "id", (CellEvidence(("a",), ("b",), 40, 40, **cell),), **table)
    published = PublishedTable(("g", "b"), (("a", text),), 2)
    assert match(evidence, published).complete is agrees


def crossed(rows, hidden=(), **table):
    """Counts by row and column with totals; `hidden` are places of suppressed cells."""
    names = [*"abcdef"[:len(rows[0])], "Total"]
    full = [[*row, sum(row)] for row in rows]
    full.append([sum(column) for column in zip(*full, strict=True)])
    lines = [*"NSWE"[:len(rows)], "Total"]
    return TableEvidence("count", "id", tuple(
        CellEvidence((line,), (name,), count, count, suppressed=(at, place) in hidden,
                     margin="Total" in (line, name), **table.get("cell", {}))
        for at, (line, counts) in enumerate(zip(lines, full, strict=True))
        for place, (name, count) in enumerate(zip(names, counts, strict=True))), row_names=("r",), column_names=("c",))


def test_hidden_cells_that_follow_tell_of_a_whole_row():
    """N, a and N, b are hidden and follow from their columns, so that all 25 of N are seen to be in a."""
    table = crossed([[25, 0, 0], [30, 40, 50]], {(0, 0), (0, 1)})
    policy = COMPLETE.model_copy(update={"group_disclosure": True})
    told = {(finding.rule, finding.verdict) for finding in check_differencing(table, policy)}
    assert ("differencing.group", Verdict.FAIL) in told
    safe = crossed([[25, 30, 40], [30, 40, 50], [25, 60, 70]], {(0, 1), (0, 2), (1, 1), (1, 2)})
    assert not [finding for finding in check_differencing(safe, policy) if finding.verdict is Verdict.FAIL]


def test_shown_numbers_that_cannot_be_true_together_are_for_a_person():
    """Controlled rounding keeps sums, and these do not add up: nothing can be said of the hidden cell."""
    table = crossed([[4, 21, 33], [30, 40, 50]], {(0, 0)})
    cells = tuple(cell if cell.suppressed else replace(cell, shown=5 * (cell.people // 5) + 500 * cell.margin)
                  for cell in table.cells)
    rounded = replace(table, cells=cells, rounding=5, rounding_method="controlled")
    assert ("differencing.unchecked", Verdict.REVIEW) in {
        (finding.rule, finding.verdict) for finding in check_differencing(rounded, COMPLETE)}
