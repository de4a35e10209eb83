"""People, in words: where they stand, what is recorded of them, what may be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from readingroom.core.access import Reason
from readingroom.core.people import EXPIRING_DAYS, Person, Qualification, QualificationKind, Signature, status
from readingroom.core.person_actions import PersonAction
from readingroom.core.roles import ROLE_PERMISSIONS, Role
from readingroom.services.dossiers import Dossier
from readingroom.web.addresses import page
from readingroom.web.presenters import times
from readingroom.web.presenters.grants import StoryLine, story
from readingroom.web.presenters.paging import Pager, pager
from readingroom.web.presenters.words import PERSON_NEXT, PERSON_TAGS, ROLE_WORDS, Tag

PAGE_SIZE = 25
KIND_WORDS = {
    QualificationKind.IDENTITY: "Identity",
    QualificationKind.TRAINING: "Training",
    QualificationKind.ACCREDITATION: "Accreditation",
}
WORDS_OF_ROLES = {
    Role.RESEARCHER: "Work in the workspaces of one’s projects; ask for releases and private answers",
    Role.CUSTODIAN: "Decide about one’s own datasets; invite and look after researchers; read the audit log",
    Role.OWNER: "Review applications to the programme",
    Role.CHECKER: "Check outputs of projects that one is no member of",
    Role.ADMINISTRATOR: "Look after people and packages; read the audit log",
}
WAYS = {
    "password": "password",
    "code": "password and code",
    "new-code": "password; app set up",
    "recovery-code": "password and recovery code",
    "provider": "your organisation’s sign-in",
}
# In the order in which they stand on the page, with the words on each one's button.
ACTION_WORDS = {
    PersonAction.VERIFY: "Verify identity",
    PersonAction.TRAIN: "Record training",
    PersonAction.ACCREDIT: "Record accreditation",
    PersonAction.INVITE: "Make a new invitation link",
    PersonAction.CHANGE: "Change details or roles",
    PersonAction.RESET: "Reset sign-in",
    PersonAction.LINK: "Link an organisation’s account",
    PersonAction.SUSPEND: "Suspend",
    PersonAction.REINSTATE: "Reinstate",
    PersonAction.BAR: "Bar",
}
_NEXT_ACTION = {
    "invited": PersonAction.VERIFY,
    "verified": PersonAction.TRAIN,
    "trained": PersonAction.ACCREDIT,
    "expiring": PersonAction.TRAIN,
    "expired": PersonAction.TRAIN,
    "suspended": PersonAction.REINSTATE,
    "barred": PersonAction.REINSTATE,
}


@dataclass(frozen=True)
class Row:
    """One line of the list."""

    username: str
    name: str
    organisation: str
    roles: str
    tag: Tag
    lapses: str


@dataclass(frozen=True)
class Listed:
    """One page of the list."""

    rows: tuple[Row, ...]
    words: str
    found: str
    pager: Pager


@dataclass(frozen=True)
class Fact:
    """One line of what is recorded: `by` is who recorded it and when."""

    kind: str
    detail: str
    held: str
    reference: str
    by: str


@dataclass(frozen=True)
class Signed:
    title: str
    at: str
    sha256: str
    words: str


@dataclass(frozen=True)
class Action:
    """What may be done now, and the words on its button; `open` for the natural next step."""

    key: str
    text: str
    open: bool
    grave: bool


@dataclass(frozen=True)
class Record:
    """One person's page."""

    username: str
    name: str
    tag: Tag
    next_step: str
    summary: tuple[tuple[str, str], ...]
    shut: tuple[Reason, ...]
    researcher: bool
    may: tuple[str, ...]
    facts: tuple[Fact, ...]
    signatures: tuple[Signed, ...]
    projects: tuple[tuple[str, str], ...]
    story: tuple[StoryLine, ...]
    actions: tuple[Action, ...]
    person: Person
    subject: str
    second_person: bool


@dataclass(frozen=True)
class SignIns:
    """How somebody signs in: for their own eyes."""

    has_app: bool
    codes_left: str
    recent: tuple[tuple[str, str], ...]


def listed(people: tuple[Person, ...], total: int, words: str, number: int, today: date) -> Listed:
    return Listed(
        tuple(_row(person, today) for person in people), words,
        f"{times.plural(total, 'person', 'people')}{f' found for “{words}”' if words else ''}",
        pager("/people", "page", number, total, PAGE_SIZE, q=words or None))


