"""May this person have this workspace now: every reason, not the first.

One pure function that spawner, portal and sweeper all call, at the start and continuously afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from readingroom.core.lifecycle import LIVE, GrantStatus, ProjectStatus
from readingroom.core.people import Accreditation, Person, QualificationKind, Standing
from readingroom.core.policy import Policy
from readingroom.core.projects import Grant, Project, allowed_images
from readingroom.core.roles import Permission
from readingroom.core.undertakings import Undertaking, missing_signature


@dataclass(frozen=True)
class Reason:
    """Why not: the rule, a sentence with the value that broke it, and the shortest legitimate way to a yes."""

    rule: str
    message: str
    next_step: str


@dataclass(frozen=True)
class AccessDecision:
    reasons: tuple[Reason, ...]

    @property
    def allowed(self) -> bool:
        return not self.reasons

    @property
    def means_gone(self) -> tuple[Reason, ...]:
        """The reasons that are about the person, the project and its grants, not about the workspace itself.

        They also stop what was asked for before: requests freeze until none is left.
        """
        return tuple(reason for reason in self.reasons if not reason.rule.startswith("workspace."))


_WAIT = "It opens when every custodian has agreed; see the project page for who is next."
_OVER = "Apply for a new project; nothing in your home was deleted."
_NOT_LIVE = {
    ProjectStatus.DRAFT: ("has not been submitted yet", "Finish the application and submit it."),
    ProjectStatus.OWNER_REVIEW: ("is waiting for its programme's owner", _WAIT),
    ProjectStatus.RETURNED: ("was returned with comments", "Answer them in the application and submit it again."),
    ProjectStatus.AGREEMENT: ("is waiting for its data custodians", _WAIT),
    ProjectStatus.CLOSING: ("is being closed", _OVER),
    ProjectStatus.CLOSED: ("is closed", _OVER),
}


_WAY = {
    GrantStatus.PROPOSED: "Nothing to do: its custodian is asked.",
    GrantStatus.AGREED: "Nothing to do: the other custodians are asked.",
    GrantStatus.RETURNED: "Answer the comments in the application and submit it again.",
    GrantStatus.REFUSED: "Change what the reason names, or take the dataset out, and submit the application again.",
    GrantStatus.WITHDRAWN: "Take the dataset out by an amendment, or ask for it anew in one.",
    GrantStatus.SUPERSEDED: "Look at the project's present grants.",
}


def decide(person: Person, project: Project, grants: Sequence[tuple[Grant, Policy]], today: date,
           undertaking: Undertaking | None, colleagues: Iterable[Person] = (),
           title_of: Callable[[str], str] = str) -> AccessDecision:
    """All conditions of DESIGN 5, in the order in which people can act on them.

    `grants` are all of the project's grants with the effective policy of each; none at all is a refusal. `undertaking`
    is the one in force for the person's organisation; None is a refusal too. `colleagues` are the project's members,
    where the person `needs_colleague`; `title_of` says what a dataset is called.
    """
    return AccessDecision((*_person(person, project, today, undertaking), *_beside(person, project, colleagues, today),
                           *_project(project, grants, today),
                           *(reason for grant, policy in grants
                             for reason in _grant(project, grant, policy, today, title_of))))


def about_person(person: Person, today: date, undertaking: Undertaking | None) -> tuple[Reason, ...]:
    """What keeps this person from any data at all, whatever the project."""
    return (*_account(person), *_qualified(person, today), *_signed(person, undertaking, today))


def _person(person: Person, project: Project, today: date, undertaking: Undertaking | None) -> list[Reason]:
    member = Reason("project.member", "You are not a member of this project.",
                    "Ask the project's lead to add you by an amendment.")
    return [*_account(person), *([] if person.username in project.members else [member]),
            *_qualified(person, today), *_signed(person, undertaking, today)]


def needs_colleague(person: Person) -> bool:
    """Whether the person works under somebody else's full accreditation: those accredited provisionally do."""
    held = person.qualification(QualificationKind.ACCREDITATION)
    return held is not None and held.detail == Accreditation.PROVISIONAL.value


def _beside(person: Person, project: Project, colleagues: Iterable[Person], today: date) -> list[Reason]:
    """Another member who is fully accredited today, and not shut out. Source: the provisional route of accreditation
    under the Digital Economy Act 2017 is to work under a fully accredited researcher."""
    if not needs_colleague(person) or any(
            other.username != person.username and other.username in project.members and not needs_colleague(other)
            and not _account(other) and (other.accredited_until or date.min) >= today for other in colleagues):
        return []
    return [Reason("person.colleague", "Your accreditation is provisional, and no member of the project is fully "
                   "accredited today.", "Ask the project's lead to add one by an amendment, or have your full "
                   "accreditation recorded.")]


