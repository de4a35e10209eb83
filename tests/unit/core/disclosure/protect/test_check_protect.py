"""`check protect`: which cells to hide, worked by hand or checked against the intruder."""

from __future__ import annotations

import json

import pytest

from readingroom.core.disclosure.protect.cell_key import make_ptable
from readingroom.core.disclosure.protect.forms.examples import PROTECT
from readingroom.core.disclosure.protect.forms.model import RulesForm
from readingroom.core.disclosure.protect.forms.protect import check_protect
from readingroom.core.disclosure.protect.forms.published import check_published
from readingroom.core.disclosure.protect.forms.sensitive import upper_level
from readingroom.errors import InvalidInput

SQUARE = {"rows": {"region": ["N", "S", "W", "Total"]}, "columns": {"sex": ["F", "M", "Total"]},
          "values": [[4, 20, 24], [30, 15, 45], [40, 15, 55], [74, 50, 124]]}


def hidden(answer, role):
    return [one["cell"] for one in answer["pattern"][role]]


def published(answer, **more):
    """What `check published` says of the tables that come out."""
    return check_published({"tables": answer["tables"], **more})


class TestPatterns:
    def test_a_small_count_takes_the_cheapest_rectangle_with_it(self):
        answer = check_protect(SQUARE)
        assert hidden(answer, "primary") == ["N, F"]
        assert hidden(answer, "secondary") == ["N, M", "S, F", "S, M"]
        assert answer["verdict"] == "pass"
        assert answer["optimal"]
        assert published(answer)["verdict"] == "pass"

    def test_what_must_stay_published_stays(self):
        answer = check_protect(SQUARE | {"keep": [["S", "F"]]})
        assert hidden(answer, "secondary") == ["N, M", "W, F", "W, M"]
        assert answer["tables"][0]["values"][1] == [30, 15, 45]

    @pytest.mark.parametrize("keep", [[[False, False, False], [True, False, False], [False] * 3, [False] * 3],
                                      [{"region": "S", "sex": "F"}]])
    def test_spellings_of_what_stays(self, keep):
        assert hidden(check_protect(SQUARE | {"keep": keep}), "secondary") == ["N, M", "W, F", "W, M"]

    def test_costs_of_single_cells(self):
        values = [[4, 20, 24], [{"value": 30, "cost": 900}, 15, 45], [40, 15, 55], [74, 50, 124]]
        assert hidden(check_protect(SQUARE | {"values": values}), "secondary") == ["N, M", "W, F", "W, M"]

    def test_when_nothing_is_enough_it_says_which_cell_and_how_far(self):
        with pytest.raises(InvalidInput, match=r"No pattern protects N, F: .* at most 0 above") as refused:
            check_protect(SQUARE | {"keep": [["N", "M"], ["N", "Total"]]})
        assert refused.value.rule == "protect.infeasible"

    def test_a_sensitive_cell_that_must_stay_is_refused(self):
        with pytest.raises(InvalidInput, match="sensitive and must stay published"):
            check_protect(SQUARE | {"keep": [["N", "F"]]})

    def test_zeros_that_cannot_be_otherwise_hide_nothing(self):
        values = [[4, 20, 24], [{"value": 0, "structural": True}, 15, 15], [40, 15, 55], [44, 50, 94]]
        assert hidden(check_protect(SQUARE | {"values": values}), "secondary") == ["N, M", "W, F", "W, M"]

    def test_no_totals_no_further_cells(self):
        answer = check_protect({"rows": ["a", "b"], "values": [4, 20]})
        assert hidden(answer, "secondary") == []
        assert answer["tables"][0]["values"] == ["x", 20]

    def test_nothing_sensitive(self):
        answer = check_protect({"rows": ["a", "b", "Total"], "values": [40, 20, 60]})
        assert answer["verdict"] == "pass"
        assert answer["cells"] == []

    def test_a_heuristic_pattern_is_audited_and_claims_no_bound(self):
        answer = check_protect(SQUARE | {"method": "heuristic"})
        assert answer["verdict"] == "pass"
        assert (answer["optimal"], answer["bound"]) == (False, 0.0)

    def test_when_time_is_up_a_safe_pattern_is_given_that_claims_no_more(self):
        answer = check_protect(SQUARE, out_of_time=lambda: True)
        assert answer["verdict"] == "pass"
        assert not answer["optimal"]
        assert published(answer)["verdict"] == "pass"

    def test_linked_groupings_are_protected_together(self):
        """Hiding a and b would do for each table alone; together they would follow."""
        tables = {"tables": [{"rows": {"region": ["a", "b", "c", "d", "Total"]}, "values": [4, 6, 20, 30, 60]},
                             {"rows": {"region": ["X", "Y"]}, "values": [24, 36]}],
                  "hierarchies": {"region": {"X": ["a", "c"], "Y": ["b", "d"]}}}
        answer = check_protect(tables)
        assert hidden(answer, "secondary") == ["c", "d"]
        assert published(answer, hierarchies=tables["hierarchies"])["verdict"] == "pass"

    def test_three_tables_in_a_ring(self):
        """Their finest cells are unknown, and any that fit will do."""
        tables = [{"dimensions": {"a": ["1", "2", "Total"], "b": ["1", "2", "Total"]},
                   "values": [[3, 20, 23], [20, 30, 50], [23, 50, 73]]},
                  {"dimensions": {"b": ["1", "2", "Total"], "c": ["1", "2", "Total"]},
                   "values": [[13, 10, 23], [20, 30, 50], [33, 40, 73]]},
                  {"dimensions": {"a": ["1", "2", "Total"], "c": ["1", "2", "Total"]},
                   "values": [[12, 11, 23], [21, 29, 50], [33, 40, 73]]}]
        answer = check_protect({"tables": tables})
        assert answer["verdict"] == "pass"
        assert published(answer)["verdict"] == "pass"

    def test_a_hierarchy(self):
        answer = check_protect({
            "rows": {"place": ["N", "N1", "N2", "S", "S1", "S2", "S3", "Total"]},
            "values": [24, 4, 20, 60, 10, 20, 30, 84], "hierarchies": {"place": {"N": ["N1", "N2"],
                                                                                "S": ["S1", "S2", "S3"]}}})
        assert hidden(answer, "secondary") == ["N2"]

    def test_equations(self):
        answer = check_protect({
            "cells": [{"id": "a", "value": 3, "sensitive": True}, {"id": "b", "value": 50, "cost": 9},
                      {"id": "c", "value": 20, "cost": 10}, {"id": "t", "value": 73, "keep": True}],
            "equations": [{"total": "t", "parts": ["a", "b", "c"]}]})
        assert (hidden(answer, "secondary"), answer["cost"], answer["bound"]) == (["b"], 9, 9)


