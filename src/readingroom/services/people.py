"""What is done about people: inviting them, recording what they are qualified for, letting them in and out.

Every act carries a reason and is on the log; so is every attempt that was refused.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from readingroom.core.access import Reason, about_person
from readingroom.core.audit import Event
from readingroom.core.mail import check_address
from readingroom.core.people import (
    ACCREDITATION_YEARS,
    LONGEST_TRAINING_YEARS,
    TRAINING_YEARS,
    Accreditation,
    Person,
    Qualification,
    QualificationKind,
    Signature,
    Standing,
    check_details,
    last_day,
    status,
)
from readingroom.core.person_actions import PersonAction, can, check_allowed, check_may
from readingroom.core.projects import Project
from readingroom.core.roles import Permission, Role
from readingroom.core.undertakings import Undertaking, sha256_of
from readingroom.errors import InvalidInput, InvalidTransition, NotFound, PermissionDenied
from readingroom.services import accounts, freezing, notices, sign_in
from readingroom.services.accounts import COMMAND_LINE
from readingroom.services.room import ReadingRoom

Result = TypeVar("Result")
INVITATION_DAYS = 7
STORY_LENGTH = 100
PAST_ACTS = {  # what the log calls each
    PersonAction.INVITE: "invited",
    PersonAction.VERIFY: "verified",
    PersonAction.TRAIN: "trained",
    PersonAction.ACCREDIT: "accredited",
    PersonAction.SUSPEND: "suspended",
    PersonAction.REINSTATE: "reinstated",
    PersonAction.BAR: "barred",
    PersonAction.CHANGE: "changed",
    PersonAction.RESET: "sign-in-reset",
    PersonAction.LINK: "linked",
    PersonAction.SIGN: "undertaking-signed",
}


@dataclass(frozen=True)
class Invitation:
    """What is handed to the person: shown once, and worth nothing after `expires_at` or its first use."""

    username: str
    token: str
    expires_at: datetime


@dataclass(frozen=True)
class Dossier:
    """One person, for those who look after people and for themselves.

    `undertaking` is the one in force for them; `shut` is what keeps them from data, whatever the project; `possible` is
    what the viewer may do now.
    """

    person: Person
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


# Acts


def invite(room: ReadingRoom, by: str, username: str, display_name: str, organisation: str, roles: Collection[Role], *,
           email: str = "", reason: str) -> Invitation:
    """Record somebody new, and make the link with which they set their password."""
    person = Person(username, display_name.strip(), organisation.strip(), Standing.ACTIVE, frozenset(roles),
                    email=_address(email))
    check_details(person)

    def change(tx: Any) -> Invitation:
        for found, rule in ((tx.people.find(username), "username"),
                            (tx.people.with_email(person.email) if person.email else None, "email")):
            if found is not None:
                raise InvalidInput(f"{found.display_name} has this {rule} already: one person, one record.",
                                   rule=f"person.{rule}-once", value=getattr(person, rule),
                                   next_step=f"Open the page of {found.username}, or correct the {rule}.")
        tx.people.add(person)
        tx.notices.set_address(username, person.email)
        return _link(room, tx, username, by)

    return _act(room, by, PersonAction.INVITE, lambda tx: person, change, reason=reason,
                roles=sorted(role.value for role in person.roles), organisation=person.organisation)


def invite_again(room: ReadingRoom, by: str, username: str, *, reason: str) -> Invitation:
    """A new link for somebody who let theirs lapse; the one before is worth nothing any more."""
    return _act(room, by, PersonAction.INVITE, _known(username), lambda tx: _link(room, tx, username, by),
                reason=reason)


def verify(room: ReadingRoom, by: str, username: str, method: str, *, reason: str) -> None:
    """Record that someone's identity was verified, and how."""
    _record(room, by, PersonAction.VERIFY, username,
            _qualification(room, by, QualificationKind.IDENTITY, method, room.today(), None, ""), reason)


