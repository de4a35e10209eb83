"""Budget arithmetic in whole units, and the name under which an answer is kept. No state here.

The caller holds the ledger: it looks up `answer_key`, calls `check_affordable` on numbers read in the
same transaction, and debits in that transaction. Spent amounts fall only by the refund of what was never computed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from readingroom.errors import BudgetExceeded


@dataclass(frozen=True)
class Cost:
    """A privacy loss or a cap on it: zero-concentrated rho in millionths, delta in units of 1e-15. Whole numbers."""

    micro_rho: int
    femto_delta: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.micro_rho + other.micro_rho, self.femto_delta + other.femto_delta)

    def __sub__(self, other: Cost) -> Cost:
        """What is left, never below nothing."""
        return Cost(max(0, self.micro_rho - other.micro_rho), max(0, self.femto_delta - other.femto_delta))

    def covers(self, other: Cost) -> bool:
        return self.micro_rho >= other.micro_rho and self.femto_delta >= other.femto_delta


NOTHING = Cost(0)


@dataclass(frozen=True)
class Account:
    """One account that a question debits: the policy `rule` that caps it, in words whose it is, spent and cap."""

    rule: str
    owner: str
    spent: Cost
    cap: Cost

    @property
    def left(self) -> Cost:
        return self.cap - self.spent


def check_affordable(cost: Cost, accounts: Sequence[Account], max_query_micro_rho: int) -> None:
    """Raise BudgetExceeded, with what would still fit, unless the cost fits the cap of one answer and every account."""
    amounts = [*astuple(cost), max_query_micro_rho,
               *(amount for account in accounts for both in (account.spent, account.cap) for amount in astuple(both))]
    if (
        not accounts
        or any(isinstance(amount, bool) or not isinstance(amount, int) or amount < 0 for amount in amounts)
        or cost.micro_rho == 0
    ):
        raise BudgetExceeded(
            "The budget cannot be worked out, so nothing is spent.",
            rule="budget-arithmetic",
            next_step="Tell the people who run this Reading Room.",
        )
    best = min(max_query_micro_rho, *(account.left.micro_rho for account in accounts))
    works = (
        f"At most rho_micro {best} would work now; a smaller spend means more noise."
        if best
        else "Ask the data custodian for more budget."
    )
    if cost.micro_rho > max_query_micro_rho:
        raise BudgetExceeded(
            f"One private answer may cost at most {max_query_micro_rho} micro-rho.",
            rule="max_query_micro_rho",
            value=cost.micro_rho,
            next_step=works,
        )
    for account in accounts:
        if cost.micro_rho > account.left.micro_rho:
            raise BudgetExceeded(
                f"{account.owner} has {account.left.micro_rho} of {account.cap.micro_rho} micro-rho left.",
                rule=account.rule,
                value=cost.micro_rho,
                next_step=works,
            )
        if cost.femto_delta > account.left.femto_delta:
            raise BudgetExceeded(
                f"{account.owner} has delta {account.left.femto_delta}e-15 of {account.cap.femto_delta}e-15 left.",
                rule=account.rule.replace("micro_rho", "femto_delta"),
                value=cost.femto_delta,
                next_step="Ask with declared categories, which need no delta, or with a smaller delta.",
            )


def answer_key(dataset: str, version: str, canonical: bytes, project: str) -> str:
    """SHA-256 over the four parts, each with its length, so that no two different lists share a key."""
    digest = hashlib.sha256(b"readingroom private answer 1")
    for part in (dataset.encode(), version.encode(), canonical, project.encode()):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
