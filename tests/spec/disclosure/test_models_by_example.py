"""Worked examples of the rules for models, tests, curves and predictors, as a custodian would check them by hand."""

import copy
import json

import pytest

from readingroom.core.disclosure.models.check import check_description
from readingroom.core.disclosure.output_types import OUTPUT_TYPES, described_as
from readingroom.core.disclosure.verdict import Verdict, combine
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

PASS, REVIEW, FAIL = Verdict.PASS, Verdict.REVIEW, Verdict.FAIL
POLICY = Policy(threshold=10, threshold_inclusive=False, zeros_disclosive=True, dominance=frozenset({(2, 90.0)}),
                p_percent=10.0, residual_degrees_of_freedom=10)


def of(type_name):
    return copy.deepcopy(dict(described_as(type_name)[1].example)) | {"type": type_name}


LINEAR = of("linear")
LOGISTIC = {**LINEAR, "type": "logistic", "separation": False, "events": 400, "r_squared": None}
COX = {**LINEAR, "type": "cox", "parameters": 4, "residual_df": None, "events": 300, "r_squared": None}


def verdict(description, policy=POLICY):
    return combine(check_description(description, policy), checked=True)


def rules(description, policy=POLICY):
    return {one.rule for one in check_description(description, policy) if one.verdict is FAIL}


@pytest.mark.parametrize(("change", "expected", "rule"), [
    ({}, PASS, None),
    ({"residual_df": 1236}, FAIL, "model.contradiction"),
    ({"n": 15, "units": 15, "residual_df": 10}, FAIL, "model.contradiction"),  # the levels hold 1,240
    ({"units": 1300}, FAIL, "model.contradiction"),
    ({"n": None}, REVIEW, None),
    ({"units": None}, REVIEW, None),
    ({"parameters": None}, REVIEW, None),
    ({"terms": None}, REVIEW, None),
    ({"interactions": None}, REVIEW, None),
    ({"saturated": None}, REVIEW, None),
    ({"leverage_max": None}, REVIEW, None),
    ({"r_squared": None}, REVIEW, None),
    ({"leverage_max": 0.6}, REVIEW, None),
    ({"leverage_max": 1.0}, FAIL, "model.leverage"),
    ({"leverage_max": 1.4}, FAIL, "model.contradiction"),
    ({"leverage_max": 0.001}, FAIL, "model.contradiction"),  # the mean is 5 / 1240 = 0.004
    ({"r_squared": 0.9995}, REVIEW, None),
    ({"r_squared": 1}, FAIL, "model.fit"),
    ({"r_squared": 1.2}, FAIL, "model.contradiction"),
    ({"includes": ["coefficients", "residuals"]}, FAIL, "model.contents"),
    ({"includes": ["coefficients", "random_effects"]}, FAIL, "model.contents"),
    ({"includes": ["runes"]}, REVIEW, None),
    ({"includes": ["covariance matrix"]}, REVIEW, None),
    ({"includes": ["covariance matrix"], "joint_units_min": 60}, PASS, None),
    ({"includes": ["covariance matrix"], "joint_units_min": 6}, FAIL, "model.contents"),
    ({"compared_with": [{"name": "all", "n": 1243}]}, REVIEW, None),
    ({"compared_with": [1240, 1300]}, PASS, None),
    ({"compared_with": [{"name": "all"}]}, REVIEW, None),
    ({"parameters": 50, "residual_df": 1190, "leverage_max": 0.2}, REVIEW, None),  # 45 unnamed
    ({"parameters": 3, "residual_df": 1237}, REVIEW, None),
    ({"units": 14}, FAIL, None),
    ({"terms": ["age", "region"]}, REVIEW, None),
    ({"terms": {"age": "continuous", "region": {"levels": {"N": 1000, "S": 240}},
                "sex": {"levels": {"F": 240, "M": 1000}}, "third": "numeric"}}, PASS, None),
    ({"interactions": ["region:sex"]}, REVIEW, None),
    ({"interactions": {"region:sex": {"North:F": 300, "North:M": 210, "South:F": 200, "South:M": 230, "West:F": 110,
                                      "West:M": 190}}, "parameters": 7, "residual_df": 1233}, PASS, None),
    ({"interactions": {"region:sex": {"North:F": 300, "North:M": 210, "South:F": 200, "South:M": 230, "West:F": 295,
                                      "West:M": 5}}, "parameters": 7, "residual_df": 1233}, FAIL, "model.levels"),
])
def test_a_linear_model(change, expected, rule):
    changed = {**LINEAR, **change}
    assert verdict(changed) is expected
    if rule:
        assert rule in rules(changed)


