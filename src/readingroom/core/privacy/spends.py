"""What a query pays, checked: in rho with Gaussian noise, or in pure epsilon with Laplace noise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from readingroom.core.datasets import Table
from readingroom.core.privacy.accounting import MICRO, pure_rho_micro, rho_micro_for
from readingroom.core.privacy.values import given_number, listed, refuse

MAX_RHO_MICRO = 1_350_000  # a whole dataset's lifetime; the ledger's caps are tighter


@dataclass(frozen=True)
class Spend:
    """What a query pays. In rho (zCDP, Gaussian noise), or in pure epsilon (Laplace noise) if `epsilon_micro`.

    `rho_micro` is the charge in either case: epsilon^2 / 2 for a pure one. `femto_delta` is what finding categories
    privately costs besides, in units of 1e-15.
    """

    rho_micro: int
    epsilon_micro: int = 0
    femto_delta: int = 0

    @property
    def pure(self) -> bool:
        return self.epsilon_micro > 0

    @property
    def amount(self) -> Fraction:
        """In its own measure: epsilon if pure, else rho."""
        return Fraction(self.epsilon_micro or self.rho_micro, MICRO)

    def as_dict(self) -> dict[str, object]:
        paid: dict[str, object] = ({"epsilon": float(self.amount)} if self.pure else {"rho_micro": self.rho_micro})
        return paid | ({"threshold_delta": self.femto_delta / 10**15} if self.femto_delta else {})


def parse_spend(raw: Mapping[str, object], most: int) -> Spend:
    given = [name for name in ("rho_micro", "rho", "epsilon") if raw.get(name) is not None]
    if len(given) != 1:
        refuse("Say how much budget to spend: `rho_micro`, `rho` or `epsilon`, one of them.", "query-rho",
               listed(given) or "none", 'Write "rho_micro": 1000, a usual start.')
    (name,) = given
    amount = given_number(raw[name])
    delta = raw.get("delta")
    if amount is None or amount <= 0 or (name == "rho_micro" and not isinstance(amount, int)):
        refuse(f"`{name}` says how much budget to spend.", "query-rho", raw[name],
               f"Give {'a whole number from 1' if name == 'rho_micro' else 'a number above 0'} "
               f"to {most if name == 'rho_micro' else 'the budget'}; rho_micro 1000 is a usual start.")
    if delta is not None and name != "epsilon":
        refuse("`delta` goes with `epsilon`.", "query-delta", delta, "Leave it out: rho needs none.")
    exact = Fraction(str(amount))
    if name == "epsilon" and delta is None:
        epsilon_micro = int(exact * MICRO)
        spend = Spend(pure_rho_micro(epsilon_micro), epsilon_micro)
    elif name == "epsilon":
        spend = Spend(rho_micro_for(min(amount, 1000), parse_delta(delta)))
    else:
        spend = Spend(int(exact if name == "rho_micro" else exact * MICRO))
    if spend.rho_micro < 1:
        refuse("That is less than a millionth.", "query-rho", raw[name], "Spend more; rho_micro 1000 is a usual start.")
    if spend.rho_micro > most:
        refuse("That is more than any answer may cost.", "query-rho", raw[name],
               f"At most rho_micro {most}, which is epsilon {math.sqrt(2 * most / MICRO):.3g} without delta.")
    return spend


def parse_delta(raw: object) -> float:
    """A delta strictly between 0 and 1/100, or a refusal."""
    found = given_number(raw)
    if found is None or not 1e-15 <= found <= 0.01:
        refuse("`delta` is a small chance.", "query-delta", raw, "Give 1e-15 to 0.01; 1e-7 is usual.")
    return float(found)


def table_femto_delta(table: Table) -> int:
    """The delta at which losses are shown: the smaller of 1e-7 and 1/(10 n), n the public ceiling on rows."""
    usual = 10**8
    return min(usual, 10**15 // (10 * table.row_ceiling)) if table.row_ceiling else usual
