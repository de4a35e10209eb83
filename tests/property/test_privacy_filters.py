"""Filters: one form for what means the same, and the same rows whoever reads it (notes/dp.md 4.2)."""

from __future__ import annotations

from itertools import product

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.core.datasets import Column, Table
from readingroom.core.privacy.filter_parsing import parse_filter
from readingroom.core.privacy.filters import EVERY, NONE, as_list, holds
from readingroom.errors import InvalidInput
from readingroom.storage.private_views import _filter

TABLE = Table("t", "T", (
    Column("pid", "Person", "text", identifier=True),
    Column("age", "Age", "integer"),
    Column("size", "Size", "number"),
    Column("sex", "Sex", "text", codes={"F": "Female", "M": "Male"}),
    Column("ok", "Ok", "boolean"),
    Column("town", "Town", "text"),
    Column("seen", "Seen", "date"),
), "pid")
VALUES = {"age": [None, 0, 1, 2, 3, 4], "size": [None, -0.5, 0.0, 0.5, 1.0], "sex": [None, "F", "M"],
          "ok": [None, True, False], "town": [None, "a", "it's", "b"],
          "seen": [None, "2020-01-01", "2020-06-01", "2022-01-01"]}
LITERALS = {"age": ["0", "1", "2", "3"], "size": ["-0.5", "0", "0.5", "1"], "sex": ["'F'", "'M'"],
            "ok": ["TRUE", "FALSE"], "town": ["'a'", "'it''s'"], "seen": ["DATE '2020-01-01'", "'2021-01-01'"]}
ORDERED = ("age", "size", "seen")
ROWS = [dict(zip(VALUES, row, strict=True)) for row in product(*VALUES.values())]


@st.composite
def comparison(draw):
    name = draw(st.sampled_from(sorted(LITERALS)))
    literal = st.sampled_from(LITERALS[name])
    order = ["<", "<=", ">", ">=", "BETWEEN", "flipped"] if name in ORDERED else []
    kind = draw(st.sampled_from(["=", "<>", "IN", "NOT IN", "IS NULL", "IS NOT NULL", *order]))
    if kind.startswith("IS"):
        return f"{name} {kind}"
    if kind in ("IN", "NOT IN"):
        return f"{name} {kind} ({', '.join(draw(st.lists(literal, min_size=1, max_size=3)))})"
    if kind == "BETWEEN":
        return f"{name} BETWEEN {draw(literal)} AND {draw(literal)}"
    if kind == "flipped":
        return f"{draw(literal)} {draw(st.sampled_from(['<', '<=', '>', '>=', '=']))} {name}"
    if name == "age" and kind in order:
        literal = st.sampled_from([*LITERALS[name], "1.5"])
    return f"{name} {kind} {draw(literal)}"


CONDITIONS = st.recursive(comparison(), lambda inner: st.one_of(
    st.builds(lambda a, b: f"({a}) AND ({b})", inner, inner),
    st.builds(lambda a, b: f"({a}) OR ({b})", inner, inner),
    st.builds(lambda a: f"NOT ({a})", inner)), max_leaves=8)


@pytest.fixture(scope="module")
def connection():
    """Every combination of values, in plain columns and in the columns of a bounded view."""
    made = duckdb.connect(":memory:")
    stored = {"sex": lambda value: {"F": 0, "M": 1, None: None}[value]}
    made.register("rows", pa.table(
        {"place": list(range(len(ROWS)))} | {name: [row[name] for row in ROWS] for name in VALUES}
        | {f"c_{name}": [stored.get(name, lambda value: value)(row[name]) for row in ROWS] for name in VALUES}))
    made.execute("CREATE TABLE t AS SELECT * REPLACE (CAST(seen AS DATE) AS seen, CAST(c_seen AS DATE) AS c_seen) "
                 "FROM rows")
    return made


def truth(connection, text):
    return [place for (place,) in connection.execute(f"SELECT place FROM t WHERE {text} ORDER BY place").fetchall()]


@settings(max_examples=150, deadline=None)
@given(text=CONDITIONS)
def test_the_canonical_form_keeps_exactly_the_rows_that_sql_keeps(connection, text):
    """Three-valued logic included: DuckDB reads the text as it was written."""
    found = parse_filter(text, TABLE)
    wanted = truth(connection, text)
    assert [place for place, row in enumerate(ROWS) if holds(found, row)] == wanted
    assert truth(connection, _filter(found, TABLE)) == wanted


