"""One cell by its contributions: what a file may say and how, what the rules make of it, how wide it must be."""

from decimal import Decimal
from fractions import Fraction

import jsonschema
import pytest

from readingroom.core.disclosure.contributions import (
    contributions_schema,
    judge,
    judgement_dict,
    parse_contributions,
)
from readingroom.core.disclosure.contributions.names import CONTRIBUTION, FILE, RULES
from readingroom.core.disclosure.contributions.reading import EXAMPLE
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

PASS, REVIEW, FAIL = Verdict.PASS, Verdict.REVIEW, Verdict.FAIL


def judged(contributions, rules=None, **more):
    given = parse_contributions({"contributions": contributions, "rules": rules or {}} | more)
    return judge(given.cell, given.policy)


@pytest.mark.parametrize(("values", "rules", "verdict"), [
    ([60, 35, 5], {"nk": [2, 85]}, FAIL),
    ([60, 30, 10], {"nk": [2, 90]}, PASS),  # exactly k
    ([60, 30, 10], {"nk": [2, 90], "inclusive": True}, FAIL),
    ([60, 30, 10], {"nk": [[2, 90], [1, 50]]}, FAIL),
    ([60, 30, 10], {"dominance": {"n": 2, "k": 90}}, PASS),
    ([60, 30, 10], {"nk": [{"n": 1, "k_percent": 60}, [2, 90]]}, PASS),
    ([60, 30, 10], {"nk": {"n": 2, "k_percent": 0.85}}, FAIL),
    ([60, 34, 6], {"p_percent": 10}, PASS),
    ([60, 35, 5], {"p": 10}, FAIL),
    ([60, 35, 5], {"p%": 10}, FAIL),
    ([60, 35, 5], {"p_ratio": Decimal("0.1")}, FAIL),
    ([60, 30, 8, 2], {"p_percent": 10, "coalition": 2}, FAIL),
    ([60, 30, 8, 2], {"p_percent": {"p": 10, "coalition": 2}}, FAIL),
    ([60, 30, 8, 2], {"p_percent": {"percent": 10}}, PASS),
    ([60, 30, 10], {"pq": [10, 50]}, FAIL),
    ([60, 28, 12], {"pq": {"p": 10, "q": 50}}, PASS),
    ([60, 28, 12], {"(p,q)": [[10, 50], [10, 40]]}, FAIL),
    ([1] * 9, {"threshold": 10}, FAIL),
    ([1] * 10, {"min_contributors": 10}, PASS),
    ([1] * 10, {"threshold": {"minimum": 10, "inclusive": True}}, FAIL),
    ([1] * 7, {"threshold": 7, "threshold_inclusive": True}, FAIL),
    ([], {"threshold": 10}, FAIL),
    ([], {"threshold": 10, "zeros": False}, PASS),
    ([], {"nk": [1, 50], "p": 10}, PASS),
    ([5] * 20, {"all_equal": True}, FAIL),
    ([5] * 20, {"nk": [2, 85]}, PASS),
    ([0, 0, 0], {"nk": [2, 85], "p": 10, "pq": [10, 50]}, PASS),
    (["60", " 35.0 ", "5e0"], {"nk": [2, 85]}, FAIL),
])
def test_rules_in_the_forms_that_people_write(values, rules, verdict):
    assert judged(values, rules).verdict is verdict


def test_holdings_are_added_up_first():
    """Ten records of two companies are two contributors, and the group of three makes up most of it."""
    values = [{"unit": "A", "value": 20}, {"unit": "A", "value": 40}, {"unit": "B", "value": 35},
              {"id": 3, "amount": 5}]
    found = judged(values, {"nk": [1, 50], "threshold": 4})
    assert (found.cell.people, found.cell.records, found.cell.top) == (3, 4, (60, 35, 5))
    assert [finding.rule for finding in found.findings] == ["threshold", "dominance"]
    assert judged({"A": 60, "B": 35, "C": 5}, {"nk": [1, 50]}).cell == judged([60, 35, 5], {"nk": [1, 50]}).cell
    numbers = judged([{"unit": 7, "value": 1}, {"unit": "7", "value": 1}, {"unit": 7.0, "value": 1}], {"threshold": 2})
    assert numbers.cell.people == 1


