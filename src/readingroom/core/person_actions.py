"""What may be done about a person: which action in which status, by whom, and never by themselves."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from readingroom.core.lifecycle import PersonStatus
from readingroom.core.people import Person, QualificationKind, status
from readingroom.core.roles import Permission, Role
from readingroom.errors import InvalidTransition, PermissionDenied


class PersonAction(StrEnum):
    INVITE = "invite"
    VERIFY = "verify"
    TRAIN = "train"
    ACCREDIT = "accredit"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    BAR = "bar"
    CHANGE = "change"
    RESET = "reset"
    LINK = "link"
    SIGN = "sign"


_S, _A = PersonStatus, PersonAction

# Where an action that records a fact can lead: the dates recorded decide which of several it is.
_QUALIFIED = frozenset({_S.ACCREDITED, _S.EXPIRING})


def _account(here: PersonStatus) -> dict[PersonAction, frozenset[PersonStatus]]:
    """What may be done with anybody who is not shut out."""
    return {
        _A.SUSPEND: frozenset({_S.SUSPENDED}),
        _A.BAR: frozenset({_S.BARRED}),
        _A.CHANGE: frozenset({here}),
        _A.RESET: frozenset({here}),
        _A.LINK: frozenset({here}),
        _A.SIGN: frozenset({here}),
    }


# In each status: what may be done, and where that can lead.
PERSON_ACTIONS: dict[PersonStatus, dict[PersonAction, frozenset[PersonStatus]]] = {
    _S.INVITED: {_A.INVITE: frozenset({_S.INVITED}), _A.VERIFY: frozenset({_S.VERIFIED}), **_account(_S.INVITED)},
    _S.VERIFIED: {_A.TRAIN: frozenset({_S.TRAINED}), **_account(_S.VERIFIED)},
    _S.TRAINED: {_A.TRAIN: frozenset({_S.TRAINED}), _A.ACCREDIT: _QUALIFIED, **_account(_S.TRAINED)},
    _S.ACCREDITED: {_A.TRAIN: _QUALIFIED, _A.ACCREDIT: _QUALIFIED, **_account(_S.ACCREDITED)},
    _S.EXPIRING: {**_account(_S.EXPIRING), **dict.fromkeys((_A.TRAIN, _A.ACCREDIT, _A.SIGN), _QUALIFIED)},
    _S.EXPIRED: {**_account(_S.EXPIRED), **dict.fromkeys((_A.TRAIN, _A.ACCREDIT, _A.SIGN), _QUALIFIED | {_S.EXPIRED})},
    _S.SUSPENDED: {  # training again is often what lifts a suspension
        _A.TRAIN: frozenset({_S.SUSPENDED}),
        _A.REINSTATE: frozenset(set(_S) - {_S.SUSPENDED, _S.BARRED}),
        _A.BAR: frozenset({_S.BARRED}),
        _A.CHANGE: frozenset({_S.SUSPENDED}),
    },
    _S.BARRED: {_A.REINSTATE: frozenset({_S.SUSPENDED})},  # two acts, each with its reason, let a barred person in
}

# What the calendar does by itself.
LAPSES: dict[PersonStatus, frozenset[PersonStatus]] = {
    _S.TRAINED: frozenset({_S.VERIFIED}),
    _S.ACCREDITED: frozenset({_S.EXPIRING}),
    _S.EXPIRING: frozenset({_S.EXPIRED}),
}

PERSON_TRANSITIONS: dict[PersonStatus, frozenset[PersonStatus]] = {
    one: (frozenset().union(*actions.values()) | LAPSES.get(one, frozenset())) - {one}
    for one, actions in PERSON_ACTIONS.items()
}

# A custodian looks after researchers; only an administrator lets people back in, or does anything about other roles.
ACTION_PERMISSION: dict[PersonAction, Permission | None] = {
    _A.INVITE: Permission.VOUCH_FOR_RESEARCHERS,
    _A.VERIFY: Permission.VOUCH_FOR_RESEARCHERS,
    _A.TRAIN: Permission.VOUCH_FOR_RESEARCHERS,
    _A.ACCREDIT: Permission.VOUCH_FOR_RESEARCHERS,
    _A.SUSPEND: Permission.VOUCH_FOR_RESEARCHERS,
    _A.REINSTATE: Permission.MANAGE_PEOPLE,
    _A.BAR: Permission.MANAGE_PEOPLE,
    _A.CHANGE: Permission.MANAGE_PEOPLE,
    _A.RESET: Permission.MANAGE_PEOPLE,
    _A.LINK: Permission.MANAGE_PEOPLE,
    _A.SIGN: None,  # one signs for oneself
}

# In words, with the person's name after it.
DEEDS: dict[PersonAction, str] = {
    _A.INVITE: "invite",
    _A.VERIFY: "verify the identity of",
    _A.TRAIN: "record training of",
    _A.ACCREDIT: "accredit",
    _A.SUSPEND: "suspend",
    _A.REINSTATE: "reinstate",
    _A.BAR: "bar",
    _A.CHANGE: "change the details of",
    _A.RESET: "reset the sign-in of",
    _A.LINK: "link an account to",
    _A.SIGN: "sign for",
}


def check_may(actor: Person, subject: Person, action: PersonAction) -> None:
    """Who may: by role, over whom, and never over oneself. PermissionDenied otherwise."""
    permission, deed = ACTION_PERMISSION[action], DEEDS[action]
    themselves = actor.username == subject.username
    if permission is None:
        if not themselves:
            raise PermissionDenied(f"Only {subject.display_name} can do this.", rule=f"person.{action.value}.self",
                                   value=actor.username, next_step=f"Ask {subject.display_name} to sign in and do it.")
        return
    if themselves:
        raise PermissionDenied(f"You can't {deed} yourself.", rule=f"person.{action.value}.self", value=actor.username,
                               next_step="Another administrator or custodian can.")
    if actor.may(Permission.MANAGE_PEOPLE):
        return
    if not actor.may(permission):
        raise PermissionDenied(f"{actor.display_name} may not {deed} people.", rule=f"role.{permission.value}",
                               value=actor.username, next_step="Ask an administrator.")
    if subject.roles != {Role.RESEARCHER}:
        raise PermissionDenied(f"A custodian may {deed} researchers only; {subject.display_name} has another role.",
                               rule=f"person.{action.value}.role", value=", ".join(sorted(subject.roles)) or "no role",
                               next_step="Ask an administrator.")


def check_two_people(actor: str, subject: Person, action: PersonAction, *, demanded: bool) -> None:
    """Where policy demands two people to vouch for everyone, who verified the identity does not accredit."""
    known = subject.qualification(QualificationKind.IDENTITY)
    if demanded and action is PersonAction.ACCREDIT and known is not None and known.recorded_by == actor:
        raise PermissionDenied(f"You verified the identity of {subject.display_name}; policy asks for a second person "
                               "to record their accreditation.", rule="person.accredit.two-people", value=actor,
                               next_step="Ask another administrator or custodian to record it.")


def check_allowed(subject: Person, action: PersonAction, today: date) -> None:
    """What the status allows. InvalidTransition, naming what it does allow, otherwise."""
    now = status(subject, today)
    if action not in PERSON_ACTIONS[now]:
        possible = ", ".join(one.value for one in PERSON_ACTIONS[now])
        raise InvalidTransition(f"{subject.display_name} is {now.value}: you can't {DEEDS[action]} them now.",
                                rule="lifecycle.person", value=now.value, next_step=f"From here: {possible}.")


def can(actor: Person, subject: Person, action: PersonAction, today: date, *, two_people: bool = False) -> bool:
    """Whether `actor` may do this now."""
    try:
        check_may(actor, subject, action)
        check_two_people(actor.username, subject, action, demanded=two_people)
        check_allowed(subject, action, today)
    except (PermissionDenied, InvalidTransition):
        return False
    return True
