"""Differentially private answers: priced first, paid once, free when asked again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput, Unavailable
from readingroom.sdk import _door
from readingroom.sdk._data import DataColumn, datasets, distinct_labels
from readingroom.sdk._line import Line

if TYPE_CHECKING:
    import pandas

    from readingroom.sdk._figures import Picture
    from readingroom.sdk._requests import Request

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

    def __repr__(self) -> str:
        if self.already_answered:
            return f"Asked before, so it costs nothing; {self.remaining_micro_rho / MICRO:g} rho left."
        if self.refusal:
            return f"It would be refused: {self.refusal}"
        return (f"Costs {self.cost_micro_rho / MICRO:g} of the {self.remaining_micro_rho / MICRO:g} rho left "
                f"(epsilon {self.cost_epsilon:.3g} on its own); "
                f"counts are within ±{_number(self.half_width_95)} in 95% of answers.")

    def _repr_html_(self) -> str:
        from readingroom.sdk._html import definitions

        cost = ("nothing: it was answered before" if self.already_answered
                else f"{self.cost_micro_rho / MICRO:g} rho (epsilon {self.cost_epsilon:.3g} on its own)")
        return definitions({"Cost": cost, "Left in the budget": f"{self.remaining_micro_rho / MICRO:g} rho",
                            "95% half-width of each count": f"±{_number(self.half_width_95)}",
                            "Smallest group worth asking about": _number(self.smallest_usable_group)}
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
    def epsilon(self) -> float:
        """What the answer tells of any one person at most, at the `delta` of its statement."""
        epsilon: float = self.answer["epsilon"]
        return epsilon

    @property
    def statement(self) -> str:
        """What to write beside the number: mechanism, privacy loss and interval."""
        return str(self.answer["statement"])

    @property
    def frame(self) -> pandas.DataFrame:
        """A row per category (one row for counts and means), with value, half-width and 95% interval."""
        import pandas

        one = {"key": self.answer["statistic"], "label": self.answer["statistic"], "value": self.value,
               "half_width_95": self.half_width_95}
        made = pandas.DataFrame(self.answer["rows"] or [one], columns=["key", "label", "value", "half_width_95"])
        low, high = self.answer.get("interval_95") or (made["value"] - made["half_width_95"],
                                                       made["value"] + made["half_width_95"])
        return made.assign(low=low, high=high)

    def plot(self) -> Picture:
        """Bars with their 95% intervals; `.drawn` is the matplotlib figure."""
        from matplotlib.figure import Figure as Canvas

        from readingroom.sdk._figures import Picture

        frame = self.frame
        canvas = Canvas(figsize=(max(5.0, 0.5 * len(frame) + 2), 4), layout="constrained")
        axes = canvas.subplots()
        places = range(len(frame))
        spans = [frame["value"] - frame["low"], frame["high"] - frame["value"]]
        axes.bar(places, frame["value"], yerr=spans, capsize=3)
        axes.set_xticks(places, frame["label"].astype(str), rotation=45, ha="right")
        axes.set_ylabel("people, with noise" if self.answer["statistic"] != "mean" else "mean, with noise")
        return Picture(canvas)

    def release(self) -> Request:
        """Ask for this answer to leave. Where policy lets private answers out at once, no person has to check it.

        Asked again, by anyone in the project, it is the same request.
        """
        from readingroom.sdk._requests import request

        return request(_door.post(f"/private/answers/{self.id}/release", json={})["number"])

    @property
    def _cost(self) -> str:
        paid = f"{self.charged_micro_rho / MICRO:g} rho"
        return f"This call cost {paid if self.charged_micro_rho else 'nothing: it was answered before'}."

    def __repr__(self) -> str:
        width = f"±{_number(self.half_width_95)} in 95% of answers, epsilon {self.epsilon:.3g}. {self._cost}"
        if self.value is None:
            return f"{self.frame.to_string(index=False)}\n{width}"
        return f"{self.answer['statistic']}: {_number(self.value)}, {width}"

    def _repr_html_(self) -> str:
        from html import escape

        from readingroom.sdk._html import definitions

        facts = {"95% half-width": f"±{_number(self.half_width_95)}", "Epsilon": f"{self.epsilon:.3g}"}
        shown = (self.frame.to_html(index=False, float_format=_number) if self.value is None
                 else f"<p>{escape(self.answer['statistic'])}: <strong>{_number(self.value)}</strong></p>")
        return f"{shown}{definitions(facts)}<p>{self._cost}</p><p><small>{escape(self.statement)}</small></p>"


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
    """People with at least one matching row.

    `where` is a list of conditions such as {"column": "sex", "op": "==", "value": "Female"} or {"column": "region",
    "in": ["Wales", "London"]}, by label or by code.
    """
    return _ask(_query("people", dataset, table, where, rho, epsilon))


def histogram(dataset: str, table: str, column: str, *, categories: Sequence[Any] | None = None,
              edges: Sequence[int] | None = None, where: Where = (), rho: float | None = None,
              epsilon: float | None = None) -> Answer:
    """People per category (label or code) of a column with codes, or per interval between `edges`."""
    return _ask(_query("histogram", dataset, table, where, rho, epsilon, column=column, categories=categories,
                       edges=edges))


def mean(dataset: str, table: str, column: str, *, lower: float | None = None, upper: float | None = None,
         where: Where = (), rho: float | None = None, epsilon: float | None = None) -> Answer:
    """Mean of a column, clipped to its registered range or to a narrower one."""
    return _ask(_query("mean", dataset, table, where, rho, epsilon, column=column, lower=lower, upper=upper))


def price(statistic: str, dataset: str, table: str, column: str | None = None, *, where: Where = (),
          rho: float | None = None, epsilon: float | None = None, **more: Any) -> Price:
    """What a question would cost and how exact its answer would be; asking for the price costs nothing."""
    statistic = "people" if statistic == "count" else statistic  # what `count` here asks for
    return _price(_query(statistic, dataset, table, where, rho, epsilon, column=column, **more))


def _price(query: dict[str, Any]) -> Price:
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
    columns = _columns(dataset, table)
    chosen = {name: _plain(value) for name, value in more.items() if value is not None}
    if "categories" in chosen:
        chosen["categories"] = _codes(chosen["categories"], columns.get(chosen.get("column", "")))
    return {"dataset": dataset, "table": table, "statistic": statistic,
            "where": [_condition(condition, columns) for condition in where],
            "rho_micro": _micro_rho(rho, epsilon)} | chosen


def _columns(dataset: str, table: str) -> dict[str, DataColumn]:
    """The mounted table's columns; none where there is no such table, which the portal then says."""
    return {column.name: column for one in datasets() if one.slug == dataset
            for found in one.tables if found.name == table for column in found.columns}


