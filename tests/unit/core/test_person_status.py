"""Where a person stands is read from dates: nothing has to run for an accreditation to lapse."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.lifecycle import PersonStatus
from readingroom.core.people import Person, Standing, last_day, status
from readingroom.core.person_actions import (
    ACTION_PERMISSION,
    DEEDS,
    PERSON_ACTIONS,
    PERSON_TRANSITIONS,
    PersonAction,
    check_may,
)
from readingroom.core.roles import Permission, Role
from readingroom.errors import PermissionDenied
from tests.factories import NOW, person, qualifications

TODAY = NOW.date()
ADA = person("ada", Role.RESEARCHER)


def days(number: int) -> date:
    return TODAY + timedelta(days=number)


@pytest.mark.parametrize(("accredited", "trained", "expected"), [
    (None, None, PersonStatus.VERIFIED),
    (None, days(0), PersonStatus.TRAINED),
    (None, days(-1), PersonStatus.VERIFIED),
    (days(400), days(400), PersonStatus.ACCREDITED),
    (days(31), days(31), PersonStatus.ACCREDITED),
    (days(30), days(400), PersonStatus.EXPIRING),
    (days(400), days(30), PersonStatus.EXPIRING),
    (days(0), days(0), PersonStatus.EXPIRING),
    (days(-1), days(400), PersonStatus.EXPIRED),
    (days(400), days(-1), PersonStatus.EXPIRED),
    (days(400), None, PersonStatus.EXPIRED),
])
def test_the_dates_say_the_status(accredited, trained, expected):
    assert status(replace(ADA, qualifications=qualifications(accredited=accredited, trained=trained)),
                  TODAY) is expected


def test_without_an_identity_a_person_is_invited_and_may_nothing():
    unknown = replace(ADA, qualifications=qualifications()[1:], roles=frozenset(Role))
    assert status(unknown, TODAY) is PersonStatus.INVITED
    assert not any(unknown.may(permission) for permission in Permission)


@pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.BARRED])
def test_what_was_decided_outweighs_every_qualification(standing):
    out = replace(ADA, standing=standing, roles=frozenset(Role))
    assert status(out, TODAY).value == standing.value
    assert not any(out.may(permission) for permission in Permission)


def test_every_status_and_action_is_in_the_tables():
    assert set(PERSON_ACTIONS) == set(PERSON_TRANSITIONS) == set(PersonStatus)
    assert set(ACTION_PERMISSION) == set(DEEDS) == set(PersonAction)
    assert {action for actions in PERSON_ACTIONS.values() for action in actions} == set(PersonAction)


def test_every_status_can_be_reached_from_an_invitation():
    reached, waiting = set(), {PersonStatus.INVITED}
    while waiting:
        one = waiting.pop()
        reached.add(one)
        waiting |= PERSON_TRANSITIONS[one] - reached
    assert reached == set(PersonStatus)


def test_nobody_signs_for_another():
    with pytest.raises(PermissionDenied):
        check_may(person("robin", Role.ADMINISTRATOR), ADA, PersonAction.SIGN)


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(0, 4000))
def test_time_alone_leads_only_where_the_table_says(until, later):
    """A law: whatever the dates, one day further is the same status or one that is drawn."""
    held = replace(ADA, qualifications=qualifications(accredited=until, trained=until + timedelta(days=later % 50)))
    day = until - timedelta(days=later % 40)
    before: Person = held
    now, tomorrow = status(before, day), status(before, day + timedelta(days=1))
    assert tomorrow is now or tomorrow in PERSON_TRANSITIONS[now]


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(1, 5))
def test_so_many_years_end_the_day_before_they_would_begin_again(begins, years):
    ends = last_day(begins, years)
    after = ends + timedelta(days=1)
    leap = (begins.month, begins.day) == (2, 29) and (after.month, after.day) != (2, 29)
    assert (after.month, after.day) == ((3, 1) if leap else (begins.month, begins.day))
    assert after.year == begins.year + years
