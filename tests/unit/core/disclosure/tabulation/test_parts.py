"""More rows than are counted at once: a part of the people at a time gives the same."""

from __future__ import annotations

import random

import pytest

from readingroom.core.disclosure.tabulation.engine import compute
from readingroom.core.disclosure.tabulation.recipe import parse_recipe

CHANCE = random.Random(4)
ROWS = {"g": [CHANCE.choice("abc") for _ in range(600)], "h": [CHANCE.choice("xy") for _ in range(600)],
        "u": [CHANCE.randrange(90) for _ in range(600)], "v": [CHANCE.randrange(1000) for _ in range(600)],
        "d": [CHANCE.randrange(-20, 20) for _ in range(600)]}


@pytest.mark.parametrize("said", [
    {"statistic": "count"}, {"statistic": "mean", "value": "v"}, {"statistic": "sum", "value": "d"},
    {"statistic": "min", "value": "v"}, {"statistic": "rate", "value": "v", "denominator": "u"}])
def test_a_part_of_the_people_at_a_time_finds_the_same(said):
    recipe = parse_recipe({"rows": "g", "columns": "h", "unit": "u", "margins": True} | said)
    assert compute(ROWS, recipe, at_once=100).facts == compute(ROWS, recipe).facts