def test_missing_values_count_nowhere():
    values = [{"unit": "A", "value": None}, {"unit": "A", "value": 3}, {"unit": "B", "value": None}]
    found = judged(values, {"threshold": 2})
    assert (found.cell.people, found.cell.records, found.cell.missing, found.verdict) == (1, 1, 1, FAIL)
    assert judged([None, 4, 5], {"threshold": 2}).verdict is PASS


def test_negative_values_count_by_size():
    assert judged([-99, 50, 40, 30], {"nk": [2, 90], "p": 10}).verdict is PASS
    dominated = judged([-990, 5, 4, 1], {"nk": [2, 90]})
    assert (dominated.verdict, dominated.cell.negatives, dominated.cell.total) == (FAIL, 1, -980)


@pytest.mark.parametrize(("weights", "verdict", "ways"), [
    ("expand", FAIL, ["expand"]),  # 90 + 90 of 198
    ("total", PASS, ["total"]),  # 90 + 5 + ... of 198
    (["total", "expand"], FAIL, ["expand", "total"]),
])
def test_weights(weights, verdict, ways):
    values = [{"value": 90, "weight": 2}, {"value": 5, "weight": 2}, {"value": 4, "weight": 2}]
    found = judged(values, {"nk": [2, 90], "weights": weights})
    assert found.verdict is verdict
    assert [one.weights for one in found.rules] == ways


def test_weights_without_a_way_to_count_them_need_a_person():
    found = judged([{"value": 9, "weight": 2}, {"value": 8, "weight": 3}, {"value": 7, "weight": 9}], {"nk": [1, 90]})
    assert found.verdict is REVIEW
    assert found.findings[0].parameters == {"missing": ["weights"]}


def test_a_unit_with_several_weights_has_the_one_that_its_values_come_to():
    values = [{"unit": "A", "value": 10, "weight": 1}, {"unit": "A", "value": 30, "weight": 3},
              {"unit": "B", "value": 1, "weight": 1}]
    cell = judged(values, {"nk": [1, 90], "weights": "expand"}).cell
    assert (cell.top, cell.top_weights, cell.weighted_total) == ((40, 1), (Fraction(5, 2), 1), 101)
    with pytest.raises(InvalidInput, match="several weights"):
        judged([{"unit": "A", "value": 1, "weight": 1}, {"unit": "A", "value": -1, "weight": 2}], {"threshold": 1})


@pytest.mark.parametrize(("total", "n", "rules", "verdict"), [
    (200, 30, {"nk": [2, 90], "p": 10, "threshold": 10}, PASS),
    (100, 20, {"nk": [2, 90]}, FAIL),
    (200, 30, {"nk": [4, 90]}, REVIEW),  # only three are listed
])
def test_the_largest_alone_with_the_total(total, n, rules, verdict):
    assert judged([60, 35, 5], rules, total=total, n=n).verdict is verdict


@pytest.mark.parametrize(("rules", "upper"), [
    ({"nk": [2, 90]}, Fraction(50, 9)),  # 95 / 0.9 - 100
    ({"p": 10}, 1),  # 6 - 5
    ({"pq": [10, 50]}, 7),  # 12 - 5
    ({"nk": [2, 90], "p": 10, "pq": [10, 50]}, 7),
    ({"nk": [2, 96], "p": 5}, 0),
    ({"threshold": 10}, 0),
])
def test_protection_levels(rules, upper):
    found = judged([60, 35, 5], rules)
    assert found.protection.upper == found.protection.lower == upper


def test_the_lower_protection_level_is_no_more_than_the_total():
    found = judged([60], {"nk": [1, 10]})
    assert (found.protection.upper, found.protection.lower) == (540, 60)


def test_ties_are_exact_for_any_size():
    assert judged([9 * 10**299, 10**299], {"nk": [1, 90]}).verdict is PASS
    assert judged([9 * 10**299 + 1, 10**299], {"nk": [1, 90]}).verdict is FAIL
    assert judged([Decimal("0.3"), Decimal("0.6"), Decimal("0.1")], {"nk": [2, 90]}).verdict is PASS
    assert judged([Decimal("0.30000000000000000001"), Decimal("0.6"), Decimal("0.1")], {"nk": [2, 90]}).verdict is FAIL
    assert judged([1e300, 1e300, 1e299], {"p": 10}).verdict is PASS
    assert judged([1e-300, 1e300, 1e299], {"p": 10}).verdict is FAIL


