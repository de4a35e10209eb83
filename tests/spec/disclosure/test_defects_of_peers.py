"""What ACRO 1.0.2 was found to get wrong in tables, and what is said of the same here.

The numbers are those of the findings reproduced for it. Those on files, models and figures are tested where those are.
"""

import pytest

from readingroom.core.disclosure.check import check_output, check_table_evidence
from readingroom.core.disclosure.evidence import parse_evidence
from readingroom.core.disclosure.verdict import Finding, Verdict, combine
from readingroom.core.policy import Policy

PASS, REVIEW, FAIL = Verdict.PASS, Verdict.REVIEW, Verdict.FAIL
POLICY = Policy(
    threshold=10, threshold_inclusive=False, zeros_disclosive=True, dominance=frozenset({(2, 90.0)}),
    dominance_inclusive=True, p_percent=10.0, residual_degrees_of_freedom=10, weights=frozenset({"expand"}),
    output_types=frozenset({"csv"}), max_file_bytes=10**6, max_table_rows=5000)


def table(statistic, *cells, **more):
    return {"kind": "table", "statistic": statistic, "unit": "person_id", "cells": list(cells)} | more


def cell(row="North", column="value", people=20, **more):
    return {"row": [row], "column": [column], "people": people, "records": people} | more


def check(evidence, **policy):
    return check_table_evidence(evidence, POLICY.model_copy(update=policy))


def rules_of(result):
    return {finding.rule for finding in result.findings}


@pytest.mark.parametrize("name", ["<lambda>", "numpy.max", "first_row", "{'days': 'mean'}", "MEAN!", "skew", "nunique"])
def test_1_and_23_an_aggregation_that_is_not_known_is_never_a_pass(name):
    assert check(table(name, cell(people=4000))).verdict is REVIEW


@pytest.mark.parametrize("labels", [
    (1.0, 2.5), ("2024-01-01", "2024-02-01"), ("(0, 10]", "(10, 20]"), (True, False), ("Zoë", "名"),
    ('he said "no"', "a-b.c"), ("class", "None"), (None, 7),
])
def test_2_3_and_24_labels_of_any_kind_are_suppressed_where_the_record_says_so(labels):
    """The file shows a mark exactly where the evidence says suppressed, whatever the labels are."""
    cells = [cell(label, "people", people, suppressed=people < 10)
             for label, people in zip(labels, (4, 40), strict=True)]
    shown = ["" if one["row"][0] is None else str(one["row"][0]) for one in cells]
    quoted = ['"' + label.replace('"', '""') + '"' for label in shown]
    hidden = f"group,people\n{quoted[0]},[c]\n{quoted[1]},40\n".encode()
    leaking = f"group,people\n{quoted[0]},4\n{quoted[1]},40\n".encode()
    evidence = table("count", *cells, column_names=[], row_names=["group"])
    policy = POLICY.model_copy(update={"group_disclosure": False})
    assert check_output("t.csv", hidden, evidence, policy).verdict is PASS
    assert check_output("t.csv", leaking, evidence, policy).verdict is FAIL


def test_4_people_with_a_value_count_not_rows():
    """A mean over 4 of 20 people rests on 4."""
    evidence = table("mean", cell(people=4, missing=16, top=[5, 4, 3, 2], total=14))
    assert "threshold" in rules_of(check(evidence))


def test_5_people_count_not_rows():
    """Twenty rows of one person."""
    evidence = table("count", cell(column="count") | {"people": 1, "records": 20})
    assert "threshold" in rules_of(check(evidence))


@pytest.mark.parametrize("statistic", ["min", "max", "range"])
def test_6_raw_extremes_fail(statistic):
    assert check(table(statistic, cell(people=4000, value=12345))).verdict is FAIL


def test_7_a_mode_has_a_threshold():
    assert check(table("mode", cell(people=1, modal_people=1))).verdict is FAIL
    assert check(table("mode", cell(people=400, modal_people=3))).verdict is FAIL


def test_8_a_negative_value_switches_nothing_off_elsewhere():
    dominated = cell("North", top=[9998, 1, 1], total=10000, people=3)
    loss = cell("South", top=[-50, 40, 30], total=300, absolute_total=400, people=30)
    found = check(table("sum", dominated, loss), threshold=1)
    assert {place.row for finding in found.findings for place in finding.cells} == {("North",)}
    assert found.verdict is FAIL


