"""Differentially private answers: priced first, paid once, free when asked again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput, Unavailable
from readingroom.sdk import _door

if TYPE_CHECKING:
    import pandas

    from readingroom.sdk._figures import Picture

MICRO = 1_000_000
WAIT_SECONDS = 120.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 2.0

Where = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Price:
    """`cost_micro_rho` is 0 where the answer is there already; `refusal` says why it would be refused."""

    cost_micro_rho: int
    cost_epsilon: float
    remaining_micro_rho: int
    half_width_95: float
    smallest_usable_group: float
    already_answered: bool
    refusal: str
    accuracy: dict[str, Any] = field(repr=False)

    def _repr_html_(self) -> str:
        from readingroom.sdk._html import definitions

        cost = ("nothing: it was answered before" if self.already_answered
                else f"{self.cost_micro_rho / MICRO:g} rho (epsilon {self.cost_epsilon:.3g} on its own)")
        return definitions({"Cost": cost, "Left in the budget": f"{self.remaining_micro_rho / MICRO:g} rho",
                            "95% half-width of each count": f"{self.half_width_95:,.4g}",
                            "Smallest group worth asking about": f"{self.smallest_usable_group:,.4g}"}
                           | ({"It would be refused": self.refusal} if self.refusal else {}))


@dataclass(frozen=True)
class Answer:
    """`charged_micro_rho` is what this call cost: 0 when it was answered before. `value` is None for histograms."""

    id: int
    charged_micro_rho: int
    answer: dict[str, Any] = field(repr=False)

    @property
    def value(self) -> float | None:
        value: float | None = self.answer["value"]
        return value

    @property
    def half_width_95(self) -> float:
        width: float = self.answer["half_width_95"]
        return width

    @property
    def statement(self) -> str:
        """What to write beside the number: mechanism, privacy loss and interval."""
        return str(self.answer["statement"])

    @property
    def frame(self) -> pandas.DataFrame:
        """A row per category (one row for counts and means), with value and half-width."""
        import pandas

        rows = self.answer["rows"] or [{"key": self.answer["statistic"], "label": self.answer["statistic"],
                                        "value": self.value, "half_width_95": self.half_width_95}]
        return pandas.DataFrame(rows, columns=["key", "label", "value", "half_width_95"])

    def plot(self) -> Picture:
        """Bars with their 95% intervals; `.drawn` is the matplotlib figure."""
        from matplotlib.figure import Figure as Canvas

        from readingroom.sdk._figures import Picture

        frame = self.frame
        canvas = Canvas(figsize=(max(5.0, 0.5 * len(frame) + 2), 4), layout="constrained")
        axes = canvas.subplots()
        places = range(len(frame))
        axes.bar(places, frame["value"], yerr=frame["half_width_95"], capsize=3)
        axes.set_xticks(places, frame["label"].astype(str), rotation=45, ha="right")
        axes.set_ylabel("people, with noise" if self.answer["statistic"] != "mean" else "mean, with noise")
        return Picture(canvas)

    def _repr_html_(self) -> str:
        from html import escape

        paid = f"{self.charged_micro_rho / MICRO:g} rho"
        cost = paid if self.charged_micro_rho else "nothing: it was answered before"
        return f"{self.frame.to_html(index=False)}<p>{escape(self.statement)}</p><p>This call cost {cost}.</p>"


@dataclass(frozen=True)
class Budget:
    """A project's account of one dataset, in millionths of rho."""

    dataset: str
    total_micro_rho: int
    spent_micro_rho: int
    remaining_micro_rho: int
    epsilon_total: float
    epsilon_spent: float
    delta: float


def count(dataset: str, table: str, *, where: Where = (), rho: float | None = None,
          epsilon: float | None = None) -> Answer:
    """People with at least one matching row. `where` is a list such as {"column": "sex", "op": "==", "value": "F"}."""
    return _ask(_query("count", dataset, table, where, rho, epsilon))


