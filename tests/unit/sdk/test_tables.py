"""Tables: evidence as a slow reference counts it, checks that agree with the file, suppression that holds."""

from __future__ import annotations

import subprocess
import sys

import pandas
import pytest

import readingroom.sdk as rr
from readingroom.core.disclosure import Verdict, check_output, check_table_evidence
from readingroom.core.disclosure.evidence import parse_evidence
from readingroom.core.disclosure.rules.differencing import recoverable
from readingroom.core.disclosure.rules.lines import lines
from readingroom.core.policy import Policy
from readingroom.demo import generate
from readingroom.errors import InvalidInput, Unavailable
from readingroom.sdk._suppression import determined, suppressed

POLICY = Policy(
    threshold=10, threshold_inclusive=False, zeros_disclosive=True, dominance=frozenset({(2, 90.0)}), p_percent=10,
    residual_degrees_of_freedom=10, output_types=frozenset({"csv", "png", "txt"}), max_file_bytes=1_000_000,
    max_table_rows=5000)
COURTS = generate(2000, seed=1)["magistrates-courts"]


def frame(name: str) -> pandas.DataFrame:
    made = COURTS[name].to_pandas()
    made.attrs = {"dataset": "magistrates-courts", "version": "1", "table": name, "privacy_unit": "person_id"}
    return made


CASES, DEFENDANTS = frame("cases"), frame("defendants")


def check(table: rr.Table):
    return check_output("table.csv", table.csv(), table.evidence, POLICY)


def reference(rows: pandas.DataFrame, value: str | None) -> dict:
    """One person, one record at a time."""
    if value:
        rows = rows[rows[value].notna()]
    holdings: dict[str, float] = {}
    for person, amount in zip(rows["person_id"], rows[value] if value else [0.0] * len(rows), strict=True):
        holdings[person] = holdings.get(person, 0.0) + amount
    return {"people": len(holdings), "records": len(rows), "total": sum(holdings.values()),
            "top": sorted(holdings.values(), key=abs, reverse=True)[:10]}


@pytest.mark.parametrize(("statistic", "value"), [("count", None), ("sum", "fine_pounds"), ("mean", "custody_months")])
def test_evidence_is_what_a_slow_reference_counts(statistic, value):
    table = rr.table(CASES, "offence_group", "plea", value=value, statistic=statistic, totals=True)
    assert any(cell["people"] for cell in table.cells)
    for cell in table.cells:
        rows = CASES
        for column, (label,) in (("offence_group", cell["row"]), ("plea", cell["column"])):
            rows = rows if label == "Total" else rows[rows[column] == label]
        expected = reference(rows, value)
        assert (cell["people"], cell["records"]) == (expected["people"], expected["records"])
        assert bool(cell.get("margin")) == ("Total" in cell["row"] + cell["column"])
        if value:
            assert cell["total"] == pytest.approx(expected["total"])
            assert cell["top"] == pytest.approx(expected["top"])


def test_a_count_is_of_people_not_rows():
    table = rr.table(CASES, "offence_group")
    shown = table.frame["people"]["SM"]
    rows = CASES[CASES["offence_group"] == "SM"]
    assert shown == rows["person_id"].nunique() < len(rows)


@pytest.mark.parametrize("table", [
    rr.table(DEFENDANTS, "region", "sex"),
    rr.table(DEFENDANTS, "region", "sex", totals=True),
    rr.table(DEFENDANTS, "region"),
    rr.table(DEFENDANTS, ["region"], ["sex"]).round(5),
    rr.table(CASES, "disposal", "plea", totals=True).round(10),
    rr.table(DEFENDANTS, "region", value="cases", statistic="mean"),
    rr.table(DEFENDANTS, "region", "sex", value="cases", statistic="mean", totals=True),
    rr.table(CASES, "result_year", value="fine_pounds", statistic="mean"),
    rr.table(CASES, "result_year", value="fine_pounds", statistic="sum", totals=True),
], ids=str)
def test_a_safe_table_passes_the_airlock_as_saved(table):
    result = check(table)
    assert (result.verdict, result.findings) == (Verdict.PASS, ())


@pytest.mark.parametrize(("rows", "columns", "more"), [
    ("offence_group", "plea", {}),
    ("offence_group", "disposal", {}),
    (["disposal", "sent_to_crown"], "plea", {}),
    ("offence_group", "disposal", {"value": "fine_pounds", "statistic": "sum"}),
    ("offence_group", "plea", {"value": "custody_months", "statistic": "mean"}),
])
@pytest.mark.parametrize("totals", [True, False])
def test_suppression_leaves_nothing_recoverable(rows, columns, more, totals):
    table = rr.table(CASES, rows, columns, totals=totals, **more)
    cells = suppressed(table.evidence, POLICY)
    evidence = parse_evidence(table.evidence | {"cells": list(cells)})
    assert not [finding for finding in check_table_evidence(evidence, POLICY).findings
                if finding.verdict is Verdict.FAIL]
    if more.get("statistic") != "mean":
        known = [line for line in lines(evidence) if len(line.totals) == 1]
        assert not recoverable(known)
        assert not determined(known)


def test_a_suppressed_and_rounded_table_passes_and_shows_marks(monkeypatch):
    monkeypatch.setattr("readingroom.sdk._preflight.rules", lambda: rr._preflight.Rules(POLICY, known=True))
    risky = rr.table(CASES, "offence_group", "plea", totals=True)
    assert check(risky).verdict is Verdict.FAIL
    assert "unsafe" in risky._repr_html_()
    safe = risky.suppress().round(5)
    assert check(safe).verdict is Verdict.PASS
    assert b"[c]" in safe.csv()
    assert safe.check().passed
    assert "unsafe" not in safe._repr_html_()


