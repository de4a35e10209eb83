"""People and what makes one of them a safe person today.

What the records hold of a person is a history of facts with dates; the status is read from them and from the day, so
that nothing has to run for an accreditation to lapse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from readingroom.core.lifecycle import PersonStatus
from readingroom.core.roles import ROLE_PERMISSIONS, Permission, Role
from readingroom.errors import InvalidInput

EXPIRING_DAYS = 30
ACCREDITATION_YEARS = 5
TRAINING_YEARS = 1
LONGEST_TRAINING_YEARS = ACCREDITATION_YEARS
USERNAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_USERNAME = 32
LONGEST_TEXT = 200
SETUP, MADE_UP = "setup", "made up for the demo"
# What the log calls those who act without being a person.
NOBODY = frozenset({SETUP, "anonymous", "unknown", "migration", "system"})


class Standing(StrEnum):
    """What was decided about a person, apart from what they are qualified for."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    BARRED = "barred"


class QualificationKind(StrEnum):
    IDENTITY = "identity"
    TRAINING = "training"
    ACCREDITATION = "accreditation"


class Accreditation(StrEnum):
    """Full, or provisional: works beside a fully accredited researcher."""

    FULL = "full"
    PROVISIONAL = "provisional"


@dataclass(frozen=True)
class Qualification:
    """One fact that somebody recorded about a person. The last one of a kind holds; earlier ones are history.

    `detail` is how the identity was verified, which course was passed, or the kind of accreditation; `held_until` is
    the last day on which it counts, None for an identity.
    """

    kind: QualificationKind
    detail: str
    held_from: date
    held_until: date | None
    reference: str
    recorded_by: str
    recorded_at: datetime

    def is_live(self, today: date) -> bool:
        return self.held_until is None or today <= self.held_until


@dataclass(frozen=True)
class Signature:
    """An undertaking as one person signed it: whose, which version, and the hash of exactly the words shown.

    `held_until` is the last day on which it counts, as its file said when it was signed; None: until that changes.
    """

    organisation: str
    version: str
    sha256: str
    signed_at: datetime
    held_until: date | None = None


@dataclass(frozen=True)
class Person:
    """One human being, whatever accounts they have. `username` is lower-case letters, digits and single hyphens.

    `qualifications` has at most one of each kind, the one that holds; `undertaking` is the last one signed.
    Sessions that began at `signed_out_at` or before are over.
    """

    username: str
    display_name: str
    organisation: str
    standing: Standing
    roles: frozenset[Role]
    qualifications: tuple[Qualification, ...] = ()
    undertaking: Signature | None = None
    email: str = ""
    signed_out_at: datetime | None = None

    def may(self, permission: Permission) -> bool:
        """Whether a role gives it. A person whose identity nobody verified, or who is suspended, may nothing."""
        return (self.standing is Standing.ACTIVE and self.qualification(QualificationKind.IDENTITY) is not None
                and any(permission in ROLE_PERMISSIONS[role] for role in self.roles))

    def qualification(self, kind: QualificationKind) -> Qualification | None:
        return next((one for one in self.qualifications if one.kind is kind), None)

    @property
    def is_made_up(self) -> bool:
        """Whether this is one of the demo's people."""
        known = self.qualification(QualificationKind.IDENTITY)
        return known is not None and (known.recorded_by, known.detail) == (SETUP, MADE_UP)

    def signed_in_since(self, began: datetime) -> bool:
        """Whether a session that began then is still one."""
        return self.standing is Standing.ACTIVE and (self.signed_out_at is None or began > self.signed_out_at)

    @property
    def accredited_until(self) -> date | None:
        held = self.qualification(QualificationKind.ACCREDITATION)
        return held.held_until if held else None

    @property
    def trained_until(self) -> date | None:
        held = self.qualification(QualificationKind.TRAINING)
        return held.held_until if held else None

    @property
    def bound_until(self) -> date | None:
        """The last day of the undertaking that was signed; None for one without an end, and for none."""
        return self.undertaking.held_until if self.undertaking else None


def status(person: Person, today: date) -> PersonStatus:
    """Where a person stands today. Example: trained until yesterday and accredited: expired.

    An undertaking that was never signed, or asks for another signature, is told where data would be opened.
    """
    if person.standing is not Standing.ACTIVE:
        return PersonStatus(person.standing.value)
    if person.qualification(QualificationKind.IDENTITY) is None:
        return PersonStatus.INVITED
    trained, accredited = person.trained_until, person.accredited_until
    if accredited is None:
        return PersonStatus.TRAINED if trained is not None and today <= trained else PersonStatus.VERIFIED
    first_to_lapse = min(accredited, trained or date.min, person.bound_until or date.max)
    if first_to_lapse < today:
        return PersonStatus.EXPIRED
    if first_to_lapse - today <= timedelta(days=EXPIRING_DAYS):
        return PersonStatus.EXPIRING
    return PersonStatus.ACCREDITED


def last_day(held_from: date, years: int) -> date:
    """The last of so many years that begin on a day. Example: five years from 29 February 2028 end on 28 February 2033.

    Source: accreditation of researchers under the Digital Economy Act 2017, Part 5, Chapter 5, lasts five years (UK
    Statistics Authority, Research Code of Practice and Accreditation Criteria).
    """
    try:
        return held_from.replace(year=held_from.year + years) - timedelta(days=1)
    except ValueError:  # 29 February
        return date(held_from.year + years, 2, 28)


def check_details(person: Person) -> None:
    """Names that can be recorded: InvalidInput for the first that can't."""
    if (not USERNAME.fullmatch(person.username) or len(person.username) > LONGEST_USERNAME
            or person.username in NOBODY):
        raise InvalidInput("This username can't be used.", rule="person.username", value=person.username[:40],
                           next_step=f"Choose up to {LONGEST_USERNAME} lower-case letters, digits and single hyphens, "
                           "beginning with a letter; not a name that the log uses itself.")
    for what, rule, text in (("name", "display_name", person.display_name),
                             ("organisation", "organisation", person.organisation)):
        if not text.strip() or len(text) > LONGEST_TEXT or not text.isprintable():
            raise InvalidInput(f"The {what} is {'missing' if not text.strip() else 'not usable'}.",
                               rule=f"person.{rule}", value=text[:40],
                               next_step=f"Give one of up to {LONGEST_TEXT} characters on one line.")
    if not person.roles:
        raise InvalidInput("No role was chosen.", rule="person.roles", next_step="Choose at least one.")


@dataclass(frozen=True)
class Credential:
    """How a local account signs in. `failures` counts wrong passwords since the last right one."""

    username: str
    argon2_hash: str
    failures: int
    locked_until: datetime | None
