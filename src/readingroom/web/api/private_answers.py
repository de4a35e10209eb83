"""`/private`: the price of a private answer, and the answer."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from fastapi import APIRouter, Response
from pydantic import Field
from typing_extensions import TypedDict

from readingroom.core.answers import PrivateAnswer
from readingroom.core.lifecycle import AnswerStatus
from readingroom.errors import NotFound
from readingroom.services import private_answers as service
from readingroom.services import private_prices as prices
from readingroom.services import private_releases
from readingroom.web.api.answered import exactly
from readingroom.web.api.caller import REFUSALS, Caller, Calling
from readingroom.web.api.sent import Body, example
from readingroom.web.portal import Here, Number, Portal

router = APIRouter(tags=["private answers"], responses=REFUSALS)


COUNT = {"dataset": "magistrates-courts", "table": "defendants", "statistic": "people", "by": ["sex"],
         "rho_micro": 1000}


class Question(Body):
    """`query` follows the grammar of core/privacy/queries.py and is checked there."""

    model_config = example(query=COUNT)
    query: dict[str, Any]


class OtherSpends(Question):
    """`rho_micro` are the spends to compare; multiples of the question's own spend if left out."""

    rho_micro: Annotated[list[int], Field(max_length=prices.MAX_POINTS)] | None = None


class Share(Body):
    """`budget` is {"epsilon": ...} or {"rho": ...}; shared equally, by `weights`, or for `equal_accuracy`."""

    model_config = example(queries=[COUNT], budget={"epsilon": 0.5})
    queries: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=prices.MAX_QUESTIONS)]
    budget: dict[str, Any]
    weights: Annotated[list[float], Field(max_length=prices.MAX_QUESTIONS)] | None = None
    equal_accuracy: bool = False


@exactly
class Priced(TypedDict):
    query: dict[str, Any]
    cost_micro_rho: int
    cost_epsilon: float
    delta: float
    remaining_micro_rho: int
    accuracy: dict[str, Any]
    already_answered: bool
    refusal: str


@exactly
class Curve(TypedDict):
    curve: list[dict[str, Any]]


@exactly
class Planned(TypedDict):
    plan: list[Priced]
    shared_by: str
    cost_micro_rho: int
    cost_epsilon: float
    remaining_micro_rho: int


@exactly
class Told(TypedDict):
    """`answer` once it is answered; `message` where it never will be."""

    id: int
    status: str
    deliver_at: str
    dry_run: bool
    charged_micro_rho: int
    answer: NotRequired[dict[str, Any] | None]
    message: NotRequired[str]


@exactly
class Leaving(TypedDict):
    number: int
    status: str
    approvals_required: int


@router.post("/private/price")
def price(here: Here, calling: Calling, question: Question) -> Priced:
    """What it would cost and how exact it would be; costs nothing."""
    return _priced(prices.price(here.room, calling.username, calling.project, question.query))


@router.post("/private/curve")
def curve(here: Here, calling: Calling, question: OtherSpends) -> Curve:
    """What it would cost and how exact it would be at other spends; costs nothing."""
    found = prices.curve(here.room, calling.username, calling.project, question.query, question.rho_micro)
    return {"curve": list(found.points)}


@router.post("/private/plan")
def plan(here: Here, calling: Calling, share: Share) -> Planned:
    """How several questions would share a budget; costs nothing."""
    made = prices.plan(here.room, calling.username, calling.project, share.queries, share.budget,
                       weights=share.weights, equal_accuracy=share.equal_accuracy)
    return {"plan": [_priced(one) for one in made.prices], "shared_by": made.shared_by,
            "cost_micro_rho": made.cost_micro_rho, "cost_epsilon": made.cost_epsilon,
            "remaining_micro_rho": made.remaining_micro_rho}


def _priced(quoted: prices.Price) -> Priced:
    return {"query": quoted.query, "cost_micro_rho": quoted.cost_micro_rho, "cost_epsilon": quoted.cost_epsilon,
            "delta": quoted.delta, "remaining_micro_rho": quoted.remaining_micro_rho, "accuracy": quoted.accuracy,
            "already_answered": quoted.already_answered, "refusal": quoted.refusal}


@router.post("/private/answers", responses={202: {"model": Told, "description": "Paid; being computed"}})
def ask(here: Here, calling: Calling, question: Question, response: Response) -> Told:
    """Pay and ask; 202 while it is being computed, 200 with the answer if it was asked before."""
    answer, charged = service.ask(here.room, calling.username, calling.project, question.query)
    response.status_code = 202 if answer.waiting else 200
    return _shown(answer) | {"charged_micro_rho": charged}


@router.post("/private/dry-runs", responses={202: {"model": Told, "description": "Being computed"}})
def dry_run(here: Here, calling: Calling, question: Question, response: Response) -> Told:
    """The same question of the dataset's synthetic twin: free, with the same noise, and no answer."""
    tried = service.dry_run(here.room, calling.username, calling.project, question.query)
    response.status_code = 202 if tried.waiting else 200
    return _shown(tried) | {"charged_micro_rho": 0}


@router.get("/private/answers/{answer_id}")
def get(here: Here, calling: Calling, answer_id: Number) -> Told:
    """An answer of this project."""
    answer = _found(here, calling, answer_id)
    return _shown(answer) | {"charged_micro_rho": answer.cost_micro_rho}


@router.post("/private/answers/{answer_id}/release")
def release(here: Here, calling: Calling, answer_id: Number) -> Leaving:
    """Ask for an answer of this project to leave; at once where policy lets it. Asked again, it is the same request."""
    asked = private_releases.release(here.room, calling.username, _found(here, calling, answer_id).id)
    return {"number": asked.number, "status": asked.status.value, "approvals_required": asked.checkers_required}


def _found(here: Portal, calling: Caller, answer_id: int) -> PrivateAnswer:
    """The person may have answers in other projects too: a workspace sees its own project's only."""
    answer = service.get(here.room, calling.username, answer_id)
    if answer.project != calling.project:
        raise NotFound(f"There is no private answer {answer_id}.", rule="answer.exists", value=answer_id)
    return answer


def _shown(answer: PrivateAnswer) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": answer.id, "status": answer.status.value,
                             "deliver_at": answer.deliver_at.isoformat(), "dry_run": answer.dry_run}
    if answer.status is AnswerStatus.ANSWERED:
        shown["answer"] = answer.answer
    elif answer.answer:
        shown["message"] = answer.answer.get("message", "")
    return shown
