"""What is done about people: inviting them, recording what they are qualified for, letting them in and out.

Every act carries a reason and is on the log; so is every attempt that was refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar

from readingroom.core.days import day_of
from readingroom.core.lifecycle import PROJECT_ACTIONS, ProjectAction
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
from readingroom.core.person_actions import PersonAction, check_allowed, check_may, check_two_people
from readingroom.core.roles import Permission, Role
from readingroom.core.undertakings import Undertaking, sha256_of
from readingroom.errors import InvalidInput, InvalidTransition, PermissionDenied
from readingroom.services import agreement, freezing, invitations, notices, sign_in
from readingroom.services.accounts import COMMAND_LINE
from readingroom.services.invitations import Invitation
from readingroom.services.room import ReadingRoom

Result = TypeVar("Result")
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
        return invitations.make(room, tx, username, by)

    return _act(room, by, PersonAction.INVITE, lambda tx: person, change, reason=reason,
                roles=sorted(role.value for role in person.roles), organisation=person.organisation)


def invite_again(room: ReadingRoom, by: str, username: str, *, reason: str) -> Invitation:
    """A new link for somebody who let theirs lapse; the one before is worth nothing any more."""
    return _act(room, by, PersonAction.INVITE, _known(username), lambda tx: invitations.make(room, tx, username, by),
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
        return invitations.make(room, tx, username, by)

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
    signed = Signature(person.organisation, undertaking.version, sha256_of(words), now,
                       undertaking.held_until(day_of(now)))
    tx.people.add_signature(person.username, signed, words)
    return signed


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
            check_two_people(by, person, action, demanded=bool(room.policies.site.policy.two_people_vouch))
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
    if standing is not Standing.ACTIVE:
        _tell_of_lead(room, tx, person.username)


def _tell_of_lead(room: ReadingRoom, tx: Any, username: str) -> None:
    """A project whose lead is shut out has nobody to submit for it, until an administrator names another.

    Who can help is told; its members see it on the project's page, and of a suspension no more than that.
    """
    for project in tx.projects.of_member(username):
        if project.lead == username and project.status in PROJECT_ACTIONS[ProjectAction.NAME_LEAD]:
            able = agreement.owners_of(room, tx, project) | notices.holding(tx, Permission.MANAGE_PEOPLE)
            notices.tell(tx, able, "project.lead-away", project=project.slug)


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


def _address(given: str) -> str:
    return check_address(given) if given.strip() else ""
