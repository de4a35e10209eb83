"""Laws of the disclosure rules, on random tables."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.core.disclosure.check import check_table_evidence
from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rules.dominance import check_dominance
from readingroom.core.disclosure.rules.p_percent import check_p_percent
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.policy import Policy

contributions = st.lists(st.integers(0, 1_000), min_size=1, max_size=12)
verdict_of = {True: Verdict.FAIL, False: Verdict.PASS}


def policy(**changes):
    fields = {
        "threshold": 10,
        "threshold_inclusive": False,
        "zeros_disclosive": False,
        "dominance": frozenset({(1, 50.0), (2, 90.0)}),
        "p_percent": 10.0,
    }
    return Policy(**fields | changes)


def of_contributions(*cells, statistic="sum", scale=1):
    return TableEvidence(
        statistic,
        "person_id",
        tuple(
            CellEvidence(
                (str(number),),
                ("days",),
                len(values),
                len(values),
                tuple(sorted((value * scale for value in values), reverse=True)[:3]),
                sum(values) * scale,
            )
            for number, values in enumerate(cells)
        ),
    )


@st.composite
def count_tables(draw):
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    cells = [
        {
            "row": [f"r{row}"],
            "column": [f"c{column}"],
            "people": people,
            "records": people,
            "suppressed": draw(st.booleans()),
        }
        for row in range(rows)
        for column in range(columns)
        for people in [draw(st.integers(0, 40))]
    ]
    if draw(st.booleans()):
        cells += [
            {"row": [f"r{row}"], "column": ["Total"], "people": total, "records": total}
            for row in range(rows)
            for total in [sum(cell["people"] for cell in cells if cell["row"] == [f"r{row}"])]
        ]
    return {"kind": "table", "statistic": "count", "unit": "person_id", "cells": cells}


class TestRaisingTheThresholdNeverTurnsFailIntoPass:
    @settings(max_examples=60)
    @given(count_tables(), st.integers(1, 30), st.integers(0, 20), st.booleans())
    def test_law(self, table, threshold, more, inclusive):
        lower = check_table_evidence(table, policy(threshold=threshold, threshold_inclusive=inclusive))
        higher = check_table_evidence(
            table, policy(threshold=threshold + more, threshold_inclusive=inclusive)
        )
        assert higher.verdict >= lower.verdict


class TestRowOrderNeverMatters:
    @settings(max_examples=60)
    @given(count_tables(), st.randoms(use_true_random=False))
    def test_law(self, table, random):
        shuffled = table | {"cells": random.sample(table["cells"], len(table["cells"]))}
        assert check_table_evidence(table, policy()) == check_table_evidence(shuffled, policy())


class TestScalingContributionsNeverChangesAVerdict:
    @settings(max_examples=60)
    @given(contributions, st.integers(1, 10_000))
    def test_law(self, values, scale):
        for rule in (check_dominance, check_p_percent):
            plain = [finding.verdict for finding in rule(of_contributions(values), policy())]
            assert plain == [
                finding.verdict for finding in rule(of_contributions(values, scale=scale), policy())
            ]


class TestRulesAgreeWithTheSlowObviousReading:
    @settings(max_examples=150)
    @given(contributions, st.integers(1, 3), st.integers(0, 100))
    def test_dominance(self, values, n, k):
        ordered = sorted(values)
        largest = 0
        for _ in range(n):
            largest += ordered.pop() if ordered else 0
        unsafe = sum(values) > 0 and Fraction(largest, sum(values)) > Fraction(k, 100)
        found = check_dominance(of_contributions(values), policy(dominance=frozenset({(n, float(k))})))
        assert max((finding.verdict for finding in found), default=Verdict.PASS) is verdict_of[unsafe]

    @settings(max_examples=150)
    @given(contributions, st.integers(0, 100))
    def test_p_percent(self, values, p):
        ordered = sorted(values, reverse=True)
        rest = sum(ordered[2:])
        unsafe = ordered[0] > 0 and Fraction(rest, ordered[0]) < Fraction(p, 100)
        found = check_p_percent(of_contributions(values), policy(p_percent=float(p)))
        assert max((finding.verdict for finding in found), default=Verdict.PASS) is verdict_of[unsafe]
