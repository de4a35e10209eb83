"""Tables that the platform computed again from its own data, and how they stand to what was sent.

Evidence sent with an output is a claim. Where it has a recipe, the platform computes the same from the granted rows;
what agrees in every number is kept in place of the claim.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from readingroom.core.datasets import Dataset
from readingroom.core.disclosure.evidence import CellEvidence, Labels, TableEvidence, parse_evidence, tables_of
from readingroom.core.disclosure.evidence.model import Noise
from readingroom.core.disclosure.evidence.writing import written
from readingroom.core.disclosure.rounded import counts_people

if TYPE_CHECKING:
    from readingroom.core.disclosure.tabulation.recipe import Recipe

Tables = tuple[TableEvidence, ...]
PROTECTION = frozenset({"suppressed", "undefined", "shown", "position", "row", "column"})
"""What of a cell is no fact about people: where it is, and how it is protected."""

WHOLE = ("statistic", "unit", "where", "probability", "row_names", "column_names", "scale")
CLOSE = 1e-9
"""Floats added up in another order differ in their last digits. Nobody hides in that: people are counted exactly."""

MOST_TOLD = 50


class Outcome(StrEnum):
    """What came of computing an output again, or why it could not be: `words.OUTCOME_WORDS` say it to people."""

    VERIFIED = "verified"
    DIFFERS = "differs"
    NO_RECIPE = "no-recipe"
    SEVERAL = "several-recipes"
    PICTURE = "picture"
    OTHER_UNIT = "other-unit"
    NOT_GRANTED = "not-granted"
    VERSION = "version"
    OWN_NOISE = "own-noise"
    NO_FIT = "no-fit"
    TOO_LARGE = "too-large"
    TOO_LONG = "too-long"
    TIME_USED = "time-used"
    BROKE_OFF = "broke-off"
    OTHER_FILE = "other-file"


@dataclass(frozen=True)
class Asked:
    """What is to be computed: `recipe` over the granted `columns` of the rows that meet `condition` (all, if empty).

    `labelled`: codes are shown as the catalogue's labels. `noise`: as counts with this noise, if its key is the
    platform's own for the project.
    """

    recipe: Recipe
    dataset: Dataset
    version: str
    table: str
    columns: tuple[str, ...]
    condition: str
    project: str
    labelled: bool
    noise: Noise | None = None


@dataclass
class Allowance:
    """How long computing the tables of one request may take together; whoever computes adds what it took to `spent`."""

    seconds: float
    spent: float = 0.0

    @property
    def left(self) -> float:
        return max(0.0, self.seconds - self.spent)


@dataclass(frozen=True)
class Difference:
    """A number of one cell as it was sent, and as the data give it; None: there is none. `field` "" is the cell."""

    row: Labels
    column: Labels
    field: str
    said: object
    found: object


@dataclass(frozen=True)
class Recomputation:
    """When an output was computed again, from what, and what came of it. `differences` are for checkers only.

    `claim` names the evidence that was sent, where the platform's own has taken its place (`digest`).
    """

    outcome: Outcome
    at: datetime
    dataset: str = ""
    version: str = ""
    table: str = ""
    differences: tuple[Difference, ...] = ()
    claim: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {"outcome": self.outcome.value, "at": self.at.isoformat(), "dataset": self.dataset,
                "version": self.version, "table": self.table, "claim": self.claim,
                "differences": [[list(one.row), list(one.column), one.field, one.said, one.found]
                                for one in self.differences]}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        return cls(Outcome(stored["outcome"]), datetime.fromisoformat(stored["at"]), stored["dataset"],
                   stored["version"], stored["table"],
                   tuple(Difference(tuple(row), tuple(column), *rest) for row, column, *rest in stored["differences"]),
                   stored["claim"])


def digest(evidence: Mapping[str, object]) -> str:
    """A name for evidence as it was sent."""
    return hashlib.sha256(json.dumps(evidence, sort_keys=True).encode()).hexdigest()


def as_sent(found: Tables) -> Tables:
    """Tables in the form that evidence has once it was written and read."""
    return tables_of(parse_evidence(written(found)))


def differences(said: Tables, found: Tables) -> tuple[Difference, ...]:
    """Every fact about people in which the tables differ, at most so many; none: they are the same table.

    Counts, labels and flags have to be equal, amounts up to a part in 10^9. What was hidden or rounded is no
    difference; what the data leave no number for has to be hidden.
    """
    if len(said) != len(found):
        return (Difference((), (), "tables", len(said), len(found)),)
    told: list[Difference] = []
    for one, other in zip(said, found, strict=True):
        for difference in _between(one, other):
            told.append(difference)
            if len(told) == MOST_TOLD:
                return tuple(told)
    return tuple(told)


def protected(found: Tables, said: Tables) -> Tables:
    """The recomputed tables with the protection of those that were sent: the same, and more, cells hidden."""
    return tuple(_protected(one, other) for one, other in zip(found, said, strict=True))


def _between(said: TableEvidence, found: TableEvidence) -> Iterator[Difference]:
    for name in WHOLE:
        if (one := getattr(said, name)) != (other := getattr(found, name)):
            yield Difference((), (), name, _plain(one), _plain(other))
    sent = {(cell.row, cell.column): cell for cell in said.cells}
    for cell in found.cells:
        mine = sent.pop((cell.row, cell.column), None)
        if mine is None:
            yield Difference(cell.row, cell.column, "", None, cell.people)
        else:
            yield from _of_cell(mine, cell, noisy=found.noise is not None)
    for row, column in sent:
        yield Difference(row, column, "", sent[row, column].people, None)


def _of_cell(said: CellEvidence, found: CellEvidence, *, noisy: bool) -> Iterator[Difference]:
    about = max((abs(float(amount)) for amount in (found.total, found.absolute_total, found.mean)
                 if amount is not None), default=0.0)
    for field in fields(CellEvidence):
        one, other = getattr(said, field.name), getattr(found, field.name)
        if field.name in PROTECTION and not (noisy and field.name == "shown"):
            continue
        if not _same(one, other, about):
            yield Difference(found.row, found.column, field.name, _plain(one), _plain(other))
    if found.suppressed and not said.suppressed:
        yield Difference(found.row, found.column, "suppressed", False, True)


def _same(one: Any, other: Any, about: float) -> bool:
    """Equal, or floats as close as another order of adding leaves them, beside amounts of the size `about`."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(_same(a, b, about) for a, b in zip(one, other, strict=True))
    if isinstance(one, bool) or isinstance(other, bool) or not isinstance(one, float | int) or not isinstance(
            other, float | int):
        return type(one) is type(other) and bool(one == other)
    if isinstance(one, int) and isinstance(other, int):
        return one == other
    return math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE * CLOSE * about)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _protected(found: TableEvidence, said: TableEvidence) -> TableEvidence:
    sent = {(cell.row, cell.column): cell for cell in said.cells}
    counts = counts_people(found)

    def like(cell: CellEvidence) -> CellEvidence:
        mine = sent[cell.row, cell.column]
        return replace(cell, suppressed=cell.suppressed or mine.suppressed, shown=mine.shown if counts else None,
                       undefined=cell.undefined and mine.undefined)

    return replace(found, cells=tuple(map(like, found.cells)), groups=said.groups, decimals=said.decimals,
                   rounding=said.rounding, rounding_method=said.rounding_method, noise=said.noise, source=said.source,
                   recipe=said.recipe, labelled=said.labelled)
