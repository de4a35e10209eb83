"""People's accounts: creating them, and their passwords."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from argon2 import PasswordHasher

from readingroom.core.people import Credential, Person
from readingroom.errors import InvalidInput
from readingroom.services.room import ReadingRoom

HASHER = PasswordHasher()  # argon2id at the library's current profile (RFC 9106, low memory)
UNKNOWN_PERSON_HASH = HASHER.hash("nobody has this password")
COMMAND_LINE = "command line"  # no username: whoever has a shell on the machine has everything anyway
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


def person(room: ReadingRoom, username: str) -> Person:
    """The person of that name. NotFound if there is none."""
    with room.store.reading() as tx:
        found: Person = tx.people.get(username)
        return found


def names(room: ReadingRoom, usernames: Iterable[str]) -> dict[str, str]:
    """What these people are called, as far as they are known; in one question for all of them."""
    with room.store.reading() as tx:
        return {name: person.display_name for name, person in tx.people.among(set(usernames)).items()}


def arriving(room: ReadingRoom, username: str) -> tuple[Person, int]:
    """The person who opens a page, and how many notices they have not read. NotFound if there is none."""
    with room.store.reading() as tx:
        return tx.people.get(username), tx.notices.unread(username)


def reset_password(room: ReadingRoom, username: str, password: str, *, by: str) -> None:
    """Replace someone's password, lift any lock and end their sessions. NotFound if there is no such person."""
    hashed = hash_password(password)
    with room.store.transaction() as tx:
        tx.people.save(replace(tx.people.get(username), signed_out_at=room.now()))
        set_password(tx, username, hashed)
        tx.events.record(by, "person.password-reset", f"person:{username}")


def set_password(tx: Any, username: str, argon2_hash: str) -> None:
    """A new password, and no lock, within a transaction of the caller's."""
    tx.people.set_credential(Credential(username, argon2_hash, 0, None))


def generate_password() -> str:
    """Three groups of six hex digits: 72 random bits that can be read out loud."""
    return "-".join(secrets.token_hex(3) for _ in range(3))
