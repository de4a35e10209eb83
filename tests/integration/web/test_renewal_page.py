"""Renewing a grant in the browser: what the page says beforehand, what it refuses, what becomes of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from readingroom.core.lifecycle import GrantStatus
from tests.integration.web.world import TODAY

LATEST = TODAY + timedelta(365)


def until(day):
    return {"until-day": day.day, "until-month": day.month, "until-year": day.year}


def test_the_page_offers_the_latest_end_that_is_possible(world):
    page = world.client("mercer").see("/grants/1/renew").text
    assert "Latest end" in page and f'value="{LATEST.year}"' in page and f'value="{LATEST.day}"' in page
    assert "/grants/1/renew" in world.client("mercer").see("/grants/1").text


def test_a_renewal_is_done_and_told(world):
    answer = world.client("mercer").do("/grants/1/renew", reason="The work goes on.", **until(LATEST))
    assert answer.status_code == 303
    with world.store.reading() as tx:
        assert tx.grants.get(1).expires_on == LATEST and tx.grants.get(1).status is GrantStatus.ACTIVE
    assert "is granted until" in world.client("ada").see("/notices").text


@pytest.mark.parametrize(("typed", "reason", "says"), [
    ({"until-day": "31", "until-month": "2", "until-year": "2027"}, "Why", "is not a date"),
    ({"until-day": "", "until-month": "", "until-year": ""}, "Why", "is not a date"),
    ({"until-day": "9" * 400, "until-month": "1", "until-year": "1"}, "Why", "is not a date"),
    (until(LATEST + timedelta(1)), "Why", "The project itself ends on"),
    (until(TODAY), "Why", "is not later than"),
    (until(LATEST), " ", "No reason was given"),
])
def test_what_will_not_do_is_said_and_nothing_typed_is_lost(world, typed, reason, says):
    answer = world.client("mercer").do("/grants/1/renew", reason=reason, **typed)
    assert answer.status_code == 422 and says in answer.text and "There is" not in answer.text
    assert f'value="{str(typed["until-month"])[:10]}"' in answer.text or typed["until-month"] == ""
    with world.store.reading() as tx:
        assert tx.grants.get(1).expires_on == TODAY + timedelta(300)


def test_for_other_custodians_and_everyone_else_it_does_not_exist(world):
    for name in ("okafor", "ada", "robin", "imran"):
        assert world.client(name).see("/grants/1/renew").status_code == 404
        assert world.client(name).do("/grants/1/renew", reason="x", **until(LATEST)).status_code == 404


def test_one_that_waits_for_a_decision_cannot_be_renewed(world):
    page = world.client("okafor").see("/grants/3/renew").text
    assert "Only a grant that is live" in page and "<textarea" not in page
    assert world.client("okafor").do("/grants/3/renew", reason="x", **until(LATEST)).status_code == 409
