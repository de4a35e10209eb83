"""Worked examples of the rules on each family of statistics, as tables that a custodian can read."""

import pytest

from readingroom.core.disclosure.check import check_table_evidence
from readingroom.core.disclosure.verdict import Verdict
from tests.spec.disclosure.policies import policy

NOT_TWO = {"lower_people": 0, "upper_people": 0}
PASS, REVIEW, FAIL = Verdict.PASS, Verdict.REVIEW, Verdict.FAIL


def one_cell(statistic, people=30, table=(), **cell):
    return {
        "kind": "table", "statistic": statistic, "unit": "person_id",
        "cells": [{"row": ["North"], "column": ["value"], "people": people, "records": people} | cell],
    } | dict(table)


def check(evidence, **changes):
    return check_table_evidence(evidence, policy(**changes))


def rules_of(result):
    return {finding.rule for finding in result.findings}


@pytest.mark.parametrize(("below", "at", "above", "side", "rule"), [
    (9, 1, 9, None, "position"),  # the median of 19 different values
    (10, 1, 10, None, None),  # of 21
    (10, 0, 10, None, None),  # between the middle two of 20
    (95, 0, 5, None, "position"),  # the 95th percentile of 100
    (0, 12, 18, None, None),  # the value of 12 people is nobody's own
    (0, 4, 26, None, "position"),
    (10, 1, 10, 12, "position"),  # a policy may ask for more on each side
    (12, 1, 12, 12, None),
    (10, 1, 10, 5, None),  # less than the threshold is never enough
    (9, 1, 9, 5, "position"),
    (None, None, None, None, "position.unchecked"),
    (0, 30, 0, None, "all-equal"),
])
def test_medians_and_quantiles(below, at, above, side, rule):
    evidence = one_cell("median", people=100, below=below, above=above, at_value=at)
    if rule == "all-equal":
        evidence = one_cell("median", below=below, above=above, at_value=at)
    result = check(evidence, quantile_side=side)
    assert rule in (rules_of(result) or {None})
    assert result.verdict is ({None: PASS, "position.unchecked": REVIEW}.get(rule, FAIL))


@pytest.mark.parametrize(("modal", "people", "changes", "rule"), [
    (12, 30, {}, None),
    (4, 30, {}, "mode"),
    (30, 30, {}, "mode.group"),
    (29, 30, {}, "mode.group"),  # the one other person knows what all others have
    (29, 30, {"group_coalition": 0}, None),
    (28, 30, {"group_percent": 90}, "mode.group"),
    (27, 30, {"group_percent": 90}, None),  # exactly 90 percent
    (30, 30, {"group_disclosure": False}, None),
    (None, 30, {}, "mode.unchecked"),
])
def test_modes(modal, people, changes, rule):
    result = check(one_cell("mode", people, modal_people=modal), **changes)
    assert (rule in rules_of(result)) if rule else result.verdict is PASS
    assert result.verdict is {None: PASS, "mode.unchecked": REVIEW}.get(rule, FAIL)


@pytest.mark.parametrize(("statistic", "sharing", "changes", "verdict"), [
    ("max", None, {}, FAIL),
    ("max", 1, {}, FAIL),
    ("minimum", 10, {}, PASS),  # ten people have it, and twenty more than it
    ("min", 10, {"extremes_forbidden": True}, FAIL),
    ("min", 30, {}, FAIL),  # all have it
    ("range", 3, {}, FAIL),
    ("first", 30, {"group_disclosure": False}, FAIL),
    ("max", 10, {"threshold": None}, FAIL),
])
def test_minima_and_maxima(statistic, sharing, changes, verdict):
    assert check(one_cell(statistic, extreme_people=sharing), **changes).verdict is verdict


