"""Release memory: what is alike is found by labels or by numbers, and few people's difference is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.inspection.preview import preview
from readingroom.core.resemblance import Shown, number, resembles, shown

TABLE = b"offence,female,male\nViolence,1200,5400\nRobbery,40,310\nTheft,2300,6100\n"


def of(content, evidence=None):
    return shown(preview("t.csv", content), evidence)


def test_one_more_person_in_a_cell_is_named_as_few():
    shared, equal, _, differences = resembles(of(TABLE.replace(b"Robbery,40", b"Robbery,41")), of(TABLE), 10)
    assert (shared, equal) == (6, 5)
    assert [(one.row, one.column, one.before, one.now, one.few) for one in differences] == [
        ("robbery", "female", "40", "41", True)]


def test_a_difference_of_the_threshold_is_not_few():
    assert [one.few for one in resembles(of(TABLE.replace(b"Robbery,40", b"Robbery,50")), of(TABLE), 10)[3]] == [False]


def test_labels_are_compared_without_case_and_blanks_and_numbers_without_separators():
    other = b'Offence,  Female ,MALE\n"VIOLENCE ","1,200",5400\nrobbery,40,310\ntheft,2300,6100\n'
    assert resembles(of(other), of(TABLE), 10)[:2] == (6, 6)


def test_the_same_numbers_under_other_labels_are_found():
    renamed = b"crime,f,m\nA,1200,5400\nB,40,310\nC,2300,6100\n"
    assert resembles(of(renamed), of(TABLE), 10)[:3] == (0, 0, 6)


def test_a_part_of_a_released_table_is_found():
    assert resembles(of(b"offence,female\nViolence,1200\nTheft,2299\n"), of(TABLE), 10)[:2] == (2, 1)


def test_unlike_tables_are_not():
    assert resembles(of(b"area,people\nLeeds,812\nYork,455\nHull,390\n"), of(TABLE), 10) is None


@pytest.mark.parametrize("content", [b"a,b\nx,y\n", b"just words\n", b"\x00\x01", b""])
def test_what_shows_no_number_is_compared_with_nothing(content):
    assert of(content) is None


@pytest.mark.parametrize(("text", "value"), [("1,234", 1234), (" 12.5 ", 12.5), ("3%", 3), ("-4", -4)])
def test_printed_numbers_are_read(text, value):
    assert number(text) == value


@pytest.mark.parametrize("text", ["", "x", "NaN", "inf", "12 people", "1.2.3"])
def test_anything_else_is_no_number(text):
    assert number(text) is None


def test_shares_are_never_few_people():
    before, now = b"a,share\nx,40%\ny,60%\n", b"a,share\nx,41%\ny,59%\n"
    assert [one.few for one in resembles(of(now), of(before), 10)[3]] == [False, False]


CELLS = st.dictionaries(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), st.integers(0, 200).map(str),
                        min_size=2)


@given(CELLS)
def test_every_table_resembles_itself_without_difference(cells):
    table = Shown("count", ("", "x", "y"), cells)
    assert resembles(table, table, 10)[:2] == (len(cells), len(cells))
    assert Shown.from_dict(table.as_dict()) == table


@given(CELLS, CELLS, st.integers(1, 50))
def test_every_narrow_difference_of_shared_cells_is_told(one, other, threshold):
    found = resembles(Shown("", (), one), Shown("", (), other), threshold)
    if found is not None:
        narrow = {key for key in set(one) & set(other) if 0 < abs(int(one[key]) - int(other[key])) < threshold}
        assert {(cell.row, cell.column) for cell in found[3] if cell.few} == narrow
