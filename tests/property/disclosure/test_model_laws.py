"""Laws of the rules for descriptions, on random and on hostile ones."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readingroom.core.disclosure.models.check import check_description
from readingroom.core.disclosure.output_types import DESCRIBED, OUTPUT_TYPES
from readingroom.core.disclosure.verdict import Verdict, combine
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput


def policy(**changes):
    fields = {"threshold": 10, "threshold_inclusive": False, "zeros_disclosive": True, "p_percent": 10.0,
              "dominance": frozenset({(2, 90.0)}), "residual_degrees_of_freedom": 10}
    return Policy(**fields | changes)


def verdict(described, rules):
    return combine(check_description(described, rules), checked=True)


@st.composite
def regressions(draw):
    levels = {f"l{number}": units for number, units in enumerate(draw(st.lists(st.integers(1, 60), min_size=2,
                                                                               max_size=5)))}
    units = sum(levels.values())
    parameters = 1 + len(levels)
    return {"type": draw(st.sampled_from(["linear", "poisson"])), "n": units, "units": units, "parameters": parameters,
            "residual_df": units - parameters, "interactions": [], "saturated": False, "r_squared": 0.4,
            "terms": [{"name": "age", "kind": "continuous"}, {"name": "region", "levels": levels}],
            "leverage_max": draw(st.floats(min(1.0, parameters / units), 1))}


keys = sorted({name for one in OUTPUT_TYPES if one.description for name in one.description.model_fields})
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(keys), inner, max_size=3), max_leaves=6)


class TestRaisingTheThresholdNeverTurnsFailIntoPass:
    @settings(max_examples=60)
    @given(regressions(), st.integers(1, 30), st.integers(0, 20), st.booleans())
    def test_law(self, described, threshold, more, inclusive):
        lower = verdict(described, policy(threshold=threshold, threshold_inclusive=inclusive))
        higher = verdict(described, policy(threshold=threshold + more, threshold_inclusive=inclusive))
        assert higher >= lower


class TestOrderNeverMatters:
    @settings(max_examples=40)
    @given(regressions(), st.randoms())
    def test_law(self, described, random):
        shuffled = dict(described)
        terms = [dict(term) for term in described["terms"]]
        levels = list(terms[1]["levels"].items())
        random.shuffle(levels)
        terms[1]["levels"] = dict(levels)
        random.shuffle(terms)
        assert verdict(described, policy()) is verdict(shuffled | {"terms": terms}, policy())


class TestMissingEvidenceIsNeverAPass:
    @settings(max_examples=60)
    @given(regressions(), st.sampled_from(["n", "units", "parameters", "terms", "interactions", "leverage_max"]))
    def test_law(self, described, key):
        assert verdict({name: value for name, value in described.items() if name != key}, policy()) is not Verdict.PASS


class TestNothingPassesThatALoopWouldFail:
    """The slow reading: every level, one at a time."""

    @settings(max_examples=100)
    @given(regressions(), st.integers(1, 30))
    def test_law(self, described, threshold):
        few = any(units < threshold for units in described["terms"][1]["levels"].values())
        found = verdict(described, policy(threshold=threshold))
        if few or described["units"] - described["parameters"] < 10 or described["leverage_max"] >= 0.9:
            assert found is Verdict.FAIL
        elif described["leverage_max"] <= 0.5:
            assert found is Verdict.PASS


class TestNoDescriptionBreaksTheCheck:
    @settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(sorted(DESCRIBED)), st.dictionaries(st.sampled_from(keys), json_values, max_size=6))
    def test_law(self, type_name, described):
        try:
            found = verdict({**described, "type": type_name}, policy())
        except InvalidInput as error:
            assert error.rule == "description.malformed"
        else:
            assert isinstance(found, Verdict)


def test_ten_thousand_dummies_are_checked_one_by_one():
    """A loop over pairs would not end within the suite's limit of time."""
    levels = {f"court {number}": 100 for number in range(10_000)}
    described = {"type": "linear", "n": 1_000_000, "units": 1_000_000, "parameters": 10_001, "residual_df": 989_999,
                 "terms": [{"name": "age", "kind": "continuous"}, {"name": "court", "levels": levels}],
                 "interactions": [], "saturated": False, "leverage_max": 0.02, "r_squared": 0.4}
    assert verdict(described, policy()) is Verdict.PASS
    levels["court 0"] = 1
    assert verdict(described, policy()) is Verdict.FAIL