@pytest.mark.parametrize(("people", "top", "total", "overlap", "rule"), [
    (10, [120, 60, 60], 600, 0, None),  # the mean of the ten longest sentences
    (9, [120, 60, 60], 600, 0, "threshold"),
    (10, [560, 20, 4], 600, 0, "dominance"),
    (10, [120, 60, 60], 600, 2, "extremes.overlap"),
    (10, [120, 60, 60], 600, None, "extremes.unchecked"),
])
def test_means_of_extremes_in_their_place(people, top, total, overlap, rule):
    result = check(one_cell("top_mean", people, top=top, total=total, overlap_people=overlap))
    assert rules_of(result) >= ({rule} if rule else set())
    assert result.verdict is {None: PASS, "extremes.unchecked": REVIEW}.get(rule, FAIL)


@pytest.mark.parametrize(("statistic", "numerator", "denominator", "changes", "rules"), [
    ("share", 200, 400, {}, set()),
    ("share", 4, 400, {}, {"share"}),  # 1% of 400 is 4 people
    ("share", 396, 400, {}, {"share"}),  # and so is what 99% leave
    ("share", 400, 400, {}, {"share.group"}),  # 100%
    ("share", 0, 400, {}, {"share.group"}),  # 0%
    ("share", 0, 400, {"zeros_disclosive": True}, {"share", "share.group"}),
    ("share", 370, 400, {"group_percent": 90}, {"share.group"}),
    ("percentage", 5, 9, {}, {"share"}),
    ("rate", 12, 400, {}, set()),
    ("rate", 4, 400, {}, {"share"}),
    ("rate", 0, 400, {}, {"share.group"}),  # nobody has the event
    ("rate", 397, 400, {}, {"share"}),  # all but three have it
    ("rate", 390, 400, {}, set()),
    ("rate", 400, 400, {}, {"share.group.unchecked"}),  # everybody: once each, or more often?
    ("rate", 400, 400, {"group_disclosure": False}, set()),
    ("ratio", 40, 4, {}, {"share"}),
    ("share", None, 400, {}, {"share.unchecked"}),
])
def test_shares_and_rates(statistic, numerator, denominator, changes, rules):
    evidence = one_cell(statistic, 400, numerator_people=numerator, denominator_people=denominator)
    assert rules_of(check(evidence, **changes)) == rules


@pytest.mark.parametrize(("constant", "lower", "upper", "rules"), [
    (True, 0, 0, {"share.group"}),  # everybody has the same
    (False, 0, 0, set()),  # rows, or values that differ
    (False, 3, 400, {"indicator"}),  # everybody has the event, but three are without it at some time
])
def test_rates_of_everybody(constant, lower, upper, rules):
    evidence = one_cell("rate", 400, numerator_people=400, denominator_people=400, constant=constant,
                        lower_people=lower, upper_people=upper)
    assert rules_of(check(evidence)) == rules


def test_shares_and_rates_of_a_value_are_dominated_like_its_sum():
    below = {"denominator_top": [50, 50, 50], "denominator_total": 1000}
    for statistic, more in (("share", {}), ("rate", below), ("ratio", below)):
        for top, rule in (([900, 60, 1], "dominance"), ([90, 60, 50], None)):
            evidence = one_cell(statistic, 30, numerator_people=30, denominator_people=60, constant=False, top=top,
                                total=1000, nonzero_people=30, lower_people=0, upper_people=0, **more)
            assert rules_of(check(evidence)) >= ({rule} if rule else set())
            assert check(evidence).verdict is (FAIL if rule else PASS)


@pytest.mark.parametrize("statistic", ["rate", "ratio"])
def test_p9_a_ratio_of_sums_that_does_not_say_what_is_under_the_line_is_for_a_person(statistic):
    evidence = one_cell(statistic, 30, numerator_people=30, denominator_people=60, constant=False, top=[90, 60, 50],
                        total=1000, nonzero_people=30, lower_people=0, upper_people=0)
    found = check(evidence)
    assert (found.verdict, rules_of(found)) == (REVIEW, {"dominance.unchecked", "p-percent.unchecked"})


