"""Private answers for tests of how they are shown: real questions and forms, figures made up in place of noise."""

from __future__ import annotations

from typing import Any

from readingroom.core.answers import PrivateAnswer, labelled_dry_run
from readingroom.core.datasets import Dataset
from readingroom.core.lifecycle import AnswerStatus
from readingroom.core.privacy.parts import PRODUCT, SQUARE, Part
from readingroom.core.privacy.pricing import price
from readingroom.core.privacy.queries import parse_query
from readingroom.core.privacy.results import described, numbers_of
from readingroom.core.privacy.shapes import PAIRS, QUANTILES, THRESHOLD, TOP
from readingroom.core.privacy.units import grids

VERSIONS = {"readingroom": "1", "opendp": "0.16.0"}
"""Of the software that would have made them; described() adds the dataset version's place."""


def record(raw: dict[str, Any], dataset: Dataset, version: str = "v1") -> dict[str, Any]:
    """The whole record of an answer to a question of the grammar."""
    query = parse_query(raw, dataset)
    table = dataset.table(query.table)
    assert table is not None
    cost, every = price(query, table), grids(query, table)
    return described(query, table, version, cost, VERSIONS) | numbers_of(
        query, table, cost, [_released(part, every) for part in cost.parts])


def _released(part: Part, every: Any) -> dict[str, Any]:
    shape = part.shape
    numbers = [1000 + 37 * place for place in range(shape.keys or 3)]
    if shape.kind == THRESHOLD:
        return {"keys": ["2020-01-02", None, "2020-01-01"], "number": numbers}
    if shape.kind == QUANTILES:
        return {"quantiles": [[place % shape.candidates for place in range(shape.keys)] for _ in shape.quantiles]}
    if shape.kind == TOP:
        return {"chosen": list(range(shape.chosen))}
    if shape.kind == PAIRS:
        bound = shape.noisy[0].bound
        return {"sums": [[number * bound // 3 for number in numbers], [number * bound * 2 // 3 for number in numbers]]}
    share = {SQUARE: -0.5, PRODUCT: 0.02}
    return ({"number": numbers} if shape.counts else {}) | {
        "sums": [[int(number * value.bound(every) * share.get(value.kind, 0.1)) for number in numbers]
                 for value in part.values]}


def settle(store: Any, answer: PrivateAnswer, dataset: Dataset, at: Any) -> None:
    """As the worker does it."""
    with store.transaction() as tx:
        tx.accounts.begin(answer.id)
        found = record(answer.query, dataset, answer.version)
        tx.accounts.settle(answer.id, AnswerStatus.ANSWERED, labelled_dry_run(found) if answer.dry_run else found, at)
