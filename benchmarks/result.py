"""One measured figure beside its baseline."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """`ours` and `baseline` in seconds, of the same run."""

    what: str
    ours: float
    baseline: float
    baseline_name: str
    target: str = ""

    @property
    def ratio(self) -> float:
        return self.ours / self.baseline

    @staticmethod
    def shown(seconds: float) -> str:
        return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
