"""What a question would cost and how exact its answer would be; what another spend would buy; how to share a budget.

All of this is free: it comes from closed forms and the catalogue, and never from the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput
from readingroom.sdk import _door
from readingroom.sdk._dp.numbers import rho as rho_words
from readingroom.sdk._dp.numbers import written
from readingroom.sdk._dp.questions import Question, check_spends, question

if TYPE_CHECKING:
    import pandas

    from readingroom.sdk._dp.answers import Answer
    from readingroom.sdk._figures import Picture

IN_ROWS = ("quantile", "median", "top")


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
    query: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def expected(self) -> str:
        """How exact it would be, in words."""
        width = f"±{written(self.half_width_95)}"
        sizes = self.accuracy.get("sizes") or ()
        statistic = self.query.get("statistic", "people")
        if statistic in IN_ROWS:
            whom = "people" if statistic == "top" else "rows"
            return f"within {written(self.half_width_95)} {whom} of the rank wanted"
        if statistic in ("people", "count", "histogram"):
            return f"counts are within {width} in 95% of answers"
        if statistic == "sum":
            return f"the sum is within {width} in 95% of answers"
        if statistic == "synthetic":
            return f"each cell of its tables is within {width} in 95% of answers"
        return ", ".join(f"±{written(one['half_width_95'])} for {one['size']:,} rows" for one in sizes[1:])

    @property
    def frame(self) -> pandas.DataFrame:
        """The expected half-width for groups of several sizes, and what share that is."""
        import pandas

        return pandas.DataFrame(self.accuracy.get("sizes") or [], columns=["size", "half_width_95", "relative"])

    @property
    def _cost(self) -> str:
        return ("nothing: it was answered before" if self.already_answered
                else f"{rho_words(self.cost_micro_rho)} (epsilon {self.cost_epsilon:.3g} on its own)")

    def __repr__(self) -> str:
        if self.already_answered:
            return f"Asked before, so it costs nothing; {rho_words(self.remaining_micro_rho)} left."
        if self.refusal:
            return f"It would be refused: {self.refusal}"
        return (f"Costs {rho_words(self.cost_micro_rho).removesuffix(' rho')} of the "
                f"{rho_words(self.remaining_micro_rho)} left (epsilon {self.cost_epsilon:.3g} on its own); "
                f"{self.expected}.")

    def _repr_html_(self) -> str:
        from readingroom.sdk._html import definitions

        said: dict[str, object] = {
            "Cost": self._cost, "Left in the budget": rho_words(self.remaining_micro_rho), "Expected": self.expected,
            "Smallest group worth asking about": written(self.smallest_usable_group),
            "Mechanism": self.accuracy.get("mechanism", "")}
        if self.accuracy.get("threshold"):
            said["Hidden"] = f"categories of about {self.accuracy['threshold']} people or fewer"
        return definitions(said | ({"It would be refused": self.refusal} if self.refusal else {}))


@dataclass(frozen=True)
class Curve:
    """What each spend would buy. `.frame` is a table, `.plot()` draws it. Of means and the like: for 10,000 rows."""

    query: dict[str, Any] = field(repr=False)
    points: tuple[dict[str, Any], ...] = field(repr=False)

    @property
    def frame(self) -> pandas.DataFrame:
        import pandas

        return pandas.DataFrame([
            {"rho": point["rho_micro"] / 1_000_000, "epsilon": point["epsilon"],
             "half_width_95": point["half_width_95"], "smallest_usable_group": point["smallest_usable_group"],
             "affordable": point["affordable"]} for point in self.points])

    @property
    def _unit(self) -> str:
        if (size := self.points[0].get("size")) is not None:
            return f" for {size:,} rows"
        return " in rows" if self.query.get("statistic") in IN_ROWS else ""

    def plot(self) -> Picture:
        """The 95% half-width against epsilon; what the budget does not allow is hollow."""
        from matplotlib.figure import Figure as Canvas

        from readingroom.sdk._figures import Picture

        frame = self.frame
        canvas = Canvas(figsize=(6, 4), layout="constrained")
        axes = canvas.subplots()
        axes.plot(frame["epsilon"], frame["half_width_95"], color="0.6", zorder=1)
        for fits, style in ((True, {}), (False, {"facecolors": "white", "edgecolors": "0.4"})):
            part = frame[frame["affordable"] == fits]
            if len(part):
                axes.scatter(part["epsilon"], part["half_width_95"], zorder=2,
                             label="within the budget" if fits else "more than the budget allows", **style)
        axes.set(xlabel="epsilon of this answer alone", xscale="log", yscale="log",
                 ylabel=f"95% half-width{self._unit}")
        axes.legend()
        return Picture(canvas)

    def __repr__(self) -> str:
        return self.frame.to_string(index=False, float_format=written)

    def _repr_html_(self) -> str:
        return self.frame.to_html(index=False, float_format=written)


@dataclass(frozen=True)
class Plan:
    """How several questions share a budget. `ask()` asks them one after the other."""

    questions: tuple[Question, ...] = field(repr=False)
    prices: tuple[Price, ...] = field(repr=False)
    cost_micro_rho: int
    cost_epsilon: float
    remaining_micro_rho: int
    shared_by: str

    @property
    def frame(self) -> pandas.DataFrame:
        import pandas

        return pandas.DataFrame([
            {"question": made.words,
             "rho": price.cost_micro_rho / 1_000_000, "epsilon": price.cost_epsilon, "expected": price.expected,
             "smallest_usable_group": price.smallest_usable_group}
            for made, price in zip(self.questions, self.prices, strict=True)])

    def ask(self) -> list[Answer]:
        """Ask every question with its share. Stops at a refusal; what was paid until then stays paid."""
        return [made.ask() for made in self.questions]

    def __repr__(self) -> str:
        fits = "" if self.cost_micro_rho <= self.remaining_micro_rho else " It is more than is left."
        return (f"{self.frame.to_string(index=False, float_format=written)}\nTogether {rho_words(self.cost_micro_rho)} "
                f"(epsilon {self.cost_epsilon:.3g}), of {rho_words(self.remaining_micro_rho)} left; shared by "
                f"{self.shared_by}.{fits}")

    def _repr_html_(self) -> str:
        from html import escape

        return f"{self.frame.to_html(index=False, float_format=written)}<p>{escape(repr(self).splitlines()[-1])}</p>"


def price(asked: str | Question, dataset: str = "", table: str = "", column: Any = None, **more: Any) -> Price:
    """What a question would cost and how exact its answer would be; asking for the price costs nothing.

    `asked` is a `question()`, or the name of a call of `rr.dp` with its arguments.
    """
    return priced(check_spends(_made(asked, dataset, table, column, more)).query)


def curve(asked: str | Question, dataset: str = "", table: str = "", column: Any = None, *,
          rhos: Sequence[float] | None = None, epsilons: Sequence[float] | None = None, **more: Any) -> Curve:
    """What would I get for other spends: of `rhos` or `epsilons`, or of multiples of the usual one."""
    made = _made(asked, dataset, table, column, more)
    if rhos is not None and epsilons is not None:
        raise InvalidInput("Give `rhos` or `epsilons`, not both.", rule="private.spend",
                           next_step="Leave both out for multiples of the usual spend.")
    given = [("rho", value) for value in rhos or ()] + [("epsilon", value) for value in epsilons or ()]
    spends_micro = [made.spending(**{name: value}).query["rho_micro"] for name, value in given]
    said = _door.post("/private/curve", json={"query": made.query} | (
        {"rho_micro": spends_micro} if spends_micro else {}))
    return Curve(made.query, tuple(said["curve"]))


def plan(questions: Sequence[Question], *, rho: float | None = None, epsilon: float | None = None,
         weights: Sequence[float] | None = None, equal_accuracy: bool = False) -> Plan:
    """Share a budget among questions: equally, by `weights`, or so that all are about as exact (`equal_accuracy`)."""
    if (rho is None) == (epsilon is None):
        raise InvalidInput("Say what to share: rho= or epsilon=, one of them.", rule="private.spend",
                           next_step="rr.dp.budget() says what is left.")
    whole = {"rho": rho} if rho is not None else {"epsilon": epsilon}
    said = _door.post("/private/plan", json={"queries": [made.query for made in questions], "budget": whole,
                                             "weights": None if weights is None else list(weights),
                                             "equal_accuracy": equal_accuracy})
    prices = tuple(_price(one, one["query"]) for one in said["plan"])
    return Plan(tuple(Question(one["query"]) for one in said["plan"]), prices, said["cost_micro_rho"],
                said["cost_epsilon"], said["remaining_micro_rho"], said["shared_by"])


def priced(query: dict[str, Any]) -> Price:
    return _price(_door.post("/private/price", json={"query": query}), query)


def _price(said: dict[str, Any], query: dict[str, Any]) -> Price:
    accuracy = said["accuracy"]
    return Price(said["cost_micro_rho"], said["cost_epsilon"], said["remaining_micro_rho"], accuracy["half_width_95"],
                 accuracy["smallest_usable_group"], said["already_answered"], said.get("refusal", ""), accuracy, query)


def _made(asked: str | Question, dataset: str, table: str, column: Any, more: dict[str, Any]) -> Question:
    if isinstance(asked, str):
        return question(asked, dataset, table, column, **more)
    spend = {name: value for name, value in more.items() if name in ("rho", "epsilon", "pure_epsilon")}
    return asked.spending(**spend) if spend else asked
