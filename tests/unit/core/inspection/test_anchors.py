"""Places in outputs: only what is shown has one, and a place stays meaningful when the file changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.inspection import preview
from readingroom.core.inspection.anchors import Anchor, anchored, standing
from readingroom.core.inspection.preview import ALL
from readingroom.errors import InvalidInput
from tests.unit.core.inspection.samples import code, notebook, png

TABLE = preview("a.csv", b"offence,F,M\nTheft,40,50\nRobbery,4,31\n")
TEXT = preview("a.txt", b"one\ntwo\nthree\n")
NOTEBOOK = preview("a.ipynb", notebook(code("x = 1\nx"), code("y", {
    "output_type": "stream", "name": "stdout", "text": "2\n3"})))
PICTURE = preview("a.png", png())

KNOWN = [
    (TABLE, "", Anchor(), "the whole file"),
    (TABLE, "cell:2,2", Anchor("cell:2,2", "Robbery", "F", "4"), "row 2 (Robbery), column 2 (F)"),
    (TABLE, " Cell: 2 , 1 ", Anchor("cell:2,1", "Robbery", "offence", "Robbery"),
     "row 2 (Robbery), column 1 (offence)"),
    (TABLE, "cell:0,3", Anchor("cell:0,3", "", "M", "M"), "header, column 3 (M)"),
    (TEXT, "line:3", Anchor("line:3", quote="three"), "line 3"),
    (NOTEBOOK, "code:1,2", Anchor("code:1,2", quote="x"), "cell 1, line 2"),
    (NOTEBOOK, "print:2,1", Anchor("print:2,1", quote="2"), "cell 2, line 1 of what it printed"),
    (PICTURE, "", Anchor(), "the whole file"),
]

NOWHERE = [
    (TABLE, "cell:3,1"), (TABLE, "cell:1,4"), (TABLE, "cell:0,0"), (TABLE, "cell:1"), (TABLE, "cell:-1,1"),
    (TABLE, "cell:1,1,1"), (TABLE, "line:1"), (TABLE, "code:1,1"), (TABLE, "cell:01,1"), (TABLE, "cell:1,9999999"),
    (TABLE, "cell:\u0661,1"), (TABLE, "<script>"), (TABLE, "cell:1,1#x"), (TEXT, "line:0"), (TEXT, "line:4"),
    (TEXT, "line:1,2"), (TEXT, "cell:1,1"), (NOTEBOOK, "code:3,1"), (NOTEBOOK, "print:1,1"), (NOTEBOOK, "code:0,1"),
    (NOTEBOOK, "line:1"), (PICTURE, "cell:1,1"), (PICTURE, "line:1"),
]


@pytest.mark.parametrize(("shown", "written", "place", "words"), KNOWN)
def test_a_place_knows_what_stands_there(shown, written, place, words):
    assert (anchored(shown, written), anchored(shown, written).words) == (place, words)


@pytest.mark.parametrize(("shown", "written"), NOWHERE)
def test_what_is_not_shown_has_no_place(shown, written):
    with pytest.raises(InvalidInput) as refused:
        anchored(shown, written)
    assert refused.value.rule == "comment.place" and len(refused.value.message) < 120


@given(st.text(max_size=80))
def test_any_text_is_a_place_or_refused(written):
    for shown in (TABLE, TEXT, NOTEBOOK, PICTURE):
        try:
            found = anchored(shown, written)
        except InvalidInput:
            continue
        assert not found.at or found.quote or found.words


CHANGED = preview("a.csv", b"offence,all,F,M\nTheft,90,40,50\nFraud,30,15,15\nRobbery,35,[c],31\n")


def test_a_cell_is_found_again_by_its_labels():
    assert standing(anchored(TABLE, "cell:2,2"), CHANGED) == Anchor("cell:3,3", "Robbery", "F", "[c]")
    assert standing(anchored(TABLE, "cell:0,3"), CHANGED) == Anchor("cell:0,4", "", "M", "M")


def test_or_not_where_its_labels_are_gone_or_stand_twice():
    anchor = anchored(TABLE, "cell:2,2")
    assert standing(anchor, preview("a.csv", b"offence,F,M\nTheft,40,50\n")) is None
    assert standing(anchor, preview("a.csv", b"offence,F,M\nRobbery,40,50\nRobbery,1,2\n")) is None
    assert standing(anchor, preview("a.csv", b"offence,women,M\nRobbery,40,50\n")) is None
    assert standing(anchor, TEXT) is None and standing(anchor, PICTURE) is None


def test_a_line_is_found_again_by_its_words():
    assert standing(anchored(TEXT, "line:2"), preview("a.txt", b"zero\none\ntwo\n")) == Anchor("line:3", quote="two")
    assert standing(anchored(TEXT, "line:2"), preview("a.txt", b"one\nthree\n")) is None
    moved = preview("a.ipynb", notebook(code("import z"), code("x = 1\nx")))
    assert standing(anchored(NOTEBOOK, "code:1,2"), moved) == Anchor("code:2,2", quote="x")
    assert standing(Anchor(), moved) == Anchor()


def test_places_are_those_of_the_file_in_whichever_part_they_are_shown():
    content = b"band,n\n" + b"".join(b"band %d,%d\n" % (n, 40 + n) for n in range(450))
    whole = preview("a.csv", content, part=ALL)
    assert anchored(whole, "cell:401,2").quote == "440"
    assert preview("a.csv", content, part=3).rows[0] == whole.rows[400]
