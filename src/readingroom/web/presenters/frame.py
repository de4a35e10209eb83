"""What stands around every page: where a person may go."""

from __future__ import annotations

from dataclasses import dataclass

from readingroom.core.people import Person
from readingroom.core.roles import Permission, Role
from readingroom.web.addresses import page
from readingroom.web.presenters.words import ROLE_WORDS


@dataclass(frozen=True)
class Area:
    """One role's part of the portal. `permission` is what one needs to be shown it (services check again)."""

    role: Role
    permission: Permission
    links: tuple[tuple[str, str], ...]

    @property
    def home(self) -> str:
        return page(self.links[0][1])


AREAS = (
    Area(
        Role.RESEARCHER,
        Permission.OPEN_WORKSPACE,
        (
            ("Projects", "/projects"),
            ("My requests", "/requests"),
            ("Bring files in", "/incoming"),
            ("Releases", "/releases"),
            ("Data catalogue", "/datasets"),
        ),
    ),
    Area(
        Role.CUSTODIAN,
        Permission.DECIDE_GRANTS,
        (
            ("Decisions and grants", "/grants"),
            ("Sign-offs", "/sign-offs"),
            ("Releases", "/releases"),
            ("Datasets", "/datasets"),
            ("People", "/people"),
        ),
    ),
    Area(Role.OWNER, Permission.REVIEW_APPLICATIONS, (("Applications", "/applications"), ("Datasets", "/datasets"))),
    Area(Role.CHECKER, Permission.REVIEW_OUTPUTS, (("Requests to check", "/queue"), ("Releases", "/releases"),
                                                    ("Turnaround", "/turnaround"), ("Training", "/training"))),
    Area(
        Role.ADMINISTRATOR,
        Permission.MANAGE_PEOPLE,
        (
            ("Health", "/health"),
            ("People", "/people"),
            ("Packages", "/packages"),
            ("Turnaround", "/turnaround"),
            ("Audit log", "/audit"),
        ),
    ),
)


@dataclass(frozen=True)
class Link:
    text: str
    href: str
    current: bool = False


@dataclass(frozen=True)
class Frame:
    display_name: str
    roles: tuple[Link, ...]
    role: str
    links: tuple[Link, ...]
    csrf_token: str
    notices: Link


def areas_of(person: Person) -> tuple[Area, ...]:
    return tuple(area for area in AREAS if area.role in person.roles and person.may(area.permission))


def frame(person: Person, role: Role | None, path: str, csrf_token: str, unread: int) -> Frame:
    """`role` is the one this page belongs to; None or one that the person lacks shows their first."""
    areas = areas_of(person)
    here = next((area for area in areas if area.role is role), areas[0] if areas else None)
    return Frame(
        display_name=person.display_name,
        roles=tuple(Link(ROLE_WORDS[area.role], area.home, area is here) for area in areas) if len(areas) > 1 else (),
        role=ROLE_WORDS[here.role] if here else "No role",
        links=tuple(Link(text, page(to), path.startswith(page(to))) for text, to in here.links) if here else (),
        csrf_token=csrf_token,
        notices=Link(f"Notices ({unread:,} unread)" if unread else "Notices", page("/notices"),
                     path.startswith(page("/notices"))),
    )
