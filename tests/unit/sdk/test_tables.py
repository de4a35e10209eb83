"""Tables: evidence as a slow reference counts it, checks that agree with the file, suppression that holds."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pandas
import pytest

import readingroom.sdk as rr
from readingroom.core.disclosure import Verdict, check_output, check_table_evidence
from readingroom.core.disclosure.remedies import hide_unsafe
from readingroom.core.policy import Policy
from readingroom.demo import generate
from readingroom.errors import InvalidInput, Unavailable
from readingroom.sdk import _preflight

POLICY = Policy(
    threshold=10, threshold_inclusive=False, zeros_disclosive=True, dominance=frozenset({(2, 90.0)}), p_percent=10,
    residual_degrees_of_freedom=10, output_types=frozenset({"csv", "png", "txt"}), max_file_bytes=1_000_000,
    max_table_rows=5000, weights=frozenset({"expand"}))
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
        if value and expected["people"]:
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
    found = hide_unsafe(table.tables, POLICY)
    (evidence,) = found.tables
    assert not [finding for finding in check_table_evidence(evidence, POLICY).findings
                if finding.verdict is Verdict.FAIL]
    if more.get("statistic") != "mean":
        assert check_table_evidence(evidence, POLICY).verdict is Verdict.PASS
        assert bool(found.audits) == (totals and bool(found.primary))
        assert all(audit.verdict is Verdict.PASS for audit in found.audits)


def test_a_suppressed_and_rounded_table_passes_and_shows_marks(monkeypatch):
    monkeypatch.setattr("readingroom.sdk._preflight.rules", lambda: _preflight.Rules(POLICY, known=True))
    risky = rr.table(CASES, "offence_group", "plea", totals=True)
    assert check(risky).verdict is Verdict.FAIL
    assert "unsafe" in risky._repr_html_()
    safe = risky.suppress().round(5)
    assert check(safe).verdict is Verdict.PASS
    assert b"[c]" in safe.csv()
    assert safe.check().passed
    assert "unsafe" not in safe._repr_html_()


def test_a_table_that_no_hiding_makes_safe_is_refused(monkeypatch):
    monkeypatch.setattr("readingroom.sdk._preflight.rules", lambda: _preflight.Rules(POLICY, known=True))
    with pytest.raises(InvalidInput) as refusal:
        rr.table(DEFENDANTS.head(8), "region", "sex", totals=True).suppress()
    assert refusal.value.rule == "table.suppress"


def test_what_is_hidden_is_proved_against_all_sums_together():
    """Rows 1 and 2 less columns A and B would leave one cell, though every line has two hidden."""
    numbers = {(r, c): 30 for r in "123" for c in "ABC"} | {("2", "C"): 4, ("1", "A"): 3, ("3", "C"): 5}
    rows = [{"r": r, "c": c, "p": f"{r}{c}{number}"} for (r, c), people in numbers.items() for number in range(people)]
    found = hide_unsafe(rr.table(pandas.DataFrame(rows), "r", "c", unit="p", totals=True).tables, POLICY)
    assert found.primary == {(("2",), ("C",)), (("1",), ("A",)), (("3",), ("C",))}
    assert found.secondary and all(audit.verdict is Verdict.PASS for audit in found.audits)
    assert {one.value for audit in found.audits for one in audit.inferences} == {3, 4, 5}


def test_missing_values_are_left_out_and_said():
    table = rr.table(DEFENDANTS, "sex")
    assert table.left_out == DEFENDANTS["sex"].isna().sum() > 0
    assert f"{table.left_out:,} rows" in table._repr_html_()


def test_labels_cannot_break_out_of_the_page():
    people = DEFENDANTS.assign(region="<script>alert(1)</script>")
    assert "<script>" not in rr.table(people, "region")._repr_html_()


@pytest.mark.parametrize(("arguments", "rule"), [
    ({"rows": "region", "statistic": max, "value": "cases"}, "table.statistic"),
    ({"rows": "nowhere"}, "data.column"),
    ({"rows": "region", "columns": "region"}, "recipe.malformed"),
    ({"rows": "region", "statistic": "mean"}, "recipe.malformed"),
    ({"rows": "region", "where": "cases > (SELECT 1)"}, "recipe.where"),
    ({"rows": "region", "colour": "cases"}, "recipe.malformed"),
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
def test_a_median_is_right_and_knows_its_sides(totals):
    table = rr.table(CASES, "plea", value="fine_pounds", statistic="median", totals=totals)
    for cell in table.tables[0].cells:
        rows = CASES if cell.margin else CASES[CASES["plea"] == cell.row[0]]
        assert cell.value == rows["fine_pounds"].median()
        assert cell.below == rows[rows["fine_pounds"] < cell.value]["person_id"].nunique()
        assert cell.above == rows[rows["fine_pounds"] > cell.value]["person_id"].nunique()
    assert check(table).verdict is Verdict.PASS


def test_a_suppressed_median_hides_small_groups():
    few = CASES[CASES["fine_pounds"].notna()].head(300)
    table = rr.table(few, "offence_group", value="fine_pounds", statistic="median")
    hidden = {cell.row[0] for cell in hide_unsafe(table.tables, POLICY).tables[0].cells if cell.suppressed}
    assert {cell.row[0] for cell in table.tables[0].cells if cell.people < 10} <= hidden != set()


def test_a_preflight_says_verdict_reason_and_next_step(monkeypatch):
    monkeypatch.setattr("readingroom.sdk._preflight.rules", lambda: _preflight.Rules(POLICY, known=True))
    good, bad = rr.table(DEFENDANTS, "region", "sex"), rr.table(DEFENDANTS.head(60), "region", "sex")
    checked = rr.preflight(good, bad)
    lines = repr(checked).splitlines()
    assert lines[0] == "PASS    table-1.csv: the automatic checks found nothing; two people will look at it as well."
    assert lines[2].startswith("FAIL    table-2.csv: it would be sent back")
    assert any(line.strip().startswith("Next: ") for line in lines)
    assert "it would be sent back" in checked._repr_html_() and "Next: " in checked._repr_html_()


def test_the_sdk_is_there_at_once():
    """Heavy libraries come with the first use; benchmarks/tables.py measures how long the import takes."""
    heavy = {"pandas", "matplotlib", "httpx", "pydantic", "numpy", "duckdb", "pyarrow", "sqlglot", "scipy"}
    code = f"import readingroom.sdk, sys; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "src"})


@pytest.fixture
def known(monkeypatch):
    """The project's rules, as the portal would say them."""
    def rules(policy=POLICY):
        monkeypatch.setattr("readingroom.sdk._preflight.rules", lambda: _preflight.Rules(policy, known=True))

    rules()
    return rules