def record_training(room: ReadingRoom, by: str, username: str, course: str, passed_on: date, until: date | None = None,
                    *, reason: str) -> None:
    """Record a training passed. It counts for a year, unless the course says otherwise: at most five years."""
    until = until or last_day(passed_on, TRAINING_YEARS)
    _check_period(room, passed_on, until, LONGEST_TRAINING_YEARS, "training")
    _record(room, by, PersonAction.TRAIN, username,
            _qualification(room, by, QualificationKind.TRAINING, course, passed_on, until, ""), reason)


def accredit(room: ReadingRoom, by: str, username: str, kind: Accreditation, granted_on: date,
             until: date | None = None, *, reference: str, reason: str) -> None:
    """Record an accreditation. It lasts five years, or less if the accrediting body said so."""
    until = until or last_day(granted_on, ACCREDITATION_YEARS)
    _check_period(room, granted_on, until, ACCREDITATION_YEARS, "accreditation")
    _record(room, by, PersonAction.ACCREDIT, username,
            _qualification(room, by, QualificationKind.ACCREDITATION, kind.value, granted_on, until, reference), reason)


def suspend(room: ReadingRoom, by: str, username: str, *, reason: str) -> None:
    """Signed out at once; open workspaces close at the next sweep."""
    _stand(room, by, PersonAction.SUSPEND, username, Standing.SUSPENDED, reason)


def bar(room: ReadingRoom, by: str, username: str, *, reason: str) -> None:
    """As `suspend`, for good: to undo it takes two acts."""
    _stand(room, by, PersonAction.BAR, username, Standing.BARRED, reason)


def reinstate(room: ReadingRoom, by: str, username: str, *, reason: str) -> None:
    """Lift a suspension; of a bar it makes a suspension, which can be lifted next."""

    def change(tx: Any) -> None:
        person: Person = tx.people.get(username)
        _set_standing(room, tx, person,
                      Standing.SUSPENDED if person.standing is Standing.BARRED else Standing.ACTIVE)

    _act(room, by, PersonAction.REINSTATE, _known(username), change, reason=reason)


def change(room: ReadingRoom, by: str, username: str, *, display_name: str, organisation: str,
           roles: Collection[Role], email: str = "", reason: str) -> None:
    """Change name, organisation, roles or address. A move asks for the new organisation's undertaking."""

    def changed(tx: Any) -> None:
        before: Person = tx.people.get(username)
        after = replace(before, display_name=display_name.strip(), organisation=organisation.strip(),
                        roles=frozenset(roles), email=_address(email))
        check_details(after)
        other = tx.people.with_email(after.email) if after.email else None
        if other is not None and other.username != username:
            raise InvalidInput(f"{other.display_name} has this address: one person, one record.",
                               rule="person.email-once", value=after.email, next_step="Correct the address.")
        tx.people.save(after)
        notices.tell(tx, [username], "person.record-changed", person=username)

    _act(room, by, PersonAction.CHANGE, _known(username), changed, reason=reason,
         roles=sorted(role.value for role in roles), organisation=organisation.strip())


def reset_sign_in(room: ReadingRoom, by: str, username: str, *, reason: str) -> Invitation:
    """A lost password or phone: nothing that signed them in does any more, and a link sets up all of it anew."""

    def reset(tx: Any) -> Invitation:
        tx.people.remove_credential(username)
        tx.sign_ins.remove_second_factor(username)
        sign_in.end_sessions(room, tx, username)
        notices.tell(tx, [username], "person.sign-in-reset", person=username)
        return _link(room, tx, username, by)

    return _act(room, by, PersonAction.RESET, _known(username), reset, reason=reason)


