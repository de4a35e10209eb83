"""`check published`: what a reader can infer, in every spelling of the input, and what is refused."""

from __future__ import annotations

import json

import pytest

from readingroom.core.disclosure.protect.forms.examples import PUBLISHED
from readingroom.core.disclosure.protect.forms.published import check_published
from readingroom.errors import InvalidInput


def ranges(answer):
    return {one["cell"]: (one["lower"], one["upper"], one["verdict"]) for one in answer["cells"]}


# One table, a 2 x 2 with hidden inner cells, in every spelling.
HIDDEN = {("N", "F"): None, ("N", "M"): None, ("S", "F"): None, ("S", "M"): None, ("N", "Total"): 7,
          ("S", "Total"): 35, ("Total", "F"): 34, ("Total", "M"): 8, ("Total", "Total"): 42}
GRID = [["x", "x", 7], ["x", "x", 35], [34, 8, 42]]
SPELLINGS = {
    "grid with variables": {"rows": {"region": ["N", "S", "Total"]}, "columns": {"sex": ["F", "M", "Total"]},
                            "values": GRID},
    "grid with labels": {"rows": ["N", "S", "Total"], "columns": ["F", "M", "Total"], "values": GRID},
    "grid in tables": {"tables": [{"rows": ["N", "S", "All"], "columns": ["F", "M", "All"], "values": GRID}]},
    "dimensions": {"dimensions": {"region": ["N", "S", "Total"], "sex": ["F", "M", "Total"]}, "data": GRID},
    "own total label": {"rows": ["N", "S", "UK"], "columns": ["F", "M", "UK"], "total": "UK", "values": GRID},
    "totals said": {"rows": ["N", "S", "last"], "columns": ["F", "M", "last"], "totals": True, "values": GRID},
    "keys": {"variables": ["region", "sex"], "cells": [
        {"region": row, "sex": column, "value": value} for (row, column), value in HIDDEN.items()]},
    "keys undeclared": {"cells": [
        {"region": row, "sex": column, "value": value} for (row, column), value in HIDDEN.items()]},
    "at": {"cells": [{"at": list(at), "value": value} for at, value in HIDDEN.items()]},
    "at by name": {"cells": [{"at": {"r": row, "s": column}, "value": value}
                             for (row, column), value in HIDDEN.items()]},
    "row and column": {"cells": [{"row": [row], "column": [column], "value": value}
                                 for (row, column), value in HIDDEN.items()]},
    "status": {"cells": [{"row": row, "column": column, **({"value": value} if value is not None
                          else {"status": "suppressed"})} for (row, column), value in HIDDEN.items()]},
    "equations": {
        "cells": [{"id": f"{row}, {column}", "value": value} for (row, column), value in HIDDEN.items()],
        "equations": [*({"total": f"{row}, Total", "parts": [f"{row}, F", f"{row}, M"]} for row in ("N", "S", "Total")),
                      *({"total": f"Total, {at}", "parts": [f"N, {at}", f"S, {at}"]} for at in ("F", "M", "Total"))]},
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_table_gives_the_same_ranges(spelling):
    answer = check_published(SPELLINGS[spelling])
    assert ranges(answer) == {"N, F": (0, 7, "protected"), "N, M": (0, 7, "protected"),
                              "S, F": (27, 34, "protected"), "S, M": (1, 8, "exposed")}
    assert answer["verdict"] == "fail"
    json.dumps(answer, allow_nan=False)


def test_an_unlabelled_grid_ends_in_totals():
    assert ranges(check_published({"values": GRID}))["2, 2"] == (1, 8, "exposed")


@pytest.mark.parametrize("mark", [None, "x", "X", "*", "c", "[c]", "[x]", ":", "..", "suppressed", " (x) "])
def test_marks_of_hidden_cells(mark):
    assert ranges(check_published({"rows": ["a", "b", "Total"], "values": [mark, "x", 60]})) == {
        "a": (0, 60, "protected"), "b": (0, 60, "protected")}


@pytest.mark.parametrize(("mark", "most"), [("<10", 9), ("< 10", 9), ("<=9", 9), ("≤9", 9), ("0-9", 9), ("0 to 9", 9),
                                            ("fewer than 5", 4)])
def test_a_mark_that_states_a_range_is_no_finding_by_itself(mark, most):
    answer = check_published({"rows": ["a", "b", "Total"], "values": [mark, "x", 60]})
    assert ranges(answer) == {"a": (0, most, "protected"), "b": (60 - most, 60, "protected")}


def test_a_range_narrower_than_the_mark_states_is_a_finding():
    answer = check_published({"rows": ["a", "b", "Total"], "values": ["<10", "<10", 14]})
    assert ranges(answer) == {"a": (5, 9, "exposed"), "b": (5, 9, "exposed")}


def test_words():
    answer = check_published({"rows": ["a", "b", "Total"], "values": [{"suppressed": True, "upper": 5}, "<3", 5]})
    assert answer["cells"][0]["words"] == "a: 3 to 5, exposed (every possible value is from 1 to 9)"
    assert answer["findings"][0]["rule"] == "intruder.range"


@pytest.mark.parametrize(("threshold", "verdict"), [(10, "exposed"), (9, "exposed"), (8, "protected"),
                                                    (None, "protected")])
def test_the_threshold_decides_where_a_range_is_unsafe(threshold, verdict):
    """Every possible value is 1 to 8: unsafe below 9."""
    assert ranges(check_published({"values": GRID, "threshold": threshold}))["2, 2"] == (1, 8, verdict)


def test_zeros_are_unsafe_where_the_policy_says_so():
    assert ranges(check_published({"values": GRID}))["1, 1"] == (0, 7, "protected")
    assert ranges(check_published({"values": GRID, "zeros_unsafe": True}))["1, 1"] == (0, 7, "exposed")


class TestLinkedTables:
    def test_each_table_is_safe_but_both_together_are_not(self):
        """Two groupings of one set of regions: what protecting table by table misses."""
        alone = {"rows": {"region": ["a", "b", "c", "d", "Total"]}, "values": ["x", "x", 20, 30, 60]}
        groups = {"rows": {"region": ["X", "Y"]}, "values": [24, 36]}
        assert check_published(alone)["verdict"] == "pass"
        answer = check_published({"tables": [alone, groups],
                                  "hierarchies": {"region": {"X": ["a", "c"], "Y": ["b", "d"]}}})
        assert ranges(answer) == {"a": (4, 4, "exposed"), "b": (6, 6, "exposed")}

    def test_two_groupings_that_cut_across_each_other(self):
        """Regions aren't published: north 30, south 30, coast 31, inland x: the margins tie them."""
        answer = check_published({
            "tables": [{"rows": {"region": ["north", "south", "Total"]}, "values": ["x", "x", 60]},
                       {"rows": {"region": ["coast", "inland"]}, "values": [55, 5]},
                       {"rows": {"region": ["ne", "sw"]}, "values": [3, 20]}],
            "hierarchies": {"region": {"north": ["nw", "ne"], "south": ["sw", "se"], "coast": ["nw", "sw"],
                                       "inland": ["ne", "se"]}}})
        # coast = nw + sw = 55, so nw = 35; inland = ne + se = 5, so se = 2; north = 38, south = 22.
        assert ranges(answer) == {"north": (38, 38, "exposed"), "south": (22, 22, "exposed")}

    def test_a_hidden_cell_that_another_table_shows(self):
        answer = check_published({"tables": [
            {"rows": {"region": ["N", "S", "Total"]}, "values": ["x", "x", 60]},
            {"rows": {"region": ["N", "S", "Total"]}, "columns": {"sex": ["F", "M", "Total"]},
             "values": [[10, 12, 22], [20, 18, 38], [30, 30, 60]]}]})
        assert ranges(answer) == {"N": (22, 22, "exposed"), "S": (38, 38, "exposed")}

    def test_three_tables_in_a_ring_are_joined_by_their_finest_cells(self):
        """Pairs of these tables agree on any N, F from 0 to 1; all three leave one value (found by enumeration)."""
        first = {"rows": {"a": ["1", "2"]}, "columns": {"b": ["1", "2"]}, "values": [["x", "x"], ["x", "x"]]}
        second = {"rows": {"b": ["1", "2"]}, "columns": {"c": ["1", "2"]}, "values": [[10, 0], [0, 10]]}
        third = {"rows": {"a": ["1", "2"]}, "columns": {"c": ["1", "2"]}, "values": [[10, 0], [0, 10]]}
        answer = check_published({"tables": [first, second, third]})
        assert ranges(answer) == {"1, 1": (10, 10, "exposed"), "1, 2": (0, 0, "exposed"), "2, 1": (0, 0, "exposed"),
                                  "2, 2": (10, 10, "exposed")}

    def test_links_between_tables_of_other_variables(self):
        tables = [{"name": "A", "rows": {"place": ["N", "S", "Total"]}, "values": ["x", "x", 40]},
                  {"name": "B", "measure": "again", "rows": {"where": ["Nord", "Rest"]}, "values": [7, 33]}]
        assert check_published({"tables": tables})["verdict"] == "pass"
        answer = check_published({"tables": tables, "links": [
            {"same": [{"table": "A", "at": ["N"]}, {"table": "B", "at": ["Nord"]}]}]})
        assert ranges(answer) == {"N": (7, 7, "exposed"), "S": (33, 33, "exposed")}

    def test_a_difference_between_two_tables_is_reported(self):
        answer = check_published({"tables": [
            {"rows": {"region": ["N", "S"]}, "values": [24, 40]},
            {"rows": {"region": ["N", "S"]}, "values": [20, 12], "where": {"sex": "F"}}]})
        assert [(one["cell"], one["value"]) for one in answer["implied"]] == [("N, other than F", 4)]
        assert answer["verdict"] == "fail"

    def test_where_bounds_a_part_by_the_whole(self):
        answer = check_published({"threshold": None, "tables": [
            {"rows": {"region": ["N", "S"]}, "values": [24, 40]},
            {"rows": {"region": ["N", "S", "Total"]}, "values": ["x", "x", 50], "where": {"sex": "F"}}]})
        assert ranges(answer) == {"N, F": (10, 24, "protected"), "S, F": (26, 40, "protected")}

    def test_ways_to_break_a_total_down_that_do_not_compare_are_refused(self):
        with pytest.raises(InvalidInput, match="can't be compared"):
            check_published({"tables": [{"rows": {"r": ["a", "b", "Total"]}, "values": ["x", "x", 9]},
                                        {"rows": {"r": ["X", "Y", "Total"]}, "values": [4, 5, 9]}]})

    @pytest.mark.parametrize("other", [
        {"rows": {"age": ["0-64", "65+", "Total"]}, "values": [53, "x", 60]},
        {"rows": {"age": ["0-64"]}, "values": [53]},
    ])
    def test_a_band_that_no_hierarchy_explains_hides_no_subtraction(self, other):
        """65+ is 60 - 20 - 33 in the first table, whatever 0-64 in the other one is."""
        first = {"rows": {"age": ["0-17", "18-64", "65+", "Total"]}, "values": [20, 33, "x", 60]}
        with pytest.raises(InvalidInput, match="one lacks 0-64"):
            check_published({"tables": [first, other]})
        answer = check_published({"tables": [first, other], "hierarchies": {"age": {"0-64": ["0-17", "18-64"]}}})
        assert ranges(answer)["65+"] == (7, 7, "exposed")

    def test_tables_that_disagree_are_refused_by_name(self):
        with pytest.raises(InvalidInput, match="Total is 9 in A and 10 in B"):
            check_published({"tables": [{"name": "A", "rows": {"r": ["a", "b", "Total"]}, "values": [4, 5, 9]},
                                        {"name": "B", "rows": {"s": ["c", "d", "Total"]}, "values": [4, 6, 10]}]})

    def test_a_hierarchy_inside_one_table(self):
        answer = check_published({
            "rows": {"place": ["N", "N1", "N2", "S", "S1", "S2", "Total"]},
            "values": [20, "x", "x", 30, "x", 26, 50],
            "hierarchies": {"place": {"N": ["N1", "N2"], "S": ["S1", "S2"]}}})
        assert ranges(answer) == {"N1": (0, 20, "protected"), "N2": (0, 20, "protected"), "S1": (4, 4, "exposed")}


class TestSmallGroups:
    """Two hidden cells whose sum is known are as few people as the sum, as the rule on tables made from data has it."""

    @pytest.mark.parametrize(("total", "more", "exposed"), [
        (34, {}, ["A + B"]),  # four people
        (39, {}, ["A + B"]),
        (40, {}, []),  # ten
        (34, {"threshold": 4}, []),
        (34, {"threshold": None}, []),
        (34.5, {"kind": "magnitude", "threshold": 10}, []),
    ])
    def test_of_one_line(self, total, more, exposed):
        answer = check_published({"rows": ["A", "B", "C", "Total"], "values": ["x", "x", 30, total]} | more)
        assert [one["words"].partition(":")[0] for one in answer["groups"]] == exposed
        assert answer["verdict"] == ("fail" if exposed else "pass")
        assert [one["rule"] for one in answer["findings"]] == ["intruder.group"] * len(exposed)

    def test_by_what_another_table_leaves(self):
        """Of N all but four are women; the others are the men hidden and whoever else there is."""
        answer = check_published({"tables": [
            {"rows": {"r": ["N", "S"]}, "values": [40, 50]},
            {"rows": {"r": ["N", "S"]}, "values": [36, 20], "where": {"sex": "F"}},
            {"rows": {"r": ["N", "S"]}, "values": ["x", 30], "where": {"sex": "M"}}]})
        assert [(one["lower"], one["upper"], len(one["cells"])) for one in answer["groups"]] == [(4, 4, 2)]

    def test_by_rounded_numbers(self):
        """5 stands for 3 to 7 and 0 for up to 2: the two hidden ones are 1 to 7 people."""
        answer = check_published({"rounding": 5, "rows": ["A", "B", "C", "Total"], "values": ["x", "x", 0, 5]})
        assert [(one["lower"], one["upper"]) for one in answer["groups"]] == [(1, 7)]


class TestCountsShown:
    TABLE = {"rows": ["A", "B", "Total"], "values": [4, 30, 34]}  # noqa: RUF012

    @pytest.mark.parametrize(("more", "rules"), [
        ({"threshold": 10}, ["intruder.shown"]),
        ({"threshold": 4}, []),
        ({}, []),  # nobody said that they are too few
        ({"threshold": 10, "sensitive": [["B"]]}, []),
        ({"threshold": 10, "kind": "magnitude"}, []),
    ])
    def test_below_a_written_threshold(self, more, rules):
        found = [one["rule"] for one in check_published(self.TABLE | more)["findings"]]
        assert [rule for rule in found if rule == "intruder.shown"] == rules


class TestInsiders:
    VALUES = [{"suppressed": True, "contributors": 1}, "x", 100.5, 180.5]  # noqa: RUF012

    def test_the_only_contributor_to_a_cell_learns_the_other(self):
        answer = check_published({"kind": "magnitude", "rows": ["a", "b", "c", "Total"], "values": self.VALUES})
        assert [(one["cell"], one["insider"]) for one in answer["insiders"]] == [("b", "a")]
        assert answer["verdict"] == "fail"

    def test_a_third_hidden_cell_protects_both(self):
        answer = check_published({"kind": "magnitude", "rows": ["a", "b", "c", "Total"],
                                  "values": [self.VALUES[0], "x", "x", 180.5]})
        assert answer["verdict"] == "pass"
        assert answer["parameters"]["insiders_asked"] == 2

    def test_insiders_can_be_left_out_or_listed(self):
        table = {"kind": "magnitude", "rows": ["a", "b", "c", "Total"], "values": ["x", "x", 100.5, 180.5]}
        assert check_published(table)["verdict"] == "pass"
        assert check_published(table | {"singletons": [["b"]]})["insiders"][0]["cell"] == "a"
        assert check_published(table | {"values": self.VALUES, "singletons": False})["verdict"] == "pass"


class TestRounding:
    def test_rounded_margins_narrow_rounded_cells(self):
        answer = check_published({"rows": ["a", "b", "Total"], "values": [5, 5, 5], "rounding": 5})
        assert ranges(answer) == {"a": (3, 4, "protected"), "b": (3, 4, "protected"), "Total": (6, 7, "protected")}

    def test_a_rounded_cell_that_follows_exactly(self):
        answer = check_published({"rows": ["a", "b", "Total"], "values": [5, 5, {"value": 6, "rounding": 1}],
                                  "rounding": 5})
        assert ranges(answer)["a"] == (3, 3, "exposed")

    @pytest.mark.parametrize(("method", "value", "base", "least", "most"), [
        ("nearest", 10, 5, 8, 12), ("nearest", 10, 10, 5, 14), ("up", 10, 5, 6, 10), ("down", 10, 5, 10, 14),
        ("random", 10, 5, 6, 14), ("controlled", 10, 3, None, None), ("midpoint", 9, 6, 7, 12),
        ("midpoint", 0, 6, 0, 0),
    ])
    def test_methods(self, method, value, base, least, most):
        table = {"rows": ["a", "b"], "values": [value, value], "rounding": {"base": base, "method": method}}
        if least is None:
            with pytest.raises(InvalidInput, match="can't come from rounding"):
                check_published(table)
        else:
            assert ranges(check_published(table))["a"][:2] == (least, most)

    def test_noise(self):
        answer = check_published({"rows": ["a", "b"], "values": [1, 20], "perturbation": 3})
        assert ranges(answer) == {"a": (0, 4, "protected"), "b": (17, 23, "protected")}


class TestLevels:
    def test_levels_are_measured_from_the_true_value(self):
        table = {"kind": "magnitude", "rows": ["a", "b", "Total"], "values": [
            {"suppressed": True, "value": 50, "upper_level": 20, "lower_level": 10},
            {"suppressed": True, "value": 15}, 65]}
        answer = check_published(table)
        assert answer["cells"][0]["verdict"] == "exposed"
        assert "at most 15 above the true value, which needs 20" in answer["cells"][0]["reason"]
        assert answer["cells"][1]["verdict"] == "protected"

    def test_a_level_that_is_met_exactly_is_met(self):
        answer = check_published({"kind": "magnitude", "rows": ["a", "b", "Total"], "values": [
            {"suppressed": True, "value": 50, "upper_level": 15}, "x", 65], "singletons": False})
        assert answer["cells"][0]["verdict"] == "protected"

    def test_width(self):
        table = {"rows": ["a", "b", "Total"], "values": ["x", "x", 60], "protection": {"sliding": 61}}
        assert check_published(table)["verdict"] == "fail"
        assert check_published(table | {"protection": {"sliding": 60}})["verdict"] == "pass"

    def test_a_magnitude_known_to_a_few_percent(self):
        table = {"kind": "magnitude", "rows": ["a", "b", "Total"],
                 "values": ["x", {"suppressed": True, "upper": 10}, 100]}
        assert ranges(check_published(table))["a"] == (90, 100, "exposed")

    def test_only_named_cells_are_judged(self):
        table = {"rows": ["a", "b", "Total"], "values": ["x", 56, 60], "sensitive": [["b"]]}
        assert ranges(check_published(table)) == {"b": (56, 56, "exposed")}


class TestRefusals:
    @pytest.mark.parametrize(("raw", "said"), [
        ([], "not a JSON object"), ("x", "not a JSON object"), ({}, "nothing to check"),
        ({"tables": []}, "nothing to check"), ({"values": []}, "no values"), ({"cells": []}, "nothing to check"),
        ({"values": [[1, 2], [3]]}, "different lengths"), ({"values": [1e300]}, "can't be checked|not a number"),
        ({"values": [float("nan"), 1]}, "not a number that can be checked"),
        ({"values": [float("inf"), 1]}, "not a number that can be checked"),
        ({"values": [10**400, 1]}, "not a number that can be checked"),
        ({"values": [True, 1]}, "neither a number nor a known mark"),
        ({"values": ["many", 1]}, "neither a number nor a known mark"),
        ({"values": [-3, 1, -2]}, "negative"), ({"values": [1.5, 1, 2.5]}, "not a whole number"),
        ({"valeus": [1]}, "unknown key 'valeus'"), ({"tables": [{"values": [1], "colour": 1}]}, "unknown key"),
        ({"values": [{"value": 1, "colour": 2}]}, "unknown key 'colour'"),
        ({"cells": [{"region": "N", "value": 1}, {"region": "S", "vaule": 1}]}, "unknown key 'vaule'"),
        ({"rows": ["a", "b", "Total"], "values": [4, 5, 8]}, "the parts add up to 9, but Total is 8"),
        ({"rows": ["a", "b", "Total"], "values": [10, "x", 8]}, "b would have to be -2"),
        ({"values": [["x", "x", 5], [9, 1, 10], [4, 11, 15]]}, "would have to be|can't hold"),
        ({"rows": ["a", "a"], "values": [1, 2]}, "twice"), ({"rows": ["a"], "values": [1, 2]}, "1 labels for 2"),
        ({"rows": ["a", "b"], "values": [1, 2], "sensitive": [["z"]]}, "no cell 'z'"),
        ({"rows": ["a", "b"], "values": [1, 2], "sensitive": [[True]]}, "another shape"),
        ({"rows": {"r": ["a"]}, "values": [1], "hierarchies": {"q": {"x": ["a"]}}}, "no table has the variable"),
        ({"rows": {"r": ["a"]}, "values": [1], "hierarchies": {"r": {"a": ["b"], "b": ["a"]}}}, "part of itself"),
        ({"cells": [{"id": "a", "value": 1}], "equations": [{"total": "t", "parts": ["a"]}]}, "no cell has the id 't'"),
        ({"cells": [{"id": "a", "value": 1}, {"id": "a", "value": 1}]}, "used twice"),
        ({"cells": [{"at": ["a"], "value": 1}, {"at": ["a"], "value": 1}]}, "given twice"),
        ({"cells": [{"id": "a", "value": None, "lower": 5, "upper": 2}]}, "lower bound is above"),
        ({"tables": [{"name": "A", "values": [1]}, {"name": "A", "values": [1]}]}, "one name"),
        ({"values": [1], "seconds": -1}, "seconds"), ({"values": [1], "threshold": 0}, "threshold"),
        ({"values": [5], "rounding": 5e-324}, "a base of 4.94066e-324"),
        ({"values": [5], "rounding": {"base": 5e-324}}, "base is 5e-324"),
        ({"values": [{"value": 5, "upper_level": "1e999"}]}, "upper_level is '1e999'"),
        ({"cells": [{"id": "a", "value": 1, "contributions": [1e308, 1]}]}, "contributions.0 is 1e"),
        ({"cells": [{"id": "a", "value": 1}], "equations": [{"coefficients": {"a": 1e300}}]}, "coefficients.a is 1e"),
        ({"values": [5], "rounding": 0}, "rounding"), ({"values": [5], "rounding": {"base": "many"}}, "base"),
    ])
    def test_bad_input_is_refused_by_name(self, raw, said):
        with pytest.raises(InvalidInput, match=said) as refused:
            check_published(raw)
        assert refused.value.rule
        assert refused.value.next_step

    def test_one_cell_alone_says_nothing(self):
        assert ranges(check_published({"values": [["x"]]})) == {"1, 1": (0, None, "protected")}

    def test_no_totals_no_inference(self):
        answer = check_published({"rows": ["a", "b"], "values": ["x", 7]})
        assert ranges(answer) == {"a": (0, None, "protected")}

    def test_a_cell_in_no_total_beside_one_that_follows(self):
        cells = [{"id": "A", "value": None}, {"id": "B", "value": None, "lower": 0, "upper": 20},
                 {"id": "C", "value": 30}, {"id": "T", "value": 44}]
        answer = check_published({"cells": cells, "equations": [{"total": "T", "parts": ["A", "C"]}]})
        assert ranges(answer) == {"A": (14, 14, "exposed"), "B": (0, 20, "protected")}

    def test_nothing_hidden_is_a_pass(self):
        assert check_published({"rows": ["a", "b", "Total"], "values": [1, 2, 3]})["verdict"] == "pass"

    def test_too_many_cells(self):
        side = 600
        with pytest.raises(InvalidInput, match="more than"):
            check_published({"values": [[0] * side for _ in range(side)]})


@pytest.mark.parametrize("name", PUBLISHED)
def test_examples_work(name):
    json.dumps(check_published(PUBLISHED[name]), allow_nan=False)


def test_when_time_is_up_nothing_is_called_safe():
    answer = check_published({"rows": ["a", "b", "c", "Total"], "values": ["x", "x", "x", 60]},
                             out_of_time=lambda: True)
    assert answer["verdict"] == "review"
    assert {one["verdict"] for one in answer["cells"]} == {"unproved"}


@pytest.mark.parametrize("mark", [None, "x", "*", "[c]", "[REDACTED]", "REDACTED", "NaN", "<NA>", "..", ""])
def test_every_usual_mark_of_a_hidden_cell_is_known(mark):
    found = check_published({"rows": ["a", "b", "Total"], "values": [mark, 96, 100]})
    assert [(cell["cell"], cell["lower"], cell["upper"]) for cell in found["cells"]] == [("a", 4, 4)]


def test_hidden_parts_of_controlled_rounding_were_rounded_so_that_they_add_up():
    """10 and 10 of 25 in multiples of 5: the hidden part was rounded to 5, so it was 1 to 9."""
    table = {"rows": {"r": ["a", "b", "c", "Total"]}, "columns": {"k": ["n"]}, "values": [[10], [10], ["x"], [25]],
             "rounding": {"base": 5, "method": "controlled"}}
    found = check_published(table)
    hidden = next(one for one in found["cells"] if one["at"]["r"] == "c")
    assert (hidden["lower"], hidden["upper"], hidden["verdict"]) == (1, 9, "exposed")
    free = check_published(table | {"rounding": {"base": 5, "method": "random"}})
    other = next(one for one in free["cells"] if one["at"]["r"] == "c")
    assert (other["lower"], other["upper"]) == (0, 17)
