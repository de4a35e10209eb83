"""How private numbers are written: whole ones with commas, others to four digits; budgets as decimals of rho."""

from __future__ import annotations

MICRO = 1_000_000


def written(value: float | None) -> str:
    if value is None:
        return "unknown"
    whole = isinstance(value, int) or abs(value) >= 1000
    return f"{value:,.0f}" if whole else f"{value:.4g}"


def rho(micro: int) -> str:
    return f"{micro / MICRO:g} rho"
