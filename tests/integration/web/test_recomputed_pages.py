"""What people read of an output that was computed again: checkers both numbers, its author only where."""

from __future__ import annotations

from readingroom.core.disclosure.recomputing import Difference, Outcome, Recomputation
from readingroom.web.presenters.recomputed import OUTCOME_WORDS
from tests.factories import NOW

EVIDENCE = {"kind": "table", "statistic": "count", "unit": "person_id",
            "cells": [{"row": ["F"], "column": [], "people": 120, "records": 120}]}
APART = (Difference(("F",), (), "people", 120, 98765), Difference(("<b>M</b>\u202e",), (), "", None, 130))


def told(world, outcome, *, verified=False, differences=()):
    request = world.in_review()
    with world.room.store.transaction() as tx:
        tx.requests.set_recomputed(request.files[0].id, Recomputation(
            outcome, NOW, "courts", "0123456789abcdef", "defendants", differences), EVIDENCE if verified else None)
    return request


def test_a_verified_file_says_from_which_data_and_when(world):
    request = told(world, Outcome.VERIFIED, verified=True)
    words = "Verified: Recomputed by the platform from courts version 0123456789abcdef, table defendants, on 24 Nov"
    assert words in world.client("imran").see(f"/requests/{request.number}/review").text
    own = world.client("ada").see(f"/requests/{request.number}/files/{request.files[0].id}").text
    assert "Recomputed by the platform from courts" in own


def test_checkers_see_both_numbers_where_they_differ_and_the_author_neither(world):
    request = told(world, Outcome.DIFFERS, differences=APART)
    page = world.client("imran").see(f"/requests/{request.number}/review").text
    assert "98765" in page and "What the data give" in page and "<b>M" not in page and "\u202e" not in page
    for path in (f"/requests/{request.number}", f"/requests/{request.number}/files/{request.files[0].id}"):
        assert "98765" not in world.client("ada").see(path).text


def test_every_outcome_has_words():
    assert set(OUTCOME_WORDS) == set(Outcome) and all(words.endswith(".") for words in OUTCOME_WORDS.values())
