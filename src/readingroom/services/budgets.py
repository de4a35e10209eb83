"""Privacy accounts: what a project and a dataset have spent, and what is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from readingroom.core.datasets import Dataset
from readingroom.core.privacy.accounting import DEFAULT_DELTA, DELTA_UNITS
from readingroom.core.privacy.ledger import Account, Cost
from readingroom.core.privacy.spends import table_femto_delta
from readingroom.core.projects import Grant, Project
from readingroom.services.room import ReadingRoom

Spent = Callable[[Iterable[str], str], Cost]


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
    return _accounts(room, tx.accounts.spent, project, grant)


def _accounts(room: ReadingRoom, spent: Spent, project: Project, grant: Grant) -> tuple[Account, ...]:
    policy = room.policies.for_grant(project, grant)
    return (
        Account("project_budget_micro_rho", "The project", spent([grant.dataset], project.slug),
                Cost(policy.project_budget_micro_rho or 0, policy.project_budget_femto_delta or 0)),
        Account("dataset_budget_micro_rho", "The dataset, for all projects together,",
                spent(room.policies.of_the_same_people(grant.dataset), ""),
                Cost(policy.dataset_budget_micro_rho or 0, policy.dataset_budget_femto_delta or 0)),
    )


def budget_line(room: ReadingRoom, tx: Any, project: Project, grant: Grant) -> BudgetLine:
    """What is left for private answers of one grant: the project's own share, within the dataset's."""
    return _line(room, tx.accounts.spent, project, grant)


def budget_lines(room: ReadingRoom, tx: Any, held: Sequence[tuple[Project, Grant]]) -> tuple[BudgetLine, ...]:
    """The same of many grants, in one question to the records."""
    datasets = {other for _, grant in held for other in room.policies.of_the_same_people(grant.dataset)}
    spent = tx.accounts.spent_each(datasets | {grant.dataset for _, grant in held}, {one.slug for one, _ in held})
    return tuple(_line(room, spent, project, grant) for project, grant in held)


def _line(room: ReadingRoom, spent: Spent, project: Project, grant: Grant) -> BudgetLine:
    own, shared = _accounts(room, spent, project, grant)
    return BudgetLine(grant.dataset, own.cap.micro_rho, own.spent.micro_rho,
                      min(own.left.micro_rho, shared.left.micro_rho), delta_of(room.policies.dataset(grant.dataset)))


def delta_of(dataset: Dataset) -> float:
    """The smallest delta of its tables: epsilon at it is never less than at theirs."""
    return min((table_femto_delta(table) / DELTA_UNITS for table in dataset.tables), default=DEFAULT_DELTA)
