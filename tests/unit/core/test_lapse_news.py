"""What lapses is told at 30, 14 and 3 days and at the end, once each, whatever the clock does."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.lapsing import ENDED, Means, News, Term, Told, news_of, stage_of

END = date(2026, 12, 31)


def day(before: int) -> date:
    return END - timedelta(days=before)


@pytest.mark.parametrize(("before", "stage"), [
    (31, None), (30, 30), (15, 30), (14, 14), (4, 14), (3, 3), (1, 3), (0, 3), (-1, ENDED), (-4000, ENDED)])
def test_how_near_the_end_is(before, stage):
    assert stage_of(END, day(before)) == stage


def walk(days, ends_on=END):
    """What is told when somebody looks on these days, in this order."""
    told, said = None, []
    for before in days:
        news = news_of(Term(Means.GRANT, "1", ends_on, told), day(before))
        if news is not None:
            said.append((before, news))
            told = Told(ends_on, stage_of(ends_on, day(before)))
    return said


def test_day_by_day_each_is_told_once():
    assert walk(range(40, -5, -1)) == [(30, News.ENDS_SOON), (14, News.ENDS_SOON), (3, News.ENDS_SOON),
                                       (-1, News.ENDED)]


def test_after_a_silence_only_the_most_urgent():
    assert walk([40, 2, 1]) == [(2, News.ENDS_SOON)]
    assert walk([40, -100]) == [(-100, News.ENDED)]


def test_a_clock_that_jumps_forward_and_back_undoes_the_end_once():
    assert walk([100, -300, 100, 99, 30, 14]) == [
        (-300, News.ENDED), (100, News.RESTORED), (30, News.ENDS_SOON), (14, News.ENDS_SOON)]


@given(st.lists(st.integers(-50, 60), max_size=60))
def test_no_warning_of_one_end_is_told_twice_in_a_row_of_any_days(days):
    """Between two ends each stage is told at most once, and never a less urgent one after a more urgent."""
    stages: list[int] = []
    for before, news in walk(days):
        if news is News.ENDS_SOON:
            stage = stage_of(END, day(before))
            assert stage is not None and all(stage < earlier for earlier in stages)
            stages.append(stage)
        else:
            stages = [stage] if news is News.RESTORED and (stage := stage_of(END, day(before))) else []


@given(st.integers(-60, 60), st.integers(-60, 60), st.sampled_from([None, 30, 14, 3, ENDED]))
def test_asking_again_says_nothing(left, told_left, stage):
    today = day(0)
    term = Term(Means.PROJECT, "p", today + timedelta(days=left), Told(today + timedelta(days=told_left), stage))
    news_of(term, today)
    again = Term(Means.PROJECT, "p", term.ends_on, Told(term.ends_on, stage_of(term.ends_on, today)))
    assert news_of(again, today) is None


def test_a_renewal_begins_anew():
    told = Told(END, ENDED)
    later = END + timedelta(days=100)
    assert news_of(Term(Means.TRAINING, "ada", later, told), day(-5)) is News.RENEWED
    assert news_of(Term(Means.TRAINING, "ada", later, Told(END, 3)), day(1)) is None
    assert news_of(Term(Means.TRAINING, "ada", later, Told(END, 3)), later - timedelta(days=10)) is News.ENDS_SOON
