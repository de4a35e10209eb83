"""Files of one request read together: what one hides must not stand in another, nor follow from several."""

from __future__ import annotations

import itertools

import pandas
import pyarrow
import pytest

import readingroom.sdk as rr
from readingroom.core.disclosure import Verdict, check_output
from readingroom.core.disclosure.check import check_beside
from readingroom.core.disclosure.evidence import parse_evidence
from readingroom.core.disclosure.links import check_apart, check_links
from readingroom.core.policy import Policy
from readingroom.sdk import _preflight

POLICY = Policy(threshold=10, threshold_inclusive=False, zeros_disclosive=False, group_disclosure=False,
                output_types=frozenset({"csv"}), max_file_bytes=1_000_000, max_table_rows=5000)
COUNTS = {("N", "F", "old"): 4, ("N", "F", "young"): 21, ("N", "M", "old"): 33, ("N", "M", "young"): 18,
          ("S", "F", "old"): 40, ("S", "F", "young"): 15, ("S", "M", "old"): 27, ("S", "M", "young"): 52}
PEOPLE = pandas.DataFrame([dict(zip(("region", "sex", "age"), key, strict=True))
                           for key, count in COUNTS.items() for _ in range(count)])
PEOPLE["p"] = range(len(PEOPLE))


def table(rows, columns=None, hidden=(), frame=PEOPLE, **more):
    """Evidence of a table with the cells of these labels suppressed."""
    said = rr.table(frame, rows, columns, unit="p", totals=True, **more).evidence
    for cell in said["cells"]:
        if (*cell["row"], *cell["column"]) in hidden:
            cell["suppressed"] = True
    return said


OLD = PEOPLE[PEOPLE["age"] == "old"]
HIDDEN = [*itertools.product("NS", "FM")]
BY_AGE = table("region", "sex", HIDDEN, OLD)


def found(evidence, **others):
    return {(one.rule, one.verdict) for one in check_links("a.csv", evidence, others, POLICY)}


EXPOSED = {("differencing.files", Verdict.FAIL)}


def test_what_another_file_shows_is_no_secret():
    assert found(BY_AGE, b=table("region", "sex", (), OLD)) == EXPOSED
    assert found(BY_AGE, b=table("sex", "region", [("F", "S"), ("M", "S")], OLD)) == EXPOSED  # turned round
    message = check_links("a.csv", BY_AGE, {"b.csv": table("region", "sex", (), OLD)}, POLICY)[0].message
    assert "b.csv" in message and "N × F" in message.replace(", ", " × ")


def test_the_same_cells_hidden_in_both_are_safe():
    assert found(BY_AGE, b=table("sex", "region", [(sex, region) for region, sex in HIDDEN], OLD)) == set()
    assert found(BY_AGE, b=table("region", None, (), OLD)) == set()


def test_what_follows_from_two_files_is_found():
    """Regions by sex with four cells hidden, and by sex and age: the other side of a sum that one table lacks."""
    mine = table("region", ["sex", "age"], [("N", "F", "old"), ("N", "F", "young"), ("S", "F", "old"),
                                            ("S", "F", "young")])
    assert found(mine) == set()
    assert found(mine, b=table(["region", "age"], "sex", [("N", "old", "F")])) == EXPOSED


def test_tables_of_other_people_are_no_link():
    assert found(BY_AGE, b=table("region", "sex", (), PEOPLE[PEOPLE["age"] == "young"])) == set()
    other = table("region", "sex", (), OLD)
    assert found(BY_AGE, b=other | {"unit": "household"}) == set()
    assert found(BY_AGE, b=other | {"source": {"dataset": "another"}}) == set()
    assert found(BY_AGE, b={"kind": "nonsense"}, c=None) == set()


def test_rounded_counts_beside_hidden_ones_are_judged_by_their_rounding():
    exact = table("region", "sex", HIDDEN, OLD)
    assert found(exact, b=table("region", "sex", (), OLD) | {"rounding": 5}) == EXPOSED  # 5 was 3 to 7
    wide = table("region", "sex", (), OLD) | {"rounding": 30}
    assert found(exact, b=wide) == set()


def test_ways_of_cutting_that_do_not_compare_are_for_a_person():
    ages = pandas.DataFrame({"p": range(200), "age": [20 + one % 40 for one in range(200)], "sex": ["F", "M"] * 100})
    first = table("age", "sex", [("20 to under 21", "F"), ("20 to under 21", "M"), ("21 and over", "F"),
                                 ("21 and over", "M")], ages, bands={"age": [20, 21, None]})
    hidden = [cell for cell in first["cells"] if cell.get("suppressed")]
    assert hidden
    second = table("age", "sex", (), ages, bands={"age": [20, 22, None]})
    assert found(first, b=second) == {("differencing.unlinked", Verdict.REVIEW)}


