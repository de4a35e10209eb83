"""Whether a checker is far enough from an author to judge their work, and who is asked first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from readingroom.core.lifecycle import ProjectStatus
from readingroom.core.people import Person
from readingroom.core.policy import Policy
from readingroom.core.projects import Project
from readingroom.errors import PermissionDenied


def check_apart(checker: Person, author: Person, shared: Iterable[Project], policy: Policy, today: date) -> None:
    """Refuse someone who works with the author, or did recently, and colleagues where policy says so.

    `shared` are projects with both as members, whatever their state. One counts until its end, and `coauthor_days`
    longer.
    """
    for project in shared:
        over = project.expires_on + timedelta(days=policy.coauthor_days or 0)
        if today <= over and not (project.status is ProjectStatus.CLOSED and not policy.coauthor_days):
            raise PermissionDenied(f"You are or were in a project with {author.display_name} and cannot check "
                                   "their outputs.", rule="review.coauthor", value=project.slug,
                                   next_step="Other output checkers will.")
    if policy.other_organisation and _named(checker.organisation) == _named(author.organisation):
        raise PermissionDenied(f"You are of the same organisation as {author.display_name}, whose outputs policy lets "
                               "only others check.", rule="review.organisation", value=checker.organisation,
                               next_step="Output checkers of another organisation will.")


def suggested(loads: Mapping[str, int], needed: int, number: int) -> frozenset[str]:
    """Whom to ask first: those who answered least of late; among equals by a hash, so that none is always first."""

    def order(name: str) -> tuple[int, str]:
        return loads[name], hashlib.sha256(f"{number} {name}".encode()).hexdigest()

    return frozenset(sorted(loads, key=order)[:needed])


def _named(organisation: str) -> str:
    return " ".join(organisation.split()).casefold()
