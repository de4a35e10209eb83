"""Budget arithmetic in whole micro-rho, and the name under which an answer is kept. No state here.

The caller holds the ledger: it looks up `answer_key`, calls `check_affordable` on numbers read in the
same transaction, and debits in that transaction. Spent amounts only ever rise.
"""

from __future__ import annotations

import hashlib

from readingroom.errors import BudgetExceeded


def check_affordable(
    cost: int, spent_project: int, cap_project: int, spent_dataset: int, cap_dataset: int, max_query: int
) -> None:
    """Raise BudgetExceeded unless the cost fits all three caps. All amounts are micro-rho."""
    amounts = (cost, spent_project, cap_project, spent_dataset, cap_dataset, max_query)
    if (
        any(isinstance(amount, bool) or not isinstance(amount, int) or amount < 0 for amount in amounts)
        or cost == 0
    ):
        raise BudgetExceeded(
            "The budget cannot be worked out, so nothing is spent.",
            rule="budget-arithmetic",
            next_step="Tell the people who run this Reading Room.",
        )
    best = max(0, min(max_query, cap_project - spent_project, cap_dataset - spent_dataset))
    works = (
        f"At most rho_micro {best} would work now; a smaller spend means more noise."
        if best
        else "Ask the data custodian for more budget."
    )
    if cost > max_query:
        raise BudgetExceeded(
            f"One private answer may cost at most {max_query} micro-rho.",
            rule="max_query_micro_rho",
            value=cost,
            next_step=works,
        )
    if spent_project + cost > cap_project:
        raise BudgetExceeded(
            f"The project has {max(0, cap_project - spent_project)} of {cap_project} micro-rho left.",
            rule="project_budget_micro_rho",
            value=cost,
            next_step=works,
        )
    if spent_dataset + cost > cap_dataset:
        raise BudgetExceeded(
            f"The dataset has {max(0, cap_dataset - spent_dataset)} micro-rho left for all projects.",
            rule="dataset_budget_micro_rho",
            value=cost,
            next_step=works,
        )


def answer_key(dataset: str, version: str, canonical: bytes, project: str) -> str:
    """SHA-256 over the four parts, each with its length, so that no two different lists share a key."""
    digest = hashlib.sha256(b"readingroom private answer 1")
    for part in (dataset.encode(), version.encode(), canonical, project.encode()):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
