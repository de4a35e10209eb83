"""Privacy budgets in words, exactly: whole micro-rho become decimal rho without floating point."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from readingroom.core.privacy import accounting
from readingroom.services.budgets import BudgetLine

LOW_PERCENT = 80


@dataclass(frozen=True)
class Gauge:
    title: str
    words: str
    percent: str
    classes: str = ""


def rho(micro: int) -> str:
    """`0.0125 rho`: exact, at least three places so that lines compare."""
    value = Decimal(micro).scaleb(-6)
    text = f"{value.normalize():f}"
    whole, _, places = text.partition(".")
    return f"{whole}.{places.ljust(3, '0')} rho"


def gauge(line: BudgetLine, title: str, *, with_epsilon: bool = False) -> Gauge:
    """Spent of total. A dataset's own cap may leave less than the difference; then it is said.

    `with_epsilon` says besides what both are as epsilon.
    """
    if line.total == 0:
        return Gauge(title, "no budget for private answers", "0")
    percent = min(Decimal(100), Decimal(100) * line.spent / line.total)
    capped = (
        ""
        if line.remaining == max(0, line.total - line.spent)
        else f" (dataset’s limit leaves {rho(line.remaining)})"
    )
    classes = "rr-gauge--out" if line.remaining == 0 else "rr-gauge--low" if percent >= LOW_PERCENT else ""
    spent, total = (accounting.epsilon(micro, line.delta) for micro in (line.spent, line.total))
    worth = f", epsilon {spent:.2g} of {total:.2g} at delta {line.delta:.2g}" if with_epsilon else ""
    return Gauge(title, f"{rho(line.spent)} of {rho(line.total)} spent{worth}{capped}", f"{percent:.1f}", classes)