def test_preflight_and_the_check_of_a_request_use_it(monkeypatch):
    one = rr.table(OLD, "region", "sex", unit="p", totals=True).drop("F", "M")
    content, said = one.csv(), one.evidence
    alone = check_output("a.csv", content, said, POLICY)
    assert alone.verdict is Verdict.PASS
    together = check_beside(alone, "a.csv", said, {"b.csv": table("region", "sex", (), OLD)}, POLICY)
    assert together.verdict is Verdict.FAIL
    assert {finding.rule for finding in together.findings} == {"differencing.files"}
    assert check_beside(alone, "a.csv", said, {}, POLICY) is alone
    monkeypatch.setattr(_preflight, "rules", lambda: _preflight.Rules(POLICY, known=True))
    checked = rr.preflight(one, rr.table(OLD[OLD["region"] == "N"], "sex", unit="p"))
    assert checked.outputs[0].verdict is Verdict.PASS
    assert [finding.rule for finding in checked.outputs[0].findings] == ["differencing.apart"]  # and it says so
    assert "these 104: table-2.csv: 37" in checked.outputs[0].findings[0].message
    shown = rr.table(OLD, "region", "sex", unit="p", totals=True)
    assert {finding.rule for finding in rr.preflight(one, shown).outputs[0].findings} == {"differencing.files"}


@pytest.mark.parametrize("statistic", ["mean", "sum"])
def test_sums_are_no_counts(statistic):
    values = OLD.assign(v=1.5)
    other = rr.table(values, "region", "sex", value="v", statistic=statistic, unit="p").evidence
    assert found(BY_AGE, b=other) == set()


def of_value(statistic, rows, columns=None, hidden=(), **more):
    """One woman in the north has nearly all of the value there."""
    values = PEOPLE.assign(v=[5000.0, *[10.0] * 24, *(100.0 + one % 7 for one in range(len(PEOPLE) - 25))],
                           w=[1.0 + one % 3 for one in range(len(PEOPLE))])
    return table(rows, columns, hidden, values, statistic=statistic, value="v", **more)


ALL_FOUR = [*itertools.product("NS", "FM")]
MAGNITUDES = POLICY.model_copy(update={"dominance": frozenset({(1, 70.0)}), "p_percent": 10.0, "p_q": frozenset(),
                                       "weights": frozenset({"total"})})


@pytest.mark.parametrize(("mine", "other", "rules"), [
    (("sum", {}), ("sum", {}, ALL_FOUR), set()),
    (("sum", {}), ("sum", {}, [("N", "F"), ("S", "F")]), {"differencing.files"}),  # two hidden ones are two others
    (("sum", {}), ("mean", {}, [("N", "F"), ("S", "F")]), {"differencing.files"}),  # the men's means by their number
    (("sum", {"weight": "w"}), ("sum", {"weight": "w"}, [("N", "F"), ("S", "F")]), {"differencing.files"}),
    (("sum", {}), ("sum", {"weight": "w"}, [("N", "F"), ("S", "F")]), set()),  # of other numbers
])
def test_sums_and_means_of_the_same_people_are_linked(mine, other, rules):
    """Here the women of the north are hidden with the other three; there with those of the south."""
    (one, more), (two, differently, hidden) = mine, other
    first = of_value(one, "region", "sex", ALL_FOUR, **more)
    second = of_value(two, "sex", "region", [(sex, region) for region, sex in hidden], **differently)
    told = check_links("a.csv", first, {"b.csv": second}, MAGNITUDES)
    assert {finding.rule for finding in told} == rules


def test_weighted_counts_are_linked():
    frame = OLD.assign(w=[1.0 + one % 3 for one in range(len(OLD))])
    first = table("region", "sex", HIDDEN, frame, weight="w")
    assert found(first, b=table("region", "sex", (), frame, weight="w")) == EXPOSED
    assert found(first, b=table("region", "sex", HIDDEN, frame, weight="w")) == set()


def without_totals(evidence):
    return evidence | {"cells": [cell for cell in evidence["cells"] if not cell.get("margin")]}


