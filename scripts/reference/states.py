"""The page of states: pictures of the tables, and who may do what in each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from readingroom.core.lifecycle import (
    ANSWER_TRANSITIONS,
    GRANT_ACTIONS,
    GRANT_TRANSITIONS,
    INCOMING_TRANSITIONS,
    PROJECT_ACTIONS,
    PROJECT_TRANSITIONS,
    REQUEST_TRANSITIONS,
    AnswerStatus,
    GrantStatus,
    PersonStatus,
    ProjectStatus,
    RequestStatus,
)
from readingroom.core.permissions import GRANT_PARTS, PROJECT_PARTS
from readingroom.core.person_actions import ACTION_PERMISSION, PERSON_ACTIONS, PERSON_TRANSITIONS
from readingroom.core.roles import ROLE_PERMISSIONS, Permission
from scripts.reference.page import NOTE, table

STATUS_NOTES: dict[type[StrEnum], str] = {
    PersonStatus: "Read from what is on record of a person and from the day: nothing has to run for an accreditation "
                  "to lapse. Trained and accredited count until their last day; expiring begins 30 days before the "
                  "first of them. Below the picture: what may be done in each, and who may.",
    ProjectStatus: "The programme's owner looks first, then every dataset's custodian answers for their own part. When "
                   "all have answered, the project is active by itself, or hears every no at once. An active project "
                   "is `amended` while a further version waits: what was agreed before stays live. In the urgent lane "
                   "owner and custodians answer at the same time.",
    GrantStatus: "A grant is one custodian's answer for one dataset in one project. It is live once all others have "
                 "agreed too. A later version of the project supersedes it. It is also over once its end date has "
                 "passed, whatever its status says.",
    AnswerStatus: "An answer is paid for before it is computed. A refund is possible only until computing begins; what "
                  "people see changes at set times, whenever it was computed.",
    RequestStatus: "Each submission is a round. Only its files can leave; a file that did not change since it was "
                     "approved in an earlier round keeps those approvals. "
                  "An approved request goes back to review if someone who approved it may not check it any more: their "
                  "approval counts for nothing then. "
                  "A request is frozen while a grant, its project or its author's standing has ended or was taken "
                  "back: the platform freezes it, and thaws it to where it was once that is put right; its author may "
                  "withdraw it meanwhile. Nobody else can do either.",
}
INCOMING_NOTE = ("The mirror image: the same rules hold, and its files arrive in the project's folder instead of "
                 "leaving. An approved one can wait for room there, and be withdrawn meanwhile.")


def states_page() -> str:
    parts = [
        "# States and permissions\n\n",
        NOTE.format(source="src/readingroom/core/lifecycle.py, permissions.py, person_actions.py and roles.py"),
        "What may follow what. Anything not drawn is refused, with what the present state does allow.\n",
    ]
    for title, statuses, transitions, actions, who in (
        ("Person", PersonStatus, PERSON_TRANSITIONS, {}, {}),
        ("Project", ProjectStatus, PROJECT_TRANSITIONS, PROJECT_ACTIONS, PROJECT_PARTS),
        ("Grant", GrantStatus, GRANT_TRANSITIONS, GRANT_ACTIONS, GRANT_PARTS),
        ("Egress request", RequestStatus, REQUEST_TRANSITIONS, {}, {}),
        ("Private answer", AnswerStatus, ANSWER_TRANSITIONS, {}, {}),
    ):
        parts.append(f"\n## {title}\n\n{STATUS_NOTES[statuses]}\n\n{_diagram(statuses, transitions)}")
        parts.append("\n" + _actions(actions, who) if actions else "")
        if statuses is PersonStatus:
            parts.append(_person_actions())
        if statuses is RequestStatus:
            parts.append(f"\n## Request to bring files in\n\n{INCOMING_NOTE}\n\n"
                         + _diagram(RequestStatus, INCOMING_TRANSITIONS))
    permissions = [(role.value, ", ".join(f"`{one.value}`" for one in sorted(held)))
                   for role, held in ROLE_PERMISSIONS.items()]
    parts.append("\n## Roles\n\nCode asks for a permission, never for a role. Holding a permission is not enough: "
                 "guards also look at whose request or dataset it is, and at who is a member of the project.\n\n"
                 + table(("Role", "Permissions"), permissions))
    return "".join(parts)


def _person_actions() -> str:
    """Which action in which status, and whose permission it takes."""
    by_status = [(one.value, ", ".join(f"`{action.value}`" for action in actions))
                 for one, actions in PERSON_ACTIONS.items()]
    by_action = [(f"`{action.value}`", f"`{permission.value}`" if permission else "the person alone",
                  "researchers only, unless the role also has `manage-people`"
                  if permission is Permission.VOUCH_FOR_RESEARCHERS else "")
                 for action, permission in ACTION_PERMISSION.items()]
    return ("\n" + table(("Status", "What may be done"), by_status) + "\n"
            + table(("Action", "Permission", "About"), by_action)
            + "\nNobody does any of it about themselves, signing aside. What is refused changes nothing and is "
            "logged.\n")


def _actions(actions: Mapping[Any, Mapping[Any, tuple[Any, ...]]], who: Mapping[Any, frozenset[Any]]) -> str:
    rows = [(f"`{action.value}`", ", ".join(sorted(part.value for part in who[action])),
             "; ".join(f"{current.value} → {' or '.join(target.value for target in targets)}"
                       for current, targets in steps.items()))
            for action, steps in actions.items()]
    return table(("Action", "By", "From → to"), rows)


def _diagram(statuses: type[StrEnum], transitions: Mapping[StrEnum, frozenset[StrEnum]]) -> str:
    first = next(iter(statuses))
    reached = {first, *(target for targets in transitions.values() for target in targets)}
    drawn = [status for status in statuses if status in reached]
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f"    state \"{status.value.replace('-', ' ')}\" as {status.name}" for status in drawn]
    lines.append(f"    [*] --> {first.name}")
    for status in drawn:
        order = [target for target in statuses if target in transitions[status]]
        lines += [f"    {status.name} --> {target.name}" for target in order] or [f"    {status.name} --> [*]"]
    return "\n".join([*lines, "```", ""])
