"""Signing in, in two steps: a password, then a code from an app or a recovery code.

Every refusal of a step has the same text and takes as long, so that it tells nothing about who exists or which of the
two was wrong. Wrong answers lock: per account, and, with more patience, per address.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from argon2.exceptions import InvalidHashError, VerificationError

from readingroom.core.people import Credential, Person, Standing
from readingroom.core.second_factor import (
    RECOVERY_CHOICES,
    RECOVERY_CODES,
    RECOVERY_LETTERS,
    SECRET_BYTES,
    STEP_SECONDS,
    Attempts,
    Demand,
    SecondFactor,
    after_wrong,
    code_of,
    is_code,
    is_demanded,
    matching_step,
    normal_code,
    recovery_code,
    setup_key,
    setup_uri,
    step_at,
)
from readingroom.errors import PermissionDenied
from readingroom.services import notices
from readingroom.services.accounts import COMMAND_LINE, HASHER, UNKNOWN_PERSON_HASH
from readingroom.services.room import ReadingRoom

FREE_FAILURES = 5
FREE_FAILURES_PER_ADDRESS = 20  # many people may share one


class Second(Enum):
    """What comes after the password."""

    NOTHING = "nothing"
    CODE = "code"
    ENROLMENT = "enrolment"


class Way(Enum):
    """By what somebody was let in, as the log says it."""

    PASSWORD = "password"  # noqa: S105  the name of a way, not one
    CODE = "code"
    NEW_CODE = "new-code"
    RECOVERY_CODE = "recovery-code"
    PROVIDER = "provider"


@dataclass(frozen=True)
class FirstStep:
    person: Person
    second: Second


@dataclass(frozen=True)
class Enrolment:
    """What an app needs to make codes: as the text of a QR code, and to be typed."""

    uri: str
    key: str
    demo: bool


@dataclass(frozen=True)
class SignedIn:
    """`recovery_codes` are new and shown this once; empty unless the second factor was just set up."""

    person: Person
    recovery_codes: tuple[str, ...] = ()


def first_step(room: ReadingRoom, username: str, password: str, address: str = "") -> FirstStep:
    """The person, if the password is right and they may sign in, and what is asked of them next."""
    with room.store.reading() as tx:
        credential: Credential | None = tx.people.credential(username)
    right = _verify(credential.argon2_hash if credential else UNKNOWN_PERSON_HASH, password)
    with room.store.transaction() as tx:
        now = room.now()
        person: Person | None = tx.people.find(username)
        current: Credential | None = tx.people.credential(username)
        right = right and current == credential  # not replaced while the password was looked at
        tried = Attempts(current.failures, current.locked_until) if current else Attempts()
        locked = tried.locked(now) or tx.sign_ins.attempts_from(address, now).locked(now)
        welcome = right and not locked and person is not None and person.standing is Standing.ACTIVE
        if current is not None and not locked:
            after = Attempts() if welcome else after_wrong(tried, now, FREE_FAILURES)
            tx.people.set_credential(replace(current, failures=after.failures, locked_until=after.locked_until))
        second = _second(room, tx, person) if person is not None else Second.NOTHING
        if not welcome:
            _note_wrong(room, tx, person, address)
        elif second is Second.NOTHING:
            _welcome(tx, username, Way.PASSWORD)
    if not welcome or person is None:
        raise PermissionDenied("That name and password do not match an active account.", rule="sign-in",
                               next_step="Check both and try again in a moment, or ask your administrator.")
    return FirstStep(person, second)


def provider_step(room: ReadingRoom, issuer: str, subject: str, second_factor: bool) -> FirstStep:
    """Let in whom a provider's subject is registered to, and what is asked of them next.

    A second factor that the provider saw is enough. If it says nothing of one, checkers and administrators are refused,
    and others give ours where it is demanded. Nobody is made here, and no role comes from the provider.
    """
    with room.store.transaction() as tx:
        person: Person | None = tx.people.of_subject(issuer, subject)
        known = person is not None and person.standing is Standing.ACTIVE
        refused = person is not None and not second_factor and is_demanded(
            person.roles, Demand.CHECKERS_AND_ADMINISTRATORS)
        second = Second.NOTHING if second_factor or person is None else _second(room, tx, person)
        if not known or refused:
            tx.events.record("anonymous", "person.refused", f"person:{person.username}" if person else "person:unknown",
                             way=Way.PROVIDER.value)
        elif person is not None and second is Second.NOTHING:
            _welcome(tx, person.username, Way.PROVIDER)
    if person is None or not known:
        raise PermissionDenied("Your organisation’s account is not registered to anyone here.", rule="sign-in.subject",
                               next_step="Ask the administrator to link it to your record.")
    if refused:
        raise PermissionDenied("Your organisation did not say that it asked you for a second factor; checkers and "
                               "administrators need one.", rule="sign-in.second-factor",
                               next_step="Use its second factor, or sign in here with your password and code.")
    return FirstStep(person, second)


def enrolment(room: ReadingRoom, username: str) -> Enrolment:
    """The secret that waits to be confirmed by a code, the same one until it is. Only after the first step."""
    with room.store.transaction() as tx:
        person: Person = tx.people.get(username)
        waiting: SecondFactor | None = tx.sign_ins.second_factor(username)
        if waiting is not None and waiting.confirmed_at is not None:
            raise PermissionDenied("Your second factor is set up already.", rule="sign-in.second-factor",
                                   next_step="Start again, and give a code from your app.")
        if waiting is None:
            secret = secrets.token_bytes(SECRET_BYTES)
            tx.sign_ins.set_second_factor(SecondFactor(username, room.secrets.seal(secret, _context(username)), None,
                                                       0, Attempts()))
        else:
            secret = room.secrets.open(waiting.sealed, _context(username))
    return Enrolment(setup_uri(secret, username, room.settings.public_host), setup_key(secret), person.is_made_up)


def second_step(room: ReadingRoom, username: str, code: str, address: str = "",
                since: datetime | None = None) -> SignedIn:
    """Let the person in by a code or a recovery code, each of which counts once.

    The first right code of a new secret sets the second factor up. `since` is when the first step was: what was reset
    since then does not count. Only after the first step.
    """
    fresh: tuple[str, ...] = ()
    with room.store.transaction() as tx:
        person: Person = tx.people.get(username)
        ended = since is not None and person.signed_out_at is not None and since <= person.signed_out_at
        shut_out = ended or person.standing is not Standing.ACTIVE
        way = None if shut_out else _try_code(room, tx, username, code, address)
        if way is Way.NEW_CODE:
            fresh = _new_recovery_codes(room, tx, username)
            tx.events.record(username, "person.second-factor-set-up", f"person:{username}")
        if way is not None:
            _welcome(tx, username, way)
        else:
            _note_wrong(room, tx, person, address)
    if way is None:
        raise _wrong_code()
    return SignedIn(person, fresh)


def want_second_factor(room: ReadingRoom, username: str) -> None:
    """Be asked for a second factor from the next sign-in, where it is not demanded."""
    enrolment(room, username)


def renew_recovery_codes(room: ReadingRoom, username: str, code: str) -> tuple[str, ...]:
    """New recovery codes, shown this once, for a code from the app; the earlier ones are worth nothing any more."""
    with room.store.transaction() as tx:
        person: Person = tx.people.get(username)
        right = _try_code(room, tx, username, code, "") is Way.CODE
        if right:
            fresh = _new_recovery_codes(room, tx, username)
            tx.events.record(username, "person.recovery-codes-renewed", f"person:{username}")
        else:
            _note_wrong(room, tx, person, "")
    if not right:
        raise _wrong_code()
    return fresh


def sign_out_everywhere(room: ReadingRoom, username: str) -> None:
    """End every session of a person's: at the Hub, in the portal, and in workspaces, which close."""
    with room.store.transaction() as tx:
        end_sessions(room, tx, username)
        tx.events.record(username, "person.signed-out-everywhere", f"person:{username}")