def test_tables_without_totals_are_linked_by_what_they_come_to():
    """Four women of the north are hidden; the other table says how many there are in all."""
    frame = PEOPLE[PEOPLE["sex"] == "F"]
    first = without_totals(table(["region", "age"], None, [("N", "old")], frame))
    assert found(first, b=without_totals(table("sex", None, (), frame))) == EXPOSED
    assert found(first, b=without_totals(table("region", None, [("N",)], frame))) == set()
    assert found(first, b=without_totals(table("sex", None, (), frame[1:]))) == set()  # of others


def test_a_condition_makes_a_slice_of_what_another_file_is_by():
    """The women of the north are hidden in one file, and the other one shows them as all that it is of."""
    women = table("region", None, (), OLD, where="sex = 'F'")
    assert found(BY_AGE, b=women) == EXPOSED
    assert found(BY_AGE, b=table("region", None, [("N",), ("S",)], OLD, where="(sex='F')")) == set()
    assert found(BY_AGE, b=table("region", None, (), PEOPLE, where="age = 'old' AND \"sex\" = 'F'")) == EXPOSED
    assert found(women, b=BY_AGE) == set()


def test_a_condition_that_no_table_is_by_makes_some_of_the_people():
    """4 and 12 are hidden of 46; that 12 of the south were there later leaves at most 4 for the north."""
    regions = [*["N"] * 4, *["S"] * 12, *["W"] * 30]
    frame = pandas.DataFrame({"region": regions, "p": range(46), "year": [*[2014] * 4, *[2016] * 32, *[2014] * 10]})
    everyone = table("region", None, [("N",), ("S",)], frame)
    assert found(everyone) == set()
    later = table("region", None, (), frame, where="year >= 2015")
    assert found(everyone, b=later) == EXPOSED
    assert found(everyone, b=without_conditions(later)) == set()
    assert found(everyone, b=table("region", None, [("S",)], frame, where="year >= 2015")) == set()


def test_a_few_people_less_by_a_condition_are_the_others():
    most = PEOPLE.assign(year=[2014] * 3 + [2016] * (len(PEOPLE) - 3))
    later = table("region", None, (), most, where="year >= 2015")
    assert found(table("region", None, (), most), b=later) == {("differencing.subset", Verdict.FAIL)}
    assert found(table("region", None, (), most), b=without_conditions(later)) == {
        ("differencing.subset", Verdict.REVIEW)}


def without_conditions(evidence):
    return {name: said for name, said in evidence.items() if name != "where"}


TOWNS = {"A": 4, "B": 12, "C": 20, "D": 30}


def towns(**more):
    frame = pandas.DataFrame({"town": [town for town, people in TOWNS.items() for _ in range(people)]})
    frame["province"] = frame["town"].map({"A": "West", "B": "East", "C": "West", "D": "East"})
    frame["half"] = frame["town"].map({"A": "I", "B": "I", "C": "II", "D": "II"})
    frame["birthday"] = range(len(frame))
    frame["whim"] = [1, *[0] * (len(frame) - 1)]
    return frame.assign(p=range(len(frame)), **more)


def test_a_column_of_groups_tells_of_what_it_groups(monkeypatch):
    """Of the towns two are hidden, and by province the rest of each is shown; by half it is the sum of both."""
    monkeypatch.setattr(_preflight, "rules", lambda: _preflight.Rules(POLICY, known=True))
    made = rr.table(towns(), "town", unit="p", totals=True).suppress()
    assert [cell["row"] for cell in made.cells if cell.get("suppressed")] == [["A"], ["B"]]
    assert made.evidence["groups"] == {"town": {
        "province": {"West": ["A", "C"], "East": ["B", "D"]}, "half": {"I": ["A", "B"], "II": ["C", "D"]}}}
    evidence = made.evidence
    assert found(evidence, b=rr.table(towns(), "province", unit="p").evidence) == EXPOSED
    assert found(evidence, b=rr.table(towns(), "half", unit="p").evidence) == set()
    assert found(evidence | {"groups": None}, b=rr.table(towns(), "province", unit="p").evidence) == set()
    assert "groups" not in rr.table(towns(), "town", unit="p").evidence  # nothing is hidden