@pytest.mark.parametrize(("document", "said"), [
    ({}, "input.contributions"),
    ({"contributions": 5}, "input.contributions"),
    ({"contributions": [1, "x"]}, "contributions[1] is 'x'"),
    ({"contributions": [1, "1,000"]}, "thousands"),
    ({"contributions": [True]}, "a number"),
    ({"contributions": [[1, 2]]}, "a number"),
    ({"contributions": ["1_000"]}, "a number"),
    ({"contributions": [float("inf")]}, "finite"),
    ({"contributions": [Decimal("1e400")]}, "ordinary size"),
    ({"contributions": [Decimal("1e-999999")]}, "ordinary size"),
    ({"contributions": ["nan"]}, "ordinary size"),
    ({"contributions": [10**301]}, "huge"),
    ({"contributions": [{"unit": "A"}]}, "null if it is missing"),
    ({"contributions": [{"value": 1, "amount": 2}]}, "said by another name"),
    ({"contributions": [{"value": 1, "colour": 2}]}, "contributions[0].colour is not known"),
    ({"contributions": [{"value": 1, "unit": []}]}, "contributions[0].unit"),
    ({"contributions": [{"value": 1, "weight": 0}]}, "above 0"),
    ({"contributions": [{"value": 1, "weight": 1}, 2]}, "all with, or all without"),
    ({"contributions": [{"value": 1, "unit": "A"}, 2]}, "all with, or all without"),
    ({"contributions": [1], "color": 1}, "input.color is not known"),
    ({"contributions": [1], "values": [1]}, "said by another name"),
    ({"contributions": [1, 2], "total": 4}, "input.total"),
    ({"contributions": [1, 2], "n": 1, "total": 4}, "input.total"),
    ({"contributions": [5, 2], "n": 3, "total": 10}, "input.total"),  # the third would be larger than the second
    ({"contributions": [5, -2], "n": 9, "total": 10}, "negative"),
    ({"contributions": [1], "rule_pack": 7}, "input.rule_pack"),
    ({"contributions": [1], "rules": [2, 85]}, "rules"),
    ({"contributions": [1], "rules": {"nkk": [2, 85]}}, "did you mean 'nk'?"),
    ({"contributions": [1], "rules": {"nk": [2, 85], "dominance": [1, 50]}}, "said by another name"),
    ({"contributions": [1], "rules": {"nk": 85}}, "(n, k)"),
    ({"contributions": [1], "rules": {"nk": [0, 85]}}, "whole number"),
    ({"contributions": [1], "rules": {"nk": [2**53, 85]}}, "up to 9,007,199,254,740,991"),
    ({"contributions": [1], "rules": {"nk": [2, 101]}}, "percentage"),
    ({"contributions": [1], "rules": {"nk": [2, 1]}}, "100% or 1%"),
    ({"contributions": [1], "rules": {"nk": {"n": 2}}}, "(n, k)"),
    ({"contributions": [1], "rules": {"p": 0.1}}, "p_ratio"),
    ({"contributions": [1], "rules": {"p": 10, "p_percent": 10}}, "left out"),
    ({"contributions": [1], "rules": {"p_percent": {"coalition": 2}}}, "a percentage, or"),
    ({"contributions": [1], "rules": {"p_percent": {"p": 1, "coalition": 2}, "coalition": 2}}, "said once"),
    ({"contributions": [1], "rules": {"coalition": 2}}, "there is a coalition"),
    ({"contributions": [1], "rules": {"pq": [50, 10]}}, "p below q"),
    ({"contributions": [1], "rules": {"pq": 10}}, "(p, q)"),
    ({"contributions": [1], "rules": {"threshold": 2.5}}, "whole number"),
    ({"contributions": [1], "rules": {"threshold": {"inclusive": True}}}, "minimum"),
    ({"contributions": [1], "rules": {"threshold": {"minimum": 3, "inclusive": True}, "threshold_inclusive": False}},
     "said once"),
    ({"contributions": [1], "rules": {"threshold": 3, "zeros": 1}}, "true or false"),
    ({"contributions": [1], "rules": {"weights": "none"}}, "expand, total"),
])
def test_what_cannot_be_used_is_refused_by_name(document, said):
    with pytest.raises(InvalidInput) as refused:
        parse_contributions(document)
    assert said in refused.value.message
    assert refused.value.next_step


