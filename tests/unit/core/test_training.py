"""Training sets: what is planted is really there, what is not is not, and agreement is counted as Cohen did."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.disclosure.check import check_output
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.inspection import preview
from readingroom.core.requests import Decision
from readingroom.core.resemblance import resembles, shown
from readingroom.core.training import cases_of, score
from readingroom.core.training.cases import KINDS
from readingroom.core.training.model import POLICY
from readingroom.core.training.scores import kappa

SETS = range(1, 13)
A, C = Decision.APPROVE, Decision.CHANGE


def failing(case):
    found = check_output(case.name, case.content, case.evidence, case.policy).findings
    rules = {finding.rule: finding.source for finding in found if finding.verdict is Verdict.FAIL}
    if case.earlier:
        alike = resembles(*(shown(preview(case.name, content), None) for content in (case.content, case.earlier)),
                          POLICY.threshold)
        if any(one.few for one in alike[3]):
            rules["memory"] = ""
    return rules


@pytest.mark.parametrize("number", SETS)
def test_the_rules_themselves_find_what_was_planted_and_nothing_else(number):
    for case in cases_of(number):
        rules = failing(case)
        if case.fault is None:
            assert not rules, (case.name, rules)
            assert case.lesson
        else:
            assert case.fault.rule in rules, (case.name, case.fault, rules)
            assert case.fault.source and any(char.isdigit() for char in case.fault.why)


@pytest.mark.parametrize("number", SETS)
def test_half_of_a_set_is_faulty_and_every_kind_is_in_it_once(number):
    cases = cases_of(number)
    assert len(cases) == len(KINDS) == 12
    assert [case.answer for case in cases].count(C) == 6
    assert len({case.name for case in cases}) == 12


def test_a_set_is_the_same_for_everyone_and_sets_differ():
    assert cases_of(3) == cases_of(3)
    assert len({tuple((case.name, case.content, case.answer) for case in cases_of(number)) for number in SETS}) == 12


def test_every_kind_comes_with_its_fault_and_without():
    met = {(case.name, case.answer) for number in SETS for case in cases_of(number)}
    assert len(met) == 24


def test_nothing_that_is_shown_beforehand_gives_the_answer_away():
    """The name, and which fields are filled, are the same with a fault and without."""
    for number in SETS:
        for case in cases_of(number):
            assert case.context and case.controls
            if case.fault:
                assert case.fault.why not in case.context + case.controls


@pytest.mark.parametrize(("pairs", "expected"), [
    ([(A, A)] * 5 + [(C, C)] * 5, 1.0),
    ([(A, C)] * 5 + [(C, A)] * 5, -1.0),
    ([(A, A)] * 4 + [(A, C)] * 1 + [(C, A)] * 1 + [(C, C)] * 4, 0.6),
    ([(A, A)] * 20 + [(A, C)] * 5 + [(C, A)] * 10 + [(C, C)] * 15, 0.4),  # the textbook's example
])
def test_kappa(pairs, expected):
    assert kappa(pairs).kappa == pytest.approx(expected)
    assert kappa(pairs).pairs == len(pairs)


def test_there_is_no_kappa_of_nothing_or_where_all_chose_the_same():
    assert (kappa([]).share, kappa([]).kappa) == (None, None)
    assert (kappa([(A, A)] * 9).share, kappa([(A, A)] * 9).kappa) == (1.0, None)


@given(st.lists(st.tuples(st.sampled_from(Decision), st.sampled_from(Decision)), min_size=1, max_size=40))
def test_kappa_is_symmetric_and_at_most_the_share(pairs):
    found, turned = kappa(pairs), kappa([(other, one) for one, other in pairs])
    assert (found.share, found.kappa) == (turned.share, turned.kappa)
    assert found.kappa is None or -1 - 1e-9 <= found.kappa <= found.share + 1e-9


def test_a_score_counts_what_was_missed_apart_from_false_alarms():
    answers = [C, C, A, A]
    found = score(answers, [A, C, C, A], {"freya": [C, C, A, A], "tomas": [A, A, A, A]})
    assert (found.cases, found.right, found.missed, found.false_alarms) == (4, 2, 1, 1)
    assert (found.people, found.others.pairs) == (2, 8)
    assert score(answers, answers, {}).answer.kappa == 1.0 and score(answers, answers, {}).others.share is None


def test_any_way_to_answer_has_a_score():
    for own in itertools.product(Decision, repeat=3):
        score([A, C, C], own, {"x": (C, C, A)})
