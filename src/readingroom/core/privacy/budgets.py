"""A budget that somebody states, and how several questions share it. Pure arithmetic; no state.

{"epsilon": 1}: pure differential privacy, Laplace noise. {"rho": 0.02} or {"rho_micro": 20000}: zero-concentrated,
Gaussian noise. {"epsilon": 1, "delta": 1e-7}: either, whichever is more exact for the questions asked, unless
`noise` says which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from readingroom.core.datasets import Dataset, Table
from readingroom.core.privacy.accounting import (
    DEFAULT_DELTA,
    DELTA_UNITS,
    MICRO,
    epsilon,
    femto_delta_of,
    rho_micro_for,
)
from readingroom.core.privacy.ledger import Account, Cost, check_affordable
from readingroom.core.privacy.pricing import Price, price
from readingroom.core.privacy.queries import Query, parse_query
from readingroom.core.privacy.spends import parse_delta
from readingroom.core.privacy.values import given_number, is_int, is_object, listed, refuse
from readingroom.errors import BudgetExceeded

GAUSSIAN, LAPLACE = "gaussian", "laplace"
FIELDS = frozenset({"epsilon", "delta", "rho", "rho_micro", "noise", "caps"})
CAPS = ("query_rho_micro", "project_rho_micro", "dataset_rho_micro", "project_spent_rho_micro",
        "dataset_spent_rho_micro")
MAX_EPSILON = 100
COMPARED_SIZE = 1_000_000  # large, so that no relative error is cut off
HOW = 'Write {"epsilon": 1}, {"epsilon": 1, "delta": 1e-7} or {"rho": 0.02}.'
MAX_RHO_MICRO = MICRO * MAX_EPSILON**2 // 2


@dataclass(frozen=True)
class Budget:
    """`epsilon_micro` is 0 where only rho was given, `rho_micro` where only pure epsilon was."""

    epsilon_micro: int
    rho_micro: int
    delta: float
    noise: str
    caps: tuple[int, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of noise that keep to it."""
        possible = [LAPLACE] * (self.epsilon_micro > 0) + [GAUSSIAN] * (self.rho_micro > 0)
        return tuple(kind for kind in possible if not self.noise or kind == self.noise)

    def as_dict(self) -> dict[str, object]:
        said: dict[str, object] = {"delta": self.delta}
        if self.epsilon_micro:
            return {"epsilon": self.epsilon_micro / MICRO} | said
        return {"rho_micro": self.rho_micro} | said


