"""Rounding in the notebook: totals that hold, totals added up anew, and what each leaves a reader to work out."""

from __future__ import annotations

from itertools import product

import pandas
import pytest

import readingroom.sdk as rr
from readingroom.core.disclosure import Verdict, check_output, check_table_evidence
from readingroom.core.disclosure.evidence import parse_evidence
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

POLICY = Policy(
    threshold=10, threshold_inclusive=False, zeros_disclosive=True, group_disclosure=False,
    output_types=frozenset({"csv"}), max_file_bytes=1_000_000, max_table_rows=5000)
COUNTS = {("North", "F"): 41, ("North", "M"): 33, ("South", "F"): 27, ("South", "M"): 52, ("West", "F"): 18,
          ("West", "M"): 12}


def people(counts=None):
    rows = [{"region": region, "sex": sex} for (region, sex), count in (counts or COUNTS).items()
            for _ in range(count)]
    return pandas.DataFrame(rows).assign(p=range(sum((counts or COUNTS).values())))


def table(counts=None, **more):
    return rr.crosstab(people(counts), "region", "sex", unit="p", margins=True, **more)


def check(made, policy=POLICY):
    return check_output("t.csv", made.csv(), made.evidence, policy)


@pytest.mark.parametrize("base", [3, 5, 10])
def test_controlled_rounding_adds_up_within_one_multiple_and_passes(base):
    made = table().round(base, "controlled")
    shown = made.frame
    assert (shown[["F", "M"]].sum(axis=1) == shown["Total"]).all()
    assert (shown.iloc[:-1].sum() == shown.loc["Total"]).all()
    assert (abs(shown - table().frame) < base).all().all()
    assert (shown % base == 0).all().all()
    assert check(made).verdict is Verdict.PASS
    assert "so that they add up" in made._repr_html_()


def test_a_number_that_controlled_rounding_cannot_show_fails():
    made = table().round(5, "controlled")
    said = made.evidence
    wrong = next(cell for cell in said["cells"] if cell["row"] == ["North"] and cell["column"] == ["F"])
    wrong["shown"] = 60
    assert {one.rule for one in check_table_evidence(said, POLICY).findings} == {"shown"}
    del wrong["shown"]
    assert check_table_evidence(said, POLICY).verdict is Verdict.REVIEW
    assert check_output("t.csv", made.csv(), said, POLICY).verdict is Verdict.PASS  # the file says it
    assert check_output("t.csv", made.csv().replace(b"40", b"60", 1), said, POLICY).verdict is Verdict.FAIL


@pytest.mark.parametrize(("base", "method"), [(5, "nearest"), (6, "midpoint"), (10, "nearest")])
def test_totals_can_be_the_sums_of_rounded_cells(base, method):
    made = table().round(base, method, totals="added")
    shown = made.frame
    assert (shown[["F", "M"]].sum(axis=1) == shown["Total"]).all()
    assert shown.loc["Total", "Total"] == shown.iloc[:-1][["F", "M"]].to_numpy().sum()
    assert check(made).verdict is Verdict.PASS
    assert "added up" in made._repr_html_()


def test_a_total_that_is_neither_rounded_nor_a_sum_fails():
    said = table().round(5, totals="added").evidence
    total = next(cell for cell in said["cells"] if cell["row"] == ["North"] and cell["column"] == ["Total"])
    total["shown"] = 74  # the exact one
    found = check_table_evidence(said, POLICY)
    assert [(one.rule, one.verdict) for one in found.findings] == [("shown", Verdict.FAIL)]


def test_hidden_cells_count_nothing_in_added_totals_in_any_order(monkeypatch):
    monkeypatch.setattr("readingroom.sdk._tables.known_policy", lambda: POLICY)
    small = COUNTS | {("West", "M"): 4}
    one = table(small).suppress().round(5, totals="added")
    other = table(small).round(5, totals="added").suppress()
    assert one.csv() == other.csv()
    shown = one.frame
    assert shown.loc["West", "M"] is pandas.NA
    assert shown.loc["West", "Total"] == shown.loc["West", ["F"]].fillna(0).sum()
    assert check(one).verdict is Verdict.PASS
    assert check(one.drop("South")).verdict is not Verdict.FAIL


@pytest.fixture
def rounding_asked(monkeypatch):
    policy = POLICY.model_copy(update={"rounding_base": 5})
    for module in ("_tables", "_fixes"):
        monkeypatch.setattr(f"readingroom.sdk.{module}.known_policy", lambda: policy)
    return policy


