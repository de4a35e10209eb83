"""Prices, canonical forms and budgets for arbitrary input."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.privacy.accounting import epsilon, half_width
from readingroom.core.privacy.parts import parts_of
from readingroom.core.privacy.pricing import charge, price
from readingroom.core.privacy.queries import canonical, parse_query
from readingroom.errors import InvalidInput

COLUMNS = (
    Column("pid", "Person", "text", identifier=True),
    Column("code", "Code", "text", codes={c: c for c in "abcdef"}),
    Column("age", "Age", "integer", lower=0, upper=100),
)


def catalogue(k: int = 1) -> Dataset:
    return Dataset("d", "D", "", "", "", (Table("t", "T", COLUMNS, "pid", k),))


BASE = {"dataset": "d", "table": "t", "rho_micro": 500}
CONDITIONS = st.one_of(
    st.builds(
        lambda op, v: {"column": "age", "op": op, "value": v},
        st.sampled_from(["==", "!=", "<", ">="]),
        st.integers(-50, 50),
    ),
    st.builds(
        lambda v: {"column": "code", "in": v}, st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6)
    ),
)
RHO = st.integers(1, 1_350_000)
STATISTICS = st.sampled_from(
    [
        {"statistic": "count"},
        {"statistic": "histogram", "column": "code"},
        {"statistic": "histogram", "column": "age", "edges": [0, 10, 20]},
        {"statistic": "mean", "column": "age"},
        {"statistic": "count", "by": ["code", {"column": "age", "edges": [0, 50, 100]}]},
        {"statistic": "people", "by": "code"},
        {"statistic": "sum", "column": "age", "by": "code"},
        {"statistic": "variance", "column": "age"},
        {"statistic": "median", "column": "age"},
        {"statistic": "quantile", "column": "age", "quantiles": [0.1, 0.9], "by": "code"},
        {"statistic": "top", "column": "code", "k": 3},
        {"statistic": "proportion", "of": "age > 17"},
        {"statistic": "synthetic", "columns": ["code", {"column": "age", "edges": [0, 50, 100]}], "rows": 10},
    ]
)


@given(st.lists(CONDITIONS, max_size=4), st.permutations(list("abcdef")), st.randoms())
def test_p4_order_and_repetition_do_not_make_another_question(conditions, categories, random):
    shuffled = [*conditions, *conditions]
    random.shuffle(shuffled)
    shuffled = [c | {"in": random.sample(c["in"], len(c["in"]))} if "in" in c else c for c in shuffled]
    raw = BASE | {"statistic": "histogram", "column": "code"}
    one = parse_query(raw | {"where": conditions}, catalogue())
    other = parse_query(raw | {"where": shuffled, "categories": categories}, catalogue())
    assert canonical(one) == canonical(other)
    assert canonical(parse_query(one.as_dict(), catalogue())) == canonical(one)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text("a0-é\x00\ud800", max_size=8)
    | st.sampled_from(["age", "code", "=="]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["column", "op", "value", "in", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    STATISTICS,
    st.dictionaries(
        st.sampled_from(
            ["column", "categories", "edges", "lower", "upper", "where", "rho_micro", "by", "k", "of", "quantiles",
             "candidates", "columns", "marginals", "rows", "rho", "epsilon", "delta", "bounds"]),
        JSON,
        max_size=3,
    ),
)
def test_any_json_is_a_query_or_a_refusal(statistic, noise):
    try:
        query = parse_query(BASE | statistic | noise, catalogue())
    except InvalidInput:
        return
    assert canonical(query)


@given(STATISTICS, RHO, st.integers(1, 50))
def test_p4_loss_is_never_above_the_charge_and_close_to_it(statistic, rho_micro, k):
    dataset = catalogue(k)
    query = parse_query(BASE | statistic | {"rho_micro": rho_micro}, dataset)
    parts = parts_of(query, dataset.tables[0])
    loss, paid = sum(part.shape.loss() for part in parts), Fraction(rho_micro, 10**6)
    assert paid * Fraction(99, 100) < loss <= paid and charge(parts) <= rho_micro


@given(STATISTICS, RHO, RHO, st.integers(1, 20))
def test_spending_more_never_adds_noise(statistic, one, other, k):
    dataset = catalogue(k)
    less, more = (
        price(parse_query(BASE | statistic | {"rho_micro": rho}, dataset), dataset.tables[0])
        for rho in sorted((one, other))
    )
    assert less.accuracy.half_width_95 >= more.accuracy.half_width_95
    assert less.accuracy.scale >= more.accuracy.scale and less.cost_epsilon <= more.cost_epsilon


@given(RHO, RHO)
def test_epsilon_of_a_sum_is_not_above_the_sum(one, other):
    assert epsilon(one + other) <= epsilon(one) + epsilon(other)


@pytest.mark.parametrize("sigma", [Fraction(1, 3), Fraction(2), Fraction(49), Fraction(51), Fraction(300)])
def test_half_widths_cover_at_least_what_they_say(sigma):
    s = float(sigma)
    weights = {k: math.exp(-k * k / (2 * s * s)) for k in range(-int(12 * s) - 2, int(12 * s) + 3)}
    for alpha in (0.05, 0.025):
        width = half_width(sigma, alpha)
        assert sum(w for k, w in weights.items() if abs(k) > width) / sum(weights.values()) <= alpha
