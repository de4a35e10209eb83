"""Labels for codes, as frames show them."""

from __future__ import annotations

import pandas

from readingroom.sdk._data import _labelled


def test_categories_are_ordered_as_in_the_catalogue_and_strangers_come_last():
    made = _labelled(pandas.Series(["b", "z", None, "a", "b"]), {"b": "Later", "a": "Earlier", "c": "Never seen"})
    assert made.cat.ordered and list(made.cat.categories) == ["Later", "Earlier", "Never seen", "z"]
    assert made.isna().sum() == 1 and list(made.dropna()) == ["Later", "z", "Earlier", "Later"]


def test_two_codes_with_one_label_stay_two():
    made = _labelled(pandas.Series([1.0, 2.0, 3.0, None]), {"1": "Other", "2": "Other", "3": "Fine"})
    assert list(made.dropna()) == ["Other (1)", "Other (2)", "Fine"]
