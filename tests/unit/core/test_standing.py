"""What a person sees of an open workspace: until when, how tightly, and when they have to be warned."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.core.policy import Policy, Tier
from readingroom.core.projects import Grant, Project
from readingroom.core.shown import Shown
from readingroom.core.standing import standing
from readingroom.core.workspaces import WARNING, Opening, closing

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PROJECT = Project("returns", "Returns", "data-first", "aim", "benefit", "research", "DEA", ProjectStatus.ACTIVE,
                  date(2027, 5, 31), frozenset({"ada"}))
GRANT = Grant(1, "returns", "courts", GrantStatus.ACTIVE, {}, {}, date(2027, 5, 1), 0)
OPENING = Opening(1, "ada", "returns", "c1", NOW, None, "", used_at=NOW)
NO_OPINION = Policy()
NOTHING = Shown(0, None, None, None)


def of(policy=NO_OPINION, opening=OPENING, grants=(GRANT,)):
    return standing(PROJECT, grants, policy, opening, NOTHING)


@pytest.mark.parametrize(("grants", "ends"), [
    ((), date(2027, 5, 31)), ((GRANT,), date(2027, 5, 1)), ((replace(GRANT, expires_on=date(2028, 1, 1)),),
                                                            date(2027, 5, 31)),
    ((GRANT, replace(GRANT, expires_on=date(2026, 12, 1))), date(2026, 12, 1)),
])
def test_it_ends_with_the_first_of_what_it_needs(grants, ends):
    assert of(grants=grants).ends_on == ends


def test_its_tier_is_the_policys_and_standard_where_none_is_said():
    assert of().tier is Tier.STANDARD
    assert of(Policy(tier=Tier.STRICT)).tier is Tier.STRICT


@pytest.mark.parametrize("opening", [None, replace(OPENING, closed_at=NOW)])
def test_what_is_not_open_does_not_close(opening):
    found = of(Policy(idle_minutes=5, max_age_hours=1), opening)
    assert found.closing is None and not found.warns(NOW + timedelta(days=9))


@pytest.mark.parametrize(("policy", "warn_minutes", "end_minutes", "by_use"), [
    (Policy(idle_minutes=120), 110, 120, True), (Policy(idle_minutes=8), 6, 8, True),
    (Policy(max_age_hours=24), 24 * 60 - 10, 24 * 60, False),
    (Policy(idle_minutes=120, max_age_hours=1), 50, 60, False),
])
def test_the_warning_comes_before_the_end(policy, warn_minutes, end_minutes, by_use):
    found = of(policy)
    assert (found.closing.at, found.closing.by_use) == (NOW + timedelta(minutes=end_minutes), by_use)
    assert not found.warns(NOW + timedelta(minutes=warn_minutes, seconds=-1))
    assert found.warns(NOW + timedelta(minutes=warn_minutes))


@pytest.mark.parametrize(("idle", "hours"), list(product((1, 2, 40, 41, 600), (1, 24))))
def test_a_workspace_just_used_is_not_warned_of_idleness_at_once(idle, hours):
    end = closing(OPENING, Policy(idle_minutes=idle, max_age_hours=hours))
    assert NOW < end.warn_from < end.at and end.at - end.warn_from <= WARNING
