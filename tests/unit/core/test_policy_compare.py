"""What a change of policy tightens or loosens."""

from __future__ import annotations

from readingroom.core.policy import Change, Policy, diff, loosened


def changes(before: Policy, after: Policy) -> dict[str, Change]:
    return {one.field: one.change for one in diff(before, after)}


def test_equal_policies_do_not_differ():
    assert diff(Policy(threshold=10), Policy(threshold=10)) == ()


def test_each_direction_is_told():
    before = Policy(threshold=10, max_files=20, zeros_disclosive=False, output_types=frozenset({"csv", "png"}),
                    denied_columns=frozenset({"a.b"}))
    after = Policy(threshold=5, max_files=10, zeros_disclosive=True, output_types=frozenset({"csv", "txt"}),
                   denied_columns=frozenset({"a.b", "a.c"}))
    assert changes(before, after) == {
        "threshold": Change.LOOSER, "zeros_disclosive": Change.TIGHTER, "output_types": Change.OTHER,
        "max_files": Change.TIGHTER, "denied_columns": Change.TIGHTER}


def test_losing_an_opinion_loosens_and_gaining_one_tightens():
    assert changes(Policy(p_percent=0), Policy()) == {"p_percent": Change.LOOSER}
    assert changes(Policy(), Policy(p_percent=0)) == {"p_percent": Change.TIGHTER}


def test_what_is_loosened_includes_what_is_so_in_part():
    differences = diff(Policy(output_types=frozenset({"csv"}), threshold=3),
                       Policy(output_types=frozenset({"txt"}), threshold=4))
    assert [one.field for one in loosened(differences)] == ["output_types"]
