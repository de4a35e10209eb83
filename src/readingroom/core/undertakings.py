"""Undertakings: what each person signs for their organisation before they may open data.

A new version, other words, or another organisation ask for a new signature. Which words were signed is kept, with
their SHA-256, so that what somebody agreed to can be shown years later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from readingroom.core.people import Person, Signature

PERSON, ORGANISATION = "{person}", "{organisation}"


@dataclass(frozen=True)
class Undertaking:
    """The words, with `{person}` and `{organisation}` to be filled in. An empty `organisation` means all others.

    A signature counts for so many `days`, the first included; None: until version or words change.
    """

    organisation: str
    version: str
    text: str
    days: int | None = None

    def words_for(self, person: Person) -> str:
        """Exactly what this person signs."""
        return self.text.replace(PERSON, person.display_name).replace(ORGANISATION, person.organisation)

    def held_until(self, signed_on: date) -> date | None:
        """The last day of a signature. Example: signed on 1 March for 365 days, it counts until 28 February."""
        return None if self.days is None else signed_on + timedelta(days=self.days - 1)


def sha256_of(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


def undertaking_for(undertakings: Iterable[Undertaking], organisation: str) -> Undertaking | None:
    """The organisation's own, else the one for all others, else none."""
    by_name = {one.organisation.casefold(): one for one in undertakings}
    return by_name.get(organisation.casefold()) or by_name.get("")


def missing_signature(person: Person, wanted: Undertaking | None, today: date) -> str:
    """Why what the person signed does not count, in a sentence; empty when it does. None to sign never does."""
    if wanted is None:
        return "There is no undertaking for your organisation to sign."
    signed: Signature | None = person.undertaking
    if signed is None:
        return "You have not signed your organisation’s undertaking."
    if signed.organisation != person.organisation:
        return f"You signed the undertaking for {signed.organisation}, and are at {person.organisation} now."
    if signed.version != wanted.version:
        return f"You signed version {signed.version} of the undertaking; version {wanted.version} is in force."
    if signed.sha256 != sha256_of(wanted.words_for(person)):
        return "The words of the undertaking have changed since you signed it."
    if signed.held_until is not None and signed.held_until < today:
        return f"Your undertaking ended on {signed.held_until:%-d %B %Y}."
    return ""