def test_a_table_is_suppressed_also_where_rounding_is_asked_for(rounding_asked):
    """That counts are not rounded yet is no reason not to hide the small ones first."""
    made = table(COUNTS | {("West", "M"): 4}).suppress()
    assert {one.rule for one in check(made, rounding_asked).findings} == {"rounding"}
    assert check(made.round(5), rounding_asked).verdict is Verdict.PASS
    assert check(made.round(5, "controlled"), rounding_asked).verdict is Verdict.PASS


def test_fixes_offer_both_roundings_and_both_pass(rounding_asked):
    found = table({key: count + 1 for key, count in COUNTS.items()}).fix()
    passing = [one.code for one in found.options if one.verdict is Verdict.PASS]
    assert passing[:2] == ["table.round(5)", 'table.round(5, "controlled")']


def test_people_in_several_cells_make_no_totals_to_round_to():
    rows = pandas.DataFrame({"p": [*range(40), *range(40)], "year": [1] * 40 + [2] * 40})
    made = rr.table(rows, "year", unit="p", totals=True)
    with pytest.raises(InvalidInput, match="people are in several"):
        made.round(5, "controlled")
    with pytest.raises(InvalidInput, match="people are in several"):
        made.round(5, totals="added")
    assert check(made.round(5)).verdict is Verdict.PASS


def test_shares_are_not_rounded_under_control():
    with pytest.raises(InvalidInput, match="Shares"):
        table(normalize="index").round(5, "controlled")
    with pytest.raises(InvalidInput, match="no totals"):
        table().round(5, totals="none")


def test_weighted_shares_are_no_counts_to_round():
    rows = people().assign(w=2.5)
    with pytest.raises(InvalidInput, match="Only counts"):
        rr.table(rows, "region", "sex", unit="p", statistic="share", of="row", weight="w").round(5)


def test_a_hidden_part_of_totals_under_control_is_known_by_what_it_was_rounded_to():
    """Line: 10 and 10 and one hidden of 4, total 25: the hidden one was rounded to 5, so it is 1 to 9."""
    made = parse_evidence({
        "kind": "table", "statistic": "count", "unit": "p", "rounding": 5, "rounding_method": "controlled",
        "row_names": ["r"], "column_names": [], "cells": [
            {"row": ["a"], "column": ["n"], "people": 12, "records": 12, "shown": 10},
            {"row": ["b"], "column": ["n"], "people": 11, "records": 11, "shown": 10},
            {"row": ["c"], "column": ["n"], "people": 4, "records": 4, "suppressed": True},
            {"row": ["Total"], "column": ["n"], "people": 27, "records": 27, "shown": 25, "margin": True}]})
    found = check_table_evidence(made, POLICY)
    assert found.verdict is Verdict.FAIL
    assert "1 to 9, exposed" in "".join(one.message for one in found.findings if one.rule == "differencing")


def possible_hidden(shown, base, cells, total):
    """Every value of two hidden cells of a line that some controlled rounding fits, by trying all."""
    found = set()
    for first, second in product(range(60), repeat=2):
        for one, other in product(range(0, 60, base), repeat=2):
            if abs(one - first) < base and abs(other - second) < base and sum(shown) + one + other == total:
                found.add(first)
    return min(found), max(found)


@pytest.mark.parametrize(("hidden", "rounded", "expected"), [
    ((4, 12), (5, 10), Verdict.PASS), ((4, 3), (5, 0), Verdict.FAIL)])
def test_two_hidden_parts_are_judged_by_all_that_fits(hidden, rounded, expected):
    shown, base = [40, 25], 5
    total = sum(shown) + sum(rounded)
    cells = [{"row": [name], "column": ["n"], "people": count, "records": count} | more
             for name, count, more in (("a", 41, {"shown": 40}), ("b", 27, {"shown": 25}),
                                       ("c", hidden[0], {"suppressed": True}), ("d", hidden[1], {"suppressed": True}),
                                       ("Total", 68 + sum(hidden), {"shown": total, "margin": True}))]
    found = check_table_evidence(
        {"kind": "table", "statistic": "count", "unit": "p", "rounding": base, "rounding_method": "controlled",
         "row_names": ["r"], "column_names": [], "cells": cells}, POLICY)
    assert max((one.verdict for one in found.findings if one.rule == "differencing"), default=Verdict.PASS) is expected
    low, high = possible_hidden(shown, base, hidden, total)
    assert (high < 10) == (expected is Verdict.FAIL), (low, high)
