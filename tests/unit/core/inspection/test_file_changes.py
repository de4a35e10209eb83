"""What changed since the last round: exactly the cells and lines that differ, and what could not be compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.inspection.changes import MOST_LINES, Mark, changes
from readingroom.core.inspection.preview import preview

TABLE = b"offence,female,male\nViolence,1200,5400\nRobbery,4,310\nTheft,2300,6100\n"


def of(name, before, now):
    return changes(preview(name, before), preview(name, now))


def marks(found):
    return [(cell.was, cell.text) if cell.mark is Mark.CHANGED else (cell.mark.value, cell.text)
            for row in found.rows for cell in row.cells if cell.mark is not Mark.SAME]


class TestTables:
    def test_a_changed_cell_shows_both(self):
        found = of("t.csv", TABLE, TABLE.replace(b"Robbery,4,", b"Robbery,,"))
        assert (found.count, marks(found)) == (1, [("4", "")])

    def test_a_row_left_out_is_removed_whole_and_moves_nothing_else(self):
        found = of("t.csv", TABLE, TABLE.replace(b"Robbery,4,310\n", b""))
        assert marks(found) == [("removed", "Robbery"), ("removed", "4"), ("removed", "310")]

    def test_a_row_put_in_between_is_added_and_the_others_compared_by_label(self):
        found = of("t.csv", TABLE, TABLE.replace(b"Theft,2300,", b"Drugs,410,3900\nTheft,2301,"))
        assert marks(found) == [("added", "Drugs"), ("added", "410"), ("added", "3900"), ("2300", "2301")]

    def test_columns_are_matched_by_name(self):
        found = of("t.csv", TABLE, b"offence,male\nViolence,5400\nRobbery,310\nTheft,6100\n")
        assert (found.count, marks(found)) == (1, []) and "Columns left out: female" in found.note

    def test_a_new_column_is_added(self):
        found = of("t.csv", b"a,b\nx,1\n", b"a,b,c\nx,1,2\n")
        assert marks(found) == [("added", "2")] and found.header[2].mark is Mark.ADDED

    def test_the_same_table_has_no_change(self):
        assert of("t.csv", TABLE, TABLE).count == 0

    def test_ragged_rows_are_compared(self):
        assert of("t.csv", b"a,b\nx,1\ny\n", b"a,b\nx,1\ny,7,9\n").count > 0


class TestLines:
    def test_only_lines_that_differ_are_marked_with_their_neighbours(self):
        before = b"".join(b"line %d\n" % n for n in range(30))
        found = of("t.txt", before, before.replace(b"line 15\n", b"line fifteen\n"))
        assert [(line.mark.value, line.text) for line in found.lines] == [
            ("gap", "13 lines are the same"), ("same", "line 13"), ("same", "line 14"), ("removed", "line 15"),
            ("added", "line fifteen"), ("same", "line 16"), ("same", "line 17"), ("gap", "12 lines are the same")]
        assert found.count == 2

    def test_a_long_comparison_says_what_it_leaves_out(self):
        found = of("t.txt", b"".join(b"a%d\n" % n for n in range(400)), b"".join(b"b%d\n" % n for n in range(400)))
        assert len(found.lines) == MOST_LINES and "are not shown" in found.note

    @given(st.lists(st.sampled_from("abcd"), max_size=30), st.lists(st.sampled_from("abcd"), max_size=30))
    def test_the_new_text_and_the_old_can_both_be_read_off(self, before, now):
        found = of("t.txt", "\n".join(["start", *before, "end"]).encode(), "\n".join(["start", *now, "end"]).encode())
        kept = [line for line in found.lines if line.mark is not Mark.GAP]
        hidden = sum(int(line.text.split()[0]) for line in found.lines if line.mark is Mark.GAP)
        assert sum(line.mark is not Mark.REMOVED for line in kept) + hidden == len(now) + 2
        assert sum(line.mark is not Mark.ADDED for line in kept) + hidden == len(before) + 2


@pytest.mark.parametrize(("before", "now", "said"), [
    (b"\x00\x01\x02", b"\x00\x01\x03", "can't be shown"), (TABLE, b"\x00\x01", "is now unknown")])
def test_what_cannot_be_compared_counts_as_changed(before, now, said):
    found = of("t.csv", before, now)
    assert found.count == 1 and said in found.note