class TestInsiders:
    def test_two_sensitive_cells_where_one_is_a_single_person(self):
        """1 and 3 in one row of 4: whoever is the 1 knows the 3, so more must go."""
        table = {"rows": ["a", "b", "c", "d", "Total"], "values": [1, 3, 20, 30, 54], "threshold": 4,
                 "protection": {"upper": 1}}
        assert hidden(check_protect(table | {"singletons": False}), "secondary") == []
        assert hidden(check_protect(table), "secondary") == ["c"]

    def test_a_single_firm(self):
        table = {"kind": "magnitude", "rows": ["a", "b", "c", "d", "Total"], "values": [
            {"value": 50, "contributors": 1, "sensitive": True}, {"value": 60, "sensitive": True}, 100, 200, 410]}
        assert hidden(check_protect(table), "secondary") == ["c"]


class TestSensitiveCells:
    def test_named_cells_only(self):
        answer = check_protect(SQUARE | {"sensitive": [["W", "M"]]})
        assert hidden(answer, "primary") == ["W, M"]

    def test_named_cells_and_a_written_threshold(self):
        answer = check_protect(SQUARE | {"sensitive": [["W", "M"]], "threshold": 10})
        assert hidden(answer, "primary") == ["N, F", "W, M"]

    def test_zeros(self):
        table = {"rows": ["a", "b", "c", "Total"], "values": [0, 40, 50, 90]}
        assert hidden(check_protect(table), "primary") == []
        assert hidden(check_protect(table | {"zeros_unsafe": True}), "primary") == ["a"]

    def test_rules_over_contributions_and_their_levels(self):
        answer = check_protect(PROTECT["contributions"])
        assert hidden(answer, "primary") == ["Mining"]
        level = 100 / 75 * 95 - 100
        mining = next(one for one in answer["cells"] if one["cell"] == "Mining")
        assert mining["upper"] - 100 >= level
        assert 100 - mining["lower"] >= level

    def test_a_total_is_judged_by_the_contributions_of_its_parts(self):
        answer = check_protect({
            "kind": "magnitude", "rules": {"dominance": [[1, 75]]}, "rows": ["a", "b", "Total"], "values": [
                {"value": 900, "contributions": [900]}, {"value": 20, "contributions": [5, 5, 5, 5]}, 920]})
        assert hidden(answer, "primary") == ["a", "Total"]

    @pytest.mark.parametrize(("rules", "contributions", "level"), [
        ({"p_percent": 10}, (60, 30, 4), 2.0), ({"p_percent": 10}, (60, 30, 6), None),
        ({"pq": (10, 100)}, (60, 30, 4), 2.0), ({"dominance": [(1, 75)]}, (75, 25), None),
        ({"dominance": [(1, 75)]}, (76, 24), 100 / 75 * 76 - 100), ({"dominance": [(2, 80)]}, (50, 40, 10), 12.5),
        ({"p_percent": 10}, (50,), 5.0), ({"p_percent": 10}, (), None),
    ])
    def test_upper_levels(self, rules, contributions, level):
        """Worked by hand from the formulae of the Handbook, ch. 4.2."""
        found = upper_level(contributions, sum(contributions), RulesForm(**rules))
        assert found == (None if level is None else pytest.approx(level))

    def test_written_levels(self):
        answer = check_protect({
            "kind": "magnitude", "rows": ["a", "b", "c", "Total"], "values": [
                {"value": 50, "sensitive": True, "upper_level": 30, "lower_level": 30}, 20, 40, 110]})
        assert hidden(answer, "secondary") == ["c"]