PEOPLE = pandas.DataFrame({
    "p": range(400), "region": ["North"] * 190 + ["South"] * 190 + ["Isle"] * 6 + ["Rock"] * 14,
    "sex": ["F", "M"] * 200, "days": [5.0 + number % 17 + number / 1000 for number in range(400)]})


def test_a_failing_table_is_fixed_by_what_loses_least(known):
    failing = rr.crosstab(PEOPLE, "region", "sex", unit="p", margins=True)
    assert failing.verdict is Verdict.FAIL and "threshold" in {one.rule for one in failing.findings}
    found = failing.fix()
    assert found.options == tuple(sorted(found.options, key=lambda one: (one.verdict, one.loss, len(one.code))))
    assert found.options[0].verdict is Verdict.PASS
    assert check(found.best).verdict is Verdict.PASS
    for one in found.options:
        assert check(one.table).verdict is one.verdict < Verdict.FAIL
        again = eval(one.code, {"table": failing})  # the code shown is what was tried
        assert again.csv() == one.table.csv()
    assert "merge" in found.options[0].code and "numbers stay" in repr(found)
    assert "<code>" in found._repr_html_()
    assert not rr.crosstab(PEOPLE.head(380), "region", unit="p").fix().options


def test_a_maximum_gives_way_to_the_mean_of_the_most_extreme(known):
    failing = rr.table(PEOPLE.head(380), "region", value="days", statistic="max", unit="p")
    assert failing.verdict is Verdict.FAIL
    best = failing.fix().options[0]
    assert (best.code, best.verdict, best.loss) == ("table.safe_extremes(10)", Verdict.PASS, 0)
    north = PEOPLE.head(380).query("region == 'North'")["days"].nlargest(10).mean()
    assert best.table.tables[0].cells[0].value == pytest.approx(north)


