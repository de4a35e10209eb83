"""Who may do what to a project, a grant or a request. Each guard raises with the reason; its `can_` twin asks it.

What a status allows is lifecycle.py's question, not this module's.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from readingroom.core.lifecycle import Direction, GrantAction, ProjectAction
from readingroom.core.people import Person
from readingroom.core.projects import Project
from readingroom.core.requests import AirlockRequest
from readingroom.core.roles import Permission
from readingroom.errors import PermissionDenied


class Part(StrEnum):
    """What somebody is to a project or a grant. `system` is nobody: the platform acts when the records call for it."""

    LEAD = "lead"
    MEMBER = "member"
    OWNER = "programme owner"
    CUSTODIAN = "dataset's custodian"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


PROJECT_PARTS: dict[ProjectAction, frozenset[Part]] = {
    ProjectAction.SAVE: frozenset({Part.LEAD, Part.MEMBER}),
    ProjectAction.SUBMIT: frozenset({Part.LEAD}),
    ProjectAction.RECALL: frozenset({Part.LEAD}),
    ProjectAction.DISCARD: frozenset({Part.LEAD}),
    ProjectAction.ACCEPT: frozenset({Part.OWNER}),
    ProjectAction.RETURN: frozenset({Part.OWNER}),
    ProjectAction.ACTIVATE: frozenset({Part.SYSTEM}),
    ProjectAction.SETTLE: frozenset({Part.SYSTEM}),
    ProjectAction.REMOVE_MEMBER: frozenset({Part.LEAD, Part.ADMINISTRATOR}),
    ProjectAction.NAME_LEAD: frozenset({Part.ADMINISTRATOR}),
    ProjectAction.CLOSE: frozenset({Part.LEAD, Part.ADMINISTRATOR}),
    ProjectAction.FINISH: frozenset({Part.ADMINISTRATOR, Part.SYSTEM}),
}

GRANT_PARTS: dict[GrantAction, frozenset[Part]] = {
    **{action: frozenset({Part.CUSTODIAN}) for action in (
        GrantAction.AGREE, GrantAction.RETURN, GrantAction.REFUSE, GrantAction.SUSPEND, GrantAction.RESUME,
        GrantAction.WITHDRAW, GrantAction.RENEW)},
    **{action: frozenset({Part.SYSTEM}) for action in (
        GrantAction.ACTIVATE, GrantAction.EXPIRE, GrantAction.RESTORE, GrantAction.SUPERSEDE)},
}


def parts_in_project(person: Person, project: Project, owners: Collection[str]) -> frozenset[Part]:
    """What the person is to the project. Nobody decides on a project that they belong to.

    `owners` are those whom the programme names; where it names none, everyone with the owner role is one.
    """
    belongs = person.username in project.members or person.username == project.lead
    parts = set()
    if belongs and person.may(Permission.APPLY):
        parts |= {Part.MEMBER, *({Part.LEAD} if person.username == project.lead else ())}
    if not belongs and person.may(Permission.REVIEW_APPLICATIONS) and person.username in (owners or [person.username]):
        parts.add(Part.OWNER)
    if not belongs and person.may(Permission.MANAGE_PEOPLE):
        parts.add(Part.ADMINISTRATOR)
    return frozenset(parts)


def check_project_action(person: Person, project: Project, action: ProjectAction, owners: Collection[str]) -> None:
    """The project's own people write and submit, its programme's owner answers; the tables above say which."""
    needed = PROJECT_PARTS[action]
    if needed & parts_in_project(person, project, owners):
        return
    who = " or ".join(sorted(part.value for part in needed))
    raise PermissionDenied(f"“{action.value}” is not for you in this project.", rule=f"project.{action.value}",
                           value=person.username, next_step=f"It is for: {who}. Nobody decides on a project of theirs.")


def check_may_apply(person: Person) -> None:
    _check_permission(person, Permission.APPLY, "apply for data")


def check_reviews_applications(person: Person) -> None:
    _check_permission(person, Permission.REVIEW_APPLICATIONS, "review applications")


def _check_permission(person: Person, permission: Permission, deed: str) -> None:
    if not person.may(permission):
        raise PermissionDenied(f"{person.display_name} may not {deed}.", rule=f"role.{permission.value}",
                               value=person.username, next_step="Ask an administrator whether your roles are right.")


REQUESTING: dict[Direction, tuple[Permission, str]] = {
    Direction.OUT: (Permission.REQUEST_RELEASE, "ask for outputs to be released"),
    Direction.IN: (Permission.BRING_FILES, "bring files into a project"),
}


def check_can_request(person: Person, project: Project, direction: Direction = Direction.OUT) -> None:
    """Members of the project with the researcher role may ask for its outputs to leave, or for files to come in."""
    _check_permission(person, *REQUESTING[direction])
    if person.username not in project.members:
        raise PermissionDenied("Only members of a project may ask for its outputs, or bring files in.",
                               rule="project.member", value=person.username,
                               next_step="Ask the project's lead to add you.")


def check_can_ask_privately(person: Person, project: Project) -> None:
    """Members of the project with the researcher role may spend its privacy budget."""
    _check_permission(person, Permission.ASK_PRIVATELY, "ask for private answers")
    if person.username not in project.members:
        raise PermissionDenied("Only members of a project may spend its privacy budget.", rule="project.member",
                               value=person.username, next_step="Ask the project's lead to add you.")


def check_is_author(person: Person, request: AirlockRequest) -> None:
    if person.username != request.author:
        raise PermissionDenied("Only the author of a request may change it.", rule="request.author",
                               value=person.username, next_step=f"Ask {request.author}.")


def check_can_review(person: Person, request: AirlockRequest, project: Project) -> None:
    """Checkers who are neither the author nor members of the project (promise P1)."""
    _check_permission(person, Permission.REVIEW_OUTPUTS, "check outputs")
    if person.username == request.author:
        raise PermissionDenied("You are the author of this request and cannot check it.", rule="review.author",
                               value=person.username, next_step="Two other output checkers will.")
    if person.username in request.sign_off_by:
        raise PermissionDenied("You have the last word on this request as a custodian of its data, and cannot check it "
                               "as well.", rule="review.custodian", value=person.username,
                               next_step="Other output checkers will; it comes to your sign-offs when they approve.")
    if person.username in project.members:
        raise PermissionDenied("You are a member of this project and cannot check its outputs.",
                               rule="review.member", value=person.username,
                               next_step="Output checkers from outside the project will.")


def check_can_sign_off(person: Person, request: AirlockRequest, project: Project) -> None:
    """The custodians whom policy names for this request, unless they belong to the project."""
    _check_permission(person, Permission.DECIDE_GRANTS, "sign off requests")
    if person.username not in request.sign_off_by:
        raise PermissionDenied("This request does not wait for your sign-off.", rule="sign-off.custodian",
                               value=person.username, next_step="Your own are under Sign-offs.")
    if person.username in {request.author, *project.members}:
        raise PermissionDenied("You are a member of this project and cannot sign off its outputs.",
                               rule="sign-off.member", value=person.username,
                               next_step="Your department has to name another custodian.")


def check_can_decide_grant(person: Person, custodian: str, project: Project) -> None:
    """The dataset's own custodian, unless they belong to the project that would use it."""
    _check_permission(person, Permission.DECIDE_GRANTS, "decide about data")
    if person.username != custodian:
        raise PermissionDenied("Only the dataset's own custodian decides about it.", rule="grant.custodian",
                               value=person.username, next_step=f"It is for {custodian} to decide.")
    if person.username in project.members or person.username == project.lead:
        raise PermissionDenied("You are a member of this project and cannot grant data to it.",
                               rule="grant.member", value=person.username,
                               next_step="Your department has to name another custodian for this decision.")


def check_can_see_account(person: Person, custodian: str) -> None:
    """The dataset's own custodian sees who spent its privacy budget on what."""
    _check_permission(person, Permission.DECIDE_GRANTS, "see the account of a dataset")
    if person.username != custodian:
        raise PermissionDenied("Only the dataset's own custodian sees its account.", rule="account.custodian",
                               value=person.username, next_step=f"Ask {custodian}.")


def check_can_manage_packages(person: Person) -> None:
    _check_permission(person, Permission.MANAGE_PACKAGES, "answer requests for packages")


def check_can_read_audit(person: Person) -> None:
    _check_permission(person, Permission.READ_AUDIT, "read the audit log")


def can_review(person: Person, request: AirlockRequest, project: Project) -> bool:
    return _holds(check_can_review, person, request, project)


def can_see_account(person: Person, custodian: str) -> bool:
    return _holds(check_can_see_account, person, custodian)


def _holds(check, *arguments) -> bool:  # type: ignore[no-untyped-def]
    try:
        check(*arguments)
    except PermissionDenied:
        return False
    return True