def _row(person: Person, today: date) -> Row:
    return Row(person.username, person.display_name, person.organisation, roles(person.roles),
               PERSON_TAGS[status(person, today)], lapses(person, today))


def roles(held: frozenset[Role]) -> str:
    return ", ".join(ROLE_WORDS[role] for role in sorted(held)) or "None"


def lapses(person: Person, today: date) -> str:
    """What of a person's ends first, and when."""
    known = [(until, what) for until, what in (
        (person.accredited_until, "accreditation"), (person.trained_until, "training"),
        (person.bound_until, "undertaking")) if until is not None]
    if not known:
        return "–"
    until, what = min(known)
    return f"{what} {times.until(until, today)}"


def record(found: Dossier, today: date, *, by_provider: bool = False) -> Record:
    person, now = found.person, status(found.person, today)
    return Record(
        person.username, person.display_name, PERSON_TAGS[now], PERSON_NEXT[now], _summary(found, today),
        found.shut, Role.RESEARCHER in person.roles, _may(person),
        tuple(_fact(one, found.names) for one in found.qualifications),
        tuple(_signed(*one) for one in found.signatures),
        tuple((project.title, page(f"/projects/{project.slug}")) for project in found.projects),
        story(found.story, found.names),
        tuple(Action(one.value, text, _NEXT_ACTION.get(now.value) is one,
                     one in (PersonAction.SUSPEND, PersonAction.BAR, PersonAction.RESET))
              for one, text in ACTION_WORDS.items()
              if one in found.possible and (one is not PersonAction.LINK or by_provider)),
        person, found.subject, found.second_person)


def to_sign(found: Dossier, today: date) -> bool:
    """Whether the undertaking is to be signed: it keeps the person from data, or soon will."""
    ends = found.person.bound_until
    return any(one.rule == "person.undertaking" for one in found.shut) or (
        ends is not None and ends - today <= timedelta(days=EXPIRING_DAYS))


def _may(person: Person) -> tuple[str, ...]:
    """What their roles let them do now, in words; nothing while they may not."""
    return tuple(WORDS_OF_ROLES[role] for role in sorted(person.roles)
                 if any(person.may(permission) for permission in ROLE_PERMISSIONS[role]))


def _summary(found: Dossier, today: date) -> tuple[tuple[str, str], ...]:
    person = found.person
    known = person.qualification(QualificationKind.IDENTITY)
    accredited = person.qualification(QualificationKind.ACCREDITATION)
    signed = person.undertaking
    unsigned = any(one.rule == "person.undertaking" for one in found.shut)
    return (
        ("Organisation", person.organisation),
        ("Roles", roles(person.roles)),
        ("Identity", f"Verified on {times.day(known.held_from)}: {known.detail}" if known else "Not verified"),
        ("Training", f"Until {times.until(person.trained_until, today)}" if person.trained_until else "None on record"),
        ("Accreditation", f"{accredited.detail.capitalize()}, until {times.until(person.accredited_until, today)}"
         if accredited and person.accredited_until else "None on record"),
        ("Undertaking", "Not signed" if signed is None else
         f"Version {signed.version}, signed {times.stamp(signed.signed_at)}"
         f"{f', until {times.until(signed.held_until, today)}' if signed.held_until else ''}"
         f"{', to be signed anew' * unsigned}"),
        ("Second factor", "Set up" if found.second_factor else "Not set up yet"),
        ("Username", person.username),
        ("E-mail", person.email or "None on record"),
    )


def _fact(one: Qualification, names: Mapping[str, str]) -> Fact:
    held = f"from {times.day(one.held_from)}" + (f" until {times.day(one.held_until)}" if one.held_until else "")
    return Fact(KIND_WORDS[one.kind], one.detail, held, one.reference,
                f"{names.get(one.recorded_by, one.recorded_by)}, {times.stamp(one.recorded_at)}")


def _signed(signed: Signature, words: str) -> Signed:
    return Signed(f"Version {signed.version}, for {signed.organisation}", times.exact(signed.signed_at), signed.sha256,
                  words)


def sign_ins(found: Dossier) -> SignIns:
    recent = [(times.exact(datetime.fromisoformat(event.at)), WAYS.get(str(event.detail.get("way")), "password"))
              for event in found.story if event.action == "person.signed-in"]
    return SignIns(found.second_factor, times.plural(found.recovery_codes, "recovery code"), tuple(recent[:10]))
