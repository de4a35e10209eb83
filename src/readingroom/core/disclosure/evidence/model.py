"""What lies under each cell of an output. A claim by the researcher, never proof."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from readingroom.core.disclosure.statistics import Family, family
from readingroom.core.disclosure.verdict import Cell

if TYPE_CHECKING:  # pydantic comes with it
    from readingroom.core.disclosure.tabulation.recipe import Recipe

MARGIN_LABELS = frozenset({"total", "all", "(all)", "all people", "overall"})

EVERY_ROW = "each row"
"""The unit of evidence in which every row was counted as another person."""

Labels = tuple[str, ...]
Amount = float | Fraction
"""What people contribute, as a float or exactly."""

Grouping = tuple[str, str, tuple[tuple[str, Labels], ...]]
"""A variable, a column of the data that puts its labels together, and the labels under each value of it."""

TwoByTwo = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class CellEvidence:
    """What one cell rests on. None: not said. Each field is described in `fields.CELL`.

    `top` is sorted by size, largest first, one contribution per person (holdings added up first), and
    `top_weights` follows it. `total` is None for plain counts.
    """

    row: Labels
    column: Labels
    people: int
    records: int
    top: tuple[Amount, ...] = ()
    total: Amount | None = None
    absolute_total: Amount | None = None
    value: float | None = None
    suppressed: bool = False
    undefined: bool = False
    structural: bool = False
    margin: bool = False
    position: tuple[int, int] | None = None
    missing: int | None = None
    negatives: int | None = None
    top_weights: tuple[Amount, ...] = ()
    weighted_total: Amount | None = None
    weighted_absolute_total: Amount | None = None
    constant: bool | None = None
    below: int | None = None
    above: int | None = None
    at_value: int | None = None
    modal_people: int | None = None
    extreme_people: int | None = None
    overlap_people: int | None = None
    numerator_people: int | None = None
    denominator_people: int | None = None
    denominator_top: tuple[Amount, ...] = ()
    denominator_total: Amount | None = None
    two_by_two: TwoByTwo | None = None
    mean: float | None = None
    sd: float | None = None
    nonzero_people: int | None = None
    lower_people: int | None = None
    upper_people: int | None = None
    shown: int | None = None
    label: str | None = None

    @classmethod
    def quick(cls, said: dict[str, Any]) -> CellEvidence:
        """As the constructor makes it, for thousands of cells: what is not said stays the default of the class."""
        cell = object.__new__(cls)
        cell.__dict__.update(said)
        return cell

    @property
    def place(self) -> Cell:
        return Cell(self.row, self.column, self.position)

    @property
    def name(self) -> str:
        """What a person would call the cell."""
        return (
            " × ".join(part for part in (", ".join(self.row), ", ".join(self.column)) if part)
            or "the only cell"
        )

    @property
    def is_margin(self) -> bool:
        return self.margin or is_margin_label(self.row) or is_margin_label(self.column)


@dataclass(frozen=True)
class Scale:
    """The values that a discrete variable can take: `lowest`, `lowest` + `step`, ... `highest`.

    `seen`: found in the data; nobody said that these are all.
    """

    step: float
    lowest: float
    highest: float
    seen: bool = False


@dataclass(frozen=True)
class Noise:
    """What is known of the noise on counts: up to `largest` either way, with that `variance`, none from 1 to `small`.

    `key` is a fingerprint of the secret that record keys were made with, never the secret.
    """

    largest: int
    variance: float
    small: int
    key: str


@dataclass(frozen=True)
class TableEvidence:
    """Cells of one table of one statistic; labels are unique and all rows (columns) have equally many.

    Each field is described in `fields.TABLE`.
    """

    statistic: str
    unit: str
    cells: tuple[CellEvidence, ...]
    source: tuple[tuple[str, str], ...] = ()
    where: Labels | None = None
    groups: tuple[Grouping, ...] = ()
    rounding: int = 1
    rounding_method: str = "nearest"
    residual_degrees_of_freedom: int | None = None
    probability: float | None = None
    row_names: Labels | None = None
    column_names: Labels | None = None
    decimals: int | None = None
    scale: Scale | None = None
    noise: Noise | None = None
    recipe: Recipe | None = field(default=None, hash=False)
    labelled: bool = False

    @cached_property
    def published(self) -> tuple[CellEvidence, ...]:
        return tuple(cell for cell in self.cells if not cell.suppressed)

    @cached_property
    def family(self) -> Family | None:
        """Which rules apply; None where there are none for this statistic."""
        return family(self.statistic)

    @cached_property
    def told(self) -> tuple[CellEvidence, ...]:
        """Cells that tell how few they rest on: those shown, and blanks that nobody chose to hide."""
        return tuple(cell for cell in self.cells if cell.undefined or not cell.suppressed)

    def with_cells(self, cells: tuple[CellEvidence, ...]) -> TableEvidence:
        return replace(self, cells=cells)


@dataclass(frozen=True)
class TablesEvidence:
    """Several statistics shown in one table: a table of each, whose column labels tell them apart."""

    tables: tuple[TableEvidence, ...]


@dataclass(frozen=True)
class FigureEvidence:
    """A figure, and the table that it draws."""

    underlying: TableEvidence | TablesEvidence


Evidence = TableEvidence | TablesEvidence | FigureEvidence


def tables_of(evidence: Evidence) -> tuple[TableEvidence, ...]:
    """The tables in any evidence, to apply rules to."""
    match evidence:
        case TableEvidence():
            return (evidence,)
        case TablesEvidence():
            return evidence.tables
        case FigureEvidence():
            return tables_of(evidence.underlying)


def is_margin_label(labels: Labels) -> bool:
    return any(label.strip().casefold() in MARGIN_LABELS for label in labels)