class TestRefusals:
    @pytest.mark.parametrize(("raw", "said"), [
        ({}, "nothing to check"), (None, "not a JSON object"), ({"values": []}, "no values"),
        ({"rows": ["a", "b", "Total"], "values": [3, None, 54]}, "b has no value"),
        ({"rows": ["a", "b", "Total"], "values": [3, 50, 54]}, "the parts add up to 53, but Total is 54"),
        ({"rows": ["a", "b"], "values": [3, 50], "costs": "price"}, "cost"),
        ({"rows": ["a", "b"], "values": [3, 50], "secret": []}, "unknown key 'secret'"),
        ({"rows": ["a", "b"], "values": [3, -1]}, "negative"),
        ({"rows": ["a", "b"], "values": [3, 5], "rules": {"pq": [60, 10]}}, "is not below"),
        ({"rows": ["a", "b"], "values": [3, 5], "rules": {"dominance": [[1, 175]]}}, "percent"),
        ({"rows": ["a", "b"], "values": [3, 5], "keep": [["c"]]}, "no cell 'c'"),
    ])
    def test_bad_input_is_refused_by_name(self, raw, said):
        with pytest.raises(InvalidInput, match=said) as refused:
            check_protect(raw)
        assert refused.value.next_step


@pytest.mark.parametrize("name", PROTECT)
def test_examples_work_and_are_safe(name):
    answer = check_protect(PROTECT[name])
    assert answer["verdict"] == "pass"
    json.dumps(answer, allow_nan=False)


class TestRounding:
    def test_controlled_rounding_adds_up_and_is_safe(self):
        answer = check_protect(SQUARE | {"method": "controlled-rounding", "base": 10})
        assert answer["additive"]
        assert answer["moved"] == []
        values = answer["tables"][0]["values"]
        assert all(line[0] + line[1] == line[2] for line in values)
        assert answer["verdict"] == "pass"
        assert published(answer)["verdict"] == "pass"

    def test_midpoint_rounding(self):
        answer = check_protect({"rows": ["a", "b", "Total"], "values": [4, 20, 24], "method": "midpoint"})
        assert answer["tables"][0]["values"] == [3, 21, 21]
        assert not answer["additive"]

    def test_conventional_rounding_that_is_not_enough(self):
        """2 + 2 + 2 = 6 becomes 0 + 0 + 0 and 5, which leaves 0 to 2; 3 + 3 = 6 becomes 5 + 5 and 5, leaving 3 or 4."""
        table = {"rows": ["a", "b", "c", "Total"], "values": [2, 2, 2, 6], "method": "rounding"}
        loose = check_protect(table)
        assert [(one["lower"], one["upper"]) for one in loose["cells"]] == [(0, 2)] * 3 + [(3, 6)]
        tight = check_protect({"rows": ["a", "b", "Total"], "values": [3, 3, 6], "method": "rounding",
                               "protection": {"sliding": 2}})
        assert tight["verdict"] == "fail"