def test_combinations_that_do_not_fit_their_levels():
    counts = {"North:F": 50, "North:M": 460, "South:F": 15, "South:M": 415, "West:F": 145, "West:M": 155}  # 210 F
    crossed = {**LINEAR, "interactions": {"region:sex": counts}, "parameters": 7, "residual_df": 1233}
    assert "model.contradiction" in rules(crossed)
    repeating = {**crossed, "n": 2480, "units": 1240, "residual_df": 2473}  # people may be in several
    assert "model.contradiction" not in rules(repeating)


@pytest.mark.parametrize(("change", "expected"), [
    ({}, PASS), ({"events": 300}, PASS), ({"events": 3}, FAIL), ({"events": 1240}, PASS),
    ({"terms": [{"name": "sex", "levels": [{"level": "F", "units": 610, "events": 0}, {"level": "M", "units": 630}]},
                {"name": "age", "kind": "continuous", "parameters": 3}]}, FAIL)])
def test_a_model_of_counts_rests_on_people_who_have_any(change, expected):
    assert verdict({**LINEAR, "type": "poisson", "r_squared": None, **change}) is expected


@pytest.mark.parametrize(("said", "words"), [
    ({"n": 10.5}, "n is 10.5; it must be a whole number"), ({"terms": "age"}, "terms is 'age'; it must be a list"),
    ({"saturated": "yes"}, "saturated is 'yes'; it must be true or false"),
    ({"n": -3}, "n is -3; it must be 0 or more"), ({"treshold": 3}, "treshold: is no key of this")])
def test_what_is_wrong_with_a_description_is_said_with_its_value(said, words):
    with pytest.raises(InvalidInput) as caught:
        check_description({**LINEAR, **said}, POLICY)
    assert words in caught.value.message


@pytest.mark.parametrize(("n", "parameters", "units", "expected"), [
    (30, 21, 30, FAIL),
    (30, 20, 30, PASS),
    (300, 16, 25, FAIL),  # rows of 25 people
    (300, 15, 25, PASS),
])
def test_degrees_of_freedom_are_counted_in_people(n, parameters, units, expected):
    described = {"type": "linear", "n": n, "units": units, "parameters": parameters, "residual_df": n - parameters,
                 "terms": [{"name": "age", "kind": "continuous", "parameters": parameters - 1}], "interactions": [],
                 "saturated": False, "leverage_max": 0.8 if n == 30 else 0.4, "r_squared": 0.2}
    assert ("model.degrees-of-freedom" in rules(described)) is (expected is FAIL)


@pytest.mark.parametrize(("levels", "units", "expected"), [
    ({"North": 510, "South": 430, "West": 300}, 1240, PASS),
    ({"North": 510, "South": 721, "West": 9}, 1240, FAIL),
    ({"North": 510, "South": 720, "West": 10}, 1240, PASS),
    ({"North": 510, "South": 729, "West": 1}, 1240, FAIL),  # a dummy variable of one person
    ({"North": 510, "South": 430, "West": 296}, 1240, FAIL),  # four people are in no level
    ({"North": 510, "South": 430}, 1240, REVIEW),  # 300 people are in no level
    ({"North": 510, "South": 430, "West": 500}, 1240, FAIL),  # more than there are
    ([{"level": "North", "units": 800}, {"level": "South", "people": 440}], 1240, PASS),
])
def test_levels(levels, units, expected):
    terms = [{"name": "age", "kind": "continuous"}, {"name": "region", "levels": levels}]
    parameters = 1 + len(levels)
    found = verdict({**LINEAR, "units": units, "terms": terms, "parameters": parameters,
                     "residual_df": 1240 - parameters})
    assert found is expected