@pytest.mark.parametrize(("cell", "rule"), [
    ({"lower_people": 3, "upper_people": 197}, "indicator"),
    ({"lower_people": 0, "upper_people": 0}, None),  # more than two different values
    ({}, "indicator.unchecked"),
    ({"top": [1, 1, 1], "total": 197}, "indicator.unchecked"),  # ones and zeros, or ones and halves
    ({"top": [1, 1, 0], "total": 197}, "indicator"),  # three have 0
    ({"top": [-1, -1, 0], "total": -197, "absolute_total": 197}, "indicator"),
    ({"top": [5, 5, 3], "total": 994}, "indicator"),  # three have 3
    ({"top": [5, 5, 3], "total": 800}, None),  # a hundred have 3, if all have 3 or 5
    ({"top": [5, 5, 3], "total": 801}, None),  # more than two values: two of them come to an even number
    ({"top": [9, 8, 7], "total": 990}, None),  # three different values
    ({"top": [9, 8, 7], "total": 990, "records": 300}, "indicator.unchecked"),  # of which each may be several
])
def test_means_of_one_of_two_values(cell, rule):
    evidence = one_cell("mean", 200, **{"nonzero_people": 197} | cell)
    found = rules_of(check(evidence, dominance=frozenset(), p_percent=0)) - {"all-equal.unchecked"}
    assert found - {"dominance.unchecked", "p-percent.unchecked"} == ({rule} if rule else set())


@pytest.mark.parametrize(("top", "total", "nonzero", "rule"), [
    ([90, 80, 0], 170, None, "nonzero"),  # two people, the others have zero
    ([90, 80, 70], 240, None, "nonzero.unchecked"),  # three, or more whose sums are below zero
    ([90, 80, 70], 660, None, "nonzero.unchecked"),  # the other 420 may be of six people with 70 each
    ([90, 80, 70], 661, None, None),  # of seven at least
    ([90, 80, 70], 9000, None, None),
    ([90, 80, 70], 240, 3, "nonzero"),
    ([90, 80, 70], 240, 30, None),
    ([], None, None, "nonzero.unchecked"),
])
def test_sums_of_people_who_have_something(top, total, nonzero, rule):
    evidence = one_cell("sum", 200, top=top, total=total, constant=False, nonzero_people=nonzero)
    if total == 240 and nonzero is None:
        assert "nonzero" in rules_of(check(one_cell("sum", 200, top=top, total=total, negatives=0)))
    found = rules_of(check(evidence, dominance=frozenset(), p_percent=0))
    assert rule in found if rule else "nonzero" not in found and "nonzero.unchecked" not in found


@pytest.mark.parametrize(("counts", "changes", "rules"), [
    ([[40, 25], [30, 35]], {}, set()),
    ([[40, 25], [4, 35]], {}, {"comparison"}),
    ([[40, 0], [30, 35]], {}, {"comparison", "comparison.group"}),  # everybody exposed has the outcome
    ([[40, 25], [4, 35]], {"threshold": 4}, set()),
    ([[400, 11], [11, 350]], {"group_percent": 95}, {"comparison.group"}),
    (None, {}, {"comparison.unchecked"}),
])
def test_odds_and_risk_ratios(counts, changes, rules):
    for statistic in ("odds_ratio", "risk ratio"):
        assert rules_of(check(one_cell(statistic, 130, two_by_two=counts), **changes)) == rules


@pytest.mark.parametrize(("people", "value", "more", "rule"), [
    (11, 2.5, {}, None),
    (10, 2.5, {}, "spread"),  # nine degrees of freedom
    (30, 0, {}, "all-equal"),
    (30, None, {}, "all-equal.unchecked"),
])
def test_standard_deviations(people, value, more, rule):
    result = check(one_cell("sd", people, value=value, **NOT_TWO), **more)
    assert rules_of(result) == ({rule} if rule else set())


SCALE = {"scale": {"step": 1, "lowest": 1, "highest": 5}, "decimals": 2}


