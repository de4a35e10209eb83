"""Figures: what is drawn is what was checked, and every mark rests on enough people."""

from __future__ import annotations

import io
import itertools

import numpy
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import readingroom.sdk as rr
from readingroom.core.disclosure import Verdict, check_output
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput
from readingroom.sdk import _bands, _door, _drawing

POLICY = Policy(
    threshold=10, threshold_inclusive=False, zeros_disclosive=True, dominance=frozenset({(2, 90.0)}), p_percent=10,
    residual_degrees_of_freedom=10, output_types=frozenset({"csv", "png"}), max_file_bytes=1_000_000,
    max_table_rows=5000)


@pytest.fixture(autouse=True)
def portal(monkeypatch):
    """The network, and nothing else: the portal says the project's rules."""
    monkeypatch.setattr(_door, "get", lambda path: {"rules": POLICY.model_dump(mode="json")})


def people(n=900, seed=1):
    chance = numpy.random.default_rng(seed)
    frame = pandas.DataFrame({
        "person_id": [f"p{at}" for at in range(n)], "age": chance.integers(18, 80, n),
        "region": chance.choice(["North", "South", "West"], n), "sex": chance.choice(["F", "M"], n),
        "year": chance.choice([2021, 2022, 2023], n), "months": chance.integers(1, 40, n),
        "seen": chance.integers(0, 2, n)})
    frame["pay"] = 20_000 + 300.0 * frame["age"] + chance.normal(0, 6000, n)
    frame.attrs["privacy_unit"] = "person_id"
    return frame


FRAME = people()


def check(figure):
    return check_output("figure.png", figure.png(), figure.evidence, POLICY)