def link_provider(room: ReadingRoom, by: str, username: str, subject: str, *, reason: str) -> None:
    """Register an account of the organisation's sign-in to a person; an empty subject takes the link away."""
    issuer, subject = room.settings.oidc_issuer, subject.strip()
    if not issuer:
        raise InvalidInput("This installation has no sign-in by a provider.", rule="settings.oidc_issuer",
                           next_step="Set oidc_issuer in settings.toml first.")
    if len(subject) > 255 or not subject.isprintable():
        raise InvalidInput("This is no subject of a provider.", rule="person.subject", value=subject[:40],
                           next_step="Give the value as the provider has it, on one line.")

    def link(tx: Any) -> None:
        other = tx.people.of_subject(issuer, subject) if subject else None
        if other is not None and other.username != username:
            raise InvalidInput(f"This account is linked to {other.display_name}: one account, one person.",
                               rule="person.subject-once", value=subject[:40],
                               next_step=f"Take the link away from {other.username} first.")
        tx.people.set_subject(issuer, username, subject)
        sign_in.end_sessions(room, tx, username)
        notices.tell(tx, [username], "person.record-changed", person=username)

    _act(room, by, PersonAction.LINK, _known(username), link, reason=reason, linked=bool(subject))


def sign_undertaking(room: ReadingRoom, username: str, sha256: str) -> Signature:
    """Sign the undertaking whose words have this hash: exactly those that the person was shown."""

    def change(tx: Any) -> Signature:
        person: Person = tx.people.get(username)
        wanted = room.policies.undertaking(person.organisation)
        if wanted is None or sha256_of(wanted.words_for(person)) != sha256:
            raise InvalidInput("The undertaking has changed since this page was made.", rule="person.undertaking.words",
                               value=sha256[:12], next_step="Read it again, then sign it.")
        return record_signature(tx, person, wanted, room.now())

    return _act(room, username, PersonAction.SIGN, _known(username), change, reason="", sha256=sha256)


def record_signature(tx: Any, person: Person, undertaking: Undertaking, now: datetime) -> Signature:
    """Keep what was signed, within a transaction of the caller's."""
    words = undertaking.words_for(person)
    signed = Signature(person.organisation, undertaking.version, sha256_of(words), now)
    tx.people.add_signature(person.username, signed, words)
    return signed


def take_invitation(room: ReadingRoom, token: str, password: str) -> str:
    """Set one's own password with the link; returns the username. PermissionDenied if the link is good no more."""
    digest = _digest(token)
    invited(room, token)
    hashed = accounts.hash_password(password)
    with room.store.transaction() as tx:
        username = tx.people.invited(digest, room.now())
        if username is None or not _may_be_let_in(tx, username):
            raise _stale_link()
        tx.people.use_invitation(digest, room.now())
        accounts.set_password(tx, username, hashed)
        tx.events.record(username, "person.password-set", f"person:{username}")
        return str(username)


def invited(room: ReadingRoom, token: str) -> Person:
    """Whose link it is. PermissionDenied, saying nothing about anybody, if it is good no more."""
    with room.store.reading() as tx:
        username = tx.people.invited(_digest(token), room.now())
        if username is None or not _may_be_let_in(tx, username):
            raise _stale_link()
        found: Person = tx.people.get(username)
        return found


# Looking


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
        undertaking = room.policies.undertaking(person.organisation)
        factor = tx.sign_ins.second_factor(username)
        return Dossier(
            person, undertaking, about_person(person, room.today(), undertaking),
            factor is not None and factor.confirmed_at is not None, tx.sign_ins.unused_recovery_codes(username),
            tx.people.subject_of(room.settings.oidc_issuer, username),
            tx.people.qualifications(username), tx.people.signatures(username), tx.projects.of_member(username),
            tx.events.latest_of_subject(f"person:{username}", STORY_LENGTH),
            frozenset(action for action in PersonAction if can(looking, person, action, room.today())))


# How an act is done