@pytest.mark.parametrize(("people", "mean", "sd", "rule", "said"), [
    (12, 4.92, 0.29, "spread.enumeration", "4, 5"),  # eleven fives and a four, nothing else
    (12, 3.00, 1.48, None, ""),
    (12, 1.33, 1.15, "spread.enumeration", "1, 5"),  # eleven ones and a five
    (12, 3.00, 9.00, "spread.impossible", ""),
    (200, 3.10, 1.22, None, ""),  # too many samples to list, but for each value one that lacks it
    (200, 4.995, 0.07, "spread.undecided", ""),
])
def test_what_mean_and_sd_reveal_on_a_scale(people, mean, sd, rule, said):
    result = check(one_cell("sd", people, value=sd, mean=mean, table=SCALE, **NOT_TWO))
    assert rules_of(result) == ({rule} if rule else set())
    assert said in "".join(finding.message for finding in result.findings)


def test_a_scale_of_many_steps_is_left_to_people():
    table = {"scale": {"step": 1, "lowest": 0, "highest": 90}, "decimals": 2}
    assert rules_of(check(one_cell("sd", 30, value=4.1, mean=33.2, table=table, **NOT_TWO))) == {"spread.undecided"}


@pytest.mark.parametrize(("top", "total", "constant", "rule"), [
    ([6, 6, 6], 180, None, "all-equal"),  # 30 people with 6 each
    ([6, 6, 6], 179, None, None),
    ([7, 6, 6], 180, None, None),
    ([-6, -6, -6], -180, None, "all-equal"),
    ([7, 6, 6], 180, True, "all-equal"),
    ([], None, None, "all-equal.unchecked"),
])
def test_values_that_are_all_equal(top, total, constant, rule):
    absolute = None if total is None or total > 0 else -total
    result = check(one_cell("sum", top=top, total=total, constant=constant, absolute_total=absolute),
                   dominance=frozenset(), p_percent=0)
    assert (rule in rules_of(result)) if rule else result.verdict is PASS


@pytest.mark.parametrize(("rounding", "method", "base", "verdict"), [
    (1, "nearest", None, PASS),
    (1, "nearest", 5, FAIL),
    (5, "nearest", 5, PASS),
    (6, "midpoint", 5, PASS),
    (5, "controlled", 6, FAIL),
])
def test_rounding_where_the_policy_asks_for_it(rounding, method, base, verdict):
    evidence = one_cell("count", column=["people"], table={"rounding": rounding, "rounding_method": method})
    assert check(evidence, rounding_base=base).verdict is verdict


@pytest.mark.parametrize(("missing", "asked", "rule"), [
    (3, None, None), (3, True, "missing"), (0, True, None), (10, True, None), (None, True, "missing.unchecked"),
])
def test_people_who_drop_out_for_want_of_a_value(missing, asked, rule):
    evidence = one_cell("mean", top=[9, 8, 7], total=100, missing=missing)
    assert rules_of(check(evidence, missing_disclosive=asked)) == ({rule} if rule else set())


@pytest.mark.parametrize(("top", "weights", "weighted_total", "ways", "verdict"), [
    # 50 weighs 3: two of its copies alone are 100 of 200
    ([50, 5], [3, 2], 200, {"expand"}, PASS),
    ([50, 5], [3, 2], 200, {"total"}, PASS),  # 50 + 5 of 200
    ([90, 5], [2, 2], 198, {"expand"}, FAIL),  # 90 + 90 of 198
    ([90, 5], [2, 2], 198, {"total"}, PASS),  # 90 + 5 of 198
    ([90, 5], [2, 2], 198, {"total", "expand"}, FAIL),  # both must hold
    ([90, 5], [2, 2], 198, None, REVIEW),
    ([90, 5], None, 198, {"expand"}, REVIEW),
])
def test_sampling_weights(top, weights, weighted_total, ways, verdict):
    evidence = one_cell("sum", top=top, total=120, weighted_total=weighted_total, nonzero_people=30,
                        **({"top_weights": weights} if weights else {}))
    result = check(evidence, weights=None if ways is None else frozenset(ways), p_percent=0)
    if ways is None:
        assert "policy.incomplete" in rules_of(result)
    else:
        assert result.verdict is verdict