def test_an_inclusive_threshold_needs_one_more():
    terms = [{"name": "age", "kind": "continuous"}, {"name": "region", "levels": {"North": 1230, "South": 10}}]
    described = {**LINEAR, "terms": terms, "parameters": 3, "residual_df": 1237}
    assert verdict(described) is PASS
    assert verdict(described, POLICY.model_copy(update={"threshold_inclusive": True})) is FAIL


def interacted(counts, /, **more):
    """Pay by region and sex with their interaction: four coefficients for four cells."""
    by = {name: sum(units for cell, units in counts.items() if name in cell.split(":")) for name in "NSFM"}
    n = sum(counts.values())
    return {"type": "linear", "n": n, "units": n, "parameters": 4, "residual_df": n - 4, "saturated": True,
            "terms": [{"name": "region", "levels": {"N": by["N"], "S": by["S"]}},
                      {"name": "sex", "levels": {"F": by["F"], "M": by["M"]}}],
            "interactions": [{"terms": ["region", "sex"], "levels": counts}], "leverage_max": 0.05, "r_squared": 0.2,
            **more}


@pytest.mark.parametrize(("cells", "more", "expected"), [
    ({"N:F": 40, "N:M": 50, "S:F": 60, "S:M": 70}, {}, REVIEW),  # a table of means without its largest contributions
    ({"N:F": 40, "N:M": 50, "S:F": 60, "S:M": 4}, {}, FAIL),
    ({"N:F": 40, "N:M": 50, "S:F": 60, "S:M": 4}, {"saturated": False}, FAIL),  # it is, whatever it says
    ({"N:F": 40, "N:M": 50, "S:F": 60, "S:M": 70}, {"saturated": False}, REVIEW),
    ({"N:F": 40, "N:M": 50, "S:F": 60, "S:M": 70}, {"compared_with": [223]}, FAIL),  # two tables to subtract
])
def test_a_saturated_model_is_a_table(cells, more, expected):
    assert verdict(interacted(cells, **more)) is expected