def test_11_a_hidden_cell_does_not_follow_from_a_total():
    """20 shown, one hidden, 24 together: it was 4."""
    cells = [cell("North", "count", 20), cell("South", "count", 4, suppressed=True),
             cell("Total", "count", 24, margin=True)]
    assert "differencing" in rules_of(check(table("count", *cells, column_names=[], row_names=["region"])))


def test_12_everybody_in_one_category_is_seen_also_where_the_others_are_absent():
    cells = [cell("North", "convicted", 30), cell("South", "convicted", 40)]
    assert check(table("count", *cells, row_names=["region"], column_names=["outcome"])).verdict is FAIL
    assert check(table("count", *cells)).verdict is REVIEW  # a column may be a category
    assert check(table("mean", cell(people=20, top=[6] * 10, total=120))).verdict is FAIL  # all have 6


def test_15_rounding_is_judged_by_the_counts_before_it():
    safe = table("count", cell("a", "count", 41), cell("b", "count", 33), rounding=5, column_names=[], row_names=["g"])
    assert check(safe).verdict is PASS
    low = table("count", cell("a", "count", 41), cell("b", "count", 8), rounding=5, column_names=[], row_names=["g"])
    assert check(low).verdict is FAIL
    exact = b"g,count\na,41\nb,33\n"
    assert check_output("t.csv", exact, safe, POLICY).verdict is FAIL  # said to be rounded, and is not
    assert check_output("t.csv", b"g,count\na,40\nb,35\n", safe, POLICY).verdict is PASS


def test_16_a_share_is_not_a_count():
    evidence = table("share", cell(people=400, numerator_people=200, denominator_people=400))
    assert check(evidence).verdict is PASS
    assert check_output("t.csv", b"region,value\nNorth,0.5\n", evidence, POLICY).verdict is PASS
    assert check_output("t.csv", b"region,value\nNorth,50.0%\n", evidence, POLICY).verdict is PASS
    assert check_output("t.csv", b"region,value\nNorth,51%\n", evidence, POLICY).verdict is FAIL


def test_17_zeros_are_what_the_policy_says():
    cells = [cell("a", "x", 30), cell("a", "y", 20), cell("a", "z", 0)]
    more = [cell(row, column, 20) for row in "bc" for column in "xyz"]
    several = table("count", *cells, *more)
    assert check(several, zeros_disclosive=False).verdict is PASS
    assert check(several, zeros_disclosive=True).verdict is FAIL


def test_20_and_22_a_standard_deviation_says_which_cells_and_why():
    found = check(table("std", *(cell(name, people=people, value=2.5, lower_people=0, upper_people=0)
                                 for name, people in (("a", 30), ("b", 8)))))
    assert [(one.rule, [place.row for place in one.cells]) for one in found.findings] == [
        ("threshold", [("b",)]), ("spread", [("b",)])]


def test_21_zeros_have_no_largest_contributor():
    zeros = table("sum", cell(top=[0] * 10, total=0))
    assert rules_of(check(zeros)) == {"all-equal"}  # that everybody has nothing is told by another rule
    assert check(zeros, group_disclosure=False).verdict is PASS


def test_26_a_verdict_is_no_word_that_could_be_missed():
    with pytest.raises(ValueError, match="Review"):
        Verdict("Review")
    assert combine([Finding("a", REVIEW, ""), Finding("b", PASS, "")], checked=True) is REVIEW
    assert combine([], checked=False) is REVIEW


def test_28_parameters_belong_to_one_check():
    evidence = table("sum", cell(people=3, top=[50, 30, 20], total=100))
    loose, strict = {"dominance": frozenset({(1, 60.0)})}, {"dominance": frozenset({(1, 40.0)})}
    first = check(evidence, threshold=1, **loose)
    check(evidence, threshold=1, **strict)
    assert check(evidence, threshold=1, **loose) == first


def test_every_label_that_can_be_read_can_be_shown():
    evidence = parse_evidence(table("count", cell("<script>", "count", 30), cell("=1+1", "count", 30)))
    assert [one.name for one in evidence.cells] == ["<script> × count", "=1+1 × count"]
