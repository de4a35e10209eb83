"""A row filter compares the table's own columns with values; everything else is refused before anything runs it."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.core.datasets import Column, Table
from readingroom.core.row_filters import check_row_filter
from readingroom.core.sql_conditions import LONGEST
from readingroom.errors import InvalidInput

TABLE = Table("people", "People", (Column("age", "Age", "integer"), Column("sex", "Sex", "text"),
                                   Column("seen", "Seen", "date"), Column("select", "Odd", "text")), "age")
ROWS = pa.table({"age": [20, 30, None], "sex": ["M", "F", None], "seen": pa.array([None] * 3, pa.date32()),
                 "select": ["a", "b", "c"]})


def kept(condition: str) -> list[int | None]:
    """Ages of the rows that DuckDB keeps, as the extracts ask it."""
    with duckdb.connect(config={"enable_external_access": "false"}) as connection:
        connection.execute("SET lock_configuration = true")
        return connection.from_arrow(ROWS).filter(condition).to_arrow_table()["age"].to_pylist()


@pytest.mark.parametrize(("text", "ages"), [
    ("age = 20", [20]), ("age >= 20 AND sex = 'F'", [30]), ("NOT (age < 30) or sex = 'M'", [20, 30]),
    ("age BETWEEN 25 AND 35", [30]), ("age IN (20, 30)", [20, 30]), ("age is null", [None]),
    ("sex IS NOT NULL", [20, 30]), ("age > -1", [20, 30]), ('"select" = \'c\'', [None]), ("sex <> 'M'", [30]),
    ("seen >= DATE '2020-01-01'", []), ("sex = 'it''s'", []), ("sex = '\"; DROP TABLE people; --'", []),
    ("CAST(age AS TEXT) = '20'", [20]), ("TRY_CAST(sex AS int) IS NULL", [20, 30, None]), ("age=20;", [20]),
])
def test_a_plain_comparison_is_accepted_and_keeps_its_rows(text, ages):
    assert kept(check_row_filter(text, TABLE)) == ages


@pytest.mark.parametrize("text", [
    "", "  ", ";", "--", "age =", "1", "age", "NULL", "'M'", "TRUE", "sex = 'M' OR 1", "sex = 'M' OR TRUE", "NOT NULL",
    "age IN (SELECT 1)", "age = (SELECT max(age) FROM people)", "EXISTS (SELECT 1)", "SELECT 1", "FROM people",
    "age = 1 UNION SELECT 1", "age = 1; DROP TABLE people", "age = 1;;", "age = 1; age = 2", "age = 1 ORDER BY age",
    "other.age = 1", "main.people.age = 1", "height = 1", "rowid = 1", "Age = 1", '"AGE" = 1', "age = people",
    "age IN sex", "read_text('/etc/passwd') = sex",
    "sex = getenv('HOME')", "upper(sex) = 'M'", "random() < 1", "sex LIKE 'M%'",
    "sex ~ 'M'", "sex || 'x' = 'Mx'", "age + 1 = 21", "age = $1", "age = ?", "age = :name", "age = {{ age }}", "*",
    "COLUMNS(*) = 1", "age = [1]", "age[1] = 1", "{'a': 1} = age", "CASE WHEN age = 1 THEN TRUE END", "x -> x = 1",
    "age COLLATE nocase = 1", "PRAGMA version", "ATTACH 'x.db'", "COPY people TO 'x'", "INSTALL httpfs", "SET x = 1",
    "CAST(age AS foo) = 1", "CAST(age AS \"x) = 1 OR read_text('/etc/passwd') = CAST('' AS text\") = 1",
    "CAST(age AS STRUCT(a int)) = 1", "CAST(age AS int[]) = 1", "CAST(sex AS int FORMAT 'x') = 1", "age::JSON = 1",
    "CAST(sex AS ENUM('M')) = 'M'", "age IS DISTINCT FROM 1 OR count(*) > 1", "\x00", "age = '", "(" * 5,
])
def test_anything_else_is_refused(text):
    with pytest.raises(InvalidInput) as refused:
        check_row_filter(text, TABLE)
    assert refused.value.rule == "grant.row-filter"


@pytest.mark.parametrize("text", [
    "(" * 900 + "age = 1" + ")" * 900, "NOT " * 450 + "age = 1", "- " * 900 + "1 = age", "age = 1" + " " * LONGEST,
    "[" * 1900, "CAST(" * 300 + "1",
])
def test_a_filter_too_deep_or_too_long_is_refused_not_crashed_on(text):
    with pytest.raises(InvalidInput):
        check_row_filter(text, TABLE)


@pytest.mark.parametrize("text", ["age = 1 -- */ OR 1", "age /* ' OR 1 */ = 1", 'age = 1 /* "sex" */'])
def test_comments_are_dropped_with_all_that_they_say(text):
    assert check_row_filter(text, TABLE) == '"age" = 1'


@pytest.mark.parametrize("name", ["int) = 1 OR read_text('/etc/passwd') = CAST('' AS text", "x); DROP", "int[]"])
def test_a_quoted_type_name_carries_no_sql_past_the_check(name):
    try:
        assert check_row_filter(f'CAST(age AS "{name}") = 1', TABLE) == 'CAST("age" AS INT) = 1'
    except InvalidInput:
        return


def test_a_long_flat_filter_is_fine():
    assert kept(check_row_filter(" OR ".join(f"age = {age}" for age in range(150)), TABLE)) == [20, 30]


def test_a_checked_filter_checks_to_itself():
    once = check_row_filter("age>1 and not(sex='M' or seen is null) /* why */", TABLE)
    assert check_row_filter(once, TABLE) == once


FRAGMENTS = ["age", "sex", '"age"', "seen", "people", "=", "<", "IN", "(", ")", ",", "1", "'M'", "NULL", "AND", "OR",
             "NOT", "IS", "BETWEEN", "CAST(", " AS ", "int", '"int) OR 1=1', "::", "DATE", "SELECT", "FROM",
             "read_csv('/etc/passwd')", "--", "/*", "*/", ";", "'", '"', ".", "-", "$$", "e'", "\\", "\n", "TRUE",
             "[", "]", "{", "}", "*", "UNION", "é"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14).map(" ".join) | st.text(max_size=40))
def test_whatever_is_accepted_runs_on_the_table_alone(text):
    """Refused, or run; if run, nothing but rows of the table comes back, or values of the wrong type stop it."""
    try:
        condition = check_row_filter(text, TABLE)
    except InvalidInput:
        return
    try:
        found = kept(condition)
    except (duckdb.ConversionException, duckdb.BinderException, duckdb.OutOfRangeException) as error:
        assert "passwd" not in str(error)
        return
    assert set(found) <= {20, 30, None}
    assert len(found) <= ROWS.num_rows


COMPARISONS = st.sampled_from(["age = 1", "age IN (1, 20)", "sex = 'M'", "sex IS NULL", "seen < DATE '2020-01-01'"])
CONDITIONS = st.recursive(COMPARISONS, lambda inner: st.one_of(
    st.tuples(inner, st.sampled_from([" AND ", " or "]), inner).map(lambda part: f"({''.join(part)})"),
    inner.map(lambda part: f"NOT ({part})")), max_leaves=8)


@settings(max_examples=25, deadline=None)
@given(CONDITIONS)
def test_rewriting_keeps_the_meaning(text):
    assert kept(check_row_filter(text, TABLE)) == kept(text)