def test_columns_that_make_no_categories_are_no_groups(monkeypatch):
    monkeypatch.setattr(_preflight, "rules", lambda: _preflight.Rules(POLICY, known=True))
    size = sum(TOWNS.values())
    frame = towns(lists=[[1]] * size, objects=[object() for _ in range(size)], none=None, bytes=[b"x"] * size,
                  mappings=[{"a": 1}] * size, share=0.5, **dict.fromkeys(("", "a\u202eb", "n" * 301), towns()["half"]),
                  code=towns()["half"].astype("category"))
    evidence = rr.table(frame, "town", unit="p").suppress().evidence
    assert set(evidence["groups"]["town"]) == {"province", "half", "code"}
    assert parse_evidence(evidence)
    arrow = pyarrow.Table.from_pandas(frame.drop(columns="objects"))
    assert set(rr.table(arrow, "town", unit="p").suppress().evidence["groups"]["town"]) == {"province", "half", "code"}


def test_groups_of_bands_are_known(monkeypatch):
    monkeypatch.setattr(_preflight, "rules", lambda: _preflight.Rules(POLICY, known=True))
    frame = towns().assign(age=lambda held: held["town"].map({"A": 10.5, "B": 30.0, "C": 50.25, "D": 70.0}))
    made = rr.table(frame, "age", unit="p", bands={"age": [0, 18, 40, 60, None]}).suppress()
    assert made.evidence["groups"]["age"]["half"] == {
        "I": ["0 to under 18", "18 to under 40"], "II": ["40 to under 60", "60 and over"]}


def test_a_town_in_two_provinces_or_none_is_in_no_group(monkeypatch):
    monkeypatch.setattr(_preflight, "rules", lambda: _preflight.Rules(POLICY, known=True))
    for wrong in (None, "East"):
        frame = towns()
        frame.loc[len(frame) - 1 if wrong is None else 0, "province"] = wrong
        assert set(rr.table(frame, "town", unit="p").suppress().evidence["groups"]["town"]) == {"half"}
    some = towns().loc[lambda held: held["town"] != "D"]
    merged = rr.table(some, "town", unit="p", merge={"town": {"AC": ["A", "C"]}}, where="half = 'I' OR town = 'C'")
    assert "groups" not in merged.evidence


def test_what_is_not_read_together_is_said():
    def apart(*tables, **others):
        return [(one.verdict, one.message) for one in check_apart("a.csv", *tables, others, POLICY)]

    one_less = without_totals(table("sex", None, (), OLD[1:]))
    (verdict, message), = apart(without_totals(BY_AGE), b=one_less)
    assert verdict is Verdict.REVIEW and message.endswith("nearly the same people, it seems, as these 104: b: 103.")
    (verdict, message), = apart(BY_AGE, b=table("region", "sex", (), PEOPLE[PEOPLE["age"] == "young"]))
    assert verdict is Verdict.PASS and "of other people" in message
    assert apart(BY_AGE, b=table("region", None, (), OLD)) == []  # which is read together
    assert apart(table("region", None, (), OLD), b=one_less) == []  # nothing is hidden


def test_a_variable_by_another_name_is_the_same_where_its_numbers_are():
    other = OLD.rename(columns={"region": "area", "sex": "gender"})
    assert found(BY_AGE, b=table("area", "gender", (), other)) == EXPOSED
    assert found(BY_AGE, b=table("area", "gender", HIDDEN, other)) == set()
    swapped = other.assign(area=other["area"].map({"N": "S", "S": "N"}))  # the same codes, other people
    assert found(BY_AGE, b=table("area", "gender", (), swapped)) in (set(), {("differencing.unlinked", Verdict.REVIEW)})


def test_a_few_people_less_in_another_file_are_for_a_person():
    everybody = table("region", "sex", (), PEOPLE)
    later = {("differencing.subset", Verdict.REVIEW)}
    assert found(everybody, b=table("region", "sex", (), PEOPLE[3:])) == later
    assert found(table("region", "sex", (), PEOPLE[3:]), b=everybody) == set()  # said once, of the larger
    assert found(everybody, b=table("region", "sex", (), PEOPLE[11:])) == set()
    assert found(everybody, b=table("region", "sex", (), PEOPLE[3:]) | {"rounding": 5}) == set()
    assert found(everybody, b=table("region", "sex", (), PEOPLE)) == set()


def test_what_is_said_for_information_has_no_verdict_in_a_notebook(monkeypatch):
    monkeypatch.setattr(_preflight, "rules", lambda: _preflight.Rules(POLICY, known=True))
    one = rr.table(OLD, "region", "sex", unit="p", totals=True).drop("F", "M")
    checked = rr.preflight(one, rr.table(OLD[OLD["region"] == "N"], "sex", unit="p"))
    assert "Note: Not read together" in repr(checked)
    assert "<li><strong>Note:</strong> Not read together" in checked._repr_html_()
