"""Evidence: what the SDK says lies under each cell of an output. A claim by the researcher, never proof.

`parse_evidence` accepts exactly this JSON and refuses everything else:

    {"kind": "table", "statistic": "count", "unit": "person_id",
     "cells": [{"row": ["North"], "column": ["2024"], "people": 40, "records": 52,
                "top": [9, 7], "total": 310}],
     "source": {"dataset": "...", "version": "...", "table": "..."}}
    {"kind": "figure", "underlying": <table evidence>}

`people` counts distinct privacy units and `records` non-missing values. `top` holds the largest
contributions, one
per person (holdings added up first), for sums and means; `total` is the sum over all of them. Optional in a
cell:
`suppressed`, `structural` (an empty cell that cannot be otherwise), `margin`, `absolute_total` (sum of
absolute contributions, where some are negative), `value` (the statistic, where it does not follow from the
rest). Optional
in a table: `rounding` (base to which counts were rounded), `residual_degrees_of_freedom`.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass, replace

from readingroom.core.disclosure.verdict import Cell
from readingroom.errors import InvalidInput

MAX_CELLS = 20_000
MAX_LABELS = 10
MAX_LABEL_LENGTH = 300
MAX_TOP = 100
LARGEST_ROUNDING = 100
LARGEST_COUNT = 2**53
MARGIN_LABELS = frozenset({"total", "all", "(all)", "all people", "overall"})

Labels = tuple[str, ...]


@dataclass(frozen=True)
class CellEvidence:
    """What one cell rests on. `top` is sorted by size, largest first; `total` is None for plain counts."""

    row: Labels
    column: Labels
    people: int
    records: int
    top: tuple[float, ...] = ()
    total: float | None = None
    absolute_total: float | None = None
    value: float | None = None
    suppressed: bool = False
    structural: bool = False
    margin: bool = False
    position: tuple[int, int] | None = None

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
class TableEvidence:
    """Cells of one table of one statistic; labels are unique and all rows (columns) have equally many."""

    statistic: str
    unit: str
    cells: tuple[CellEvidence, ...]
    source: tuple[tuple[str, str], ...] = ()
    rounding: int = 1
    residual_degrees_of_freedom: int | None = None

    @property
    def published(self) -> tuple[CellEvidence, ...]:
        return tuple(cell for cell in self.cells if not cell.suppressed)

    def with_cells(self, cells: tuple[CellEvidence, ...]) -> TableEvidence:
        return replace(self, cells=cells)


@dataclass(frozen=True)
class FigureEvidence:
    """A figure, and the table that it draws."""

    underlying: TableEvidence


Evidence = TableEvidence | FigureEvidence


def is_margin_label(labels: Labels) -> bool:
    return any(label.strip().casefold() in MARGIN_LABELS for label in labels)


def parse_evidence(raw: object) -> Evidence:
    """The evidence in `raw`, or InvalidInput (rule `evidence.malformed`) naming place and value."""
    fields = _mapping(raw, "evidence")
    kind = fields.get("kind")
    if kind == "table":
        return _table(fields, "evidence")
    if kind == "figure":
        _only(fields, {"kind", "underlying"}, "evidence")
        underlying = _mapping(fields.get("underlying"), "evidence.underlying")
        if underlying.get("kind") != "table":
            raise _fault("evidence.underlying.kind", underlying.get("kind"), '"table"')
        return FigureEvidence(_table(underlying, "evidence.underlying"))
    raise _fault("evidence.kind", kind, '"table" or "figure"')


def _table(fields: dict[str, object], path: str) -> TableEvidence:
    _only(
        fields,
        {"kind", "statistic", "unit", "cells", "source", "rounding", "residual_degrees_of_freedom"},
        path,
    )
    raw_cells = fields.get("cells")
    if not isinstance(raw_cells, list) or not raw_cells:
        raise _fault(f"{path}.cells", raw_cells, "a list of at least one cell")
    if len(raw_cells) > MAX_CELLS:
        raise _fault(f"{path}.cells", f"{len(raw_cells)} cells", f"at most {MAX_CELLS} cells")
    cells = tuple(_cell(cell, f"{path}.cells[{number}]") for number, cell in enumerate(raw_cells))
    if len({(cell.row, cell.column) for cell in cells}) != len(cells):
        raise _fault(f"{path}.cells", "the same labels twice", "one entry per cell")
    if len({(len(cell.row), len(cell.column)) for cell in cells}) != 1:
        raise _fault(f"{path}.cells", "differing numbers of labels", "equally many labels in every cell")
    dof = fields.get("residual_degrees_of_freedom")
    source = _mapping(fields.get("source", {}), f"{path}.source")
    return TableEvidence(
        statistic=_text(fields.get("statistic"), f"{path}.statistic"),
        unit=_text(fields.get("unit"), f"{path}.unit"),
        cells=cells,
        source=tuple(
            sorted(
                (_text(key, f"{path}.source"), _text(value, f"{path}.source.{key}"))
                for key, value in source.items()
            )
        ),
        rounding=_rounding(fields.get("rounding", 1), f"{path}.rounding"),
        residual_degrees_of_freedom=None
        if dof is None
        else _integer(dof, f"{path}.residual_degrees_of_freedom"),
    )


def _cell(raw: object, path: str) -> CellEvidence:
    fields = _mapping(raw, path)
    _only(
        fields,
        {
            "row",
            "column",
            "people",
            "records",
            "top",
            "total",
            "absolute_total",
            "value",
            "suppressed",
            "structural",
            "margin",
        },
        path,
    )
    people = _count(fields.get("people"), f"{path}.people")
    records = _count(fields.get("records"), f"{path}.records")
    if people > records:
        raise _fault(f"{path}.people", people, f"no more people than records ({records})")
    if records and not people:
        raise _fault(f"{path}.people", people, f"at least one person behind {records} records")
    top = fields.get("top") or []
    if not isinstance(top, list) or len(top) > MAX_TOP:
        raise _fault(f"{path}.top", type(top).__name__, f"a list of at most {MAX_TOP} numbers")
    contributions = tuple(sorted((_number(value, f"{path}.top") for value in top), key=abs, reverse=True))
    if len(contributions) > people:
        raise _fault(f"{path}.top", f"{len(contributions)} contributions", f"no more than people ({people})")
    optional = {
        name: None if fields.get(name) is None else _number(fields[name], f"{path}.{name}")
        for name in ("total", "absolute_total", "value")
    }
    flags = {
        name: _flag(fields.get(name, False), f"{path}.{name}")
        for name in ("suppressed", "structural", "margin")
    }
    return CellEvidence(
        _labels(fields.get("row"), f"{path}.row"),
        _labels(fields.get("column"), f"{path}.column"),
        people,
        records,
        contributions,
        total=optional["total"],
        absolute_total=optional["absolute_total"],
        value=optional["value"],
        suppressed=flags["suppressed"],
        structural=flags["structural"],
        margin=flags["margin"],
    )


def _fault(path: str, value: object, wanted: str) -> InvalidInput:
    return InvalidInput(
        f"{path} is {repr(value)[:80]}; it should be {wanted}.",
        rule="evidence.malformed",
        value=path,
        next_step="Make the output with the readingroom SDK, which writes the evidence.",
    )


def _mapping(value: object, path: str) -> dict[str, object]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _fault(path, type(value).__name__, "an object")
    return value


def _only(fields: dict[str, object], known: set[str], path: str) -> None:
    unknown = sorted(set(fields) - known)
    if unknown:
        raise _fault(path, unknown, f"made of {', '.join(sorted(known))} only")


def _text(value: object, path: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_LABEL_LENGTH:
        raise _fault(path, value if isinstance(value, str) else type(value).__name__, "a short text")
    if _hides_something(value):
        raise _fault(path, "text with control or invisible characters", "visible text")
    return value


def _hides_something(text: str) -> bool:
    """Control, format (direction, zero width) and lone surrogate characters."""
    return any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in text)


def _flag(value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise _fault(path, type(value).__name__, "true or false")
    return value


def _integer(value: object, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_COUNT:
        raise _fault(path, type(value).__name__, "a whole number of ordinary size")
    return value


def _count(value: object, path: str) -> int:
    if _integer(value, path) < 0:
        raise _fault(path, value, "zero or more")
    return value  # type: ignore[return-value]


def _rounding(value: object, path: str) -> int:
    if not 1 <= _integer(value, path) <= LARGEST_ROUNDING:  # a large base would let any number agree
        raise _fault(path, value, f"1 to {LARGEST_ROUNDING}")
    return value  # type: ignore[return-value]


def _number(value: object, path: str) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or abs(value) > 1e300
        or math.isnan(value)
    ):
        raise _fault(path, type(value).__name__, "a finite number")
    return value


def _labels(value: object, path: str) -> Labels:
    if not isinstance(value, list) or len(value) > MAX_LABELS:
        raise _fault(path, type(value).__name__, f"a list of at most {MAX_LABELS} labels")
    labels = []
    for label in value:
        if label is not None and not isinstance(label, str | int | float):
            raise _fault(path, type(label).__name__, "labels of text or numbers")
        if isinstance(label, int) and abs(label) > LARGEST_COUNT:
            raise _fault(path, "a huge number", "labels of ordinary size")
        text = "" if label is None else str(label)
        if _hides_something(text):
            raise _fault(path, "a label with control or invisible characters", "visible text")
        if len(text) > MAX_LABEL_LENGTH:
            raise _fault(path, f"{len(text)} characters", f"labels of at most {MAX_LABEL_LENGTH} characters")
        labels.append(text)
    return tuple(labels)