@settings(max_examples=200, deadline=None)
@given(CONDITIONS)
def test_the_canonical_form_is_its_own(text):
    found = parse_filter(text, TABLE)
    assert parse_filter(as_list(found), TABLE) == found


@settings(max_examples=200, deadline=None)
@given(st.lists(CONDITIONS, min_size=2, max_size=4), st.randoms(), st.sampled_from(["AND", "OR"]))
def test_order_brackets_and_repetition_mean_nothing(parts, random, word):
    one = f" {word} ".join(f"({part})" for part in parts)
    shuffled = [*parts, random.choice(parts)]
    random.shuffle(shuffled)
    other = f"(({shuffled[0]}))" + "".join(f" {word} (NOT (NOT ({part})))" for part in shuffled[1:])
    assert parse_filter(one, TABLE) == parse_filter(other, TABLE)


@pytest.mark.parametrize("same", [
    ("age > 2", "age >= 3", "2 < age", "NOT age <= 2", "age > 2.0", "age > 2.5", "age > 2 AND age > 1",
     "age > 2 OR age > 3"),
    ("age IN (1, 2)", "age = 1 OR age = 2", "age IN (2, 1, 1)", "(age IN (1, 2, 3)) AND age <> 3"),
    ("sex <> 'F'", "NOT sex = 'F'", "NOT (sex IN ('F'))", "sex NOT IN ('F')"),
    ("age BETWEEN 1 AND 3", "age >= 1 AND age <= 3", "age > 0 AND age < 4", "NOT (age < 1 OR age > 3)"),
    ("town IS NOT NULL", "NOT town IS NULL", "town = 'a' OR town <> 'a'"),
    ("size = 0", "size = 0.0", "size = -0.0", "size >= 0 AND size <= 0"),
    ("sex = 'M'", "sex <> 'F' AND sex = 'M' AND (age IS NULL OR sex <> 'F')",
     "(age IS NULL OR sex <> 'F') AND sex = 'M'", "sex = 'M' OR (sex IN ('M') AND age > 1 AND sex <> 'F')"),
    ("age < 5", "age < 5 AND (age < 9 OR sex = 'M')", "age < 5 OR (age < 3 AND sex = 'M')"),
    ("seen < '2020-01-01'", "seen < DATE '2020-01-01'", "NOT seen >= '2020-01-01'"),
])
def test_one_meaning_one_form(same):
    assert len({parse_filter(text, TABLE) for text in same}) == 1


def test_what_is_always_or_never_true_says_so():
    assert parse_filter("age = 1 AND age = 2", TABLE) == NONE
    assert parse_filter("age IS NULL AND age > 1", TABLE) == NONE
    assert parse_filter("age IS NULL OR age > 1 OR age < 5", TABLE) == EVERY
    assert parse_filter([], TABLE) == EVERY == parse_filter(None, TABLE)
    assert parse_filter(as_list(NONE), TABLE) == NONE


@pytest.mark.parametrize("text", [
    "", " ", "1 = 1", "TRUE", "ok", "age", "age = size", "age = NULL", "pid = 'x'", "t.age = 1", "age > 'x'",
    "age > 1e999", "age + 1 > 2", "abs(age) > 1", "sex > 'F'", "sex = 'X'", "age IN (SELECT 1)", "EXISTS (SELECT 1)",
    "age > ?", "age > $1", "age = 1; DROP TABLE t", "age LIKE '1%'", "CASE WHEN age = 1 THEN TRUE END",
    "age = 1 UNION SELECT 1", "read_csv('/etc/passwd') = 1", "age IS TRUE", "nobody = 1", "age = CAST('1' AS INTEGER)",
    "age IN ()", "(", "age >", "age BETWEEN 'a' AND 'b'", "NOT", "age = 1 AND", "'; --", "age::text = '1'",
    "age = 1 OR 1", "seen > 'yesterday'", "age = 99999999999999999999999",
    "age IN (" + ", ".join(map(str, range(300))) + ")", "ok = 1", "town = 'a' OR 1=1", "age = 1 OR sleep(1)",
    " OR ".join(f"(age = {n} AND size = {n})" for n in range(40)), "NOT (" * 300 + "age = 1" + ")" * 300,
    "age = 1" * 500,
])
def test_all_else_is_refused_with_a_way_on(text):
    with pytest.raises(InvalidInput) as caught:
        parse_filter(text, TABLE)
    assert caught.value.rule and caught.value.next_step