FIGURES = {
    "hist": lambda: rr.hist(FRAME, "pay"),
    "hist by": lambda: rr.hist(FRAME, "pay", by="sex"),
    "hist edges": lambda: rr.hist(FRAME, "age", bins=[0, 30, 50, 65, 120]),
    "bar": lambda: rr.bar(rr.table(FRAME, "region", "sex", totals=True), title="People ($)"),
    "line": lambda: rr.line(rr.table(FRAME, "year", "sex")),
    "survival": lambda: rr.survival_plot(rr.survival(FRAME, "months", "seen", by="sex")),
    "box": lambda: rr.box(FRAME, "pay"),
    "box by": lambda: rr.box(FRAME, "pay", by="region"),
    "scatter": lambda: rr.scatter(FRAME, "age", "pay").suppress(),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_passes_and_holds_nothing_but_its_picture(name):
    figure = FIGURES[name]()
    assert check(figure).verdict is Verdict.PASS, check(figure).findings
    picture = Image.open(io.BytesIO(figure.png()))
    assert not picture.info.get("Software")
    assert picture.width >= 700
    assert figure.png() == FIGURES[name]().png()  # nothing in it is of this moment


def bars(figure):
    return [[patch.get_height() for patch in axes.patches] for axes in figure.drawn.axes]


def test_every_bar_of_every_panel_is_a_cell_of_the_table():
    figure = rr.hist(FRAME, "pay", by="sex")
    drawn = [height for panel in bars(figure) for height in panel]
    assert sorted(drawn) == sorted(cell["people"] for cell in figure.evidence["underlying"]["cells"])
    assert min(drawn) >= 10
    assert sum(drawn) == len(FRAME)


def test_no_edge_of_a_histogram_is_somebodys_value():
    frame = FRAME.assign(pay=FRAME["pay"].where(FRAME.index != 5, 1_234_567.0))
    words = " ".join(label.get_text() for label in rr.hist(frame, "pay").drawn.axes[0].get_xticklabels())
    assert "1,234,567" not in words
    assert "and over" in words
    assert "under" in words


def test_a_suppressed_cell_is_marked_and_not_drawn_as_nothing():
    small = FRAME.assign(region=FRAME["region"].where(FRAME.index > 3, "Isles"))
    figure = rr.bar(rr.table(small, "region"))
    assert check(figure).verdict is Verdict.FAIL
    safer = figure.suppress()
    assert check(safer).verdict is Verdict.PASS
    assert [text.get_text() for text in safer.drawn.axes[0].texts] == ["[c]"]
    assert bars(safer)[0].count(0) == 1


def test_a_scatter_of_few_people_per_square_fails_until_they_are_hidden():
    figure = rr.scatter(FRAME, "age", "pay")
    assert check(figure).verdict is Verdict.FAIL
    assert check(figure.suppress()).verdict is Verdict.PASS


def test_a_table_of_other_cells_is_drawn_anew():
    figure = rr.bar(rr.table(FRAME, "region"))
    assert bars(figure.of(rr.table(FRAME, "sex")))[0] != bars(figure)[0]


def test_whiskers_end_at_percentiles_that_enough_people_lie_beyond():
    few, many = rr.box(people(130), "pay"), rr.box(people(900), "pay")
    assert [one["probability"] for one in few.evidence["underlying"]["tables"]] == [0.1, 0.25, 0.5, 0.75, 0.9]
    assert [one["probability"] for one in many.evidence["underlying"]["tables"]] == [0.05, 0.25, 0.5, 0.75, 0.95]
    ends = [float(low) for low, _ in [(line.get_segments()[0][0][1], 0) for line in few.drawn.axes[0].collections]]
    assert min(ends) > people(130)["pay"].min()
    assert check(few).verdict is Verdict.PASS


class TestBands:
    @settings(max_examples=80, deadline=None)
    @given(st.lists(st.lists(st.integers(0, 30), min_size=2, max_size=2), min_size=1, max_size=20), st.integers(1, 25))
    def test_every_joined_band_has_enough_of_every_group_or_there_is_one(self, counts, least):
        table = numpy.array(counts)
        starts = _bands.merged(table, lambda people: people >= least)
        ends = [*starts[1:], len(table)]
        joined = [table[start:end].sum(axis=0) for start, end in zip(starts, ends, strict=True)]
        assert starts[0] == 0
        assert len(starts) == 1 or all((line >= least).all() for line in joined)

    @settings(max_examples=80, deadline=None)
    @given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(1, 40))
    def test_round_edges_hold_everything(self, low, spread, count):
        edges = _bands.round_edges(low, low + spread, count)
        width = edges[1] - edges[0]
        assert edges[0] <= low + width * 1e-6
        assert low + spread < edges[-1] + width * 1e-6
        assert len(edges) <= count + 3

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.floats(0, 100), min_size=12, max_size=60))
    def test_people_per_band_are_what_a_loop_counts(self, values):
        frame = pandas.DataFrame({"person_id": range(len(values)), "x": values})
        edges = _bands.safe_edges(frame, "x", None, "person_id", [0, 10, 20, 50, 80, 100], lambda people: people >= 10)
        opened = _bands.opened(edges)
        assert (opened[0], opened[-1]) == (None, None)
        for low, high in itertools.pairwise(opened):
            assert sum((low is None or low <= value) and (high is None or value < high) for value in values) >= 10


@pytest.mark.parametrize("make", [
    lambda: rr.hist(FRAME.assign(pay=numpy.inf), "pay"),
    lambda: rr.hist(FRAME.assign(pay=numpy.nan), "pay"),
    lambda: rr.hist(FRAME, "region"),
    lambda: rr.hist(FRAME, "pay", bins=0),
    lambda: rr.hist(FRAME, "pay", bins=True),
    lambda: rr.hist(FRAME, "pay", bins=[3, 2]),
    lambda: rr.hist(FRAME, "pay", bins=[0, numpy.nan, 3]),
    lambda: rr.hist(pandas.DataFrame(FRAME.to_dict("list")), "pay"),
    lambda: rr.scatter(FRAME, "age", "pay", bins=1),
    lambda: rr.bar(FRAME),
    lambda: rr.box(FRAME, "sex"),
    lambda: rr.bar(rr.box(FRAME, "pay").underlying),
    lambda: rr.bar(rr.table(FRAME, "sex", "age")),
    lambda: rr.survival_plot(rr.ols("pay ~ age", FRAME)),
    lambda: rr.survival_plot(rr.survival(FRAME, "months", "seen")).suppress(),
    lambda: rr.figure(_drawing.canvas("")[0], rr.table(FRAME, "sex")).suppress(),
])
def test_bad_input_gets_an_error_with_a_next_step(make):
    with pytest.raises(InvalidInput) as refused:
        make()
    assert refused.value.next_step


def test_a_number_that_is_the_same_for_everyone_has_one_band():
    assert bars(rr.hist(FRAME.assign(pay=3.0), "pay")) == [[len(FRAME)]]