def end_sessions(room: ReadingRoom, tx: Any, username: str) -> None:
    """The same within a transaction of the caller's, without a word on the log."""
    tx.people.save(replace(tx.people.get(username), signed_out_at=room.now()))


def demo_code(room: ReadingRoom, username: str) -> str | int:
    """A demo account's code that counts now; else in how many seconds there is one.

    PermissionDenied for any account that is not of the demo: theirs is on their own phone, and nowhere else.
    """
    with room.store.transaction() as tx:
        person: Person = tx.people.get(username)
        if not person.is_made_up:
            raise PermissionDenied(f"{username} is not an account of the demo.", rule="sign-in.demo", value=username,
                                   next_step="Their codes are on their own phone. Who lost it is helped by "
                                   f"`readingroom person reset-sign-in {username}`.")
        factor: SecondFactor | None = tx.sign_ins.second_factor(username)
        if factor is None:
            raise PermissionDenied(f"{username} has not begun to set up a second factor.", rule="sign-in.second-factor",
                                   value=username, next_step="Sign in with the password; then ask again.")
        secret = room.secrets.open(factor.sealed, _context(username))
        now = room.now()
        step = max(step_at(now), factor.last_step + 1)
        if step > step_at(now) + 1:
            return (step - 1) * STEP_SECONDS - int(now.timestamp())
        tx.events.record(COMMAND_LINE, "person.demo-code-shown", f"person:{username}")
        return code_of(secret, step)


