"""P3: policy only tightens. Combining is a meet, for every field of the model by construction."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.policy import DIRECTIONS, Direction, Layer, Policy, Tier, explain, strictest

NAMES = st.frozensets(st.sampled_from(["a", "b", "c", "d"]))
VALUES = {
    "dominance": st.frozensets(st.tuples(st.integers(1, 4), st.sampled_from([50.0, 75.0, 90.0]))),
    "p_q": st.frozensets(st.tuples(st.sampled_from([5.0, 10.0]), st.sampled_from([50.0, 100.0]))),
    "weights": st.frozensets(st.sampled_from(["expand", "total"])),
    "release_recipients": st.frozensets(st.sampled_from(["author", "members", "custodians"])),
    "incoming_kinds": st.frozensets(st.sampled_from(["code", "table", "package"])),
    "p_percent": st.sampled_from([0.0, 5.0, 10.0, 20.0]),
    "tier": st.sampled_from(Tier),
    "cpus": st.sampled_from([0.5, 1.0, 2.0]),
}


def values_of(name: str) -> st.SearchStrategy:
    if name in VALUES:
        return VALUES[name]
    match DIRECTIONS[name]:
        case Direction.MAX | Direction.MIN:
            return st.integers(1, 100)
        case Direction.ANY | Direction.ALL:
            return st.booleans()
        case Direction.INTERSECTION | Direction.UNION:
            return NAMES


POLICIES = st.builds(Policy, **{name: st.none() | values_of(name) for name in Policy.model_fields})


def at_least_as_tight(name: str, one: object, other: object) -> bool:
    """Whether `one` is at least as tight as `other` in this field; no opinion is loosest."""
    if other is None:
        return True
    if one is None:
        return False
    match DIRECTIONS[name]:
        case Direction.MAX | Direction.ANY:
            return one >= other
        case Direction.MIN | Direction.ALL | Direction.INTERSECTION:
            return one <= other
        case Direction.UNION:
            return one >= other


class TestP3CombiningIsAMeet:
    @given(POLICIES, POLICIES)
    def test_order_does_not_matter(self, a, b):
        assert strictest(a, b) == strictest(b, a)

    @given(POLICIES, POLICIES, POLICIES)
    def test_grouping_does_not_matter(self, a, b, c):
        assert strictest(a, strictest(b, c)) == strictest(strictest(a, b), c) == strictest(a, b, c)

    @given(POLICIES)
    def test_saying_it_twice_changes_nothing(self, a):
        assert strictest(a, a) == a == strictest(a, Policy())

    @given(POLICIES, POLICIES)
    def test_nothing_ever_loosens(self, a, b):
        combined = strictest(a, b)
        for name in Policy.model_fields:
            for layer in (a, b):
                assert at_least_as_tight(name, getattr(combined, name), getattr(layer, name)), name

    @given(POLICIES, POLICIES, POLICIES)
    def test_tightening_one_layer_never_loosens_the_whole(self, a, b, c):
        before, after = strictest(a, c), strictest(strictest(a, b), c)
        for name in Policy.model_fields:
            assert at_least_as_tight(name, getattr(after, name), getattr(before, name)), name

    @given(POLICIES, POLICIES)
    def test_every_effective_value_is_explained(self, a, b):
        effective = strictest(a, b)
        explained = {one.field: one for one in explain((Layer("site", a), Layer("dataset", b)))}
        for name in Policy.model_fields:
            value = getattr(effective, name)
            assert (name in explained) == (value is not None)
            if name in explained:
                assert explained[name].effective == value
                assert explained[name].set_by


def test_every_field_declares_its_direction():
    assert set(DIRECTIONS) == set(Policy.model_fields)