KEYED = {"method": "cell-key", "noise": {"largest": 2, "variance": 1, "small": 1},
         "rows": {"region": ["North", "South", "Total"]}, "columns": {"sex": ["F", "M", "Total"]},
         "values": [[4, 20, 24], [30, 15, 45], [34, 35, 69]],
         "keys": [[0.91, 0.35, None], [0.02, 0.6, None], [None, None, None]]}


class TestCellKey:
    """Noise by keys that the file gives; the slow look-up is written out."""

    @staticmethod
    def looked_up(count, key, noise):
        row = make_ptable(noise["largest"], noise["variance"], noise["small"]).rows
        chances = row[min(count, len(row) - 1)]
        return count + next(at for at in range(len(chances)) if key < chances[:at + 1].sum()) - noise["largest"]

    def test_every_cell_has_the_noise_of_its_key_and_totals_of_the_sum_of_keys(self):
        answer = check_protect(KEYED)
        keys = [[0.91, 0.35, 0.26], [0.02, 0.6, 0.62], [0.93, 0.95, 0.88]]
        expected = [[self.looked_up(count, key, KEYED["noise"]) for count, key in zip(*lines, strict=True)]
                    for lines in zip(KEYED["values"], keys, strict=True)]
        (table,) = answer["tables"]
        assert table["values"] == expected
        assert table["perturbation"] == 2
        assert answer["verdict"] == "pass"
        assert check_published(table | {"threshold": None})["verdict"] == "pass"

    def test_the_keys_of_records_make_the_cells(self):
        cells = [{"region": "North", "value": 2, "record_keys": [0.7, 0.4]},
                 {"region": "South", "value": 3, "key": 0.5},
                 {"region": "Total", "value": 5}]
        one = check_protect({"method": "cell-key", "variables": ["region"], "cells": cells})
        other = check_protect({"method": "cell-key", "variables": ["region"], "cells": [
            cells[0] | {"record_keys": None, "key": 0.1}, cells[1], cells[2] | {"key": 0.6}]})
        assert one["tables"] == other["tables"]

    def test_one_cell_in_two_tables_is_one_number(self):
        tables = [{"name": "a", "rows": {"r": ["N", "S", "Total"]}, "values": [14, 30, 44], "keys": [0.9, 0.1, None]},
                  {"name": "b", "rows": {"r": ["N"]}, "columns": {"s": ["F", "M", "Total"]}, "values": [[6, 8, 14]],
                   "keys": [[0.4, 0.5, None]]}]
        answer = check_protect({"method": "cell-key", "tables": tables})
        assert answer["tables"][0]["values"][0] == answer["tables"][1]["values"][0][2]

    @pytest.mark.parametrize(("change", "said"), [
        ({"keys": None}, "has no key"),
        ({"keys": [[0.91, 0.35, None], [0.02, 1.6, None], [None, None, None]]}, "0 to below 1"),
        ({"keys": [[0.91, 0.35], [0.02, 0.6]]}, "different shapes"),
        ({"noise": {"largest": 2, "variance": 9}}, "variance"),
        ({"noise": {"largest": 2, "sigma": 9}}, "unknown key"),
        ({"kind": "magnitude"}, "for counts"),
    ])
    def test_what_cannot_be_perturbed_is_refused(self, change, said):
        with pytest.raises(InvalidInput, match=said):
            check_protect(KEYED | change)

    def test_contradicting_keys_and_missing_records_are_refused(self):
        cell = {"region": "North", "value": 2, "record_keys": [0.7]}
        with pytest.raises(InvalidInput, match="1 record keys for a count of 2"):
            check_protect({"method": "cell-key", "variables": ["region"], "cells": [cell]})
        tables = [{"name": name, "rows": {"r": ["N", "S"]}, "values": [14, 30], "keys": [key, 0.1]}
                  for name, key in (("a", 0.9), ("b", 0.8))]
        with pytest.raises(InvalidInput, match="two different keys"):
            check_protect({"method": "cell-key", "tables": tables})

    def test_a_level_that_noise_cannot_give_is_exposed(self):
        answer = check_protect(KEYED | {"sensitive": [["North", "F"]], "protection": {"upper": 9}})
        assert answer["verdict"] == "fail"
