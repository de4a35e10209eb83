"""The grammar refuses what the catalogue does not allow, before anything is spent."""

from __future__ import annotations

import pytest

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.privacy.accounting import epsilon, rho_micro_for
from readingroom.core.privacy.ledger import answer_key
from readingroom.core.privacy.queries import canonical, columns_read, parse_query
from readingroom.core.privacy.ranges import Ranged
from readingroom.errors import InvalidInput

DATASET = Dataset(
    "courts",
    "Courts",
    "MoJ",
    "cora",
    "",
    (
        Table(
            "people",
            "People",
            (
                Column("pid", "Person", "text", identifier=True),
                Column("sex", "Sex", "text", codes={"F": "Female", "M": "Male"}),
                Column("age", "Age", "integer", lower=0, upper=110),
                Column("height", "Height", "number"),
                Column("seen", "Seen", "date"),
                Column("guilty", "Guilty", "boolean"),
            ),
            "pid",
        ),
    ),
)
COUNT = {"dataset": "courts", "table": "people", "statistic": "count", "rho_micro": 1000}
HISTOGRAM = COUNT | {"statistic": "histogram", "column": "sex"}
MEAN = COUNT | {"statistic": "mean", "column": "age"}


def where(*conditions):
    return COUNT | {"where": list(conditions)}


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        "count",
        3,
        {},
        {1: 2},
        {**COUNT, "statistic": ["count"]},
        {**COUNT, "statistic": "mode"},
        {**COUNT, "sql": "1=1"},
        {**COUNT, "column": "age"},
        {**COUNT, "dataset": "other"},
        {**COUNT, "table": {}},
        {**COUNT, "table": "people; drop"},
        {**COUNT, "rho_micro": 0},
        {**COUNT, "rho_micro": -1},
        {**COUNT, "rho_micro": True},
        {**COUNT, "rho_micro": 1.5},
        {**COUNT, "rho_micro": float("nan")},
        {**COUNT, "rho_micro": 10**400},
        {**COUNT, "rho_micro": "5"},
        {**HISTOGRAM, "column": None},
        {**HISTOGRAM, "column": "pid"},
        {**HISTOGRAM, "column": "age"},
        {**HISTOGRAM, "column": "seen"},
        {**HISTOGRAM, "categories": []},
        {**HISTOGRAM, "categories": ["F", "F"]},
        {**HISTOGRAM, "categories": ["X"]},
        {**HISTOGRAM, "categories": [["F"]]},
        {**HISTOGRAM, "edges": [1, 2]},
        {**HISTOGRAM, "column": "age", "edges": [1]},
        {**HISTOGRAM, "column": "age", "edges": [2, 1]},
        {**HISTOGRAM, "column": "age", "edges": [1, 1]},
        {**HISTOGRAM, "column": "age", "edges": [1, 2.5]},
        {**HISTOGRAM, "column": "age", "edges": [0, 10**30]},
        {**HISTOGRAM, "column": "age", "edges": list(range(1002))},
        {**HISTOGRAM, "column": "age", "edges": [1, 2], "categories": [1]},
        {**MEAN, "column": "sex"},
        {**MEAN, "column": "height"},
        {**MEAN, "lower": 5, "upper": 5},
        {**MEAN, "lower": 9, "upper": 2},
        {**MEAN, "lower": -1},
        {**MEAN, "upper": 111},
        {**MEAN, "lower": float("inf")},
        {**MEAN, "upper": float("nan")},
        {**MEAN, "lower": "1"},
        {**MEAN, "lower": True},
        {**MEAN, "upper": 10**400},
        where("age > 3"),
        COUNT | {"where": "age > 3; DROP TABLE people"},
        where({"column": "age"}),
        where({"column": "age", "op": "=="}),
        where({"column": "age", "op": "like", "value": 3}),
        where({"column": "age", "op": "==", "value": None}),
        where({"column": "age", "op": "==", "value": 3, "or": 1}),
        where({"column": "age", "op": [], "value": 3}),
        where({"column": "pid", "op": "==", "value": "Jane"}),
        where({"column": "sex", "op": "<", "value": "F"}),
        where({"column": "age", "op": "==", "value": 1.5}),
        where({"column": "age", "op": "==", "value": float("inf")}),
        where({"column": "age", "op": "==", "value": 10**5000}),
        where({"column": "age", "in": []}),
        where({"column": "age", "in": list(range(201))}),
        where({"column": "age", "in": [[1]]}),
        where({"column": "seen", "op": "<", "value": "yesterday"}),
        where({"column": "guilty", "op": "==", "value": 1}),
        where(*[{"column": "age", "op": "==", "value": 1}] * 65),
        where({"column": "sex", "op": "==", "value": "F" * 999}),
    ],
)
def test_hostile_queries_are_refused_with_a_way_on(raw):
    with pytest.raises(InvalidInput) as caught:
        parse_query(raw, DATASET)
    assert caught.value.rule and caught.value.next_step and len(str(caught.value.value)) <= 200


def test_defaults_come_from_the_catalogue():
    assert parse_query(HISTOGRAM, DATASET).cells == (("F",), ("M",), ("missing",))
    assert parse_query(HISTOGRAM | {"column": "guilty"}, DATASET).cells == ((False,), (True,), ("missing",))
    assert parse_query(MEAN, DATASET).ranged == (Ranged("age", 0, 110),)


def test_columns_read_are_those_named():
    query = parse_query(MEAN | {"where": [{"column": "sex", "op": "==", "value": "F"}]}, DATASET)
    assert columns_read(query) == {("people", "age"), ("people", "sex")}
    assert columns_read(parse_query(COUNT, DATASET)) == frozenset()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (HISTOGRAM, HISTOGRAM | {"categories": ["M", "F"]}),
        (COUNT, COUNT | {"where": []}),
        (MEAN, MEAN | {"lower": 0, "upper": 110.0}),
        (where({"column": "age", "in": [3]}), where({"column": "age", "op": "==", "value": 3.0})),
        (where({"column": "age", "in": [3, 1, 3]}), where({"column": "age", "in": ["1", 3]})),
    ],
)
def test_p4_same_question_has_the_same_bytes(one, other):
    assert canonical(parse_query(one, DATASET)) == canonical(parse_query(other, DATASET))


def test_p4_other_spend_is_another_question():
    assert canonical(parse_query(COUNT, DATASET)) != canonical(
        parse_query(COUNT | {"rho_micro": 1001}, DATASET)
    )


def test_answer_keys_differ_when_any_part_does():
    parts = [("a", "b", b"c", "d"), ("ab", "", b"c", "d"), ("a", "b", b"cd", ""), ("a", "b", b"c", "e")]
    assert len({answer_key(*part) for part in parts}) == len(parts)


def test_epsilon_agrees_with_published_pairs_and_never_understates():
    assert 1.0 <= epsilon(20_200) <= 1.001
    for wanted in (0.5, 1.0, 2.0, 4.0, 10.0):
        best = rho_micro_for(wanted)
        assert epsilon(best) <= wanted < epsilon(best + 1)
