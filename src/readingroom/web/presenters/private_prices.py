"""The price of a private answer in words: what it costs, how exact it will be, and what other spends would buy."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readingroom.core.datasets import Dataset
from readingroom.core.privacy.pricing import LEFT_OUT
from readingroom.services.private_prices import SPENDS, Curve, Price
from readingroom.web.presenters import budgets
from readingroom.web.presenters.plots import BarChart, Drawn, bar_chart
from readingroom.web.presenters.private_answers import number
from readingroom.web.presenters.private_questions import question

LADDER = tuple(round(10 ** (2 + step / 8)) for step in range(25))
"""Spends in micro-rho that the slider offers: a tenth of a thousandth of rho to a tenth, eight to each power of ten."""
IN_RANKS = ("quantile", "top")
WIDTH_HEADS = {"quantile": "Rows from the rank wanted", "top": "People from the rank wanted"}


@dataclass(frozen=True)
class Size:
    size: str
    width: str
    share: str


@dataclass(frozen=True)
class Point:
    """Another spend: `raw` is the question with it, to be priced anew; `fits` is false where no budget allows it."""

    rho: str
    epsilon: str
    width: str
    smallest: str
    raw: str
    current: bool
    fits: bool


@dataclass(frozen=True)
class Step:
    """One place of the slider: `text` says what it costs and buys."""

    place: int
    text: str


@dataclass(frozen=True)
class Quote:
    question: str
    raw: str
    cost: str
    epsilon: str
    delta: str
    remaining: str
    after: str
    error: str
    smallest: str
    mechanism: str
    interval: str
    hidden: str
    left_out: str
    already_answered: bool
    refusal: str
    human: bool
    twin: bool
    width_head: str
    sizes: tuple[Size, ...]
    mock: BarChart | None
    curve: tuple[Point, ...]
    trade: BarChart | None
    trade_of: str
    steps: tuple[Step, ...]
    at: int


def quote(price: Price, curve: Curve, ladder: Curve | None, dataset: Dataset) -> Quote:
    accuracy, query = price.accuracy, price.query
    statistic = str(query["statistic"])
    points = tuple(_point(point, price) for point in curve.points)
    left = price.remaining_micro_rho - price.cost_micro_rho
    return Quote(
        question=question(query, dataset),
        raw=json.dumps(query),
        cost=budgets.rho(price.cost_micro_rho),
        epsilon=f"{price.cost_epsilon:.3g}",
        delta=f"{price.delta:.2g}" if price.delta else "",
        remaining=budgets.rho(price.remaining_micro_rho),
        after=budgets.rho(left) if left >= 0 else "",
        error=_error(statistic, accuracy),
        smallest=f"{accuracy['smallest_usable_group']:,}",
        mechanism=str(accuracy["mechanism"]),
        interval=str(accuracy["interval"]),
        hidden=f"Categories of about {accuracy['threshold']:,} people or fewer." if accuracy.get("threshold") else "",
        left_out=LEFT_OUT,
        already_answered=price.already_answered,
        refusal=price.refusal,
        human=statistic == "synthetic",
        twin=dataset.synthetic_twin,
        width_head=WIDTH_HEADS.get(statistic, "95% half-width"),
        sizes=tuple(Size(f"{one['size']:,}", f"± {number(one['half_width_95'])}", _share(one["relative"]))
                    for one in accuracy["sizes"]),
        mock=_mock(query, accuracy, dataset),
        curve=points,
        trade=bar_chart([Drawn(f"{point.rho} (epsilon {point.epsilon})", float(one["half_width_95"]))
                         for point, one in zip(points, curve.points, strict=True)], lambda value: f"± {number(value)}"),
        trade_of=f" for {curve.points[0]['size']:,} rows" if curve.points[0]["size"] else "",
        steps=tuple(_step(place, point, statistic) for place, point in enumerate(ladder.points)) if ladder else (),
        at=_nearest(ladder.points, price.query) if ladder else 0,
    )


def at_step(query: Mapping[str, Any], step: int) -> dict[str, Any]:
    """The question with the spend of a place of the slider."""
    return {name: value for name, value in query.items() if name not in SPENDS} | {"rho_micro": LADDER[step]}


def _step(place: int, point: Mapping[str, Any], statistic: str) -> Step:
    width = f"± {number(point['half_width_95'])}"
    what = f"{width} {'people' if statistic == 'top' else 'rows'} of rank" if statistic in IN_RANKS else width
    size = f" for {point['size']:,} rows" if point["size"] else ""
    fits = "" if point["affordable"] else "; more than is left"
    return Step(place, f"{budgets.rho(point['rho_micro'])}, epsilon {point['epsilon']:.2g}: {what}{size}{fits}")


def _nearest(points: Sequence[Mapping[str, Any]], query: Mapping[str, Any]) -> int:
    wanted = math.log(query.get("rho_micro", LADDER[0]))
    return min(range(len(points)), key=lambda place: abs(math.log(points[place]["rho_micro"]) - wanted))


def _error(statistic: str, accuracy: Mapping[str, Any]) -> str:
    width = number(accuracy["half_width_95"])
    if statistic in ("people", "count", "synthetic"):
        what = "rows" if statistic == "count" else "people"
        return f"each number within ± {width} {what} of the exact one, 95 times in 100"
    if statistic == "sum":
        return f"within ± {width} of the exact sum, 95 times in 100"
    if statistic in IN_RANKS:
        return f"at most {width} {'people' if statistic == 'top' else 'rows'} from the rank wanted, 95 times in 100"
    usual = accuracy["sizes"][1]
    return f"within ± {number(usual['half_width_95'])} for {usual['size']:,} rows, 95 times in 100"


def _share(relative: float) -> str:
    return f"{100 * relative:.2g}%" if relative < 1 else "all of it"


def _mock(query: Mapping[str, Any], accuracy: Mapping[str, Any], dataset: Dataset) -> BarChart | None:
    """What the error would look like on numbers that are made up: never those of the data."""
    statistic = str(query["statistic"])
    if statistic in (*IN_RANKS, "synthetic"):
        return None
    if statistic not in ("people", "count"):
        return bar_chart([Drawn(f"of {one['size']:,} rows", 0.0, -one["half_width_95"], one["half_width_95"])
                          for one in accuracy["sizes"]], lambda value: "", from_zero=False)
    width, smallest = accuracy["half_width_95"], accuracy["smallest_usable_group"]
    sizes = [4 * smallest, 2 * smallest, smallest, smallest // 2, smallest // 4]
    labels = _labels(query, dataset) or ["4 × smallest usable", "2 × smallest usable", "smallest usable", "half of it",
                                         "a quarter of it"]
    return bar_chart([Drawn(label, size, size - width, size + width)
                      for label, size in zip(labels, sizes, strict=False)], lambda value: f"{value:,.0f}")


def _labels(query: Mapping[str, Any], dataset: Dataset) -> list[str]:
    """Names of the first groups, where the question has one variable with categories."""
    groups = query.get("by") or []
    table = dataset.table(str(query["table"]))
    if len(groups) != 1 or table is None or len(groups[0].get("categories") or ()) < 3:
        return []
    column = table.column(groups[0]["column"])
    return [column.codes.get(str(value), str(value)) if column else str(value) for value in groups[0]["categories"]]


def _point(point: Mapping[str, Any], price: Price) -> Point:
    bare = {name: value for name, value in price.query.items() if name not in ("rho_micro", "epsilon")}
    pure = "epsilon" in price.query
    spend = {"epsilon": point["epsilon"]} if pure else {"rho_micro": point["rho_micro"]}
    own = price.query.get("epsilon" if pure else "rho_micro") == spend["epsilon" if pure else "rho_micro"]
    return Point(budgets.rho(point["rho_micro"]), f"{point['epsilon']:.2g}", f"± {number(point['half_width_95'])}",
                 f"{point['smallest_usable_group']:,}", json.dumps(bare | spend), own, bool(point["affordable"]))