@pytest.mark.parametrize(("contributions", "p_q", "verdict"), [
    ((60, 30, 10), {(10, 50)}, FAIL),  # 10 is under 10/50 of 60
    ((60, 28, 12), {(10, 50)}, PASS),
    ((60, 28, 12), {(10, 50), (10, 40)}, FAIL),
    ((60, 30, 10), set(), PASS),
    ((60, 30, 10), None, PASS),  # a policy without pairs does not use the rule
])
def test_prior_and_posterior(contributions, p_q, verdict):
    evidence = one_cell("sum", len(contributions), top=list(contributions), total=sum(contributions))
    result = check(evidence, threshold=1, dominance=frozenset(), p_percent=0,
                   p_q=None if p_q is None else frozenset(p_q))
    assert result.verdict is verdict


@pytest.mark.parametrize(("coalition", "verdict"), [(None, PASS), (1, PASS), (2, FAIL)])
def test_a_coalition_knows_more(coalition, verdict):
    evidence = one_cell("sum", 4, top=[60, 30, 8, 2], total=100)
    result = check(evidence, threshold=1, dominance=frozenset(), p_percent_coalition=coalition)
    assert result.verdict is verdict


@pytest.mark.parametrize(("inclusive", "verdict"), [(None, PASS), (False, PASS), (True, FAIL)])
def test_exactly_k_percent(inclusive, verdict):
    evidence = one_cell("sum", 3, top=[60, 30, 10], total=100)
    assert check(evidence, threshold=1, p_percent=0, dominance_inclusive=inclusive).verdict is verdict


def counts(rows, columns, names=None, **more):
    """A count table from {row labels: (people, ...)}."""
    cells = [
        {"row": list(row), "column": [column] if isinstance(column, str) else list(column), "people": people,
         "records": people}
        for row, values in rows.items() for column, people in zip(columns, values, strict=True)
    ]
    table = {"kind": "table", "statistic": "count", "unit": "person_id", "cells": cells}
    if names:
        table |= {"row_names": names[0], "column_names": names[1]}
    return table | more


def test_group_disclosure_in_three_dimensions():
    """Everybody in the North in 2024 is a man, which no row of all years and no column of both sexes shows."""
    rows = {("North", "men"): (40, 25), ("North", "women"): (35, 0), ("South", "men"): (20, 30),
            ("South", "women"): (25, 45)}
    result = check(counts(rows, ("2023", "2024"), (["region", "sex"], ["year"])))
    assert rules_of(result) == {"group"}
    assert "25 of 25" in result.findings[0].message
    safe = rows | {("North", "women"): (35, 12)}
    assert check(counts(safe, ("2023", "2024"), (["region", "sex"], ["year"]))).verdict is PASS


@pytest.mark.parametrize(("names", "verdict"), [
    (None, REVIEW),
    ((["region"], ["outcome"]), FAIL),  # everybody is convicted, and nobody says that there were others
    ((["region"], []), PASS),  # the column is only a name
])
def test_a_category_that_is_alone(names, verdict):
    assert check(counts({("North",): (25,), ("South",): (30,)}, ("Convicted",), names)).verdict is verdict


@pytest.mark.parametrize(("hidden", "verdict"), [({0}, FAIL), ({0, 1}, PASS)])
def test_a_hidden_cell_beside_zeros_is_known(hidden, verdict):
    """Nobody else is anywhere else, so everybody is in the cell that is not shown."""
    table = counts({("North",): (25, 0, 0)}, ("a", "b", "c"), (["region"], ["outcome"]))
    for number, cell in enumerate(table["cells"]):
        cell["suppressed"] = number in hidden
    found = check(table, group_disclosure=True)
    assert ("group" in rules_of(found)) is (verdict is FAIL)


