"""`check_output`: what earns a PASS, and that nothing else gets one."""

import csv
import io
import json

import pytest

from readingroom.core.disclosure.check import check_output, check_table_evidence
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.policy import Policy
from tests.unit.core.inspection.samples import POLICY, png

ROWS = {"North": (40, 52), "South": (61, 33)}
COLUMNS = ("2023", "2024")


def evidence(rows=ROWS, statistic="count", **more):
    return {
        "kind": "table",
        "statistic": statistic,
        "unit": "person_id",
        "cells": [
            {"row": [row], "column": [column], "people": people, "records": people}
            for row, values in rows.items()
            for column, people in zip(COLUMNS, values, strict=True)
        ],
        "source": {"dataset": "courts", "version": "abc", "table": "cases"},
    } | more


def as_csv(rows=ROWS, columns=COLUMNS):
    out = io.StringIO()
    csv.writer(out).writerows([("region", *columns), *((row, *values) for row, values in rows.items())])
    return out.getvalue().encode()


def rules_of(result):
    return {finding.rule for finding in result.findings}


def test_a_table_that_agrees_with_safe_evidence_passes():
    result = check_output("table.csv", as_csv(), evidence(), POLICY)
    assert (result.output_type, result.verdict, result.findings) == ("csv", Verdict.PASS, ())


def test_the_same_table_without_evidence_needs_a_person():
    result = check_output("table.csv", as_csv(), None, POLICY)
    assert result.verdict is Verdict.REVIEW
    assert rules_of(result) == {"evidence.missing"}


@pytest.mark.parametrize(
    "field",
    [
        "threshold",
        "threshold_inclusive",
        "zeros_disclosive",
        "output_types",
        "max_file_bytes",
        "max_table_rows",
    ],
)
def test_a_policy_that_leaves_something_open_never_passes(field):
    result = check_output("table.csv", as_csv(), evidence(), POLICY.model_copy(update={field: None}))
    assert result.verdict > Verdict.PASS


def test_an_empty_policy_never_passes():
    assert check_output("table.csv", as_csv(), evidence(), Policy()).verdict is Verdict.FAIL


def test_a_number_edited_after_the_evidence_was_made_fails():
    result = check_output("table.csv", as_csv(ROWS | {"South": (61, 34)}), evidence(), POLICY)
    assert result.verdict is Verdict.FAIL
    assert "the file says 34, the evidence 33" in result.findings[0].message
    assert result.findings[0].cells[0].position == (1, 2)


def test_a_row_that_the_evidence_does_not_know_needs_a_person():
    result = check_output("table.csv", as_csv(ROWS | {"East": (80, 90)}), evidence(), POLICY)
    assert rules_of(result) == {"evidence.incomplete"}


def test_a_small_cell_fails_at_its_place_in_the_file():
    rows = ROWS | {"South": (61, 3)}
    finding = check_output("table.csv", as_csv(rows), evidence(rows), POLICY).findings[0]
    assert (finding.rule, finding.verdict, finding.cells[0].position) == ("threshold", Verdict.FAIL, (1, 2))
    assert "South × 2024: 3 people" in finding.message


def test_a_small_cell_masked_in_the_file_passes_unless_it_can_be_worked_out():
    rows = ROWS | {"South": (61, 3)}
    masked = rows | {"South": (61, "*")}
    assert check_output("table.csv", as_csv(masked), evidence(rows), POLICY).verdict is Verdict.PASS
    with_totals = {"North": (40, 92), "South": (3, 64)}
    claim = evidence(with_totals)
    for cell in claim["cells"]:
        if cell["column"] == ["2024"]:
            cell["column"] = ["Total"]
    claim["cells"].insert(1, {"row": ["North"], "column": ["2024"], "people": 52, "records": 52})
    claim["cells"].append({"row": ["South"], "column": ["2024"], "people": 61, "records": 61})
    published = {"North": (40, 52, 92), "South": ("*", 61, 64)}
    result = check_output("table.csv", as_csv(published, ("2023", "2024", "Total")), claim, POLICY)
    assert rules_of(result) == {"differencing"}