def test_a_preflight_reminds_of_what_a_request_needs(known):
    table = rr.crosstab(PEOPLE.head(380), "region", "sex", unit="p")
    assert "Before you ask: say what it shows" in repr(rr.preflight(table))
    assert "Before you ask" in rr.preflight(table)._repr_html_() and "Before you ask" not in table._repr_html_()
    told = dataclasses.replace(table, context="People by region and sex, in the synthetic extract of 2024.")
    assert "Before you ask" not in repr(rr.preflight(told)) and rr.preflight(table).passed


def test_merging_counts_people_anew(known):
    cases = pandas.DataFrame({"p": [*range(30)] * 2, "court": ["A"] * 30 + ["B"] * 30, "x": ["k"] * 60})
    table = rr.table(cases, "court", unit="p")
    assert table.merge({"A or B": ["A", "B"]}).frame["people"].to_dict() == {"A or B": 30}
    assert table.merge({"court": {"A or B": ["A", "B"]}}).csv() == b"court,people\nA or B,30\n"
    with pytest.raises(InvalidInput) as refusal:
        table.merge({"Other": ["Z"]})
    assert refusal.value.rule == "table.merge"


def test_bands_and_caps_are_computed_anew(known):
    table = rr.table(PEOPLE, "region", value="days", statistic="mean", unit="p")
    capped = table.cap(upper=10)
    expected = PEOPLE["days"].clip(upper=10).groupby(PEOPLE["region"]).mean()
    for cell in capped.tables[0].cells:
        assert cell.value == pytest.approx(expected[cell.row[0]])
    assert capped.recipe.cap == (None, 10)
    ages = rr.table(PEOPLE, "days", unit="p").band({"days": [None, 10, 15, None]})
    assert [cell.row[0] for cell in ages.tables[0].cells] == ["under 10", "10 to under 15", "15 and over"]


def test_what_is_left_out_is_not_shown_but_still_checked(known):
    table = rr.crosstab(PEOPLE, "region", "sex", unit="p", margins=True)
    without = table.drop("Isle")
    assert b"Isle" not in without.csv()
    assert check(without).verdict is Verdict.FAIL  # the totals give the six back
    assert check(table.drop("Isle").drop("Rock", totals=True)).verdict is Verdict.PASS
    with pytest.raises(InvalidInput) as refusal:
        table.drop("Nowhere")
    assert refusal.value.rule == "table.drop"


def test_a_table_that_shows_nothing_is_no_pass(known):
    with_nothing = rr.table(CASES, "plea", value="custody_months", statistic="first")
    assert set(with_nothing.frame.iloc[:, 0].isna()) == {True}
    assert [(one.rule, one.verdict) for one in with_nothing.findings] == [("statistic.blank", Verdict.REVIEW)]


def test_sums_beyond_64_bits_are_shown_whole():
    rows = pandas.DataFrame({"person": range(20), 0: ["a"] * 20, "v": [10**30 + one for one in range(20)]})
    assert rr.table(rows, 0, value="v", statistic="sum", unit="person").frame.iloc[0, 0] == 20 * 10**30 + 190


@pytest.mark.parametrize(("base", "method", "shown"), [
    (5, "nearest", [190, 190, 5, 15]), (6, "midpoint", [189, 189, 3, 15]), (10, "nearest", [190, 190, 10, 10])])
def test_counts_are_rounded_and_agree_with_their_evidence(base, method, shown):
    table = rr.table(PEOPLE, "region", unit="p").round(base, method)
    assert [table.frame["people"][label] for label in ("North", "South", "Isle", "Rock")] == shown
    assert {finding.rule for finding in check(table).findings} == {"threshold"}