def test_a_table_that_no_hiding_makes_safe_is_refused(monkeypatch):
    monkeypatch.setattr("readingroom.sdk._preflight.rules", lambda: rr._preflight.Rules(POLICY, known=True))
    with pytest.raises(InvalidInput) as refusal:
        rr.table(DEFENDANTS.head(8), "region", "sex", totals=True).suppress()
    assert refusal.value.rule == "table.suppress"


def test_sums_together_reveal_what_no_single_line_does():
    """Rows 1 and 2 less columns A and B leave one cell, though every line has two hidden."""
    hidden = {("1", "A"), ("1", "B"), ("2", "A"), ("2", "B"), ("2", "C"), ("3", "C")}
    numbers = {(r, c): 30 for r in "123" for c in "ABC"}
    cells = []
    for r in (*"123", "Total"):
        for c in (*"ABC", "Total"):
            people = sum(n for (a, b), n in numbers.items() if r in (a, "Total") and c in (b, "Total"))
            cells.append({"row": [r], "column": [c], "people": people, "records": people,
                          "suppressed": (r, c) in hidden})
    evidence = parse_evidence({"kind": "table", "statistic": "count", "unit": "p", "cells": cells})
    table = lines(evidence)
    exposed = determined(table)
    assert exposed == {(("2",), ("C",)), (("3",), ("C",))}


def test_missing_values_are_left_out_and_said():
    table = rr.table(DEFENDANTS, "sex")
    assert table.left_out == DEFENDANTS["sex"].isna().sum() > 0
    assert f"{table.left_out:,} rows" in table._repr_html_()


def test_labels_cannot_break_out_of_the_page():
    people = DEFENDANTS.assign(region="<script>alert(1)</script>")
    assert "<script>" not in rr.table(people, "region")._repr_html_()


@pytest.mark.parametrize(("arguments", "rule"), [
    ({"rows": "region", "statistic": "max", "value": "cases"}, "table.statistic"),
    ({"rows": "nowhere"}, "table.column"),
    ({"rows": []}, "table.column"),
    ({"rows": "region", "columns": "region"}, "table.column"),
    ({"rows": "region", "statistic": "mean"}, "table.value"),
    ({"rows": "region", "value": "cases"}, "table.value"),
])
def test_what_cannot_be_made_is_refused(arguments, rule):
    with pytest.raises(InvalidInput) as refusal:
        rr.table(DEFENDANTS, **arguments)
    assert refusal.value.rule == rule


def test_without_a_known_unit_there_is_no_table():
    plain = pandas.DataFrame(COURTS["defendants"].to_pandas())
    with pytest.raises(InvalidInput) as refusal:
        rr.table(plain, "region")
    assert refusal.value.rule == "table.unit"
    assert rr.table(plain, "region", unit="person_id").cells


def test_offline_nothing_passes(monkeypatch):
    monkeypatch.delenv("READINGROOM_DOOR", raising=False)
    checked = rr.preflight(rr.table(DEFENDANTS, "region", "sex"))
    assert checked.verdict is Verdict.REVIEW
    assert "rules.unknown" in {finding.rule for finding in checked.findings}


def test_offline_nothing_is_suppressed_by_other_rules(monkeypatch):
    monkeypatch.delenv("READINGROOM_DOOR", raising=False)
    with pytest.raises(Unavailable) as refusal:
        rr.table(CASES, "offence_group", "plea").suppress()
    assert refusal.value.rule == "rules.unknown" and "rr.workspace()" in refusal.value.next_step


@pytest.mark.parametrize("totals", [True, False])
def test_a_median_is_right_and_left_to_people(totals):
    table = rr.table(CASES, "plea", value="fine_pounds", statistic="median", totals=totals)
    for cell in table.cells:
        rows = CASES if cell.get("margin") else CASES[CASES["plea"] == cell["row"][0]]
        assert cell["value"] == rows["fine_pounds"].median()
    result = check(table)
    assert result.verdict is Verdict.REVIEW
    assert {finding.rule for finding in result.findings} == {"position.unchecked", "all-equal.unchecked"}


def test_a_suppressed_median_hides_small_groups():
    few = CASES[CASES["fine_pounds"].notna()].head(300)
    table = rr.table(few, "offence_group", value="fine_pounds", statistic="median")
    hidden = {cell["row"][0] for cell in suppressed(table.evidence, POLICY) if cell.get("suppressed")}
    assert hidden == {cell["row"][0] for cell in table.cells if cell["people"] <= 10} != set()


def test_a_preflight_says_verdict_reason_and_next_step(monkeypatch):
    monkeypatch.setattr("readingroom.sdk._preflight.rules", lambda: rr._preflight.Rules(POLICY, known=True))
    good, bad = rr.table(DEFENDANTS, "region", "sex"), rr.table(DEFENDANTS.head(60), "region", "sex")
    checked = rr.preflight(good, bad)
    lines = repr(checked).splitlines()
    assert lines[0] == "PASS    table-1.csv: the automatic checks found nothing; two people will look at it as well."
    assert lines[1].startswith("FAIL    table-2.csv: it would be sent back")
    assert any(line.strip().startswith("Next: ") for line in lines)
    assert "it would be sent back" in checked._repr_html_() and "Next: " in checked._repr_html_()


def test_the_sdk_is_there_at_once():
    code = ("import time; begun = time.perf_counter(); import readingroom.sdk, sys; "
            "assert time.perf_counter() - begun < 0.5; "
            "assert not {'pandas', 'matplotlib', 'httpx', 'pydantic', 'numpy'} & set(sys.modules)")
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "src"})