def _act(room: ReadingRoom, by: str, action: PersonAction, subject: Callable[[Any], Person],
         change: Callable[[Any], Result], *, reason: str, **detail: object) -> Result:
    """Ask whether `by` may and the status allows; change and log in one transaction, or log the refusal alone."""
    reason = reason.strip()
    if not reason and action is not PersonAction.SIGN:
        raise InvalidInput("No reason was given.", rule="person.reason",
                           next_step="Say why in a sentence; it goes on the audit log.")
    with room.store.transaction() as tx:
        person = subject(tx)
        refused: PermissionDenied | InvalidTransition | None = None
        try:
            if by != COMMAND_LINE:
                check_may(tx.people.get(by), person, action)
            check_allowed(person, action, room.today())
        except (PermissionDenied, InvalidTransition) as refusal:
            refused = refusal
        if refused is None:
            result = change(tx)
            freezing.settle_author(room, tx, person.username)
            now = tx.people.get(person.username)
            said = {"reason": reason} if reason else {}
            tx.events.record(by, f"person.{PAST_ACTS[action]}", f"person:{person.username}",
                             status=status(now, room.today()).value, **said, **detail)
            return result
        tx.events.record(by, "person.act-refused", f"person:{person.username}", act=action.value, rule=refused.rule)
    raise refused


def _known(username: str) -> Callable[[Any], Person]:
    return lambda tx: tx.people.get(username)


def _stand(room: ReadingRoom, by: str, action: PersonAction, username: str, standing: Standing, reason: str) -> None:
    _act(room, by, action, _known(username),
         lambda tx: _set_standing(room, tx, tx.people.get(username), standing), reason=reason)


def _set_standing(room: ReadingRoom, tx: Any, person: Person, standing: Standing) -> None:
    tx.people.save(replace(person, standing=standing))
    notices.tell_of_standing(room, tx, person.username, standing)


def _record(room: ReadingRoom, by: str, action: PersonAction, username: str, one: Qualification, reason: str) -> None:

    def add(tx: Any) -> None:
        tx.people.add_qualification(username, one)
        notices.tell(tx, [username], "person.record-changed", person=username)

    until = {"until": one.held_until.isoformat()} if one.held_until else {}
    _act(room, by, action, _known(username), add, reason=reason, detail=one.detail, **until)


def _qualification(room: ReadingRoom, by: str, kind: QualificationKind, detail: str, held_from: date,
                   until: date | None, reference: str) -> Qualification:
    detail, reference = detail.strip(), reference.strip()
    if not detail or len(detail) > 500 or len(reference) > 200:
        raise InvalidInput(f"What was recorded of the {kind.value} is {'missing' if not detail else 'too long'}.",
                           rule=f"person.{kind.value}.detail", value=detail[:40] or None,
                           next_step="Say it in a sentence of at most 500 characters.")
    return Qualification(kind, detail, held_from, until, reference, by, room.now())


def _check_period(room: ReadingRoom, begins: date, until: date, years: int, what: str) -> None:
    if begins > room.today():
        raise InvalidInput(f"The {what} begins on {begins:%-d %B %Y}, which is still to come.",
                           rule=f"person.{what}.begins", value=begins, next_step="Record it on that day.")
    if not begins <= until <= last_day(begins, years):
        raise InvalidInput(f"The {what} would count until {until:%-d %B %Y}.", rule=f"person.{what}.until", value=until,
                           next_step=f"Give a day from {begins:%-d %B %Y} to {last_day(begins, years):%-d %B %Y}.")


def _link(room: ReadingRoom, tx: Any, username: str, by: str) -> Invitation:
    made = Invitation(username, secrets.token_urlsafe(32), room.now() + timedelta(days=INVITATION_DAYS))
    tx.people.set_invitation(_digest(made.token), username, by=by, expires_at=made.expires_at)
    return made


def _address(given: str) -> str:
    return check_address(given) if given.strip() else ""


def _may_be_let_in(tx: Any, username: str) -> bool:
    return tx.people.get(username).standing is Standing.ACTIVE


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _stale_link() -> PermissionDenied:
    return PermissionDenied("This link was used, has expired, or was replaced by a newer one.",
                            rule="person.invitation", next_step="Ask whoever invited you for a new one.")
