"""What is left of the project's privacy budgets, with a gauge."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from readingroom.sdk import _door
from readingroom.sdk._dp.numbers import MICRO, rho
from readingroom.sdk._html import LEFT

BLOCKS = 20


@dataclass(frozen=True)
class Budget:
    """A project's account of one dataset, in millionths of rho; epsilon is what that is at `delta`."""

    dataset: str
    total_micro_rho: int
    spent_micro_rho: int
    remaining_micro_rho: int
    epsilon_total: float
    epsilon_spent: float
    delta: float

    def __repr__(self) -> str:
        if not self.total_micro_rho:
            return f"{self.dataset}: no budget for private answers"
        full = min(BLOCKS, -(-BLOCKS * self.spent_micro_rho // self.total_micro_rho))
        return f"{self.dataset}: [{'#' * full}{'.' * (BLOCKS - full)}] {self.words}"

    @property
    def words(self) -> str:
        capped = max(0, self.total_micro_rho - self.spent_micro_rho) != self.remaining_micro_rho
        limit = " (the dataset's own limit, for all projects)" if capped else ""
        return (f"{rho(self.spent_micro_rho)} of {self.total_micro_rho / MICRO:g} spent (epsilon "
                f"{self.epsilon_spent:.3g} of {self.epsilon_total:.3g}), {self.remaining_micro_rho / MICRO:g} left"
                f"{limit}")


class Budgets(tuple[Budget, ...]):
    """The accounts by dataset; shows itself as gauges."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(map(repr, self)) or "No dataset, no budget."

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td {LEFT}><code>{escape(one.dataset)}</code></td><td {LEFT}>"
            f'<meter aria-label="Spent" min=0 max={max(one.total_micro_rho, 1)} value={one.spent_micro_rho}></meter> '
            f"{escape(one.words if one.total_micro_rho else 'no budget for private answers')}</td></tr>"
            for one in self)
        return (f"<table><thead><tr><th {LEFT}>Dataset</th><th {LEFT}>Privacy budget</th></tr></thead>"
                f"<tbody>{rows}</tbody></table>")


def budget() -> Budgets:
    """What was spent and what is left, per dataset."""
    return Budgets(budget_of(dataset) for dataset in _door.get("/workspace")["datasets"])


def budget_of(described: dict[str, Any]) -> Budget:
    return Budget(described["slug"], **{name: described["budget"][name] for name in (
        "total_micro_rho", "spent_micro_rho", "remaining_micro_rho", "epsilon_total", "epsilon_spent", "delta")})
