"""Laws that hold for all rules together, on random tables of every family of statistics."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.core.disclosure.check import check_table_evidence
from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rules.dominance import dominates
from readingroom.core.disclosure.rules.magnitude import Contributions
from readingroom.core.disclosure.rules.p_percent import is_close
from readingroom.core.disclosure.rules.prior_posterior import is_sharpened
from readingroom.core.disclosure.statistics import FAMILIES
from readingroom.core.policy import Policy, strictest
from tests.property.disclosure.test_against_reference import cell_of, policies, records

SOME = settings(max_examples=80, deadline=None)
parts = st.integers(0, 12)


@st.composite
def tables(draw):
    """Any statistic, with evidence for all rules; parts are no more than the people of the cell."""
    cells = []
    for number in range(draw(st.integers(1, 4))):
        cell = cell_of(draw(records), weighted=draw(st.booleans()), listed=draw(st.integers(0, 10)))
        people = cell.people

        def part(people=people):
            return min(people, draw(parts))

        numerator = part()
        cells.append(replace(
            cell, row=(f"r{number}",), column=("c",), value=2.5, missing=draw(parts), below=part(), above=part(),
            at_value=part(), modal_people=part(), extreme_people=part(), overlap_people=part() // 8,
            numerator_people=numerator, denominator_people=people, suppressed=draw(st.integers(0, 5)) == 0,
            two_by_two=((draw(parts), draw(parts)), (draw(parts), draw(parts)))))
    return TableEvidence(draw(st.sampled_from(sorted(FAMILIES))), "id", tuple(cells), rounding=draw(st.integers(1, 6)))


class TestAddingALayerNeverLoosens:
    @SOME
    @given(tables(), policies, policies)
    def test_law(self, table, policy, layer):
        """Of a policy that leaves nothing open, that is: an opinion where there was none completes it."""
        policy = policy.model_copy(update={
            "group_coalition": policy.group_coalition if policy.group_coalition is not None else 1})
        before, after = (check_table_evidence(table, one).verdict for one in (policy, strictest(policy, layer)))
        assert after >= before


class TestRaisingAThresholdNeverTurnsFailIntoPass:
    @SOME
    @given(tables(), policies, st.integers(0, 10))
    def test_law(self, table, policy, more):
        higher = policy.model_copy(update={"threshold": policy.threshold + more})
        assert check_table_evidence(table, higher).verdict >= check_table_evidence(table, policy).verdict


class TestOrderNeverMatters:
    @SOME
    @given(tables(), policies, st.randoms(use_true_random=False))
    def test_law(self, table, policy, random):
        cells = list(table.cells)
        random.shuffle(cells)
        shuffled = table.with_cells(tuple(cells))
        assert check_table_evidence(shuffled, policy) == check_table_evidence(table, policy)


class TestScalingNeverChangesAVerdict:
    @SOME
    @given(tables(), policies, st.fractions(Fraction(1, 1000), 1000).filter(bool))
    def test_law(self, table, policy, times):
        def scaled(cell):
            names = ("total", "absolute_total", "weighted_total", "weighted_absolute_total")
            changed = {name: value * times for name in names if (value := getattr(cell, name)) is not None}
            return replace(cell, top=tuple(value * times for value in cell.top), **changed)

        after = table.with_cells(tuple(map(scaled, table.cells)))
        assert check_table_evidence(after, policy).verdict is check_table_evidence(table, policy).verdict


class TestMergingCellsOfDifferentPeopleKeepsThemSafe:
    """The rules on magnitudes are subadditive, which is why merging is the advice that findings give."""

    numbers = st.lists(st.integers(0, 50), max_size=8)

    @SOME
    @given(numbers, numbers, st.integers(1, 3), st.integers(1, 100), st.booleans())
    def test_dominance(self, one, other, n, k, inclusive):
        if not any(dominates(Contributions.of(cell), n, Fraction(k), inclusive=inclusive) for cell in (one, other)):
            assert not dominates(Contributions.of([*one, *other]), n, Fraction(k), inclusive=inclusive)

    @SOME
    @given(numbers, numbers, st.integers(0, 100), st.integers(1, 3))
    def test_p_percent_and_prior_posterior(self, one, other, p, coalition):
        if not any(is_close(Contributions.of(cell), Fraction(p), coalition) for cell in (one, other)):
            assert not is_close(Contributions.of([*one, *other]), Fraction(p), coalition)
        if p and not any(is_sharpened(Contributions.of(cell), Fraction(p), Fraction(100)) for cell in (one, other)):
            assert not is_sharpened(Contributions.of([*one, *other]), Fraction(p), Fraction(100))


class TestNothingMissingIsAPass:
    """Promise P9: without a parameter or without evidence no rule is silent."""

    @SOME
    @given(st.sampled_from(sorted(FAMILIES)), st.integers(1, 10_000))
    def test_without_evidence(self, statistic, people):
        bare = TableEvidence(statistic, "id", (CellEvidence(("a",), ("b",), people, people),))
        policy = Policy(threshold=1, threshold_inclusive=False, zeros_disclosive=False, dominance=frozenset(),
                        p_percent=0, residual_degrees_of_freedom=0)
        found = check_table_evidence(bare, policy)
        assert statistic == "count" or found.findings

    @SOME
    @given(tables())
    def test_without_parameters(self, table):
        shown = [cell for cell in table.published if cell.people]
        assert check_table_evidence(table, Policy()).findings or not shown
