"""What private answers would cost and how exact they would be. All of it is free, and none of it touches data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from readingroom.core.privacy import budgets, pricing, queries
from readingroom.core.privacy.accounting import MICRO, epsilon
from readingroom.core.privacy.spends import MAX_RHO_MICRO
from readingroom.errors import InvalidInput
from readingroom.services.budgets import budget_line, delta_of
from readingroom.services.private_answers import Prepared, prepare, refusal
from readingroom.services.room import ReadingRoom

USUAL_MICRO_RHO = 1_000
COMPARED_ROWS = 10_000
MAX_POINTS, MAX_QUESTIONS = 30, 50
SPENDS = ("rho_micro", "rho", "epsilon")
HOW = {"equal_accuracy": "equal accuracy", "weights": "weights", "shares": "equal shares"}


@dataclass(frozen=True)
class Price:
    """What a question would cost and how exact the answer would be. `query` is its canonical form."""

    query: dict[str, Any]
    cost_micro_rho: int
    cost_epsilon: float
    delta: float
    remaining_micro_rho: int
    accuracy: dict[str, Any]
    already_answered: bool
    refusal: str


@dataclass(frozen=True)
class Curve:
    """The cost and accuracy of one question at other spends; each point says whether it is `affordable` now."""

    points: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Plan:
    """Questions with their shares of a budget; `cost_epsilon` is of all together."""

    prices: tuple[Price, ...]
    shared_by: str
    cost_micro_rho: int
    cost_epsilon: float
    remaining_micro_rho: int


def price(room: ReadingRoom, username: str, project: str, query: object) -> Price:
    """Price a question without asking it. Raises InvalidInput if it could not be asked at all."""
    with room.store.reading() as tx:
        return _priced(room, tx, prepare(room, tx, username, project, query))


def curve(room: ReadingRoom, username: str, project: str, query: object,
          spends: Sequence[int] | None = None) -> Curve:
    """What a question would get for `spends` in micro-rho, or for multiples of its own spend (else of a usual one)."""
    with room.store.reading() as tx:
        prepared = prepare(room, tx, username, project, _spending(query))
        left = budget_line(room, tx, prepared.project, prepared.grant).remaining
    most = min(left, prepared.policy.max_query_micro_rho or 0)
    factors = pricing.CURVE if spends is None else _factors(spends, prepared.query)
    points = pricing.curve(prepared.query, prepared.table, factors)
    return Curve(tuple(_point(prepared.query, point, most) for point in points))


def plan(room: ReadingRoom, username: str, project: str, questions: Sequence[object], budget: Mapping[str, object], *,
         weights: Sequence[float] | None = None, equal_accuracy: bool = False) -> Plan:
    """Share a budget in rho (or in epsilon, at the table's delta) among questions about one dataset."""
    if not 1 <= len(questions) <= MAX_QUESTIONS:
        raise InvalidInput(f"A plan has 1 to {MAX_QUESTIONS} questions.", rule="plan.questions", value=len(questions),
                           next_step="Plan fewer questions at a time.")
    with room.store.reading() as tx:
        prepared = [prepare(room, tx, username, project, _spending(question)) for question in questions]
        first = prepared[0]
        if others := sorted({one.dataset.slug for one in prepared} - {first.dataset.slug}):
            raise InvalidInput("A plan is about one dataset, because each has a budget of its own.",
                               rule="plan.dataset", value=", ".join([first.dataset.slug, *others]),
                               next_step="Make a plan for each dataset.")
        delta = delta_of(first.dataset)
        whole = budgets.parse_budget({"noise": budgets.GAUSSIAN, **budget} | (
            {"delta": delta} if budget.get("epsilon") is not None else {}))
        found = budgets.shared([_bare(question) for question in questions], first.dataset, whole,
                               None if weights is None else _weights(weights, len(questions)),
                               equal_accuracy=equal_accuracy)
        prices = tuple(_priced(room, tx, prepare(room, tx, username, project, one.query.as_dict())) for one in found)
        remaining = budget_line(room, tx, first.project, first.grant).remaining
    total = sum(one.cost_micro_rho for one in prices)
    by = "equal_accuracy" if equal_accuracy else "weights" if weights is not None else "shares"
    return Plan(prices, HOW[by], total, epsilon(total, delta), remaining)


def _priced(room: ReadingRoom, tx: Any, prepared: Prepared) -> Price:
    known = tx.accounts.find_by_key(prepared.key) is not None
    line = budget_line(room, tx, prepared.project, prepared.grant)
    quoted = prepared.price
    return Price(query=prepared.query.as_dict(), cost_micro_rho=0 if known else quoted.cost_micro_rho,
                 cost_epsilon=quoted.cost_epsilon, delta=quoted.delta, remaining_micro_rho=line.remaining,
                 accuracy=quoted.accuracy.as_dict(), already_answered=known,
                 refusal="" if known else refusal(room, prepared, tx))


def _point(query: queries.Query, point: Mapping[str, Any], most: int) -> dict[str, Any]:
    """`half_width_95` of the answer; of a quotient at `size` rows, since it depends on their number."""
    size = COMPARED_ROWS if query.statistic in pricing.RATIOS else None
    width = next((one["half_width_95"] for one in point["sizes"] if one["size"] == size), point["half_width_95"])
    return {**point, "size": size, "half_width_95": width, "affordable": point["rho_micro"] <= most}


def _spending(query: object) -> object:
    """The question with a spend, so that it can be checked and priced at all."""
    if not isinstance(query, dict) or any(query.get(name) is not None for name in SPENDS):
        return query
    return query | {"rho_micro": USUAL_MICRO_RHO}


def _bare(query: object) -> dict[str, Any]:
    """The question without a spend of its own: its share is what the plan gives it."""
    assert isinstance(query, dict), "it was prepared"
    return {name: value for name, value in query.items() if name not in (*SPENDS, "delta")}


def _factors(spends: Sequence[int], query: queries.Query) -> tuple[Fraction, ...]:
    if not 1 <= len(spends) <= MAX_POINTS or not all(0 < one <= MAX_RHO_MICRO for one in spends):
        raise InvalidInput(f"A curve has 1 to {MAX_POINTS} spends of 1 to {MAX_RHO_MICRO} micro-rho.",
                           rule="curve.spends", value=len(spends), next_step="Leave them out for the usual ones.")
    if query.spend.pure:
        raise InvalidInput("The spends of a question in pure epsilon are multiples of its own.", rule="curve.spends",
                           value=float(query.spend.amount), next_step="Leave the spends out, or ask in rho.")
    return tuple(Fraction(one, query.rho_micro) for one in sorted(set(spends)))


def _weights(weights: Sequence[float], wanted: int) -> list[Fraction]:
    found = [Fraction(str(one)) for one in weights if 0 < one <= MICRO]
    if len(found) != wanted or len(weights) != wanted:
        raise InvalidInput("Weights are positive numbers, one for each question.", rule="plan.weights",
                           value=", ".join(map(str, weights)), next_step=f"Give {wanted}, such as 1 or 2.5.")
    return found
