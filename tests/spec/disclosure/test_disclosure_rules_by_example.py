"""Worked examples of each rule, as tables that a custodian can read."""

import pytest

from readingroom.core.disclosure.check import check_table_evidence
from readingroom.core.disclosure.rules import RULES
from readingroom.core.disclosure.verdict import Verdict
from tests.spec.disclosure.policies import policy

PASS, REVIEW, FAIL = Verdict.PASS, Verdict.REVIEW, Verdict.FAIL


def table(cells, statistic="count", **more):
    return {"kind": "table", "statistic": statistic, "unit": "person_id", "cells": cells} | more


def counts(rows, columns=("2023", "2024"), suppressed=(), records=None):
    """A count table from {row: (people, ...)}; `suppressed` names (row, column)."""
    return table(
        [
            {
                "row": [row],
                "column": [column],
                "people": people,
                "records": records or people,
                "suppressed": (row, column) in suppressed,
            }
            for row, values in rows.items()
            for column, people in zip(columns, values, strict=True)
        ]
    )


def magnitude(contributions, statistic="sum", **more):
    return table(
        [
            {
                "row": ["North"],
                "column": ["days"],
                "people": len(contributions),
                "records": len(contributions),
                "top": sorted(contributions, key=abs, reverse=True)[:3],
                "total": sum(contributions),
            }
            | more
        ],
        statistic,
    )


def rules_of(result):
    return {finding.rule for finding in result.findings}


@pytest.mark.parametrize(
    ("people", "records", "threshold", "inclusive", "zeros", "verdict"),
    [
        (10, 10, 10, False, False, PASS),
        (9, 52, 10, False, False, FAIL),  # rows never count, people do
        (10, 10, 10, True, False, FAIL),  # OpenSAFELY: 7 or fewer
        (11, 11, 10, True, False, PASS),
        (0, 0, 10, False, False, PASS),
        (0, 0, 10, False, True, FAIL),  # UK LLC: zero is low
        (10, 10, None, False, False, REVIEW),
        (10, 10, 10, None, False, FAIL),  # unset is taken the strict way
        (11, 11, 10, None, False, REVIEW),
    ],
)
def test_threshold(people, records, threshold, inclusive, zeros, verdict):
    evidence = table([{"row": ["North"], "column": ["people"], "people": people, "records": records}])
    result = check_table_evidence(
        evidence, policy(threshold=threshold, threshold_inclusive=inclusive, zeros_disclosive=zeros)
    )
    assert result.verdict is verdict


def test_a_declared_structural_zero_goes_to_a_person():
    evidence = table(
        [
            {"row": ["Men"], "column": ["pregnant"], "people": 0, "records": 0, "structural": True},
            {"row": ["Men"], "column": ["other"], "people": 0, "records": 0, "structural": True},
        ]
    )
    assert check_table_evidence(evidence, policy(zeros_disclosive=True)).verdict is REVIEW


@pytest.mark.parametrize(
    ("contributions", "pairs", "verdict"),
    [
        ((60, 35, 5), {(2, 90.0)}, FAIL),
        ((60, 30, 10), {(2, 90.0)}, PASS),  # exactly k percent is safe
        ((60, 30, 10), {(2, 90.0), (1, 50.0)}, FAIL),  # several pairs: each must hold
        ((-60, 35, 5), {(2, 90.0)}, REVIEW),  # negatives without the absolute total
        ((0, 0, 0), {(2, 90.0)}, PASS),  # no largest contributor (that all are equal is another rule's)
        ((60, 35, 5), set(), PASS),
        ((60, 35, 5), None, REVIEW),
    ],
)
def test_dominance(contributions, pairs, verdict):
    rules = policy(
        dominance=None if pairs is None else frozenset(pairs), p_percent=0.0, threshold=1, group_disclosure=False)
    assert check_table_evidence(magnitude(contributions), rules).verdict is verdict
    assert check_table_evidence(magnitude(contributions, "mean"), rules).verdict is verdict


@pytest.mark.parametrize(
    ("contributions", "p", "verdict"),
    [
        ((60, 35, 5), 10.0, FAIL),
        ((60, 34, 6), 10.0, PASS),
        ((60,), 10.0, FAIL),
        ((60, 35, 5), None, REVIEW),
    ],
)
def test_p_percent(contributions, p, verdict):
    rules = policy(p_percent=p, dominance=frozenset(), threshold=1)
    assert check_table_evidence(magnitude(contributions), rules).verdict is verdict


