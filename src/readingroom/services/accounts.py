"""People's accounts: creating them and signing in."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from readingroom.core.people import Credential, Person, Standing
from readingroom.errors import InvalidInput, PermissionDenied
from readingroom.services.room import ReadingRoom

HASHER = PasswordHasher()  # argon2id at the library's current profile (RFC 9106, low memory)
UNKNOWN_PERSON_HASH = HASHER.hash("nobody has this password")
FREE_FAILURES = 5
MINIMUM_PASSWORD_LENGTH = 12


def create(room: ReadingRoom, person: Person, password: str, *, by: str) -> None:
    """Record a person and their first password (at least 12 characters)."""
    hashed = hash_password(password)
    with room.store.transaction() as tx:
        record(tx, person, hashed, by=by)


def record(tx: Any, person: Person, argon2_hash: str, *, by: str) -> None:
    """The same within a transaction of the caller's, with the password hashed beforehand."""
    tx.people.add(person)
    tx.people.set_credential(Credential(person.username, argon2_hash, 0, None))
    tx.events.record(by, "person.created", f"person:{person.username}",
                     roles=sorted(role.value for role in person.roles))


def hash_password(password: str) -> str:
    """The argon2id hash of an acceptable password. InvalidInput if it is too short."""
    if len(password) < MINIMUM_PASSWORD_LENGTH:
        raise InvalidInput(f"The password has {len(password)} characters.", rule="password.length",
                           value=len(password), next_step=f"Choose one of at least {MINIMUM_PASSWORD_LENGTH}.")
    return HASHER.hash(password)


def sign_in(room: ReadingRoom, username: str, password: str) -> Person:
    """The person, if the password is right and they may sign in.

    Every refusal has the same text, so that it tells nothing about who exists. After five wrong passwords each
    further one locks sign-in for a time that doubles from one second up to fifteen minutes.
    """
    with room.store.reading() as tx:
        person: Person | None = tx.people.find(username)
        credential: Credential | None = tx.people.credential(username)
    locked = credential is not None and credential.locked_until is not None and credential.locked_until > room.now()
    right = _verify(credential.argon2_hash if credential else UNKNOWN_PERSON_HASH, password)
    welcome = right and not locked and person is not None and person.standing is Standing.ACTIVE
    with room.store.transaction() as tx:
        credential = tx.people.credential(username)
        if credential is not None:
            tx.people.set_credential(_after_attempt(room, credential, right=right, locked=locked))
        known = f"person:{username}" if person else "person:unknown"
        tx.events.record(username if welcome else "anonymous", "person.signed-in" if welcome else "person.refused",
                         known)
    if not welcome or person is None:
        raise PermissionDenied("That name and password do not match an active account.", rule="sign-in",
                               next_step="Check both and try again in a moment, or ask your administrator.")
    return person


def person(room: ReadingRoom, username: str) -> Person:
    """The person of that name. NotFound if there is none."""
    with room.store.reading() as tx:
        found: Person = tx.people.get(username)
        return found


def reset_password(room: ReadingRoom, username: str, password: str, *, by: str) -> None:
    """Replace someone's password and lift any lock. NotFound if there is no such person."""
    hashed = hash_password(password)
    with room.store.transaction() as tx:
        tx.people.get(username)
        set_password(tx, username, hashed)
        tx.events.record(by, "person.password-reset", f"person:{username}")


def set_password(tx: Any, username: str, argon2_hash: str) -> None:
    """A new password, and no lock, within a transaction of the caller's."""
    tx.people.set_credential(Credential(username, argon2_hash, 0, None))


def generate_password() -> str:
    """Three groups of six hex digits: 72 random bits that can be read out loud."""
    return "-".join(secrets.token_hex(3) for _ in range(3))


def _verify(argon2_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(argon2_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _after_attempt(room: ReadingRoom, credential: Credential, *, right: bool, locked: bool) -> Credential:
    if right and not locked:
        return replace(credential, failures=0, locked_until=None)
    failures = credential.failures + 1
    if failures < FREE_FAILURES:
        return replace(credential, failures=failures)
    wait = timedelta(seconds=min(2 ** (failures - FREE_FAILURES), 900))
    return replace(credential, failures=failures, locked_until=room.now() + wait)
