"""Privacy accounts: what a project and a dataset have spent, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from readingroom.core.datasets import Dataset
from readingroom.core.privacy.accounting import DEFAULT_DELTA, DELTA_UNITS
from readingroom.core.privacy.ledger import Account, Cost
from readingroom.core.privacy.spends import table_femto_delta
from readingroom.core.projects import Grant, Project
from readingroom.services.room import ReadingRoom


@dataclass(frozen=True)
class BudgetLine:
    """A project's privacy account on one dataset, in micro-rho; `remaining` heeds the dataset's own cap too.

    `delta` is that at which the account is shown as epsilon.
    """

    dataset: str
    total: int
    spent: int
    remaining: int
    delta: float = DEFAULT_DELTA


def accounts_of(room: ReadingRoom, tx: Any, project: Project, grant: Grant) -> tuple[Account, ...]:
    """The accounts that a question under this grant debits: the project's own, and the one of the people asked about.

    The second is of all projects, all versions and all datasets about the same people. A cap that no policy states
    is nothing.
    """
    policy = room.policies.for_grant(project, grant)
    return (
        Account("project_budget_micro_rho", "The project", tx.accounts.spent([grant.dataset], project.slug),
                Cost(policy.project_budget_micro_rho or 0, policy.project_budget_femto_delta or 0)),
        Account("dataset_budget_micro_rho", "The dataset, for all projects together,",
                tx.accounts.spent(room.policies.of_the_same_people(grant.dataset)),
                Cost(policy.dataset_budget_micro_rho or 0, policy.dataset_budget_femto_delta or 0)),
    )


def budget_line(room: ReadingRoom, tx: Any, project: Project, grant: Grant) -> BudgetLine:
    """What is left for private answers of one grant: the project's own share, within the dataset's."""
    own, shared = accounts_of(room, tx, project, grant)
    return BudgetLine(grant.dataset, own.cap.micro_rho, own.spent.micro_rho,
                      min(own.left.micro_rho, shared.left.micro_rho), delta_of(room.policies.dataset(grant.dataset)))


def delta_of(dataset: Dataset) -> float:
    """The smallest delta of its tables: epsilon at it is never less than at theirs."""
    return min((table_femto_delta(table) / DELTA_UNITS for table in dataset.tables), default=DEFAULT_DELTA)