def test_negative_contributions_are_judged_on_absolute_values():
    evidence = magnitude((-99, 50, 40, 30), absolute_total=219)
    assert check_table_evidence(evidence, policy(threshold=1)).verdict is PASS
    dominated = magnitude((-990, 5, 4, 1), absolute_total=1000)
    assert check_table_evidence(dominated, policy(threshold=1)).verdict is FAIL


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ({"North": (25, 25), "South": (25, 25)}, PASS),
        ({"North": (25, 0), "South": (25, 25)}, FAIL),  # everybody in the North was convicted
        ({"North": (25, 1), "South": (25, 25)}, FAIL),  # the one other person knows it
        ({"North": (25, 2), "South": (25, 25)}, PASS),
    ],
)
def test_group_disclosure(rows, verdict):
    assert check_table_evidence(counts(rows), policy(threshold=1)).verdict is verdict


def test_one_category_alone_goes_to_a_person():
    assert "group.one-category" in rules_of(
        check_table_evidence(counts({"North": (25,)}, ("Convicted",)), policy())
    )
    assert (
        check_table_evidence(counts({"North": (25,), "South": (30,)}, ("people",)), policy()).verdict is PASS
    )


@pytest.mark.parametrize(
    ("rows", "suppressed", "rules"),
    [
        # 24 - 20 = 4
        ({"North": (20, 4, 24), "South": (30, 40, 70)}, {("North", "2024")}, {"differencing"}),
        # nobody published a total for the row: nothing to subtract from
        ({"North": (20, 4), "South": (30, 40)}, {("North", "2024")}, set()),
        # two hidden cells, which hold 8 people together
        (
            {"North": (5, 3, 30, 38), "South": (30, 40, 50, 120)},
            {("North", "2022"), ("North", "2023")},
            {"differencing", "differencing.group"},
        ),
        # a hidden total follows from its parts
        ({"North": (20, 30, 50), "South": (30, 40, 70)}, {("North", "Total")}, set()),
    ],
)
def test_differencing_within_a_table(rows, suppressed, rules):
    width = len(next(iter(rows.values())))
    columns = {2: ("2023", "2024"), 3: ("2023", "2024", "Total"), 4: ("2022", "2023", "2024", "Total")}[width]
    result = check_table_evidence(counts(rows, columns, suppressed), policy())
    assert rules_of(result) == rules


@pytest.mark.parametrize(("rows", "hidden", "said"), [
    # no line has fewer than two hidden cells, but all four together leave a range of three
    ({"North": (4, 60, 2, 66), "South": (2, 30, 1, 33), "Total": (6, 90, 3, 99)},
     {("North", "2022"), ("North", "2024"), ("South", "2022"), ("South", "2024")},
     "suppressed cell North × 2022: 3 to 6, exposed"),
    # three unknowns in each line of three, and yet only one table fits
    ({"North": (0, 0, 9, 9), "South": (30, 40, 50, 120), "Total": (30, 40, 59, 129)},
     {("North", "2022"), ("North", "2023"), ("North", "2024"), ("South", "2022"), ("South", "2023"),
      ("South", "2024")}, None),
])
def test_a_range_that_is_too_narrow_fails_and_is_said(rows, hidden, said):
    result = check_table_evidence(counts(rows, ("2022", "2023", "2024", "Total"), hidden),
                                  policy(zeros_disclosive=False, group_disclosure=False))
    assert result.verdict is FAIL
    assert said is None or any(said in finding.message for finding in result.findings)


def test_people_in_two_cells_are_no_contradiction():
    """24 people, one of them in both years: a reader who knows that subtracts 24 + 1 - 21."""
    exposed = check_table_evidence(counts({"North": (21, 4, 24)}, ("2023", "2024", "Total"), {("North", "2024")}),
                                   policy())
    assert rules_of(exposed) == {"differencing"}
    assert "North × 2024: 4, exposed" in exposed.findings[0].message
    wide = counts({"North": (21, 4, 30, 50), "South": (20, 30, 40, 85), "Total": (40, 34, 70, 130)},
                  ("2022", "2023", "2024", "Total"),
                  {(row, column) for row in ("North", "South") for column in ("2022", "2023")})
    assert check_table_evidence(wide, policy()).verdict is PASS


def test_a_total_of_more_people_than_its_cells_goes_to_a_person():
    rows = {"North": (21, 4, 60), "South": (20, 30, 50), "Total": (41, 34, 110)}
    hidden = {(row, column) for row in ("North", "South") for column in ("2023", "2024")}
    result = check_table_evidence(counts(rows, ("2023", "2024", "Total"), hidden), policy())
    assert rules_of(result) == {"differencing.unchecked"}
    assert result.verdict is REVIEW