def test_shares_of_people_are_made_from_rounded_counts():
    table = rr.crosstab(PEOPLE.head(380), "region", "sex", unit="p", normalize="index").round(20)
    assert set(table.frame["F"]) == {100 / 200}
    assert check(table).verdict is Verdict.PASS


@pytest.mark.parametrize("made", [
    rr.crosstab(PEOPLE.head(380), "region", "sex", unit="p", margins=True),
    rr.crosstab(PEOPLE.head(380), "region", "sex", unit="p", normalize=True),
    rr.crosstab(PEOPLE.head(380), "region", "sex", unit="p", normalize=True, margins=True),
    rr.crosstab(PEOPLE.head(380), "region", "sex", unit="p", normalize="index", margins=True),
    rr.crosstab(PEOPLE.head(380), "region", "sex", unit="p", normalize="columns", margins=True),
    rr.table(PEOPLE.head(380), "region", "sex", unit="p", totals=True,
             statistics=[{"statistic": "count"}, {"statistic": "percentage", "of": "column"}]),
    rr.crosstab(PEOPLE.head(380), "region", "sex", "days", "mean", unit="p"),
    rr.pivot_table(PEOPLE.head(380), "days", "region", "sex", unit="p", margins=True),
    rr.pivot_table(PEOPLE.head(380), "days", "region", aggfunc=["mean", "median", "std", "count"], unit="p"),
    rr.pivot_table(PEOPLE.head(380), index="region", aggfunc={"days": ["mean", "sum"]}, unit="p"),
    rr.groupby(PEOPLE.head(380), ["region", "sex"], unit="p")["days"].mean(),
    rr.groupby(PEOPLE.head(380), "region", unit="p").size(),
    rr.groupby(PEOPLE.head(380), "region", unit="p")["days"].agg(["count", "mean"]),
    rr.groupby(PEOPLE.head(380), "region", unit="p")["days"].quantile(0.25),
    rr.table(PEOPLE.head(380), unit="p"),
    rr.table(PEOPLE.head(380), "region", unit="p", statistics=[{"statistic": "count"},
                                                                {"statistic": "percentage"}]),
    rr.table(PEOPLE.head(380).assign(w=1.5), "region", value="days", statistic="mean", unit="p", weight="w"),
    rr.table(PEOPLE.head(380).assign(w=1.5), "region", unit="p", weight="w"),
    rr.table(PEOPLE.head(380).assign(y=2), "region", value="days", statistic="rate", denominator="y", per=1000,
             unit="p"),
    rr.table(PEOPLE.head(380), "region", value="days", statistic="top_mean", entities=10, unit="p"),
], ids=lambda made: made.statistic.replace(", ", "+") + "-" + str(len(made.cells)))
def test_every_shape_says_what_its_file_says(made):
    result = check(made)
    assert [one for one in result.findings if one.rule.startswith("evidence")] == []
    assert result.verdict is Verdict.PASS, result.findings


def test_shapes_show_what_pandas_shows():
    shown = rr.crosstab(PEOPLE, "region", "sex", unit="p", margins=True).frame
    expected = pandas.crosstab(PEOPLE["region"], PEOPLE["sex"], margins=True, margins_name="Total")
    assert shown.to_numpy().tolist() == expected.to_numpy().tolist()
    shares = rr.crosstab(PEOPLE, "region", "sex", unit="p", margins=True, normalize="index").frame
    expected = pandas.crosstab(PEOPLE["region"], PEOPLE["sex"], margins=True, margins_name="Total", normalize="index")
    assert shares.to_numpy().tolist() == expected.to_numpy().tolist()
    means = rr.groupby(PEOPLE, "region", unit="p")["days"].mean().frame
    assert means.iloc[:, 0].to_list() == pytest.approx(PEOPLE.groupby("region")["days"].mean().round(1).to_list())


def test_risky_cells_are_marked_in_words_and_tell_their_numbers(known):
    page = rr.crosstab(PEOPLE, "region", "sex", unit="p", margins=True)._repr_html_()
    assert 'title="unsafe: threshold. Rests on 3 people, 3 records."' in page
    assert page.count("✗") == 5 and ".fix()" in page


