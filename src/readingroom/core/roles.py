"""Roles, and what each lets a person do. Code asks for a permission, never for a role."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    RESEARCHER = "researcher"
    CUSTODIAN = "custodian"
    CHECKER = "checker"
    ADMINISTRATOR = "administrator"
    OWNER = "owner"


class Permission(StrEnum):
    OPEN_WORKSPACE = "open-workspace"
    REQUEST_RELEASE = "request-release"
    BRING_FILES = "bring-files"
    ASK_PRIVATELY = "ask-privately"
    APPLY = "apply"
    REVIEW_APPLICATIONS = "review-applications"
    DECIDE_GRANTS = "decide-grants"
    REVIEW_OUTPUTS = "review-outputs"
    READ_AUDIT = "read-audit"
    VOUCH_FOR_RESEARCHERS = "vouch-for-researchers"
    MANAGE_PEOPLE = "manage-people"
    MANAGE_PACKAGES = "manage-packages"


ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.RESEARCHER: frozenset(
        {Permission.OPEN_WORKSPACE, Permission.REQUEST_RELEASE, Permission.BRING_FILES, Permission.ASK_PRIVATELY,
         Permission.APPLY}
    ),
    Role.CUSTODIAN: frozenset({Permission.DECIDE_GRANTS, Permission.READ_AUDIT,
                               Permission.VOUCH_FOR_RESEARCHERS}),
    Role.CHECKER: frozenset({Permission.REVIEW_OUTPUTS}),
    Role.ADMINISTRATOR: frozenset({Permission.MANAGE_PEOPLE, Permission.VOUCH_FOR_RESEARCHERS,
                                   Permission.MANAGE_PACKAGES, Permission.READ_AUDIT}),
    Role.OWNER: frozenset({Permission.REVIEW_APPLICATIONS}),
}


def roles_with(permission: Permission) -> tuple[Role, ...]:
    """The roles that let a person do this."""
    return tuple(role for role, permissions in ROLE_PERMISSIONS.items() if permission in permissions)