def test_the_only_person_of_a_hidden_cell_reads_too():
    """North: 1 and 12 hidden of 13. Whoever is the 1 knows the 12; of the others' 4 in the South nothing new."""
    rows = {"North": (1, 9, 30, 40), "South": (30, 40, 50, 120), "Total": (31, 49, 80, 160)}
    hidden = {("North", "2022"), ("North", "2023"), ("South", "2022"), ("South", "2023")}
    result = check_table_evidence(counts(rows, ("2022", "2023", "2024", "Total"), hidden),
                                  policy(zeros_disclosive=False))
    assert any("exposed to the only contributor of North × 2022" in finding.message for finding in result.findings)


def _statistics(hidden):
    """North and South, their people, sum and mean; `hidden` names what is not shown of the North."""
    facts = {"North": (4, 40.0), "South": (20, 400.0), "Total": (24, 440.0)}
    return {"kind": "tables", "tables": [
        {"kind": "table", "statistic": name, "unit": "person_id", "cells": [
            {"row": [row], "column": [name], "people": people, "records": people, "margin": row == "Total",
             "top": [], "total": total, "value": total / people,
             "suppressed": row == "North" and name in hidden} if name != "count" else
            {"row": [row], "column": [name], "people": people, "records": people, "margin": row == "Total",
             "suppressed": row == "North" and name in hidden} for row, (people, total) in facts.items()]}
        for name in ("count", "sum", "mean")]}


def test_statistics_of_one_output_are_read_together():
    """The sum of a row whose mean is shown beside sums and people of all rows."""
    everything = {"count", "sum", "mean"}
    assert "differencing" in rules_of(check_table_evidence(_statistics(everything), policy()))
    only_shares = {"kind": "table", "statistic": "share", "unit": "person_id", "cells": [
        {"row": ["North"], "column": [column], "people": people, "records": people, "value": people / 100,
         "numerator_people": people, "denominator_people": 100, "suppressed": people < 10}
        for column, people in (("2022", 40), ("2023", 56), ("2024", 4))]}
    assert "differencing" in rules_of(check_table_evidence(only_shares, policy()))


def test_rounded_counts_are_read_by_their_rounding():
    """Base 10: 27 and 23 are 30 and 20, so 1 to 19 in the row; 44 and 40 are both 40, so 0 to 9 in the column."""
    rows = {"North": (23, 4, 27), "South": (30, 40, 70), "Total": (53, 44, 97)}
    rounded = counts(rows, ("2023", "2024", "Total"), {("North", "2024")}) | {"rounding": 10}
    found = check_table_evidence(rounded, policy(zeros_disclosive=False))
    assert "North × 2024: 1 to 9, exposed" in found.findings[0].message
    rows = {"North": (23, 4, 27), "South": (30, 44, 74), "Total": (53, 48, 101)}
    rounded = counts(rows, ("2023", "2024", "Total"), {("North", "2024")}) | {"rounding": 10}
    assert check_table_evidence(rounded, policy(zeros_disclosive=False)).verdict is PASS  # 1 to 19 both ways


def test_one_recovered_cell_gives_away_the_next():
    rows = {"North": (4, 20, 24), "South": (11, 40, 51), "Total": (15, 60, 75)}
    hidden = {("North", "2023"), ("South", "2023"), ("South", "2024")}
    result = check_table_evidence(counts(rows, ("2023", "2024", "Total"), hidden), policy())
    assert "differencing" in rules_of(result)


@pytest.mark.parametrize(("left", "needed", "verdict"), [(9, 10, FAIL), (10, 10, PASS), (10, None, REVIEW)])
def test_degrees_of_freedom(left, needed, verdict):
    evidence = counts({"North": (25, 25)}) | {"residual_degrees_of_freedom": left}
    assert check_table_evidence(evidence, policy(residual_degrees_of_freedom=needed)).verdict is verdict


@pytest.mark.parametrize(
    ("statistic", "verdict"), [("max", FAIL), ("min", FAIL), ("kurtosis", REVIEW), ("<lambda>", REVIEW)]
)
def test_statistics_without_rules_never_pass(statistic, verdict):
    assert (
        check_table_evidence(
            table([{"row": ["a"], "column": ["b"], "people": 99, "records": 99}], statistic), policy()
        ).verdict
        is verdict
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_says_its_formula_source_and_example(rule):
    for part in ("Formula:", "Source:", "Example:"):
        assert part in rule.__doc__


@pytest.mark.parametrize(("unit", "verdict"), [("person_id", PASS), ("each row", REVIEW)])
def test_rows_that_are_nobodys_in_particular_go_to_a_person(unit, verdict):
    cells = [{"row": [name], "column": [], "people": 99, "records": 99} for name in "ab"]
    assert check_table_evidence(table(cells) | {"unit": unit}, policy()).verdict is verdict