def test_no_rule_is_no_check():
    with pytest.raises(InvalidInput, match="nothing would be checked"):
        judged([1, 2])


def test_a_policy_that_leaves_a_rule_open_needs_a_person():
    cell = parse_contributions([5, 4, 3, 2]).cell
    found = judge(cell, Policy(threshold=3, threshold_inclusive=False, zeros_disclosive=True), whole=True)
    assert found.verdict is REVIEW
    assert {name for one in found.findings for name in one.parameters["missing"]} == {"dominance", "p_percent"}


def test_a_rule_pack_may_stand_in_place_of_rules():
    assert parse_contributions({"contributions": [1], "policy": "acro-default"}).rule_pack == "acro-default"
    assert parse_contributions({"contributions": [1], "pack": "uk-llc", "rules": {"p": 1}}).policy.p_percent == 1


def test_rules_may_stand_beside_the_contributions():
    given = parse_contributions({"contributions": [60, 35, 5], "nk": [2, 85], "p_percent": 10, "threshold": 2})
    assert [one.rule for one in judge(given.cell, given.policy).findings] == ["dominance", "p-percent"]
    with pytest.raises(InvalidInput, match="among the rules"):
        parse_contributions({"contributions": [1], "nk": [2, 85], "rules": {"p": 10}})


def test_the_example_and_the_schema_agree_with_the_reader():
    validator = jsonschema.Draft202012Validator(contributions_schema())
    assert validator.is_valid(EXAMPLE)
    assert not validator.is_valid({"contributions": "many"})
    described = contributions_schema()["properties"]
    assert set(described) == set(FILE)
    assert set(described["rules"]["properties"]) == set(RULES)
    assert set(described["contributions"]["anyOf"][0]["items"]["anyOf"][1]["properties"]) == set(CONTRIBUTION)
    given = parse_contributions(EXAMPLE)
    assert judge(given.cell, given.policy).verdict is FAIL


def test_the_answer_has_numbers_and_exact_levels():
    said = judgement_dict(judged([60, 35, 5], {"nk": [2, 90]}))
    assert said["rules"] == [{
        "rule": "dominance", "verdict": "fail", "parameters": {"n": 2, "k_percent": 90.0, "inclusive": False},
        "numbers": {"largest": 95, "total": 100, "percent": 95}, "protection_level": 50 / 9}]
    assert said["protection_level"]["exact"] == {"upper": "50/9", "lower": "50/9"}


@pytest.mark.parametrize("k", [0.85, 1, 0.5])
@pytest.mark.parametrize("shape", [lambda k: {"nk": [2, k]}, lambda k: {"nk": [[1, 75], [2, k]]},
                                   lambda k: {"dominance": {"n": 2, "k": k}}])
def test_a_k_that_could_be_a_share_names_both_readings(shape, k):
    with pytest.raises(InvalidInput) as refused:
        parse_contributions({"contributions": [60, 30, 10], "rules": shape(k)})
    assert f"{100 * k:g}% or {k:g}%" in refused.value.message
    assert f"[2, {100 * k:g}]" in refused.value.message and f'"k_percent": {k:g}' in refused.value.message


def test_a_share_in_a_policy_or_in_the_rules_of_tables_is_refused_too():
    from readingroom.core.disclosure.protect.forms.protect import check_protect
    with pytest.raises(ValueError, match=r"90% or 0\.9%"):
        Policy.model_validate({"dominance": [[2, 0.9]]})
    with pytest.raises(InvalidInput, match=r"90% or 0\.9%"):
        check_protect({"rules": {"dominance": [[2, 0.9]]}, "values": [[1, 2], [3, 4]], "rows": ["a", "b"],
                       "columns": ["c", "d"], "kind": "magnitude"})