def test_margins_are_known_by_declaration_too():
    rows = {("North",): (20, 30), ("South",): (25, 0), ("England",): (45, 30)}
    table = counts(rows, ("yes", "no"))
    for cell in table["cells"]:
        cell["margin"] = cell["row"] == ["England"]
    assert [cell.row for cell in check(table, group_disclosure=True).findings[0].cells] == [("South",), ("North",)]


def several(*tables):
    """Statistics of one cell shown side by side."""
    said = [one_cell(statistic, people, table, column=["North", str(title)], **cell)
            for title, (statistic, people, table, cell) in enumerate(tables)]
    return {"kind": "tables", "tables": said}


def extremes(people, top, statistic="top_mean"):
    return (statistic, people, {}, {"top": top, "total": 1000, "overlap_people": 0, "constant": False})


@pytest.mark.parametrize(("one", "other", "fails"), [
    (("count", 45, {}, {}), ("count", 42, {}, {"missing": 3}), True),  # three have no value
    (("count", 42, {}, {"missing": 3}), ("count", 45, {}, {}), True),
    (("count", 45, {}, {}), ("count", 30, {}, {"missing": 15}), False),
    (("count", 45, {}, {}), ("count", 45, {}, {"missing": 0}), False),
    (("count", 45, {}, {}), ("count", 42, {}, {"missing": 9}), False),  # of other people
    (("count", 45, {"rounding": 5}, {}), ("count", 42, {"rounding": 5}, {"missing": 3}), False),  # 45 and 40
    (("count", 45, {}, {}), ("count", 42, {}, {"missing": 3, "suppressed": True}), False),
    (extremes(10, [90, 80, 70]), extremes(11, [90, 80, 70]), True),  # 11 of one less 10 of the other
    (extremes(10, [90, 80, 70]), extremes(20, [90, 80, 70]), False),
    (extremes(10, [90, 80, 70]), extremes(11, [90, 80, 60]), False),  # of other values
    (extremes(10, [90, 80, 70]), extremes(11, [90, 80, 70], "bottom_mean"), False),
    (extremes(3, [3, 2, 1], "bottom_mean"), extremes(4, [4, 3, 2, 1], "bottom_mean"), True),  # the fourth is 4
    (extremes(3, [3, 2, 1], "bottom_mean"), extremes(4, [9, 8, 2, 1], "bottom_mean"), False),
    (extremes(2, [-2, -1]), extremes(3, [-3, -2, -1]), True),
    (extremes(27, [90, 80, 70]), ("mean", 30, {}, {"top": [90, 80, 70], "total": 1010, "constant": False}), True),
    (extremes(27, [9, 8], "bottom_mean"), ("mean", 30, {}, {"top": [90, 80], "total": 99, "constant": False}), True),
    (("median", 45, {}, {"below": 20, "above": 20}), ("count", 42, {}, {"missing": 3}), False),
])
def test_statistics_of_the_same_people_but_for_a_few(one, other, fails):
    assert ("subset" in rules_of(check(several(one, other)))) is fails


@pytest.mark.parametrize(("low", "high", "fails"), [
    ((0.25, 50, 150, 7.0), (0.5, 100, 100, 9.0), False),
    ((0.90, 180, 20, 30.0), (0.91, 182, 18, 31.5), True),  # two people have 30 to 31.5
    ((0.90, 180, 20, 30.1), (0.901, 180, 20, 30.2), True),  # both between the same two people: two equations
    ((0.90, 180, 20, 30.0), (0.91, 180, 20, 30.0), False),  # the same number again
    ((0.90, 180, 20, 30.0), (0.90, 182, 18, 31.5), False),  # of two values
])
def test_quantiles_with_few_people_between_them(low, high, fails):
    for at, expected in ((0, fails), (12, False)):  # a value that enough people have is nobody's own
        said = several(*(("quantile", 200, {"probability": q}, {
            "below": below, "above": above, "at_value": at, "value": value}) for q, below, above, value in (high, low)))
        assert ("subset.quantiles" in rules_of(check(said))) is expected
