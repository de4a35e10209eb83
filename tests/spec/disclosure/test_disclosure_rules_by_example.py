"""Worked examples of each rule, as tables that a custodian can read."""

import pytest

from readingroom.core.disclosure.check import check_table_evidence
from readingroom.core.disclosure.rules import RULES
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.policy import Policy

PASS, REVIEW, FAIL = Verdict.PASS, Verdict.REVIEW, Verdict.FAIL


def policy(**changes):
    settings = {
        "threshold": 10,
        "threshold_inclusive": False,
        "zeros_disclosive": False,
        "dominance": frozenset({(2, 90.0)}),
        "p_percent": 10.0,
        "residual_degrees_of_freedom": 10,
    }
    return Policy(**settings | changes)


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
    ("rows", "suppressed", "rule"),
    [
        # 24 - 20 = 4
        ({"North": (20, 4, 24), "South": (30, 40, 70)}, {("North", "2024")}, "differencing"),
        # nobody published a total for the row: nothing to subtract from
        ({"North": (20, 4), "South": (30, 40)}, {("North", "2024")}, None),
        # two hidden cells, which hold 8 people together
        (
            {"North": (5, 3, 30, 38), "South": (30, 40, 50, 120)},
            {("North", "2022"), ("North", "2023")},
            "differencing.group",
        ),
        # a hidden total follows from its parts
        ({"North": (20, 30, 50), "South": (30, 40, 70)}, {("North", "Total")}, None),
    ],
)
def test_differencing_within_a_table(rows, suppressed, rule):
    width = len(next(iter(rows.values())))
    columns = {2: ("2023", "2024"), 3: ("2023", "2024", "Total"), 4: ("2022", "2023", "2024", "Total")}[width]
    result = check_table_evidence(counts(rows, columns, suppressed), policy())
    assert rules_of(result) == ({rule} if rule else set())


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