def _account(person: Person) -> list[Reason]:
    if person.standing is not Standing.ACTIVE:
        return [Reason("person.status", f"Your account is {person.standing.value}.",
                       "Ask the administrator why, and what would lift it.")]
    if person.qualification(QualificationKind.IDENTITY) is None:
        return [Reason("person.identity", "Nobody has verified who you are.",
                       "Show an administrator or data custodian what they ask for, a passport say; they record it.")]
    if not person.may(Permission.OPEN_WORKSPACE):
        return [Reason("person.role", "Your account has no researcher role.",
                       "Ask the administrator to add it once you are accredited.")]
    return []


def _qualified(person: Person, today: date) -> list[Reason]:
    reasons = []
    for what, until, first, again in (
        ("accreditation", person.accredited_until, "Ask the accrediting body for it, then tell the administrator.",
         "Renew it with the accrediting body, then tell the administrator."),
        ("training", person.trained_until, "Take the safe researcher training, then tell the administrator.",
         "Take the safe researcher training again, then tell the administrator."),
    ):
        if until is None:
            reasons.append(Reason(f"person.{what}", f"There is no {what} on record for you.", first))
        elif until < today:
            reasons.append(Reason(f"person.{what}", f"Your {what} ended on {until:%-d %B %Y}.", again))
    return reasons


def _signed(person: Person, undertaking: Undertaking | None, today: date) -> list[Reason]:
    why = missing_signature(person, undertaking, today)
    way = ("Sign it on your account page, then try again." if undertaking
           else "Ask the administrator to add one to the policies.")
    return [Reason("person.undertaking", why, way)] if why else []


def _project(project: Project, grants: Sequence[tuple[Grant, Policy]], today: date) -> list[Reason]:
    reasons = []
    if project.expires_on < today:
        reasons.append(Reason("project.expiry", f"The project ended on {project.expires_on:%-d %B %Y}.",
                              "Apply for an extension; nothing in your home was deleted."))
    elif project.status not in LIVE:
        state, way = _NOT_LIVE[project.status]
        reasons.append(Reason("project.status", f"The project {state}.", way))
    if not grants:
        reasons.append(Reason("project.grants", "The project has no grant of any dataset.",
                              "Apply for the datasets it needs."))
    return reasons


def _grant(project: Project, grant: Grant, policy: Policy, today: date, title_of: Callable[[str], str]
           ) -> list[Reason]:
    reasons, title = [], title_of(grant.dataset)
    if grant.status is GrantStatus.AGREED and project.status not in LIVE:
        pass  # nothing to do about it: what the project waits for is said already
    elif grant.expires_on < today and grant.status in (GrantStatus.ACTIVE, GrantStatus.EXPIRED):
        reasons.append(Reason("grant.expiry", f"The grant of {title} ended on {grant.expires_on:%-d %B %Y}.",
                              "Ask its custodian to renew it; nothing in your home was deleted."))
    elif grant.status is not GrantStatus.ACTIVE:
        state = {
            GrantStatus.PROPOSED: "is waiting for its custodian's decision",
            GrantStatus.AGREED: "is agreed, and opens once every other custodian has agreed",
            GrantStatus.RETURNED: "was returned with comments by its custodian",
            GrantStatus.REFUSED: "was refused by its custodian",
            GrantStatus.SUSPENDED: "is suspended by its custodian",
            GrantStatus.WITHDRAWN: "was withdrawn by its custodian",
            GrantStatus.EXPIRED: "ended with its project",
            GrantStatus.SUPERSEDED: "was replaced by a later version of the project",
        }[grant.status]  # ACTIVE cannot occur here
        why = f": “{grant.decision_reason}”" if grant.decision_reason else ""
        reasons.append(Reason("grant.status", f"The grant of {title} {state}{why}.",
                              _WAY.get(grant.status, "Its custodian can say what would change this.")))
    if project.image not in (images := allowed_images(policy)):
        reasons.append(Reason("workspace.image", f"{title} may not be opened in the image {project.image}; its "
                              f"policy allows: {', '.join(sorted(images)) or 'none'}.",
                              "Ask the administrator to choose one of these for the project."))
    for rule, value, allowed in (
        ("grant.purpose", project.purpose, policy.purposes),
        ("grant.legal-gateway", project.legal_gateway, policy.legal_gateways),
    ):
        if allowed is None or value not in allowed:
            shown = ", ".join(sorted(allowed or ())) or "nothing"
            reasons.append(Reason(rule, f"{title} may not be used under “{value}”; its policy allows: {shown}.",
                                  "Amend the project, or ask the custodian whether the policy should name it."))
    return reasons
