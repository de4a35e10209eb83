"""Noise on counts in the notebook: of people, the same in every table and order, and never a way round the rules."""

from __future__ import annotations

import hashlib
import json

import pandas
import pytest

import readingroom.sdk as rr
from readingroom.core.disclosure import Verdict, check_output, check_table_evidence
from readingroom.core.disclosure.check import check_beside
from readingroom.core.disclosure.evidence import parse_evidence, tables_of
from readingroom.core.disclosure.protect import make_ptable
from readingroom.core.disclosure.redrawn import check_redrawn, is_redrawn
from readingroom.core.disclosure.tabulation import engine
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

POLICY = Policy(threshold=10, threshold_inclusive=False, zeros_disclosive=False, group_disclosure=False,
                output_types=frozenset({"csv"}), max_file_bytes=1_000_000, max_table_rows=5000)
KEY = "a secret of sixteen bytes or more"
PEOPLE = pandas.DataFrame({
    "p": [f"person {one % 400}" for one in range(900)],
    "region": [("North", "South", "West")[one % 400 % 3] for one in range(900)],
    "sex": [("F", "M")[one % 400 % 2] for one in range(900)], "year": [2020 + one // 400 for one in range(900)]})


def check(made, policy=POLICY):
    return check_output("t.csv", made.csv(), made.evidence, policy)


def slow_noise(people, largest=2, variance=1.0):
    """A cell's noise, one person at a time."""
    keys = [int.from_bytes(hashlib.blake2b(one.encode(), key=KEY.encode()[:64], digest_size=8).digest())
            for one in people]
    share = (sum(keys) % 2**64) / 2**64
    row = make_ptable(largest, variance).rows[min(len(keys), largest + 1)]
    for noise in range(-largest, largest + 1):
        if share < row[:noise + largest + 1].sum():
            return noise
    raise AssertionError


def test_every_cell_and_total_has_the_noise_of_its_people():
    made = rr.crosstab(PEOPLE, "region", "year", unit="p", margins=True).perturb(key=KEY)
    for row in (*PEOPLE["region"].unique(), "Total"):
        for column in (*PEOPLE["year"].unique(), "Total"):
            inside = PEOPLE[(PEOPLE["region"] == row) | (row == "Total")]
            inside = inside[(inside["year"] == column) | (column == "Total")]
            people = set(inside["p"])
            assert made.frame.loc[row, str(column)] == len(people) + slow_noise(people)
    assert check(made).verdict is Verdict.PASS
    assert "noise" in made._repr_html_()


def test_the_same_people_are_the_same_number_in_every_table():
    """P7: repeating a count does not average its noise away."""
    one = rr.crosstab(PEOPLE, "region", "sex", unit="p", margins=True).perturb(key=KEY).frame
    turned = rr.crosstab(PEOPLE.sample(frac=1, random_state=3), "sex", "region", unit="p", margins=True).perturb(
        key=KEY).frame
    assert (one.T.loc[turned.index, turned.columns].to_numpy() == turned.to_numpy()).all()
    north = rr.table(PEOPLE, "sex", unit="p", where="region = 'North'", totals=True).perturb(key=KEY).frame
    assert north.iloc[:, 0].to_list() == one.loc["North"].to_list()
    finer = rr.table(PEOPLE, ["region", "sex"], unit="p", totals=True).perturb(key=KEY).frame
    assert finer.loc[("North", "F")].iloc[0] == one.loc["North", "F"]
    with_year = rr.table(PEOPLE, "region", value="year", unit="p").perturb(key=KEY).frame
    assert with_year.iloc[0, 0] == one.loc["North", "Total"]
    assert rr.crosstab(PEOPLE, "region", "sex", unit="p", margins=True).perturb(key=KEY + "!").frame.to_numpy().tolist(
        ) != one.to_numpy().tolist()


def test_numbers_of_people_are_the_same_whether_whole_or_decimal():
    rows = pandas.DataFrame({"p": range(60), "g": ["a"] * 30 + ["b"] * 30})
    whole = rr.table(rows, "g", unit="p").perturb(key=KEY).frame
    assert rr.table(rows.assign(p=rows["p"].astype(float)), "g", unit="p").perturb(key=KEY).frame.equals(whole)
    assert rr.table(rows.astype({"p": str}), "g", unit="p").perturb(key=KEY).frame.equals(whole)


def test_many_rows_in_several_goes_have_the_same_keys():
    recipe = rr.crosstab(PEOPLE, "region", "sex", unit="p", margins=True).recipe
    one = engine.compute(PEOPLE, recipe, secret=KEY.encode())
    other = engine.compute(PEOPLE, recipe, secret=KEY.encode(), at_once=100)
    assert {cell: facts["key"] for cell, facts in one.facts.items()} == {
        cell: facts["key"] for cell, facts in other.facts.items()}


@pytest.mark.parametrize(("again", "redrawn"), [
    ({"key": KEY}, False),
    ({"key": KEY + "!"}, True),
    ({"key": KEY, "noise": 3}, True),
    ({"key": KEY, "variance": 1.5}, True),
    ({"key": KEY, "small": 1}, True),
])
def test_noise_is_not_drawn_twice_for_the_same_people(again, redrawn):
    one = rr.crosstab(PEOPLE, "region", "sex", unit="p", margins=True).perturb(key=KEY)
    two = rr.crosstab(PEOPLE, "sex", "year", unit="p").perturb(**again)
    assert is_redrawn(two.evidence, one.evidence) is is_redrawn(one.evidence, two.evidence) is redrawn
    alone = check(one)
    together = check_beside(alone, "a.csv", one.evidence, {"b.csv": two.evidence, "c.csv": None}, POLICY)
    assert [finding.message for finding in together.findings if "b.csv" in finding.message] == [
        finding.message for finding in check_redrawn(one.evidence, {"b.csv": two.evidence})]
    assert (together.verdict is Verdict.FAIL) is redrawn
    both = {"kind": "tables", "tables": [one.evidence, two.evidence]}
    with_titles = json.loads(json.dumps(both))
    for table in with_titles["tables"]:
        for cell in table["cells"]:
            cell["column"] = [*cell["column"], table["column_names"][0]]
    assert bool(check_redrawn(with_titles, {})) is redrawn


def test_other_people_and_unreadable_evidence_have_no_noise_in_common():
    one = rr.crosstab(PEOPLE, "region", "sex", unit="p").perturb(key=KEY).evidence
    two = rr.crosstab(PEOPLE, "region", "sex", unit="p").perturb(key=KEY + "!").evidence
    assert is_redrawn(one, two)
    for other in (two | {"source": {"dataset": "another"}}, two | {"unit": "household"}, {"kind": "nonsense"}, None,
                  {key: value for key, value in two.items() if key != "noise"}):
        assert not is_redrawn(one, other)


def test_noise_is_no_way_round_the_threshold():
    few = PEOPLE[(PEOPLE["region"] != "West") | (PEOPLE["p"].isin([f"person {3 * one + 2}" for one in range(9)]))]
    made = rr.table(few, "region", unit="p").perturb(5, 4.0, key=KEY)
    assert {one.rule for one in check(made).findings if one.verdict is Verdict.FAIL} >= {"threshold"}


def test_a_hidden_cell_is_judged_through_the_noise_of_the_others():
    """20 shown as 20 +-2 and 24 as 24 +-2: the hidden 4 was 0 to 8."""
    cells = [{"row": ["a"], "column": ["n"], "people": 20, "records": 20, "shown": 20},
             {"row": ["b"], "column": ["n"], "people": 4, "records": 4, "suppressed": True},
             {"row": ["Total"], "column": ["n"], "people": 24, "records": 24, "shown": 24, "margin": True}]
    said = {"kind": "table", "statistic": "count", "unit": "p", "cells": cells, "row_names": ["r"], "column_names": [],
            "noise": {"largest": 2, "variance": 1, "small": 0, "key": "ab"}}
    found = check_table_evidence(said, POLICY.model_copy(update={"zeros_disclosive": True}))
    assert "0 to 8, exposed" in "".join(one.message for one in found.findings)
    wide = check_table_evidence(said | {"noise": {"largest": 10, "variance": 4, "small": 0, "key": "ab"}}, POLICY)
    assert "differencing" not in {one.rule for one in wide.findings}


def test_numbers_that_the_noise_cannot_give_fail():
    made = rr.crosstab(PEOPLE, "region", "sex", unit="p").perturb(3, 2.0, 2, key=KEY)
    said = made.evidence
    said["cells"][0]["shown"] += 10
    assert {one.rule for one in check_table_evidence(said, POLICY).findings} == {"shown"}
    assert check_output("t.csv", made.csv().replace(b"\nNorth,", b"\nNorth,1"), made.evidence, POLICY).verdict is (
        Verdict.FAIL)
    assert tables_of(parse_evidence(made.evidence))[0].noise.small == 2


@pytest.mark.parametrize(("call", "said"), [
    (lambda: rr.table(PEOPLE, "region", unit="p").perturb(), "Nothing holds the secret"),
    (lambda: rr.table(PEOPLE, "region", unit="p").perturb(key="short"), "can be guessed"),
    (lambda: rr.table(PEOPLE, "region", unit=None, rows_are_people=True).perturb(key=KEY), "no identity"),
    (lambda: rr.table(PEOPLE, "region", unit="p", value="year", statistic="mean").perturb(key=KEY), "counts of people"),
    (lambda: rr.table(PEOPLE, "region", unit="p").round(5).perturb(key=KEY), "rounded to 5 already"),
    (lambda: rr.table(PEOPLE, "region", unit="p").perturb(key=KEY).round(5), "have noise"),
    (lambda: rr.table(PEOPLE, "region", unit="p").perturb(0, key=KEY), "Noise up to 0"),
    (lambda: rr.table(PEOPLE, "region", unit="p").perturb(2, 9.0, key=KEY), "variance of 9"),
])
def test_what_cannot_be_perturbed_is_refused(call, said):
    with pytest.raises(InvalidInput, match=said):
        call()


def test_the_key_comes_from_the_mounted_dataset(tmp_path, monkeypatch):
    monkeypatch.setenv("READINGROOM_DATA", str(tmp_path))
    (tmp_path / "courts").mkdir()
    described = tmp_path / "courts" / "dataset.json"
    described.write_text(json.dumps({"slug": "courts", "record_key": KEY.encode().hex()}))
    rows = PEOPLE.copy()
    rows.attrs = {"dataset": "courts", "version": "1", "table": "cases", "privacy_unit": "p"}
    made = rr.table(rows, "region").perturb()
    assert made.frame.equals(rr.table(PEOPLE, "region", unit="p").perturb(key=KEY).frame)
    described.write_text(json.dumps({"slug": "courts"}))
    with pytest.raises(InvalidInput, match="'courts' is not mounted with one"):
        rr.table(rows, "region").perturb()
