"""When an open workspace ends: the earlier of its age and its unused time, the latter only where it is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from readingroom.core.policy import Policy
from readingroom.core.workspaces import Opening, closing

NINE = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def opening(used_minutes: int | None) -> Opening:
    used = None if used_minutes is None else NINE + timedelta(minutes=used_minutes)
    return Opening(1, "ada", "returns", "c", NINE, None, "", used_at=used)


@pytest.mark.parametrize(("used", "policy", "minutes", "by_use"), [
    (40, Policy(idle_minutes=120, max_age_hours=24), 160, True),
    (40, Policy(idle_minutes=120, max_age_hours=2), 120, False),
    (None, Policy(idle_minutes=120, max_age_hours=24), 24 * 60, False),
    (-30, Policy(idle_minutes=120), 120, True),  # used before it was opened: the opening itself was use
])
def test_the_earlier_end_counts(used, policy, minutes, by_use):
    end = closing(opening(used), policy)
    assert (end.at - NINE, end.by_use) == (timedelta(minutes=minutes), by_use)


@pytest.mark.parametrize("policy", [Policy(), Policy(idle_minutes=5)])
def test_without_a_rule_or_knowledge_there_is_no_end(policy):
    assert closing(opening(None), policy) is None