def _second(room: ReadingRoom, tx: Any, person: Person) -> Second:
    factor: SecondFactor | None = tx.sign_ins.second_factor(person.username)
    if factor is not None and factor.confirmed_at is not None:
        return Second.CODE
    asked = factor is not None or is_demanded(person.roles, Demand(room.settings.second_factor))
    return Second.ENROLMENT if asked else Second.NOTHING


def _try_code(room: ReadingRoom, tx: Any, username: str, code: str, address: str) -> Way | None:
    """How this code lets the person in now, and that it does so once; None, one failure more, if it doesn't."""
    now, given = room.now(), normal_code(code)
    factor: SecondFactor | None = tx.sign_ins.second_factor(username)
    if factor is None or factor.attempts.locked(now) or tx.sign_ins.attempts_from(address, now).locked(now):
        return None
    way = None
    if is_code(given):
        step = matching_step(room.secrets.open(factor.sealed, _context(username)), given, now, factor.last_step)
        if step is not None:
            way = Way.CODE if factor.confirmed_at is not None else Way.NEW_CODE
            factor = replace(factor, last_step=step, confirmed_at=factor.confirmed_at or now)
    elif factor.confirmed_at is not None and tx.sign_ins.use_recovery_code(
            username, _recovery_digest(room, username, given), now):
        way = Way.RECOVERY_CODE
        notices.tell(tx, [username], "person.recovery-code-used", person=username)
    attempts = Attempts() if way else after_wrong(factor.attempts, now, FREE_FAILURES)
    tx.sign_ins.set_second_factor(replace(factor, attempts=attempts))
    return way


def _recovery_digest(room: ReadingRoom, username: str, code: str) -> str:
    return room.secrets.digest(f"{username}:{normal_code(code)}", "recovery codes")


def _new_recovery_codes(room: ReadingRoom, tx: Any, username: str) -> tuple[str, ...]:
    codes = tuple(recovery_code([secrets.randbelow(RECOVERY_CHOICES) for _ in range(RECOVERY_LETTERS)])
                  for _ in range(RECOVERY_CODES))
    tx.sign_ins.set_recovery_codes(username, [_recovery_digest(room, username, code) for code in codes])
    return codes


def _welcome(tx: Any, username: str, way: Way) -> None:
    tx.events.record(username, "person.signed-in", f"person:{username}", way=way.value)


def _wrong_code() -> PermissionDenied:
    return PermissionDenied("That code does not count.", rule="sign-in.code",
                            next_step="Wait for the next code in your app, and see that your phone’s time is right. "
                            "After several wrong ones, wait a little longer.")


def _note_wrong(room: ReadingRoom, tx: Any, person: Person | None, address: str) -> None:
    if address:
        now = room.now()
        before = tx.sign_ins.attempts_from(address, now)
        if not before.locked(now):
            tx.sign_ins.set_attempts_from(address, after_wrong(before, now, FREE_FAILURES_PER_ADDRESS), now)
    tx.events.record("anonymous", "person.refused", f"person:{person.username}" if person else "person:unknown")


def _verify(argon2_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(argon2_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _context(username: str) -> str:
    return f"second factor of {username}"
