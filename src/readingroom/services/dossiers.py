"""One person as those who look after people see them, and as they see themselves; and finding one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readingroom.core.access import Reason, about_person
from readingroom.core.audit import Event
from readingroom.core.people import Person, Qualification, Signature
from readingroom.core.person_actions import PersonAction, can
from readingroom.core.projects import Project
from readingroom.core.roles import Permission
from readingroom.core.undertakings import Undertaking
from readingroom.errors import NotFound, PermissionDenied
from readingroom.services.room import ReadingRoom

STORY_LENGTH = 100


@dataclass(frozen=True)
class Dossier:
    """One person, for those who look after people and for themselves.

    `undertaking` is the one in force for them; `shut` is what keeps them from data, whatever the project; `possible` is
    what the viewer may do now; `names` are of those who recorded anything of it. `second_person`: they verified the
    identity, so policy asks for somebody else to accredit.
    """

    person: Person
    names: Mapping[str, str]
    undertaking: Undertaking | None
    shut: tuple[Reason, ...]
    second_factor: bool
    recovery_codes: int
    subject: str
    qualifications: tuple[Qualification, ...]
    signatures: tuple[tuple[Signature, str], ...]
    projects: tuple[Project, ...]
    story: tuple[Event, ...]
    possible: frozenset[PersonAction]
    second_person: bool


def check_looks_after_people(viewer: Person) -> None:
    if not viewer.may(Permission.VOUCH_FOR_RESEARCHERS):
        raise PermissionDenied("Only administrators and custodians look after people.",
                               rule="role.vouch-for-researchers", value=viewer.username,
                               next_step="Your own record is on your account page.")


def search(room: ReadingRoom, viewer: str, words: str, count: int, skip: int = 0) -> tuple[tuple[Person, ...], int]:
    """One page of the people found, and how many there are in all."""
    with room.store.reading() as tx:
        check_looks_after_people(tx.people.get(viewer))
        return tx.people.search(words, count, skip), tx.people.count(words)


def dossier(room: ReadingRoom, viewer: str, username: str) -> Dossier:
    """All that is recorded of a person, for those who look after people and for themselves."""
    with room.store.reading() as tx:
        looking, person = tx.people.get(viewer), tx.people.find(username)
        if viewer != username:
            check_looks_after_people(looking)
        if person is None:
            raise NotFound("There is no such person.", rule="person.exists", value=username,
                           next_step="Look for them in the list.")
        undertaking, factor = room.policies.undertaking(person.organisation), tx.sign_ins.second_factor(username)
        two_people = bool(room.policies.site.policy.two_people_vouch)
        alone, possible = (frozenset(action for action in PersonAction
                                     if can(looking, person, action, room.today(), two_people=demanded))
                           for demanded in (False, two_people))
        qualifications = tx.people.qualifications(username)
        story = tx.events.latest_of_subject(f"person:{username}", STORY_LENGTH)
        recorders = tx.people.among({one.recorded_by for one in qualifications} | {one.actor for one in story})
        names = {name: one.display_name for name, one in recorders.items()}
        return Dossier(
            person, names, undertaking, about_person(person, room.today(), undertaking),
            factor is not None and factor.confirmed_at is not None, tx.sign_ins.unused_recovery_codes(username),
            tx.people.subject_of(room.settings.oidc_issuer, username),
            qualifications, tx.people.signatures(username), tx.projects.of_member(username),
            story, possible, second_person=PersonAction.ACCREDIT in alone - possible)
