"""Everyone who may do something is asked of the records by role, and told by the same rule as one person is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readingroom.core.people import Standing
from readingroom.core.roles import Permission
from tests.factories import PEOPLE


@pytest.mark.parametrize("permission", Permission)
def test_it_is_whom_the_rule_lets_and_no_one_else(workshop, permission):
    with workshop.store.transaction() as tx:
        tx.people.save(replace(tx.people.get("freya"), standing=Standing.SUSPENDED))
        tx.people.add(replace(tx.people.get("imran"), username="unknown-imran", qualifications=()))
        everyone = [tx.people.get(name) for name in sorted((*PEOPLE, "unknown-imran"))]
        found = tx.people.who_may(permission)
    assert found == tuple(person for person in everyone if person.may(permission)) and found
    assert not {"freya", "unknown-imran"} & {person.username for person in found}