def test_an_explanation_names_cell_numbers_and_source(known):
    table = rr.table(PEOPLE, "region", value="days", statistic="max", unit="p")
    said = repr(table.explain())
    assert "Isle" in said and "have this value" in said
    assert "sdcLog" in table.explain()._repr_html_()
    assert repr(rr.table(PEOPLE.head(380), "region", unit="p").explain()) == "Nothing breaks a rule."


def test_where_every_row_is_a_person_it_must_be_said(known):
    table = rr.table(PEOPLE, "sex", rows_are_people=True)
    assert {one.rule for one in check(table).findings} == {"unit"}
    assert check(table).verdict is Verdict.REVIEW


def test_a_policy_that_asks_for_rounding_gets_it_in_every_fix(known):
    known(POLICY.model_copy(update={"rounding_base": 5}))
    found = rr.crosstab(PEOPLE, "region", "sex", unit="p", margins=True).fix()
    assert all(".round(5" in one.code for one in found.options) and found.options[0].verdict is Verdict.PASS


@pytest.mark.parametrize("given", [[1, 2], "frame", None])
def test_what_is_no_data_frame_is_said(given):
    with pytest.raises(InvalidInput) as refusal:
        rr.table(given, "a", unit="p")
    assert refusal.value.rule == "data.kind"


def test_a_search_cut_short_hides_more_and_is_as_safe():
    """Empty columns of a filtered category once held a notebook up for minutes."""
    rows = [{"r": f"r{at}", "c": f"c{kind}", "p": f"{at}-{kind}-{one}"}
            for at in range(6) for kind in range(3) for one in range(12 + 5 * at + kind - 12 * (at == kind == 1))]
    table = rr.table(pandas.DataFrame(rows), "r", "c", unit="p", totals=True)
    found = hide_unsafe(table.tables, POLICY, out_of_time=lambda: True)
    assert found.primary
    assert found.secondary
    assert check_table_evidence(found.tables[0], POLICY).verdict is Verdict.PASS


def test_categories_emptied_by_a_filter_are_left_out_as_in_pandas():
    kinds = pandas.Categorical(["A"] * 30 + ["B"] * 20 + ["C"] * 10, categories=["A", "B", "C", "D"])
    rows = pandas.DataFrame({"p": range(60), "kind": kinds, "v": 1.5})
    left = rows[rows["kind"] != "C"]
    shown = rr.crosstab(left, "kind", unit="p").frame
    assert list(shown.index) == list(left.groupby("kind", observed=True).size().index) == ["A", "B"]
    assert list(rr.groupby(left, "kind", unit="p")["v"].mean().frame.index) == ["A", "B"]
    assert list(rr.pivot_table(left, "v", "kind", unit="p").frame.index) == ["A", "B"]
    assert rr.crosstab(left, "kind", unit="p", observed=False).frame["people"].to_list() == [30, 20, 0, 0]
    assert rr.table(left, "kind", unit="p").frame["people"].to_list() == [30, 20, 0, 0]
    assert rr.table(left, "kind", unit="p", where="kind = 'A'", observed=True).frame["people"].to_list() == [30]


def test_the_mode_of_labels_is_a_label():
    rows = pandas.DataFrame({"p": range(60), "r": ["N"] * 30 + ["S"] * 30,
                             "plea": ["x"] * 20 + ["007"] * 10 + ["guilty"] * 12 + ["nan "] * 18})
    made = rr.table(rows, "r", value="plea", statistic="mode", unit="p")
    assert made.frame.iloc[:, 0].to_list() == ["x", "nan "]
    assert check(made).verdict is Verdict.PASS
    assert check_output("t.csv", made.csv().replace(b"N,x", b"N,y"), made.evidence, POLICY).verdict is Verdict.FAIL
    rare = rows.assign(plea=[f"word {one}" for one in range(60)])
    found = check(rr.table(rare, "r", value="plea", statistic="mode", unit="p"))
    assert {one.rule for one in found.findings} == {"mode"}
    with pytest.raises(InvalidInput, match="no heights"):
        rr.bar(made)