def histogram(dataset: str, table: str, column: str, *, categories: Sequence[Any] | None = None,
              edges: Sequence[int] | None = None, where: Where = (), rho: float | None = None,
              epsilon: float | None = None) -> Answer:
    """People per category of a column with codes, or per interval between `edges`."""
    return _ask(_query("histogram", dataset, table, where, rho, epsilon, column=column, categories=categories,
                       edges=edges))


def mean(dataset: str, table: str, column: str, *, lower: float | None = None, upper: float | None = None,
         where: Where = (), rho: float | None = None, epsilon: float | None = None) -> Answer:
    """Mean of a column, clipped to its registered range or to a narrower one."""
    return _ask(_query("mean", dataset, table, where, rho, epsilon, column=column, lower=lower, upper=upper))


def price(statistic: str, dataset: str, table: str, column: str | None = None, *, where: Where = (),
          rho: float | None = None, epsilon: float | None = None, **more: Any) -> Price:
    """What a question would cost and how exact its answer would be; asking for the price costs nothing."""
    query = _query(statistic, dataset, table, where, rho, epsilon, column=column, **more)
    said = _door.post("/private/price", json={"query": query})
    accuracy = said["accuracy"]
    return Price(said["cost_micro_rho"], said["cost_epsilon"], said["remaining_micro_rho"], accuracy["half_width_95"],
                 accuracy["smallest_usable_group"], said["already_answered"], said.get("refusal", ""), accuracy)


def budget() -> tuple[Budget, ...]:
    """What is left, per dataset."""
    return tuple(budget_of(dataset) for dataset in _door.get("/workspace")["datasets"])


def budget_of(described: dict[str, Any]) -> Budget:
    return Budget(described["slug"], **{name: described["budget"][name] for name in (
        "total_micro_rho", "spent_micro_rho", "remaining_micro_rho", "epsilon_total", "epsilon_spent", "delta")})


def _query(statistic: str, dataset: str, table: str, where: Where, rho: float | None, epsilon: float | None,
           **more: Any) -> dict[str, Any]:
    chosen = {name: list(value) if name in ("categories", "edges") else value
              for name, value in more.items() if value is not None}
    return {"dataset": dataset, "table": table, "statistic": statistic, "where": list(where),
            "rho_micro": _micro_rho(rho, epsilon)} | chosen


def _micro_rho(rho: float | None, epsilon: float | None) -> int:
    if (rho is None) == (epsilon is None):
        raise InvalidInput("Say how much budget to spend: rho= or epsilon=, one of them.", rule="private.spend",
                           value=rho, next_step="rho=0.002 is a usual start; price() says what it buys.")
    from readingroom.core.privacy import pricing

    given = rho if rho is not None else epsilon
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given <= 100:
        raise InvalidInput("The spend is a positive number.", rule="private.spend", value=given,
                           next_step="rho=0.002 is a usual start.")
    micro = round(given * MICRO) if rho is not None else pricing.rho_micro_for(given)
    if micro < 1:
        raise InvalidInput("That is less than a millionth of rho.", rule="private.spend", value=given,
                           next_step="Spend more; rho=0.002 is a usual start.")
    return micro


def _ask(query: dict[str, Any]) -> Answer:
    said = _door.post("/private/answers", json={"query": query})
    charged = said["charged_micro_rho"]  # of this call; a later look says what was once paid
    deadline, pause = time.monotonic() + WAIT_SECONDS, FIRST_PAUSE_SECONDS
    while said["status"] == "reserved":
        if time.monotonic() > deadline:
            raise Unavailable(f"Answer {said['id']} is paid for but not there yet.", rule="private.wait",
                              value=said["id"], next_step="Ask the same question again later; it costs nothing.")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        said = _door.get(f"/private/answers/{said['id']}")
    if said["status"] != "answered":
        raise Unavailable(f"Answer {said['id']} failed. {said.get('message', '')}".strip(), rule="private.failed",
                          value=said["id"], next_step="Tell your administrator; what was paid stays paid.")
    return Answer(said["id"], charged, said["answer"])