def test_means_are_compared_at_the_precision_shown():
    cells = [
        {"row": ["North"], "column": ["days"], "people": 40, "records": 40, "top": [9, 8], "total": 100.0}
    ]
    claim = evidence(statistic="mean") | {"cells": cells}
    assert check_output("m.csv", b"region,days\nNorth,2.5\n", claim, POLICY).verdict is Verdict.PASS
    assert check_output("m.csv", b"region,days\nNorth,2.6\n", claim, POLICY).verdict is Verdict.FAIL


def test_rounded_counts_agree_when_the_base_is_declared():
    rounded = {"North": (40, 50), "South": (60, 35)}
    assert check_output("t.csv", as_csv(rounded), evidence(rounding=5), POLICY).verdict is Verdict.PASS
    assert check_output("t.csv", as_csv(rounded), evidence(), POLICY).verdict is Verdict.FAIL


def test_a_figure_passes_only_with_the_table_that_it_draws():
    figure = {"kind": "figure", "underlying": evidence()}
    assert check_output("plot.png", png(), figure, POLICY).verdict is Verdict.PASS
    bare = check_output("plot.png", png(), None, POLICY)
    assert (bare.verdict, rules_of(bare)) == (Verdict.REVIEW, {"evidence.missing"})
    assert bare.findings[0].next_step
    small = {"kind": "figure", "underlying": evidence(ROWS | {"South": (61, 3)})}
    assert check_output("plot.png", png(), small, POLICY).verdict is Verdict.FAIL
    assert check_output("plot.png", png(), evidence(), POLICY).verdict is Verdict.REVIEW


@pytest.mark.parametrize(
    "broken",
    [
        [],
        "text",
        7,
        {},
        {"kind": "table"},
        {"kind": "model"},
        {"kind": "figure"},
        {"kind": "figure", "underlying": []},
        evidence() | {"surprise": 1},
        evidence() | {"cells": []},
        evidence() | {"cells": "x"},
        evidence() | {"statistic": ["count"]},
        evidence() | {"unit": None},
        evidence() | {"source": [1]},
        *(
            evidence() | {"cells": [{"row": ["a"], "column": ["b"], "people": 20, "records": 20} | change]}
            for change in (
                {"people": "20"},
                {"people": True},
                {"people": -1},
                {"people": 20.0},
                {"people": 2**80},
                {"people": 30},
                {"people": 0},
                {"records": None},
                {"top": [1] * 21},
                {"top": "1"},
                {"top": [float("nan")]},
                {"top": [True]},
                {"total": float("inf")},
                {"total": 10**400},
                {"row": "a"},
                {"row": [["a"]]},
                {"row": ["a" * 1000]},
                {"row": [10**5000]},
                {"suppressed": "no"},
                {"colour": "red"},
            )
        ),
        evidence() | {"cells": [{"row": ["a"], "column": ["b"], "people": 20, "records": 20}] * 2},
    ],
)
def test_malformed_evidence_fails_and_says_where(broken):
    result = check_output("table.csv", as_csv(), broken, POLICY)
    assert result.verdict is Verdict.FAIL
    assert "evidence.malformed" in rules_of(result)
    if isinstance(broken, dict):
        assert check_table_evidence(broken, POLICY).verdict is Verdict.FAIL


def test_findings_are_json_and_the_same_every_time():
    rows = ROWS | {"South": (61, 3)}
    one, two = (check_output("t.csv", as_csv(rows), evidence(rows), POLICY) for _ in range(2))
    assert one == two
    assert json.loads(json.dumps([finding.as_dict() for finding in one.findings]))


@pytest.mark.parametrize(
    "text", ["e5", "1.", ".5", "+40", "4e1", "40%", "1,2", "٤٠", "²", "inf", "nan", "-", "0x28"]
)
def test_odd_spellings_of_numbers_are_answered(text):
    rows = ROWS | {"South": (61, text)}
    assert check_output("t.csv", as_csv(rows), evidence(), POLICY).verdict in set(Verdict)
    if text not in {"nan", "-"}:
        assert check_output("t.csv", as_csv(rows), evidence(), POLICY).verdict is Verdict.FAIL


@pytest.mark.parametrize("change", [{"rounding": 0}, {"rounding": 101}, {"unit": "a\u202eb"}])
def test_evidence_that_would_let_anything_agree_fails(change):
    assert check_output("t.csv", as_csv(), evidence() | change, POLICY).verdict is Verdict.FAIL