def test_a_saturated_model_passes_as_its_table_does():
    cells = {"N:F": 40, "N:M": 50, "S:F": 60, "S:M": 70}
    said = [{"level": name.split(":"), "units": units, "top": [5.0, 4.0, 4.0], "total": 100.0}
            for name, units in cells.items()]
    assert verdict(interacted(cells, cells=said)) is PASS
    said[2] |= {"top": [80.0, 15.0, 1.0]}
    assert verdict(interacted(cells, cells=said)) is FAIL  # dominated by two
    said[2] |= {"top": [5.0, 5.0, 5.0], "total": 295.0, "nonzero_units": 60}  # fives, and zeros or fours?
    assert verdict(interacted(cells, cells=said)) is REVIEW
    for lower, upper, expected in ((1, 59, FAIL), (0, 0, PASS)):
        told = [*said[:2], said[2] | {"lower_units": lower, "upper_units": upper}, said[3]]
        assert verdict(interacted(cells, cells=told)) is expected
    events = [{"level": name.split(":"), "units": units, "events": units // 2} for name, units in cells.items()]
    assert verdict(interacted(cells, cells=events, type="logit", separation=False)) is PASS
    events[0]["events"] = 38  # leaves two without
    assert verdict(interacted(cells, cells=events, type="logit", separation=False)) is FAIL


@pytest.mark.parametrize(("change", "expected"), [
    ({}, PASS),
    ({"separation": None}, REVIEW),
    ({"separation": True}, FAIL),
    ({"events": 4}, FAIL),
    ({"events": 1236}, FAIL),
    ({"pseudo_r_squared": 1.0, "r_squared": None}, FAIL),
])
def test_a_logistic_model(change, expected):
    described = {key: value for key, value in {**LOGISTIC, **change}.items() if value is not None}
    assert verdict(described) is expected


def test_a_level_whose_people_all_have_the_outcome_fails():
    terms = [{"name": "age", "kind": "continuous"}, {"name": "court", "levels": [
        {"level": "A", "units": 1200, "events": 360}, {"level": "B", "units": 40, "events": 40}]}]
    assert "model.fit" in rules({**LOGISTIC, "terms": terms, "parameters": 3, "residual_df": 1237})


@pytest.mark.parametrize(("change", "expected"), [
    ({}, PASS), ({"events": None}, REVIEW), ({"events": 13}, FAIL), ({"events": 14}, PASS)])
def test_a_survival_model_counts_events(change, expected):
    assert verdict({**COX, **change}) is expected


PANEL = {"type": "panel", "n": 1000, "units": 100, "parameters": 3, "absorbed": 100, "residual_df": 897,
         "terms": [{"name": name, "kind": "continuous"} for name in "xyz"], "interactions": [], "saturated": False,
         "leverage_max": 0.2}


@pytest.mark.parametrize(("change", "expected"), [
    ({}, PASS),  # an effect for each of 100 people is swept out, and not published
    ({"includes": ["coefficients", "fixed effects"]}, FAIL),
    ({"absorbed": None}, FAIL),  # 997 are left, not 897
    ({"absorbed": None, "residual_df": 99}, PASS),  # tests by clusters: people less one
    ({"units": 12, "absorbed": 12, "residual_df": 985}, FAIL),  # 9 people are left
    ({"n": 112, "residual_df": 9}, FAIL),
])
def test_a_panel(change, expected):
    assert verdict({**PANEL, **change}) is expected


def test_an_intercept_alone_is_the_mean_of_everyone():
    alone = {**LINEAR, "terms": [], "parameters": 1, "residual_df": 1239}
    assert verdict(alone) is REVIEW
    said = {"level": "everyone", "units": 1240, "top": [5.0, 4.0], "total": 2000.0}
    assert verdict({**alone, "saturated": True, "cells": [said]}) is PASS
    assert verdict({**alone, "saturated": True, "cells": [{**said, "constant": True, "top": [2.0]}]}) is FAIL


def test_models_published_together_are_compared():
    first = {**LINEAR, "compared_with": None}
    second = {**first, "n": 1237, "units": 1237, "residual_df": 1232, "terms": [
        *first["terms"][:1], {"name": "region", "levels": {"North": 507, "South": 430, "West": 300}},
        {"name": "sex", "levels": {"F": 610, "M": 627}}]}
    assert verdict({"models": [first, first]}) is PASS
    assert verdict({"models": [first, second]}) is REVIEW


@pytest.mark.parametrize(("type_name", "change", "expected"), [
    ("t-test", {}, PASS),
    ("t-test", {"groups": {"treated": 236, "others": 4}}, FAIL),
    ("t-test", {"groups": None}, REVIEW),
    ("t-test", {"groups": [{"name": "a", "units": 120, "sd": 0}, {"name": "b", "units": 120}]}, FAIL),
    ("t-test", {"n": 11, "units": 11, "residual_df": 9, "groups": {"all": 11}}, FAIL),
    ("t-test", {"groups": {"a": 200, "b": 200}}, FAIL),  # more than n
    ("t-test", {"groups": {"a": 20, "b": 30}}, FAIL),  # and where are the others?
    ("t-test", {"p_value": 1.5}, FAIL),
    ("chi-square", {}, PASS),
    ("chi-square", {"table": None}, REVIEW),
    ("chi-square", {"residual_df": 2}, FAIL),
    ("chi-square", {"n": 149}, FAIL),
    ("chi-square", {"table": [[40, 35], [50, 25]]}, PASS),
    ("chi-square", {"table": [[40, 35], [71, 4]]}, FAIL),
    ("chi-square", {"table": {"rows": ["N", "S"], "columns": ["y", "n"], "counts": [[40, 35], [71, 4]]}}, FAIL),
    ("chi-square", {"table": {"rows": ["N", "S"], "columns": ["y", "n"], "counts": [[40, 35], [75]]}}, FAIL),
    ("chi-square", {"n": 75, "units": 75, "table": {
        "rows": ["N", "S"], "columns": ["y", "n"], "counts": [[40, 35], [0, 0]]}}, FAIL),
    ("correlation", {}, PASS),
    ("correlation", {"n": 11, "units": 11, "residual_df": 9}, FAIL),
    ("correlation", {"n": 12, "units": 12, "residual_df": 10}, PASS),
    ("correlation", {"correlation": 1.0}, FAIL),
    ("correlation", {"correlation": -1}, FAIL),
    ("correlation", {"correlation": 0.9999}, REVIEW),
    ("correlation", {"correlation": 1.3}, FAIL),
    ("correlation", {"units": None}, REVIEW),
    ("correlation", {"residual_df": 239}, FAIL),
    ("correlation", {"correlation": None, "pairs": [{"variables": ["a", "b"], "r": 0.2, "n": 5, "units": 5}]}, FAIL),
    ("kaplan-meier", {}, PASS),
    ("kaplan-meier", {"arms": None}, REVIEW),
    ("kaplan-meier", {"arms": [{"name": "a", "units": 50, "steps": [
        {"time": 1, "at_risk": 50, "events": 1}, {"time": 2, "at_risk": 49, "events": 12, "censored": 37}]}]}, FAIL),
    ("kaplan-meier", {"arms": [{"name": "a", "units": 50, "steps": [
        {"time": 1, "at_risk": 50, "events": 20, "censored": 25}]}]}, FAIL),  # five are left
    ("kaplan-meier", {"arms": [{"name": "a", "units": 50, "steps": [
        {"time": 1, "at_risk": 50, "events": 20}, {"time": 1, "at_risk": 30, "events": 30}]}]}, FAIL),
    ("kaplan-meier", {"arms": [{"name": "a", "units": 100, "steps": [
        {"time": 1, "at_risk": 100, "events": 3, "censored": 50}, {"time": 2, "at_risk": 47, "events": 47}]}]}, FAIL),
    ("kaplan-meier", {"arms": [{"name": "a", "units": 100, "steps": [
        {"time": 1, "at_risk": 100, "events": 0, "censored": 50, "survival": 1},
        {"time": 2, "at_risk": 50, "events": 50, "survival": 0}]}]}, PASS),  # nobody has it at first
    ("kaplan-meier", {"arms": [{"name": "a", "units": 100, "steps": [
        {"time": 1, "at_risk": 100, "events": 20, "censored": 20, "survival": 0.78},  # some censored before
        {"time": 2, "at_risk": 60, "events": 60, "survival": 0}]}]}, PASS),
    ("kaplan-meier", {"arms": [{"name": "a", "units": 100, "steps": [
        {"time": 1, "at_risk": 100, "events": 20, "censored": 20, "survival": 0.5},  # of other counts
        {"time": 2, "at_risk": 60, "events": 60, "survival": 0}]}]}, FAIL),
    ("gini", {}, PASS),
    ("gini", {"units": 9, "top": [30000, 20000]}, FAIL),
    ("gini", {"top": [80000, 5000]}, FAIL),
    ("gini", {"top": None}, REVIEW),
    ("hhi", {"top": None, "total": None, "top_shares": [0.79, 0.12], "value": 0.64}, FAIL),
    ("hhi", {"top": None, "total": None, "top_shares": [0.2, 0.1], "value": 0.99}, FAIL),
    ("hhi", {"top": None, "total": None, "top_shares": [0.2, 0.1], "value": 900}, REVIEW),  # of 10,000
    ("lorenz", {"points": None}, REVIEW),
    ("lorenz", {"points": [{"people_share": tenth / 10} for tenth in range(1, 10)]}, PASS),
    ("lorenz", {"points": [{"people_share": 0.5}, {"people_share": 0.99}]}, FAIL),  # four people in the top 1%
    ("lorenz", {"points": [{"people_share": 0.5}, {"people_share": 0.2}]}, FAIL),
    ("kmeans", {}, PASS),
    ("kmeans", {"clusters": [80, 97, 3]}, FAIL),
    ("kmeans", {"includes": ["sizes", "assignments"]}, FAIL),
    ("kmeans", {"includes": ["sizes", "centroids"]}, REVIEW),
    ("kmeans", {"clusters": [80, 60]}, REVIEW),
    ("tree", {}, PASS),
    ("tree", {"leaf_units_min": 1}, FAIL),
    ("tree", {"leaf_units_min": None}, REVIEW),
    ("tree", {"pure_leaves": 2}, FAIL),
    ("tree", {"pure_leaves": None}, REVIEW),
    ("tree", {"depth": 2}, FAIL),  # twelve leaves
    ("forest", {"leaves": [{"units": 40, "largest_class": 40}], "leaf_count": None}, FAIL),
    ("classifier", {}, REVIEW),
    ("classifier", {"smallest_group": 3}, FAIL),
    ("classifier", {"probability_min": 0.0}, FAIL),
    ("classifier", {"probability_min": 0.001}, FAIL),
    ("knn", {}, FAIL),
    ("svc", {"kept": 2}, FAIL),
])
def test_other_types(type_name, change, expected):
    described = {key: value for key, value in {**of(type_name), **change}.items() if value is not None}
    assert verdict(described) is expected


@pytest.mark.parametrize(("at_risk", "threshold", "expected"), [(51, 7, PASS), (51, 10, REVIEW), (50, 7, FAIL)])
def test_survival_rounded_to_midpoint_six(at_risk, threshold, expected):
    described = {"type": "km", "rounding": "midpoint-6", "arms": [{"name": "a", "units": 50, "steps": [
        {"time": 1, "at_risk": at_risk, "events": 3}, {"time": 2, "at_risk": 27, "events": 9}]}]}
    assert verdict(described, POLICY.model_copy(update={"threshold": threshold})) is expected


@pytest.mark.parametrize("one", [one for one in OUTPUT_TYPES if one.description], ids=lambda one: one.name)
class TestEveryType:
    def test_without_a_policy_it_does_not_pass(self, one):
        assert verdict(dict(one.example), Policy()) is not PASS

    def test_without_evidence_it_does_not_pass(self, one):
        for type_name in one.types:
            assert verdict({"type": type_name}) is not PASS

    def test_leaving_out_a_key_never_turns_a_no_into_a_pass(self, one):
        example = dict(one.example)
        for key in example:
            if key != "type" and verdict(example) is not PASS:
                assert verdict({name: value for name, value in example.items() if name != key}) is not PASS

    def test_its_example_is_what_its_page_shows(self, one):
        assert json.loads(json.dumps(dict(one.example))) == dict(one.example)

    def test_its_rules_have_formula_source_and_example(self, one):
        for rule in one.rules:
            assert all(f"{part}:" in (rule.__doc__ or "") for part in ("Formula", "Source", "Example")), rule


@pytest.mark.parametrize(("described", "words"), [
    ({"type": "linear", "nn": 3}, "nn"),
    ({"type": "linear", "df_resid": 3, "residual_df": 3}, "df_resid and residual_df"),
    ({"type": "linear", "n": "many"}, "n is 'many'"),
    ({"type": "linear", "n": -3}, "n is -3"),
    ({"type": "linear", "n": True}, "n is true"),
    ({"type": "linear", "leverage_max": float("nan")}, "leverage_max"),
    ({"type": "linear", "r_squared": float("inf")}, "r_squared"),
    ({"type": "linear", "terms": [{"name": "a", "colour": "red"}]}, "terms.0.colour"),
    ({"type": 3}, "type"),
    ({}, "type"),
    ([], "type"),
    ({"models": []}, "models"),
    ({"models": [LINEAR], "n": 3}, "n:"),
])
def test_what_cannot_be_read_is_refused_by_name(described, words):
    with pytest.raises(InvalidInput) as refused:
        check_description(described, POLICY)
    assert words in refused.value.message
    assert refused.value.rule == "description.malformed"


def test_an_unknown_type_is_never_a_pass():
    found = check_description({"type": "Quantile Regression", "n": 10_000}, POLICY)
    assert [(one.rule, one.verdict) for one in found] == [("output-type.unknown", REVIEW)]