def parse_budget(raw: object) -> Budget:
    if not is_object(raw) or not set(raw) <= FIELDS:
        refuse("A budget is a JSON object.", "budget-fields", listed(raw) if is_object(raw) else type(raw).__name__,
               f"Fields: {listed(sorted(FIELDS))}. {HOW}")
    given = [name for name in ("epsilon", "rho", "rho_micro") if raw.get(name) is not None]
    if len(given) != 1:
        refuse("A budget has one of epsilon, rho and rho_micro.", "budget-amount", listed(given) or "none", HOW)
    (name,) = given
    amount = given_number(raw[name])
    most = {"epsilon": MAX_EPSILON, "rho": MAX_RHO_MICRO // MICRO, "rho_micro": MAX_RHO_MICRO}[name]
    if amount is None or not 0 < amount <= most or (name == "rho_micro" and not is_int(amount)):
        refuse(f"`{name}` is a positive number.", "budget-amount", raw[name], f"Give one up to {most}. {HOW}")
    micro = int(Fraction(str(amount)) * (1 if name == "rho_micro" else MICRO))
    if micro < 1:
        refuse("That is less than a millionth.", "budget-amount", raw[name], "Give more.")
    stated = raw.get("delta")
    pure = name == "epsilon" and (stated is None or given_number(stated) == 0)
    delta = 0.0 if pure else DEFAULT_DELTA if stated is None else parse_delta(stated)
    noise = raw.get("noise", "")
    if noise not in ("", GAUSSIAN, LAPLACE) or (pure and noise == GAUSSIAN) or (name != "epsilon" and noise == LAPLACE):
        refuse("`noise` is gaussian (needs delta or rho) or laplace (needs epsilon).", "budget-noise", noise,
               "Leave it out to have the more exact one.")
    if name != "epsilon":
        return Budget(0, micro, delta, str(noise), _parse_caps(raw.get("caps")))
    return Budget(micro, 0 if pure else rho_micro_for(micro / MICRO, delta), delta, str(noise),
                  _parse_caps(raw.get("caps")))


def _parse_caps(raw: object) -> tuple[int, ...]:
    if raw is None:
        return ()
    if not is_object(raw) or not set(raw) <= set(CAPS) or not all(is_int(cap) and cap >= 0 for cap in raw.values()):
        refuse("`caps` are whole numbers of micro-rho.", "budget-caps", listed(raw) if is_object(raw) else raw,
               f"Fields: {listed(CAPS)}.")
    return tuple(int(raw.get(name, MAX_RHO_MICRO if "spent" not in name else 0)) for name in CAPS)  # type: ignore[call-overload]


@dataclass(frozen=True)
class Priced:
    query: Query
    table: Table
    price: Price


def shared(questions: Sequence[Mapping[str, Any]], dataset: Dataset, budget: Budget,
           weights: Sequence[Fraction] | None = None, *, equal_accuracy: bool = False) -> tuple[Priced, ...]:
    """Every question with its spend: its own where it says one, else its share of the whole budget.

    Shares are equal, or by `weights`, or such that all have about the same relative error. Refused, before anything
    is spent, if together they cost more than the budget or a cap allows.
    """
    best: tuple[Priced, ...] | None = None
    refusal: Exception | None = None
    for kind in budget.kinds:
        try:
            found = _shared(questions, dataset, budget, kind, weights, equal_accuracy)
        except BudgetExceeded as error:
            refusal = error
            continue
        if best is None or _inexactness(found) < _inexactness(best):
            best = found
    if best is None:
        raise refusal if refusal is not None else BudgetExceeded(
            "The budget buys nothing.", rule="budget-amount", value=str(budget.as_dict()), next_step=HOW)
    return best


def _shared(questions: Sequence[Mapping[str, Any]], dataset: Dataset, budget: Budget, kind: str,
            weights: Sequence[Fraction] | None, equal_accuracy: bool) -> tuple[Priced, ...]:
    shares = [Fraction(1)] * len(questions) if weights is None else list(weights)
    thresholds = sum(_seeks(question) for question in questions)
    threshold_delta = _threshold_delta(budget, kind, thresholds)
    total = budget.epsilon_micro
    if kind == GAUSSIAN:
        left = budget.delta - threshold_delta * thresholds
        total = rho_micro_for(budget.epsilon_micro / MICRO, left) if budget.epsilon_micro else budget.rho_micro

    def priced(parts: Sequence[Fraction]) -> tuple[Priced, ...]:
        whole = sum(parts, Fraction(0))
        return tuple(_price(question, dataset, kind, int(total * part / whole), threshold_delta, budget)
                     for question, part in zip(questions, parts, strict=True))

    found = priced(shares)
    if equal_accuracy:
        power = 1 if kind == LAPLACE else 2
        widths = [Fraction(price(one.query, one.table, sizes=(COMPARED_SIZE,)).accuracy.sizes[0].relative)
                  for one in found]
        found = priced([share * width**power for share, width in zip(shares, widths, strict=True)])
    check_within(budget, found, kind, total)
    return found


def _price(question: Mapping[str, Any], dataset: Dataset, kind: str, micro: int, threshold_delta: float,
           budget: Budget) -> Priced:
    said = dict(question)
    if not any(said.get(name) is not None for name in ("rho", "rho_micro", "epsilon")):
        if micro < 1:
            raise BudgetExceeded("The budget is too small to be shared by so many questions.", rule="budget-amount",
                                 value=micro, next_step="Ask fewer at a time, or give more.")
        said |= {"epsilon": micro / MICRO} if kind == LAPLACE else {"rho_micro": micro}
    if threshold_delta and _seeks(said) and said.get("threshold_delta") is None:
        said["threshold_delta"] = threshold_delta
    query = parse_query(said, dataset, max_rho_micro=MAX_RHO_MICRO)
    table = dataset.table(query.table)
    assert table is not None, "a parsed query names a registered table"
    return Priced(query, table, price(query, table, budget.delta or None))


def _seeks(question: Mapping[str, Any]) -> bool:
    """Does it have categories found privately? Only these spend delta on a threshold."""
    by = question.get("by")
    keys = by if isinstance(by, list | tuple) else [by]
    return question.get("undeclared") is True or any(is_object(key) and key.get("undeclared") is True for key in keys)


def _threshold_delta(budget: Budget, kind: str, thresholds: int) -> float:
    if not thresholds:
        return 0.0
    if not budget.delta:
        refuse("Categories that nobody declared can't be found with pure epsilon.", "budget-delta", 0,
               "Add a delta, such as 1e-7, or declare the categories.")
    part = Fraction(str(budget.delta)) / (thresholds if kind == LAPLACE else 2 * thresholds)
    return femto_delta_of(float(part)) / DELTA_UNITS


def check_within(budget: Budget, found: Sequence[Priced], kind: str, total: int) -> None:
    """Raise BudgetExceeded unless all of them together keep to the budget, in the measure of their noise."""
    if budget.epsilon_micro and kind == LAPLACE:
        if not all(one.query.spend.pure for one in found):
            raise BudgetExceeded("A question paid in rho does not fit a budget of pure epsilon.", rule="budget-measure",
                                 value="rho", next_step="Give the question `epsilon`, or the budget a delta.")
        spent = sum(one.query.spend.epsilon_micro for one in found)
    else:
        spent = sum(one.query.spend.rho_micro for one in found)
    femto_delta = sum(one.query.spend.femto_delta for one in found)
    unit = "epsilon" if budget.epsilon_micro and kind == LAPLACE else "rho"
    if spent > total:
        raise BudgetExceeded(
            f"The questions cost {unit} {spent / MICRO:g} together, and the budget has {total / MICRO:g}.",
            rule="budget-total", value=spent / MICRO,
            next_step=f"At most {unit} {total / MICRO:g} would work; ask fewer or spend less on each.")
    if femto_delta / DELTA_UNITS > budget.delta:
        raise BudgetExceeded("The questions cost more delta than the budget has.", rule="budget-delta",
                             value=femto_delta / DELTA_UNITS, next_step=f"At most {budget.delta:g} would work.")
    if budget.caps:
        query_cap, project, dataset, project_spent, dataset_spent = budget.caps
        for one in found:
            cost = Cost(one.price.cost_micro_rho)
            accounts = (Account("project_rho_micro", "The project", Cost(project_spent), Cost(project)),
                        Account("dataset_rho_micro", "The dataset", Cost(dataset_spent), Cost(dataset)))
            check_affordable(cost, accounts, query_cap)
            project_spent, dataset_spent = project_spent + cost.micro_rho, dataset_spent + cost.micro_rho


def _inexactness(found: Sequence[Priced]) -> float:
    """To compare the same questions under two kinds of noise: the product of their half-widths."""
    product = 1.0
    for one in found:
        accuracy = price(one.query, one.table, sizes=(COMPARED_SIZE,)).accuracy
        product *= max(1e-12, accuracy.sizes[0].half_width_95) if accuracy.sizes else accuracy.half_width_95
        product *= max(1, accuracy.threshold or 1)
    return product


def account(found: Sequence[Priced], budget: Budget) -> dict[str, object]:
    """What the questions cost together, in every measure that applies."""
    rho_micro = sum(one.query.spend.rho_micro for one in found)
    femto_delta = sum(one.query.spend.femto_delta for one in found)
    pure = all(one.query.spend.pure for one in found)
    shown = budget.delta or DEFAULT_DELTA
    said: dict[str, object] = {"rho_micro": rho_micro, "femto_delta": femto_delta}
    if pure:
        return said | {"epsilon": sum(one.query.spend.epsilon_micro for one in found) / MICRO,
                       "delta": femto_delta / DELTA_UNITS}
    rest = shown - femto_delta / DELTA_UNITS
    return said | {"epsilon": epsilon(rho_micro, rest if rest > 0 else shown), "delta": shown}