def _condition(given: dict[str, Any], columns: dict[str, DataColumn]) -> dict[str, Any]:
    """The condition with codes for labels; all else is checked by the portal."""
    if not isinstance(given, dict):
        raise InvalidInput("A condition is a dictionary.", rule="private.where", value=given,
                           next_step='Write where=[{"column": "sex", "op": "==", "value": "Female"}].')
    condition: dict[str, Any] = _plain(given)
    column = columns.get(str(condition.get("column")))
    return condition | {name: _codes(condition[name], column) for name in ("value", "in") if name in condition}


def _codes(value: Any, column: DataColumn | None) -> Any:
    """The code of a label; a code, and whatever else, as it is."""
    if isinstance(value, list):
        return [_codes(one, column) for one in value]
    if column is None or str(value) in column.codes:
        return value
    return {label: code for code, label in distinct_labels(column.codes).items()}.get(str(value), value)


def _plain(value: Any) -> Any:
    """The same in JSON's types: researchers take values out of data frames."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return [_plain(one) for one in value] if isinstance(value, list | tuple | set | range) else value


def _number(value: float) -> str:
    return f"{value:,.0f}" if isinstance(value, int) or abs(value) >= 1000 else f"{value:.4g}"


def _micro_rho(rho: float | None, epsilon: float | None) -> int:
    if (rho is None) == (epsilon is None):
        raise InvalidInput("Say how much budget to spend: rho= or epsilon=, one of them.", rule="private.spend",
                           value=rho, next_step="rho=0.002 is a usual start; price() says what it buys.")
    from readingroom.core.privacy import accounting

    given = rho if rho is not None else epsilon
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given <= 100:
        raise InvalidInput("The spend is a positive number.", rule="private.spend", value=given,
                           next_step="rho=0.002 is a usual start.")
    micro = round(given * MICRO) if rho is not None else accounting.rho_micro_for(given)
    if micro < 1:
        raise InvalidInput("That is less than a millionth of rho.", rule="private.spend", value=given,
                           next_step="Spend more; rho=0.002 is a usual start.")
    return micro


def _ask(query: dict[str, Any]) -> Answer:
    """Say the price, pay, and wait. Nothing is computed here: asking twice is safe, since the second is free."""
    quoted = _price(query)
    line = Line()
    if not quoted.refusal:  # else the portal says so itself, as the error that it is
        line.show(repr(quoted))
    said = _door.post("/private/answers", json={"query": query})
    charged = said["charged_micro_rho"]  # of this call; a later look says what was once paid
    begun, pause = time.monotonic(), FIRST_PAUSE_SECONDS
    try:
        while said["status"] == "reserved":
            waited = time.monotonic() - begun
            if waited > WAIT_SECONDS:
                raise Unavailable("The answer is not there yet. It is paid for, and still being computed.",
                                  rule="private.wait", value=said["id"],
                                  next_step="Ask the same question again later; it costs nothing.")
            if waited > 1:
                line.show(f"{quoted!r} Waiting for the answer: {waited:.0f} s.")
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            said = _door.get(f"/private/answers/{said['id']}")
    finally:
        line.settle()
    if said["status"] == "refunded":
        raise Unavailable(f"Question {said['id']} could not be computed any more. What it cost was given back.",
                          rule="private.refunded", value=said["id"],
                          next_step="See what rr.workspace() says of the data, then ask again.")
    if said["status"] != "answered":
        raise Unavailable(f"Answer {said['id']} failed. {said.get('message', '')}".strip(), rule="private.failed",
                          value=said["id"], next_step="Tell your administrator; what was paid stays paid.")
    return Answer(said["id"], charged, said["answer"])
