"""The custodian's account of a dataset: who spent what on what, and what is left. Questions and costs, no figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from readingroom.core.answers import PrivateAnswer
from readingroom.core.datasets import Dataset
from readingroom.core.lifecycle import GrantStatus
from readingroom.core.permissions import check_can_see_account
from readingroom.core.privacy.ledger import Cost
from readingroom.core.projects import Project
from readingroom.services.budgets import BudgetLine, budget_lines
from readingroom.services.room import ReadingRoom


@dataclass(frozen=True)
class ProjectAccount:
    project: Project
    line: BudgetLine


@dataclass(frozen=True)
class Account:
    """`spent` is of all projects on all datasets about the same people, which share `cap`; `linked` says how much of
    it on each. `answers` are those about this dataset, newest first, as everybody may see them now, without their
    figures; `asked` says how many each project has.
    """

    dataset: Dataset
    cap: Cost
    spent: Cost
    linked: tuple[tuple[Dataset, Cost], ...]
    projects: tuple[ProjectAccount, ...]
    answers: tuple[PrivateAnswer, ...]
    asked: Mapping[str, int]


def account(room: ReadingRoom, username: str, slug: str, before: int | None = None, most: int | None = None
            ) -> Account:
    """For the dataset's own custodian only. What others' datasets were asked is theirs to see: here it is a sum.

    Of the answers, the newest `most` under number `before`; all if not said.
    """
    dataset = room.policies.dataset(slug)
    same = room.policies.of_the_same_people(slug)
    policy = room.policies.of_dataset(slug)
    with room.store.reading() as tx:
        check_can_see_account(tx.people.get(username), dataset.custodian)
        return Account(
            dataset=dataset,
            cap=Cost(policy.dataset_budget_micro_rho or 0, policy.dataset_budget_femto_delta or 0),
            spent=tx.accounts.spent(same),
            linked=tuple((room.policies.dataset(other), tx.accounts.spent([other])) for other in same)
            if len(same) > 1 else (),
            projects=_projects(room, tx, slug),
            answers=tuple(replace(answer.as_seen_at(room.now()), answer=None, answered_at=None)
                          for answer in tx.accounts.of_dataset(slug, most, before)),
            asked=tx.accounts.asked(slug),
        )


def _projects(room: ReadingRoom, tx: Any, slug: str) -> tuple[ProjectAccount, ...]:
    """Every project that ever had a grant of the dataset, by its newest one."""
    newest = {grant.project: grant for grant in tx.grants.of_datasets([slug], *GrantStatus)}  # the oldest come first
    projects = tx.projects.among(newest)
    found = [(projects[name], grant) for name, grant in sorted(newest.items())]
    return tuple(ProjectAccount(project, line) for (project, _), line in
                 zip(found, budget_lines(room, tx, found), strict=True))
