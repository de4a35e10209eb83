"""One measured figure beside its baseline."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """`ours` and `baseline` in the same `unit` and of the same run."""

    what: str
    ours: float
    baseline: float
    baseline_name: str
    target: str = ""
    unit: str = "s"

    @property
    def ratio(self) -> float:
        return self.ours / self.baseline

    def shown(self, value: float) -> str:
        if self.unit != "s":
            return f"{value:,.0f} {self.unit}"
        return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"
