"""What changed since the last round: exactly the cells and lines that differ, and what could not be compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.inspection.changes import MOST_SHOWN, Mark, changes, matched
from readingroom.core.inspection.preview import ALL, PART_LINES, PART_ROWS, preview

TABLE = b"offence,female,male\nViolence,1200,5400\nRobbery,4,310\nTheft,2300,6100\n"


def of(name, before, now):
    return changes(preview(name, before, part=ALL), preview(name, now, part=ALL))


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

    def test_cells_that_a_shorter_row_lost_are_counted(self):
        found = of("t.csv", b"a,b,c\nx,1,2\ny,3,4\n", b"a,b,c\nx,1\ny,3,4\n")
        assert (found.count, marks(found)) == (1, [("removed", "2")])

    def test_columns_of_one_name_are_matched_in_order(self):
        found = of("t.csv", b"a,n,n\nx,1,2\ny,3,4\n", b"a,n,n\nx,1,9\ny,3,4\n")
        assert marks(found) == [("2", "9")] and "matched in order" in found.note

    @pytest.mark.parametrize("row", [PART_ROWS + 1, 4 * PART_ROWS])
    def test_a_change_beyond_the_first_part_is_found_and_shown(self, row):
        rows = [b"row %d,%d\n" % (n, n) for n in range(5 * PART_ROWS)]
        before = b"label,people\n" + b"".join(rows)
        rows[row] = b"row %d,suppressed\n" % row
        found = of("t.csv", before, b"label,people\n" + b"".join(rows))
        assert (found.count, found.rows_changed, found.more) == (1, 1, "")
        assert marks(found) == [(str(row), "suppressed")]
        assert [one.number for one in found.rows if one.mark is Mark.CHANGED] == [row + 1]
        assert len(found.rows) == 7  # two on either side, and how many are the same before and after

    def test_more_than_fits_is_counted_and_placed(self):
        before = b"label,people\n" + b"".join(b"row %d,%d\n" % (n, n) for n in range(1000))
        now = b"label,people\n" + b"".join(b"row %d,%d\n" % (n, n + (n >= 400)) for n in range(1000))
        found = of("t.csv", before, now)
        assert (found.count, found.rows_changed) == (600, 600)
        shown = sum(one.mark is Mark.CHANGED for one in found.rows)
        assert found.more == f"{600 - shown} more rows differ and are not shown here: {401 + shown} to 1,000."


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
        assert len(found.lines) == MOST_SHOWN and found.count == 800
        assert found.more == "500 more lines differ and are not shown here: 1 to 400; 100 are in it no more."

    def test_a_change_beyond_the_first_part_is_found(self):
        lines = [b"line %d\n" % n for n in range(3 * PART_LINES)]
        found = of("t.txt", b"".join(lines), b"".join(lines[:-1]) + b"the end\n")
        assert [line.text for line in found.lines if line.mark is Mark.ADDED] == ["the end"]

    @given(st.lists(st.sampled_from("abcd"), max_size=30), st.lists(st.sampled_from("abcd"), max_size=30))
    def test_the_new_text_and_the_old_can_both_be_read_off(self, before, now):
        found = of("t.txt", "\n".join(["start", *before, "end"]).encode(), "\n".join(["start", *now, "end"]).encode())
        kept = [line for line in found.lines if line.mark is not Mark.GAP]
        hidden = sum(int(line.text.split()[0]) for line in found.lines if line.mark is Mark.GAP)
        assert sum(line.mark is not Mark.REMOVED for line in kept) + hidden == len(now) + 2
        assert sum(line.mark is not Mark.ADDED for line in kept) + hidden == len(before) + 2


class TestMatching:
    @given(st.lists(st.integers(0, 5), max_size=40), st.lists(st.integers(0, 5), max_size=40), st.booleans())
    def test_pairs_are_equal_in_order_and_leave_nothing_out(self, before, now, large):
        with pytest.MonkeyPatch.context() as patch:
            if large:
                patch.setattr("readingroom.core.inspection.changes.CLOSELY", 0)
            found = matched(before, now)
        assert [a for a, _ in found if a is not None] == list(range(len(before)))
        assert [b for _, b in found if b is not None] == list(range(len(now)))
        assert all(before[a] == now[b] for a, b in found if a is not None and b is not None)

    def test_large_files_made_to_be_slow_are_matched_all_the_same(self):
        """The square of these would take hours; nothing is lost in either."""
        before, now = ["a", "b"] * 100_000, ["b", "a", "a"] * 70_000
        found = matched(before, now)
        assert len(found) == len(before) + len(now) - sum(a is not None and b is not None for a, b in found)

    def test_one_line_of_many_that_moved_is_two_changes(self):
        lines = [f"line {n}" for n in range(10_000)]
        found = matched(lines, [*lines[1:5000], lines[0], *lines[5000:]])
        assert sum(a is None or b is None for a, b in found) == 2


def test_bytes_that_differ_where_nothing_shown_does_are_never_called_the_same():
    found = of("t.csv", TABLE, TABLE.replace(b"\n", b"\r\n"))
    assert found.count == 0 and "the bytes do" in found.note


@pytest.mark.parametrize(("before", "now", "said"), [
    (b"\x00\x01\x02", b"\x00\x01\x03", "can't be shown"), (TABLE, b"\x00\x01", "is now unknown")])
def test_what_cannot_be_compared_counts_as_changed(before, now, said):
    found = of("t.csv", before, now)
    assert found.count == 1 and said in found.note
